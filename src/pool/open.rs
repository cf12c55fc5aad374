//! From a path to a pool.

use std::path::Path;

use super::{Pool, folder};
use crate::error::Result;
use crate::threads::on_engine_threads;

impl Pool<'static> {
    /// The pool in `path`: a file, a folder of files, or a pattern such as `shards/*.npy`.
    ///
    /// The extension says the format: `.npy`, `.npz`, `.safetensors`, `.parquet`, `.arrow` (also `.feather` and `.ipc`),
    /// `.fbin`, `.u8bin`, `.i8bin`, `.fvecs` or `.bvecs`. Of a folder every file that is not hidden is read, and the rows
    /// of many files follow each other in byte order of the files' names, `shard_10` before `shard_2`: [`Pool::notices`] says so where
    /// that is not the order of the numbers in them. All must agree on d and on the type of the values. A path that exists is never
    /// taken for a pattern.
    ///
    /// Values of type f64, f32, f16, bf16, u8 and i8 stay as they are, mapped in place where the file holds rows one after the
    /// other. Fortran order and big-endian values are rearranged, once, in memory:
    /// [`Pool::notices`] says so. Parquet and compressed files are decoded into memory.
    ///
    /// The pool is read once, to check that every value is finite, and no f64 beyond f32's largest: `O(n d)`. Memory: none beyond the pool itself, and for
    /// mapped files the system may drop and re-read pages at will.
    ///
    /// A mapped file must not be changed or truncated while the pool is in use: rows would change under the selection, and
    /// reading past the new end kills the process (`SIGBUS`).
    ///
    /// # Errors
    /// [`crate::Error::Io`] if a file cannot be read; [`crate::Error::Format`], naming the file and usually a row, if it is damaged, of another
    /// type or shape, empty, or holds a value that is not finite; if some of many files hold rows that do not count: the caches of a
    /// Hugging Face dataset beside its own files, or the files of a Delta, Iceberg or Hudi table.
    pub fn open(path: impl AsRef<Path>) -> Result<Pool<'static>> {
        Pool::open_named(path, None)
    }

    /// As [`Pool::open`], taking the vectors from `name`: a safetensors tensor, an .npz array, a Parquet or Arrow column.
    ///
    /// Without a name the file must hold a single candidate: a two-dimensional tensor, an array, a column of lists.
    ///
    /// # Errors
    /// As [`Pool::open`]; [`crate::Error::Format`], listing the candidates, if a name is needed or is not among them.
    pub fn open_named(path: impl AsRef<Path>, name: Option<&str>) -> Result<Pool<'static>> {
        let path = path.as_ref();
        on_engine_threads(0, || folder::open(path, name))?
    }
}
