//! Parts of a file, as the Parquet decoder asks for them.

use std::borrow::Cow;
use std::io::{BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::pool::bytes::{Reader, Store};
use crate::pool::fetched::{Fetched, fetch};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

/// Bytes read at once for page headers.
const READ_AT_ONCE: usize = 64 << 10;

/// A file in memory, on disk or in a store, or a part of one that was fetched.
#[derive(Clone)]
pub(super) struct Chunks {
    store: Arc<Store<'static>>,
    /// Byte of the file at which the store begins.
    first: usize,
    /// Bytes of the file.
    length: usize,
}

impl Chunks {
    pub fn new(store: Store<'static>) -> Chunks {
        let length = store.length();
        Chunks { store: Arc::new(store), first: 0, length }
    }

    /// Whether the file has the bytes of `start..start + length`.
    pub fn holds(&self, start: usize, length: usize) -> bool {
        start.checked_add(length).is_some_and(|end| end <= self.length)
    }

    /// The bytes of `start..start + length`.
    pub fn part(&self, start: usize, length: usize) -> std::result::Result<Cow<'_, [u8]>, Reason> {
        self.store.part(start.saturating_sub(self.first), length)
    }

    /// `work` on the file, of which the bytes of `span` will be read: those of an object are fetched first, and gone afterwards.
    pub fn near<T>(
        &self,
        span: Range<usize>,
        room: &Room,
        work: impl FnOnce(&Chunks) -> std::result::Result<T, Reason>,
    ) -> std::result::Result<T, Reason> {
        let Some(Fetched { store, taken }) = fetch(&self.store, span.start, span.len(), room)?
        else {
            return work(self);
        };
        let done = work(&Chunks { store: Arc::new(store), first: span.start, ..*self });
        room.give_back(taken);
        done
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.length as u64
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Reader<Arc<Store<'static>>>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut reader = Reader::new(Arc::clone(&self.store));
        reader.seek(SeekFrom::Start(start.saturating_sub(self.first as u64)))?;
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
