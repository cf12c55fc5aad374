//! The readers of files, on bytes in memory: for fuzzing, where a file for each input is too slow.

use std::path::Path;

use super::bytes::{Bytes, Store};
use super::scratch::Room;
use super::{Pool, file, lists};
use crate::error::Result;

/// As [`Pool::open_named`], from the `bytes` of the file `path`, which need not exist.
pub fn open_named(path: &Path, bytes: Vec<u8>, name: Option<&str>) -> Result<Pool<'static>> {
    file::read(path, Store::Memory(Bytes::Owned(bytes)), name, &Room::unlimited())
}

/// As [`super::read_rows`], from the `bytes` of the file `path`.
pub fn read_rows(path: &Path, bytes: Vec<u8>) -> Result<Vec<usize>> {
    lists::rows(path, bytes, None)
}

/// As [`super::read_weights`], from the `bytes` of the file `path`.
pub fn read_weights(path: &Path, bytes: Vec<u8>) -> Result<Vec<f32>> {
    lists::weights(path, bytes, None)
}
