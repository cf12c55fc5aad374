//! Bytes of a file or of a slice, in memory or on disk, and where rows lie in them.

use std::borrow::Cow;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Deref;
use std::sync::Arc;

use super::block::Block;
use super::reason::Reason;
use super::row_file::RowFile;

/// Bytes of a file that a reader takes at once.
const READ_AT_ONCE: usize = 1 << 20;

/// Little-endian bytes in memory, wherever they are kept.
pub(super) enum Bytes<'a> {
    Borrowed(&'a [u8]),
    /// Aligned for its values in practice, as allocators do; [`super::Pool::row`] copes where it is not.
    Owned(Vec<u8>),
    Block(Block),
    /// Decoded, or a part of a file that was read whole.
    #[cfg(feature = "parquet")]
    Arrow(arrow_buffer::Buffer),
}

#[cfg(feature = "parquet")]
impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Bytes<'_> {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
            Bytes::Block(block) => block,
            #[cfg(feature = "parquet")]
            Bytes::Arrow(buffer) => buffer,
        }
    }
}

/// Where bytes are: a file's readers and the rows of a pool know both.
pub(super) enum Store<'a> {
    Memory(Bytes<'a>),
    File(Arc<RowFile>),
}

impl Store<'_> {
    pub fn length(&self) -> usize {
        match self {
            Store::Memory(bytes) => bytes.as_slice().len(),
            Store::File(file) => usize::try_from(file.length()).expect("64-bit addresses"),
        }
    }

    /// The bytes of `at..at + length`, or of as much of that as there is.
    pub fn part(&self, at: usize, length: usize) -> Result<Cow<'_, [u8]>, Reason> {
        let at = at.min(self.length());
        let length = length.min(self.length() - at);
        match self {
            Store::Memory(bytes) => Ok(Cow::Borrowed(&bytes.as_slice()[at..at + length])),
            Store::File(file) => {
                let mut part = vec![0; length];
                file.read(at as u64, &mut part)?;
                Ok(Cow::Owned(part))
            }
        }
    }

    /// Fill `out` with the bytes from `at` on, which there must be.
    #[cfg(feature = "parquet")]
    pub fn read(&self, at: usize, out: &mut [u8]) -> Result<(), Reason> {
        match self {
            Store::Memory(bytes) => out.copy_from_slice(&bytes.as_slice()[at..][..out.len()]),
            Store::File(file) => file.read(at as u64, out)?,
        }
        Ok(())
    }
}

/// The bytes of a store one after another, from any of them on.
pub(super) struct Reader<S> {
    store: S,
    at: usize,
}

impl<S: Deref<Target = Store<'static>>> Reader<S> {
    pub fn new(store: S) -> Reader<S> {
        Reader { store, at: 0 }
    }
}

impl Store<'static> {
    pub fn reader(&self) -> BufReader<Reader<&Store<'static>>> {
        BufReader::with_capacity(READ_AT_ONCE, Reader::new(self))
    }
}

impl<S: Deref<Target = Store<'static>>> Read for Reader<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let part = self.store.part(self.at, out.len()).map_err(io::Error::other)?;
        out[..part.len()].copy_from_slice(&part);
        self.at += part.len();
        Ok(part.len())
    }
}

impl<S: Deref<Target = Store<'static>>> Seek for Reader<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).unwrap_or(i64::MAX)),
            SeekFrom::End(by) => (self.store.length(), by),
            SeekFrom::Current(by) => (self.at, by),
        };
        let at = i64::try_from(from).ok().and_then(|from| from.checked_add(by));
        self.at = at.and_then(|at| usize::try_from(at).ok()).ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at as u64)
    }
}

/// Where rows lie, in bytes: row `i` begins `offset + i stride` bytes from the start, behind `head` bytes that say its length.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub offset: usize,
    pub stride: usize,
    pub head: usize,
}

impl Place {
    /// Rows one right after the other.
    pub fn dense(offset: usize, row_bytes: usize) -> Place {
        Place { offset, stride: row_bytes, head: 0 }
    }
}
