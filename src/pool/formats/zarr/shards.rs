//! Shards: files of many chunks each, with an index of where they lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::array;
use super::keys::Keys;
use crate::pool::formats::chunked::{Codec, Grid};
use crate::pool::reason::Reason;

/// Bytes that the index has for a chunk: where it begins, and its length.
const ENTRY_BYTES: usize = 16;
const SUM_BYTES: usize = 4;
/// Where a chunk that is not there begins, and its length.
const ABSENT: u64 = u64::MAX;

/// The index of a shard; none of one that is not there.
type Index = Option<Arc<Vec<u8>>>;

/// How the shards of an array are cut into chunks.
pub(super) struct Shards {
    /// Chunks of a shard along the rows and the columns.
    rows: usize,
    columns: usize,
    index_bytes: usize,
    index_first: bool,
    index_is_summed: bool,
    /// By the place of the shard.
    indexes: Mutex<HashMap<(usize, usize), Index>>,
}

impl Shards {
    /// Shards as `said`, of the sides `shard`: those of an array that `shards` cuts into them, and `chunks` into chunks.
    pub fn of(
        said: &array::Shards,
        shard: &[usize],
        shards: &Grid,
        chunks: &Grid,
    ) -> Result<Shards, Reason> {
        let counts = shard.iter().zip(&said.chunk);
        if counts.clone().any(|(shard, chunk)| !shard.is_multiple_of(*chunk)) {
            return Err("has shards that are cut into no whole number of chunks".into());
        }
        let count = counts.map(|(shard, chunk)| shard / chunk);
        let count = count.into_iter().try_fold(1usize, usize::checked_mul);
        let sum = if said.index_is_summed { SUM_BYTES } else { 0 };
        let index_bytes = count.and_then(|count| count.checked_mul(ENTRY_BYTES)?.checked_add(sum));
        Ok(Shards {
            rows: shards.chunk_rows / chunks.chunk_rows,
            columns: shards.chunk_columns / chunks.chunk_columns,
            index_bytes: index_bytes.ok_or("has shards of too many chunks")?,
            index_first: said.index_first,
            index_is_summed: said.index_is_summed,
            indexes: Mutex::default(),
        })
    }

    /// Refuse an array of which far more is claimed than `files` of `bytes` in all can hold.
    pub fn check_claim(&self, shards: &Grid, files: usize, bytes: u64) -> Result<(), Reason> {
        let sparse = Codec::Zstd.ratio().saturating_mul(bytes);
        shards.check_claim(files, sparse)?;
        match (self.index_bytes as u64).saturating_mul(files as u64) > bytes {
            true => Err("has shards that end before their index does: truncated?".into()),
            false => Ok(()),
        }
    }

    /// The shard of a chunk.
    pub fn of_chunk(&self, band: usize, column: usize) -> (usize, usize) {
        (band / self.rows, column / self.columns)
    }

    /// The index of a shard, whose file is `key`.
    pub fn index(&self, keys: &Keys, shard: (usize, usize), key: &str) -> Result<Index, Reason> {
        let indexes = || self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indexes().get(&shard) {
            return Ok(index.clone());
        }
        let index = self.read(keys, key)?.map(Arc::new);
        indexes().insert(shard, index.clone());
        Ok(index)
    }

    fn read(&self, keys: &Keys, key: &str) -> Result<Option<Vec<u8>>, Reason> {
        let Some(length) = keys.length(key)? else { return Ok(None) };
        let Some(last) = length.checked_sub(self.index_bytes) else {
            return Err(format!("has the shard '{key}', which ends too early: truncated?").into());
        };
        let index = keys.part(key, if self.index_first { 0 } else { last }, self.index_bytes)?;
        match self.index_is_summed {
            true => Ok(Some(Codec::Crc32c.checked(&index)?.to_vec())),
            false => Ok(Some(index.into_owned())),
        }
    }

    /// Where the chunk at this place of the array begins in its shard, and its length; none of one that was never written.
    pub fn place(&self, index: &[u8], band: usize, column: usize) -> Option<(usize, usize)> {
        let at = (band % self.rows) * self.columns + column % self.columns;
        let entry = index.get(at * ENTRY_BYTES..)?.first_chunk::<ENTRY_BYTES>()?;
        let (start, length) = entry.split_at(ENTRY_BYTES / 2);
        let number =
            |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().expect("half an entry"));
        let (start, length) = (number(start), number(length));
        let is_there = start != ABSENT || length != ABSENT;
        // One that cannot be addressed is past the end of any file.
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        is_there.then(|| (number(start), number(length)))
    }
}
