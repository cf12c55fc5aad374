//! From a path to a pool: one file, a folder of them, or a pattern.

use std::path::Path;

use super::{Bytes, Pool, Reason, map, npy};
use crate::error::{Error, Result};

const KNOWN: &str = ".npy";

impl Pool<'static> {
    /// The pool in `path`: a file, a folder of files, or a pattern such as `shards/*.npy`.
    pub fn open(path: impl AsRef<Path>) -> Result<Pool<'static>> {
        Pool::open_named(path, None)
    }

    /// As [`Pool::open`], with the `name` of the tensor, member or column that holds the vectors.
    pub fn open_named(path: impl AsRef<Path>, name: Option<&str>) -> Result<Pool<'static>> {
        open_file(path.as_ref(), name)
    }
}

fn open_file(path: &Path, name: Option<&str>) -> Result<Pool<'static>> {
    read(path, Bytes::Mapped(map::map(path)?), name)
}

/// The checked pool in `bytes`, all of the file `path`, whose name says the format.
fn read(path: &Path, bytes: Bytes<'static>, name: Option<&str>) -> Result<Pool<'static>> {
    let refuse =
        |reason: Reason| Error::Format { path: path.to_path_buf(), reason: reason.into_owned() };
    let mut pool = dispatch(path, bytes, name).map_err(refuse)?;
    for notice in &mut pool.notices {
        *notice = format!("{}: {notice}", path.display());
    }
    pool.checked().map_err(|error| refuse(error.to_string().into()))
}

fn dispatch(
    path: &Path,
    bytes: Bytes<'static>,
    _name: Option<&str>,
) -> std::result::Result<Pool<'static>, Reason> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let length = bytes.as_slice().len();
    match &*extension {
        "npy" => npy::read(bytes, 0, length),
        _ => Err(format!("'.{extension}' is not a format of pools; they are {KNOWN}").into()),
    }
}
