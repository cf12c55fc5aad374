//! Blocks of rows, each with a key that none of its rows exceeds: keys only fall, so a maximum that is not found again stays true. Whoever
//! looks for large keys passes over most blocks.

use std::ops::Range;

use rayon::prelude::*;

/// Rows of a block: the bounds of four cache lines.
pub(super) const BLOCK: usize = 32;
/// Rows a task scans.
const CHUNK: usize = 1 << 15;
const LANES: usize = 8;

/// Per block of rows, at least the largest key; infinite as long as nobody looked. 0 where no row is left.
pub(super) struct BlockMaxima {
    keys: Vec<f64>,
    rows: usize,
    is_known: bool,
    /// No key is larger.
    pub ceiling: f64,
}

impl BlockMaxima {
    /// Of `n` rows, whose keys are not known.
    pub fn new(n: usize) -> BlockMaxima {
        let keys = vec![f64::INFINITY; n.div_ceil(BLOCK)];
        BlockMaxima { keys, rows: n, is_known: false, ceiling: f64::INFINITY }
    }

    pub fn keys(&self) -> &[f64] {
        &self.keys
    }

    /// Looks at every row, if that was never done. Returns how many were looked at.
    pub fn find_unknown(
        &mut self,
        bounds: &[f64],
        key: &(impl Fn(usize, f64) -> f64 + Sync),
    ) -> u64 {
        if std::mem::replace(&mut self.is_known, true) {
            return 0;
        }
        self.in_chunks(CHUNK).for_each(|(rows, maxima)| {
            for (rows, maximum) in blocks(rows, maxima) {
                *maximum = largest_key(bounds, rows, key);
            }
        });
        self.rows as u64
    }

    /// Parts of the rows, `rows` each but the last, which is a multiple of a block; and the maxima of their blocks.
    pub fn in_chunks(
        &mut self,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = (Range<usize>, &mut [f64])> {
        let n = self.rows;
        let chunks = self.keys.par_chunks_mut(rows / BLOCK).enumerate();
        chunks.map(move |(chunk, maxima)| (chunk * rows..n.min((chunk + 1) * rows), maxima))
    }

    /// The maxima of the blocks of `part`, which begins with one and ends with one or with the last row.
    pub fn of(&mut self, part: Range<usize>) -> &mut [f64] {
        &mut self.keys[part.start / BLOCK..part.end.div_ceil(BLOCK)]
    }
}

/// The blocks of `rows`, which begin with one, each with its maximum.
pub(super) fn blocks(
    rows: Range<usize>,
    maxima: &mut [f64],
) -> impl Iterator<Item = (Range<usize>, &mut f64)> {
    let end = rows.end;
    let starts = rows.step_by(BLOCK);
    starts.zip(maxima).map(move |(start, maximum)| (start..end.min(start + BLOCK), maximum))
}

/// The largest key of `rows`; 0 if all left the order, whose bounds are negative. By lanes, so that it vectorises.
pub(super) fn largest_key(
    bounds: &[f64],
    rows: Range<usize>,
    key: &(impl Fn(usize, f64) -> f64 + Sync),
) -> f64 {
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    let start = rows.start;
    let (parts, rest) = bounds[rows].as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (part, bounds) in parts.iter().enumerate() {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], key(start + part * LANES + lane, bounds[lane]));
        }
    }
    for (lane, bound) in rest.iter().enumerate() {
        lanes[lane] = larger(lanes[lane], key(start + parts.len() * LANES + lane, *bound));
    }
    lanes.into_iter().fold(0.0, larger)
}
