//! The one check of a pool: every value is finite, and no f64 too large.

use std::ops::Range;

use rayon::prelude::*;

use super::Pool;
use crate::error::{Error, Result};
use crate::threads::{are_own, on_engine_threads};

/// Up to so many bytes, checking values takes less time than starting threads.
const CHECKED_ALONE: usize = 1 << 22;
/// Bytes looked at together.
const LOOKED_AT: usize = 1 << 15;

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
        // Consecutive rows that lie together are looked at as one.
        let part = (LOOKED_AT / self.row_length()).max(1);
        let parts = self.rows.div_ceil(part);
        let rows = |at: usize| at * part..self.rows.min((at + 1) * part);
        let is_bad = |&at: &usize| must_end() || !self.all_fit(rows(at));
        let look = || (0..parts).into_par_iter().find_first(is_bad);
        let found = match () {
            () if are_own() => look(),
            () if self.bytes() <= CHECKED_ALONE => (0..parts).find(is_bad),
            () => on_engine_threads(0, look)?,
        };
        let first = |at| rows(at).find(|&row| !self.all_fit(row..row + 1));
        Ok(found.and_then(first))
    }

    fn all_fit(&self, rows: Range<usize>) -> bool {
        match self.stored_run(rows.clone()) {
            Some(bytes) => self.dtype.all_fit(bytes),
            None => rows.into_iter().all(|row| self.dtype.all_fit(self.stored(row))),
        }
    }

    fn refuse_row(&self, row: usize) -> Error {
        let bad = self.dtype.first_unfit(self.stored(row));
        let (dimension, value) = bad.expect("the row is bad");
        Error::of_value("row", row, dimension, value)
    }
}
