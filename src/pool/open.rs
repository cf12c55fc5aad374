//! From a path to a pool.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::meant::Meant;
use super::scratch::Room;
use super::{Dtype, Pool, folder};
use crate::error::Result;
use crate::memory::Memory;
use crate::options::Metric;
use crate::threads::on_engine_threads;

/// How a pool is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions<'o> {
    /// The tensor, array, dataset, column, field or key that holds the vectors, where there are several; in structs and objects with points between.
    pub name: Option<&'o str>,
    /// Of a table that has a column a dimension those columns, as a pattern such as `f*`, or several with commas between.
    pub columns: Option<&'o str>,
    /// What raw values are: bytes, or 2-byte values of no type, as databases and NumPy write halves. Text is read as this type, and else as
    /// f64, word vectors as f32.
    pub dtype: Option<Dtype>,
    /// The format, by an extension that it has, as `fbin`, where the file's name has another.
    pub format: Option<&'o str>,
    /// Bytes of memory that the process may hold; the system's own limits hold too.
    pub memory: Option<u64>,
    /// The folder for rows that are decoded or converted and do not fit into memory: a file without a name there holds them, and is gone
    /// with the pool. Without it such a pool is refused.
    pub scratch: Option<&'o Path>,
    /// Hold nothing in memory, even if it would fit: rows stay in their files, and those that are decoded go to the scratch folder, if one
    /// is given.
    pub on_disk: bool,
    /// Leave out the rows that have no distance to others under this metric, in the place of refusing the pool: rows with a value that is not
    /// finite, or beyond f32's largest, or null; lists without values; under cosine rows of zeros. [`Pool::skipped`] lists them and
    /// [`Pool::notices`] counts them. They keep their numbers and are neither chosen nor counted, as [`crate::Options::excluded`] rows are; every
    /// other row has the number that it has in the file. Takes one more read of the pool.
    pub skip_bad: Option<Metric>,
    /// Set from another thread, it ends the wait for a store or a web server, and opening with [`crate::Error::Interrupted`].
    pub interrupt: Option<&'o Arc<AtomicBool>>,
}

impl Pool<'static> {
    /// The pool in `path`: a file, a folder of files, or a pattern such as `shards/*.npy`.
    ///
    /// The extension says the format: `.npy`, `.npz`, `.safetensors`, `.pt` (also `.pth`), `.parquet` (also `.pq` and `.parq`), `.arrow` (also `.feather`, `.ipc`
    /// and `.arrows`), `.h5` (also `.hdf5`, `.h5ad` and `.hdf`), `.zarr` (a folder, or a `.zip` of one), `.fbin`, `.f16bin`, `.u8bin`, `.i8bin`, `.fvecs`, `.bvecs`, `.csv` (also `.tsv`), `.jsonl` (also `.ndjson`) or `.vec` (also `.w2v`). Of a folder every file is read that is not hidden,
    /// describes no others (`README.md`, `_SUCCESS`, `dataset_info.json`) and holds rows, and the rows
    /// of many files follow each other in order of the files' names, in which digits count as numbers, `shard_2` before `shard_10`:
    /// [`Pool::notices`] says so where that is not the order of their bytes. All must agree on d and on the type of the values. A path that exists is never
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
        let (path, meant) = (path.as_ref(), Meant::of(options)?);
        on_engine_threads(0, || {
            if let Some(limit) = options.memory {
                let room = Room::for_outlines().interrupted_by(options.interrupt);
                folder::open(path, meant, &room)?.check_limit(limit)?;
            }
            let memory = Memory::within(options.memory);
            let room = Room::new(memory, options.scratch, options.on_disk);
            let room = room.interrupted_by(options.interrupt);
            let mut pool = folder::open(path, meant, &room)?;
            if let Some(metric) = options.skip_bad {
                pool.skip_bad(metric, options.interrupt.map(|flag| &**flag))?;
            }
            pool.settle_in(options.memory, options.on_disk)?;
            Ok(pool)
        })?
    }
}
