//! An array of rows that is cut into chunks, put together once.

use std::borrow::Cow;

use rayon::prelude::*;

use super::codec::{Codec, decode};
use crate::pool::bytes::Store;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

/// How an array `(n, d)` is cut.
pub(in crate::pool::formats) struct Grid {
    pub rows: usize,
    pub d: usize,
    pub chunk_rows: usize,
    pub chunk_columns: usize,
    /// Bytes of a value.
    pub value_bytes: usize,
    /// Bytes of a chunk, once it is decoded: one at the array's end is as long, and of more sides than two the first of each counts.
    pub chunk_bytes: usize,
    /// The values of a chunk lie by columns.
    pub fortran: bool,
    pub big_endian: bool,
    /// The steps by which chunks were encoded, in their order.
    pub codecs: Vec<Codec>,
    /// The value in chunks that are not there, as it would be stored.
    pub fill: Vec<u8>,
}

/// A chunk as it lies in its file.
pub(in crate::pool::formats) struct Stored<'f> {
    pub bytes: Cow<'f, [u8]>,
    /// The steps by which it was not encoded, a bit each.
    pub skipped: u32,
}

/// Where chunks are, by their place among the rows and the columns of the grid.
pub(in crate::pool::formats) trait Chunks: Sync {
    /// A chunk; none where it was never written.
    fn stored(&self, band: usize, column: usize) -> Result<Option<Stored<'_>>, Reason>;
}

/// How many chunks may be missing for each that is there.
const MOST_MISSING: u64 = 16;

impl Grid {
    /// Bytes of a chunk with the sides `chunk` of an array of `shape`.
    ///
    /// # Errors
    /// A chunk, or the array, takes more bytes than there are addresses.
    pub fn chunk_bytes(
        shape: &[usize],
        chunk: &[usize],
        value_bytes: usize,
    ) -> Result<usize, Reason> {
        let bytes = |sides: &[usize]| {
            sides.iter().try_fold(value_bytes, |bytes, &side| bytes.checked_mul(side))
        };
        let is_too_large = |bytes: usize| isize::try_from(bytes).is_err();
        if chunk.len() != shape.len() || chunk.contains(&0) {
            return Err("has chunks whose sides are not those of its array".into());
        }
        match (bytes(shape), bytes(chunk)) {
            (Some(all), Some(one)) if !is_too_large(all) && !is_too_large(one) => Ok(one),
            _ => Err("claims a shape of more bytes than any file holds".into()),
        }
    }

    pub fn bands(&self) -> usize {
        self.rows.div_ceil(self.chunk_rows)
    }

    pub fn columns(&self) -> usize {
        self.d.div_ceil(self.chunk_columns)
    }

    fn row_bytes(&self) -> usize {
        self.d * self.value_bytes
    }

    /// How many times larger than its stored bytes a chunk is, at most.
    fn ratio(&self) -> u64 {
        self.codecs.iter().fold(1, |ratio, codec| ratio.saturating_mul(codec.ratio()))
    }

    /// Refuse an array of which far more is claimed than `chunks` of `stored` bytes in all can hold.
    pub fn check_claim(&self, chunks: usize, stored: u64) -> Result<(), Reason> {
        let (chunks, chunk) = (chunks as u64, self.chunk_bytes as u64);
        if chunks == 0 {
            return Err("holds no values: none of its chunks was written".into());
        }
        let claimed = self.bands() as u64 * self.columns() as u64;
        if claimed / (MOST_MISSING + 1) > chunks {
            return Err(format!(
                "claims {claimed} chunks, of which {chunks} were written: save the rows that there are"
            )
            .into());
        }
        match chunks.saturating_mul(chunk) / self.ratio() > stored {
            true => Err(claims_more(chunks.saturating_mul(chunk), stored)),
            false => Ok(()),
        }
    }

    /// The rows of the array in those of chunk `band`.
    pub fn band(&self, band: usize, chunks: &impl Chunks) -> Result<Vec<u8>, Reason> {
        let rows = self.chunk_rows.min(self.rows - band * self.chunk_rows);
        let mut out = vec![0; rows * self.row_bytes()];
        self.fill_band(band, &mut out, chunks)?;
        Ok(out)
    }

    /// Rows of the array from those of chunk `band` on, into `out`.
    fn fill_band(&self, band: usize, out: &mut [u8], chunks: &impl Chunks) -> Result<(), Reason> {
        let is_dense = !self.fortran && self.chunk_columns == self.d;
        for column in 0..self.columns() {
            match chunks.stored(band, column)? {
                None => self.fill_missing(column, out),
                Some(stored) if is_dense && self.chunk_bytes == out.len() => {
                    self.decode(&stored, out)?;
                }
                Some(stored) => {
                    self.check_chunk(&stored)?;
                    let mut chunk = vec![0; self.chunk_bytes];
                    self.decode(&stored, &mut chunk)?;
                    self.place(column, &chunk, out);
                }
            }
        }
        if self.big_endian {
            out.chunks_exact_mut(self.value_bytes).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    /// Refuse a chunk that claims more than its stored bytes can hold.
    pub fn check_chunk(&self, stored: &Stored) -> Result<(), Reason> {
        let (claimed, held) = (self.chunk_bytes as u64, stored.bytes.len() as u64);
        match claimed / self.ratio() > held {
            true => Err(claims_more(claimed, held)),
            false => Ok(()),
        }
    }

    fn decode(&self, stored: &Stored, out: &mut [u8]) -> Result<(), Reason> {
        let steps = self.codecs.iter().enumerate().rev();
        let is_done = |at: usize| stored.skipped >> at.min(31) & 1 == 0;
        let steps: Vec<Codec> =
            steps.filter(|(at, _)| is_done(*at)).map(|(_, &codec)| codec).collect();
        decode(&steps, &stored.bytes, out)
    }

    /// Where the columns of a chunk are in a row: its bytes.
    fn span(&self, column: usize) -> std::ops::Range<usize> {
        let first = column * self.chunk_columns;
        let end = (first + self.chunk_columns).min(self.d);
        first * self.value_bytes..end * self.value_bytes
    }

    /// The rows of a decoded chunk to their columns of `out`.
    fn place(&self, column: usize, chunk: &[u8], out: &mut [u8]) {
        let span = self.span(column);
        let size = self.value_bytes;
        for (row, out) in out.chunks_exact_mut(self.row_bytes()).enumerate() {
            let out = &mut out[span.clone()];
            if self.fortran {
                for (j, value) in out.chunks_exact_mut(size).enumerate() {
                    value.copy_from_slice(&chunk[(j * self.chunk_rows + row) * size..][..size]);
                }
            } else {
                out.copy_from_slice(&chunk[row * self.chunk_columns * size..][..out.len()]);
            }
        }
    }

    fn fill_missing(&self, column: usize, out: &mut [u8]) {
        let span = self.span(column);
        for row in out.chunks_exact_mut(self.row_bytes()) {
            for value in row[span.clone()].chunks_exact_mut(self.value_bytes) {
                value.copy_from_slice(&self.fill);
            }
        }
    }
}

fn claims_more(claimed: u64, held: u64) -> Reason {
    format!("claims {claimed} bytes of values in chunks of {held} stored ones: truncated?").into()
}

/// The array's values, row by row and little-endian: chunks are decoded once, side by side.
pub(in crate::pool::formats) fn assemble(
    grid: &Grid,
    chunks: &impl Chunks,
    room: &Room,
) -> Result<Store<'static>, Reason> {
    let row_bytes = grid.row_bytes();
    let band_bytes = grid.chunk_rows.min(grid.rows) * row_bytes;
    // Every thread has a band, however large they are.
    let at_once =
        band_bytes.saturating_mul(rayon::current_num_threads()).min(grid.rows * row_bytes);
    let at_once = at_once.div_ceil(band_bytes).saturating_mul(band_bytes);
    room.filled(grid.rows * row_bytes, at_once, |at, out| {
        let bands = out.par_chunks_mut(band_bytes).enumerate();
        bands
            .map(|(band, out)| grid.fill_band(at / band_bytes + band, out, chunks))
            .find_first(Result::is_err)
            .unwrap_or(Ok(()))
    })
}
