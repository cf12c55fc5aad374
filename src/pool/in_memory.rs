//! The readers of files, on bytes in memory: for fuzzing, where a file for each input is too slow.

use std::path::Path;

use super::bytes::{Bytes, Store};
use super::meant::Meant;
use super::open::OpenOptions;
use super::scratch::Room;
use super::{IdEntry, Pool, file, ids, lists};
use crate::error::Result;

/// As [`Pool::open_named`], from the `bytes` of the file `path`, which need not exist.
pub fn open_named(path: &Path, bytes: Vec<u8>, name: Option<&str>) -> Result<Pool<'static>> {
    open_with(path, bytes, &OpenOptions { name, ..OpenOptions::default() })
}

/// As [`Pool::open_with`], of what the `options` say is meant in the `bytes` of the file `path`.
pub fn open_with(path: &Path, bytes: Vec<u8>, options: &OpenOptions) -> Result<Pool<'static>> {
    let meant = Meant::of(options)?;
    file::read(path, Store::Memory(Bytes::Owned(bytes)), meant, &Room::unlimited())
}

/// As [`super::read_rows`], from the `bytes` of the file `path`.
pub fn read_rows(path: &Path, bytes: Vec<u8>) -> Result<Vec<usize>> {
    lists::rows(path, bytes, None)
}

/// As [`super::read_weights`], from the `bytes` of the file `path`.
pub fn read_weights(path: &Path, bytes: Vec<u8>) -> Result<Vec<f32>> {
    lists::weights(path, bytes, None)
}

/// The ids in a list, from the `bytes` of the file `path`.
pub fn read_ids(path: &Path, bytes: Vec<u8>) -> Result<Vec<IdEntry>> {
    ids::of_bytes(path, bytes)
}
