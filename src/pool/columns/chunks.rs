//! Parts of a file, as the Parquet decoder asks for them.

use std::borrow::Cow;
use std::io::{BufReader, Seek, SeekFrom};
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use super::super::bytes::{Reader, Store};
use super::super::reason::Reason;

/// Bytes read at once for page headers.
const READ_AT_ONCE: usize = 64 << 10;

/// A file in memory or on disk.
#[derive(Clone)]
pub(super) struct Chunks(Arc<Store<'static>>);

impl Chunks {
    pub fn new(store: Store<'static>) -> Chunks {
        Chunks(Arc::new(store))
    }

    /// Whether the file has the bytes of `start..start + length`.
    pub fn holds(&self, start: usize, length: usize) -> bool {
        start.checked_add(length).is_some_and(|end| end <= self.0.length())
    }

    /// The bytes of `start..start + length`.
    pub fn part(&self, start: usize, length: usize) -> std::result::Result<Cow<'_, [u8]>, Reason> {
        self.0.part(start, length)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.length() as u64
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Reader<Arc<Store<'static>>>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut reader = Reader::new(Arc::clone(&self.0));
        reader.seek(SeekFrom::Start(start))?;
        Ok(BufReader::with_capacity(READ_AT_ONCE, reader))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes> {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        if !self.holds(start, length) {
            let reason = format!("{length} bytes at {start} are not in the file");
            return Err(ParquetError::EOF(reason));
        }
        let part = self.part(start, length);
        let part = part.map_err(|reason| ParquetError::General(reason.into_owned()))?;
        Ok(bytes::Bytes::from(part.into_owned()))
    }
}
