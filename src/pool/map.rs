//! The one memory map.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// `path`, mapped read-only. The kernel pages it in as rows are read; nothing is copied.
///
/// # Errors
/// [`Error::Io`] if it cannot be opened; [`Error::Format`] if it is not a regular file.
#[allow(unsafe_code)]
pub(super) fn map(path: &Path) -> Result<Mmap> {
    let io = |source| Error::Io { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        let reason = "is not a regular file, and only those can be mapped".to_string();
        return Err(Error::Format { path: path.to_path_buf(), reason });
    }
    // SAFETY: the map is read-only and private to this process, and the bytes are only ever read as plain numbers, for
    // which every bit pattern is valid. What the type system cannot check is that no other process writes or truncates
    // the file while it is open: that is the caller's promise, stated in the documentation of `Pool::open`. The sizes
    // that bound each access come from the map's own length, never from the file's header.
    unsafe { Mmap::map(&file) }.map_err(io)
}
