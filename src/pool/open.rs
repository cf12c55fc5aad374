//! From a path to a pool.

use std::path::Path;

use super::scratch::Room;
use super::{Pool, folder};
use crate::error::Result;
use crate::memory::Memory;
use crate::threads::on_engine_threads;

/// How a pool is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions<'o> {
    /// The safetensors tensor, .npz array, Parquet or Arrow column that holds the vectors, where there are several.
    pub name: Option<&'o str>,
    /// Bytes of memory that the process may hold; the system's own limits hold too.
    pub memory: Option<u64>,
    /// The folder for rows that are decoded or converted and do not fit into memory: a file without a name there holds them, and is gone
    /// with the pool. Without it such a pool is refused.
    pub scratch: Option<&'o Path>,
    /// Hold nothing in memory, even if it would fit: rows stay in their files, and those that are decoded go to the scratch folder, if one
    /// is given.
    pub on_disk: bool,
}

impl Pool<'static> {
    /// The pool in `path`: a file, a folder of files, or a pattern such as `shards/*.npy`.
    ///
    /// The extension says the format: `.npy`, `.npz`, `.safetensors`, `.parquet`, `.arrow` (also `.feather` and `.ipc`),
    /// `.fbin`, `.u8bin`, `.i8bin`, `.fvecs` or `.bvecs`. Of a folder every file that is not hidden is read, and the rows
    /// of many files follow each other in byte order of the files' names, `shard_10` before `shard_2`: [`Pool::notices`] says so where
    /// that is not the order of the numbers in them. All must agree on d and on the type of the values. A path that exists is never
    /// taken for a pattern.
    ///
    /// A pool that fits into memory with what a selection takes beside it is held there. Of a larger one the values that lie in its
    /// files row by row stay on disk, and are read when they are needed: in order by the block, out of order a row at a time. Fortran
    /// order and big-endian values are rearranged, once: [`Pool::notices`] says so. Parquet and compressed files are decoded, once. Either
    /// is done in memory, or in a scratch file ([`OpenOptions::scratch`]).
    ///
    /// Every value is checked when it is read to be finite, and no f64 beyond f32's largest: `O(n d)`, here for rows that are held, and
    /// later for rows on disk. A file must not be changed while its rows are read from it: the run that reads it then ends with
    /// [`crate::Error::Read`].
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
        Pool::open_with(path, &OpenOptions { name, ..OpenOptions::default() })
    }

    /// As [`Pool::open`], with a choice of where rows are kept.
    ///
    /// # Errors
    /// As [`Pool::open_named`]; [`crate::Error::Options`] if the memory allowed is too little for any selection from this pool.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Pool<'static>> {
        let path = path.as_ref();
        on_engine_threads(0, || {
            if let Some(limit) = options.memory {
                folder::open(path, options.name, &Room::for_outlines())?.check_limit(limit)?;
            }
            let memory = Memory::within(options.memory);
            let room = Room::new(memory, options.scratch, options.on_disk);
            let mut pool = folder::open(path, options.name, &room)?;
            pool.settle_in(options.memory, options.on_disk)?;
            Ok(pool)
        })?
    }
}
