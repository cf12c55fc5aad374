//! From a path to a pool: the format by its extension, then the one check of every value.

use std::path::Path;

use super::{Bytes, Dtype, Pool, Reason, columns, folder, map, npy, npz, safe_tensors, vectors};
use crate::error::{Error, Result};
use crate::threads::on_engine_threads;

/// A file format that holds rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Npy,
    Npz,
    Safetensors,
    Parquet,
    Arrow,
    Bin(Dtype),
    Vecs(Dtype),
}

const KNOWN: &str = ".npy, .npz, .safetensors, .parquet, .arrow, .feather, .ipc, .fbin, .u8bin, .i8bin, .fvecs and .bvecs";

impl Format {
    fn of(path: &Path) -> std::result::Result<Format, Reason> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Ok(match &*extension {
            "npy" => Format::Npy,
            "npz" => Format::Npz,
            "safetensors" => Format::Safetensors,
            "parquet" => Format::Parquet,
            "arrow" | "feather" | "ipc" => Format::Arrow,
            "fbin" => Format::Bin(Dtype::F32),
            "u8bin" => Format::Bin(Dtype::U8),
            "i8bin" => Format::Bin(Dtype::I8),
            "fvecs" => Format::Vecs(Dtype::F32),
            "bvecs" => Format::Vecs(Dtype::U8),
            _ => return Err(format!("is of no format that pools are read from: {KNOWN}").into()),
        })
    }

    /// Whether a file may hold several arrays, to be told apart by name.
    fn has_names(self) -> bool {
        matches!(self, Format::Npz | Format::Safetensors | Format::Parquet | Format::Arrow)
    }
}

impl Pool<'static> {
    /// The pool in `path`: a file, a folder of files, or a pattern such as `shards/*.npy`.
    ///
    /// The extension says the format: `.npy`, `.npz`, `.safetensors`, `.parquet`, `.arrow` (also `.feather` and `.ipc`),
    /// `.fbin`, `.u8bin`, `.i8bin`, `.fvecs` or `.bvecs`. Of a folder every file that is not hidden is read, in byte order of
    /// the names, and their rows follow each other; all must agree on d and on the type of the values. A path that exists is
    /// never taken for a pattern.
    ///
    /// Values of type f32, f16, bf16, u8 and i8 stay as they are, mapped in place where the file holds rows one after the
    /// other. f64 values are rounded to f32, Fortran order and big-endian values rearranged, once, in memory:
    /// [`Pool::notices`] says so. Parquet and compressed files are decoded into memory.
    ///
    /// The pool is read once, to check that every value is finite: `O(n d)`. Memory: none beyond the pool itself, and for
    /// mapped files the system may drop and re-read pages at will.
    ///
    /// A mapped file must not be changed or truncated while the pool is in use: rows would change under the selection, and
    /// reading past the new end kills the process (`SIGBUS`).
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`], naming the file and usually a row, if it is damaged, of another
    /// type or shape, empty, or holds a value that is not finite.
    pub fn open(path: impl AsRef<Path>) -> Result<Pool<'static>> {
        Pool::open_named(path, None)
    }

    /// As [`Pool::open`], taking the vectors from `name`: a safetensors tensor, an .npz array, a Parquet or Arrow column.
    ///
    /// Without a name the file must hold a single candidate: a two-dimensional tensor, an array, a column of lists.
    ///
    /// # Errors
    /// As [`Pool::open`]; [`Error::Format`], listing the candidates, if a name is needed or is not among them.
    pub fn open_named(path: impl AsRef<Path>, name: Option<&str>) -> Result<Pool<'static>> {
        let path = path.as_ref();
        // Rounding f64 is part of the answer, so the floating-point environment is the engine's.
        on_engine_threads(0, || folder::open(path, name))?
    }
}

/// The pool in one file, by its map.
pub(super) fn open_file(path: &Path, name: Option<&str>) -> Result<Pool<'static>> {
    Format::of(path).map_err(|reason| refuse(path, reason))?;
    let map = map::map(path)?;
    let mapped = map.as_ptr_range();
    let mut pool = read(path, Bytes::Mapped(map), name)?;
    // Addresses, only compared: whatever was copied was copied while the map was there, so to another place.
    pool.mapped = pool.bytes_within(&mapped);
    pool.files.push(path.to_path_buf());
    Ok(pool)
}

/// The checked pool in `bytes`, all of the file `path`.
pub(super) fn read(
    path: &Path,
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>> {
    let mut pool = dispatch(path, bytes, name).map_err(|reason| refuse(path, reason))?;
    for notice in &mut pool.notices {
        *notice = format!("{}: {notice}", path.display());
    }
    pool.checked().map_err(|error| refuse(path, error.to_string().into()))
}

fn dispatch(
    path: &Path,
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> std::result::Result<Pool<'static>, Reason> {
    let format = Format::of(path)?;
    if let Some(name) = name
        && !format.has_names()
    {
        return Err(format!("holds one array without a name: leave out '{name}'").into());
    }
    let length = bytes.as_slice().len();
    if length == 0 {
        return Err("is a file of 0 bytes".into());
    }
    match format {
        Format::Npy => npy::read(bytes, 0, length),
        Format::Npz => npz::read(bytes, name),
        Format::Safetensors => safe_tensors::read(bytes, name),
        Format::Parquet => columns::read_parquet(bytes, name),
        Format::Arrow => columns::read_arrow(bytes, name),
        Format::Bin(dtype) => vectors::read_bin(bytes, dtype),
        Format::Vecs(dtype) => vectors::read_vecs(bytes, dtype),
    }
}

/// One line, whatever a name inside the file is made of.
pub(super) fn refuse(path: &Path, reason: Reason) -> Error {
    let one_line = reason.split(char::is_control).collect::<Vec<_>>().join(" ");
    Error::Format { path: path.to_path_buf(), reason: one_line }
}
