//! The one check of a pool: every value is finite, and no f64 too large.

use rayon::prelude::*;

use super::Pool;
use crate::error::{Error, Result};
use crate::threads::on_engine_threads;

/// Up to so many bytes, checking values takes less time than starting threads.
const CHECKED_ALONE: usize = 1 << 20;

impl<'a> Pool<'a> {
    /// The pool itself, once every value in memory is known to be one that a pool may hold: reads those once. Rows on disk are checked
    /// when they are read.
    pub(super) fn checked(self) -> Result<Pool<'a>> {
        self.checked_unless(&|| false)
    }

    /// The same check; it gives up once it `must_end`.
    pub(super) fn checked_unless(self, must_end: &(dyn Fn() -> bool + Sync)) -> Result<Pool<'a>> {
        match self.first_bad(must_end)? {
            _ if must_end() => Err(Error::Interrupted),
            Some(row) => Err(self.refuse_row(row)),
            None => Ok(self),
        }
    }

    /// The first row with a value that no pool holds. Threads that belong to the whole process would not survive a
    /// fork, so the engine's own threads check a large pool.
    fn first_bad(&self, must_end: &(dyn Fn() -> bool + Sync)) -> Result<Option<usize>> {
        if self.dtype.is_integer() {
            return Ok(None);
        }
        let is_bad = |&row: &usize| must_end() || !self.dtype.all_fit(self.stored(row));
        let look = || (0..self.rows).into_par_iter().with_min_len(256).find_first(is_bad);
        if rayon::current_thread_index().is_some() {
            Ok(look())
        } else if self.bytes() <= CHECKED_ALONE {
            Ok((0..self.rows).find(is_bad))
        } else {
            on_engine_threads(0, look)
        }
    }

    fn refuse_row(&self, row: usize) -> Error {
        let bad = self.dtype.first_unfit(self.stored(row));
        let (dimension, value) = bad.expect("the row is bad");
        Error::of_value("row", row, dimension, value)
    }
}
