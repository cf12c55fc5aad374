//! One file as a pool: the format by its extension, then the check of what it brings into memory.

use std::path::Path;
use std::sync::Arc;

use super::bytes::Store;
use super::reason::{Reason, refuse};
use super::row_file::RowFile;
use super::scratch::Room;
use super::{Dtype, Pool, columns, npy, npz, safe_tensors, vectors};
use crate::error::Result;

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

/// The pool in one file. Rows that lie in it as a pool keeps them stay there, unchecked, and are read by position.
pub(super) fn open_file(
    path: &Path,
    name: Option<&str>,
    keep_open: bool,
    room: &Room,
) -> Result<Pool<'static>> {
    Format::of(path).map_err(|reason| refuse(path, reason))?;
    let file = RowFile::open(path, keep_open)?;
    let mut pool = read(path, Store::File(Arc::new(file)), name, room)?;
    pool.files.push(path.to_path_buf());
    pool.first_rows.push(0);
    Ok(pool)
}

/// The pool in `store`, all of the file `path`; its rows in memory are checked.
pub(super) fn read(
    path: &Path,
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>> {
    let mut pool = dispatch(path, store, name, room).map_err(|reason| refuse(path, reason))?;
    for notice in &mut pool.notices {
        *notice = format!("{}: {notice}", path.display());
    }
    if room.is_for_outlines() {
        return Ok(pool);
    }
    pool.checked().map_err(|error| refuse(path, error.to_string().into()))
}

fn dispatch(
    path: &Path,
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> std::result::Result<Pool<'static>, Reason> {
    let format = Format::of(path)?;
    if let Some(name) = name
        && !format.has_names()
    {
        return Err(format!("holds one array without a name: leave out '{name}'").into());
    }
    let length = store.length();
    if length == 0 {
        return Err("is a file of 0 bytes".into());
    }
    match format {
        Format::Npy => npy::read(store, 0, length, room),
        Format::Npz => npz::read(store, name, room),
        Format::Safetensors => safe_tensors::read(store, name, room),
        Format::Parquet => columns::read_parquet(store, name, room),
        Format::Arrow => columns::read_arrow(store, name, room),
        Format::Bin(dtype) => vectors::read_bin(store, dtype),
        Format::Vecs(dtype) => vectors::read_vecs(store, dtype),
    }
}
