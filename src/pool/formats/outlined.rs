//! Pools in files without their values, for what their headers tell.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::pool::meant::Meant;
use crate::pool::scratch::Room;
use crate::pool::{Dtype, OpenOptions, Outline, Pool, folder};
use crate::threads::on_engine_threads;

impl Outline {
    /// The pool at one path, or that `paths` are together, for its shape, its files and the ids of its rows: where values must be fetched or
    /// decoded, zeros stand in their place.
    ///
    /// # Errors
    /// As [`Outline::read_with`].
    pub fn pool(paths: &[PathBuf], options: &OpenOptions) -> Result<Pool<'static>> {
        let room = Room::for_outlines().interrupted_by(options.interrupt);
        let meant = Meant::of(options)?;
        on_engine_threads(0, || match paths {
            [path] => folder::open(path, meant, &room),
            many => folder::open_each(many, meant, &room),
        })?
    }

    /// A pool that is read elsewhere from `path`, for its shape: zeros stand in the place of its values.
    ///
    /// # Errors
    /// [`Error::Options`] if it has no rows or no dimensions.
    pub fn stand_in(
        path: &Path,
        (rows, dimensions): (usize, usize),
        dtype: Dtype,
    ) -> Result<Pool<'static>> {
        if rows == 0 || dimensions == 0 {
            return Err(Error::Options(format!("{}: holds no rows", path.display())));
        }
        let (files, first_rows) = (vec![path.to_path_buf()], vec![0]);
        Ok(Pool { files, first_rows, ..Pool::without_values((rows, dimensions), dtype) })
    }
}
