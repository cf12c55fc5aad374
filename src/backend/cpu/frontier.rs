//! The rows of largest key, by a histogram over the keys' bits.

use rayon::prelude::*;

use crate::backend::Candidate;
use crate::backend::shard::FrontierRows;

/// 256 bins an octave (8 mantissa bits), 16 octaves down from the largest key; the last bin holds all below.
const BINS: usize = 4096;
const SHIFT: u32 = 44;
/// Rows a task scans.
const CHUNK: usize = 1 << 15;

/// The `size` rows that precede all others. `bounds`: negative for rows that left the order. `ceiling`: no key is larger. `O(n)`.
pub fn frontier(
    bounds: &[f64],
    key: impl Fn(usize, f64) -> f64 + Sync,
    ceiling: f64,
    size: usize,
) -> FrontierRows {
    let key_of = &|row: usize| (bounds[row] >= 0.0).then(|| key(row, bounds[row]));
    let mut ceiling = ceiling;
    let mut last_bin = boundary(bounds.len(), key_of, ceiling, size);
    if last_bin == BINS - 1 {
        // Far below the ceiling, bins are too coarse: take the largest key there is.
        ceiling = (0..bounds.len()).into_par_iter().filter_map(key_of).reduce(|| 0.0, f64::max);
        last_bin = boundary(bounds.len(), key_of, ceiling, size);
    }
    let (mut rows, beyond) = collect(bounds.len(), key_of, ceiling, last_bin);
    if rows.len() <= size {
        return FrontierRows { rows, outside: beyond };
    }
    let (_, &mut outside, _) = rows.select_nth_unstable_by(size, Candidate::order);
    rows.truncate(size);
    FrontierRows { rows, outside: Some(outside) }
}

/// Smaller bins hold larger keys.
fn bin(key: f64, ceiling: f64) -> usize {
    let below = (ceiling.to_bits() >> SHIFT).saturating_sub(key.to_bits() >> SHIFT);
    usize::try_from(below).map_or(BINS - 1, |bin| bin.min(BINS - 1))
}

fn chunks(n: usize) -> impl IndexedParallelIterator<Item = std::ops::Range<usize>> {
    (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(move |chunk| chunk * CHUNK..n.min((chunk + 1) * CHUNK))
}

/// The first bin at which `size` rows are reached, or the last.
fn boundary(
    n: usize,
    key_of: &(impl Fn(usize) -> Option<f64> + Sync),
    ceiling: f64,
    size: usize,
) -> usize {
    let count = |rows: std::ops::Range<usize>| {
        let mut counts = vec![0usize; BINS];
        rows.filter_map(key_of).for_each(|key| counts[bin(key, ceiling)] += 1);
        counts
    };
    let add = |mut a: Vec<usize>, b: Vec<usize>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let counts = chunks(n).map(count).reduce(|| vec![0; BINS], add);
    let mut reached = 0;
    let found = counts.iter().position(|&count| {
        reached += count;
        reached >= size
    });
    found.unwrap_or(BINS - 1)
}

/// The rows in bins up to `last_bin`, and the first of the others.
fn collect(
    n: usize,
    key_of: &(impl Fn(usize) -> Option<f64> + Sync),
    ceiling: f64,
    last_bin: usize,
) -> (Vec<Candidate>, Option<Candidate>) {
    let split = |rows: std::ops::Range<usize>| {
        let (mut within, mut beyond) = (Vec::new(), None);
        for row in rows {
            let Some(key) = key_of(row) else { continue };
            let candidate = Candidate { key, row };
            if bin(key, ceiling) <= last_bin {
                within.push(candidate);
            } else {
                beyond = Candidate::first(beyond, Some(candidate));
            }
        }
        (within, beyond)
    };
    let join = |mut a: (Vec<Candidate>, _), b: (Vec<Candidate>, _)| {
        a.0.extend(b.0);
        (a.0, Candidate::first(a.1, b.1))
    };
    chunks(n).map(split).reduce(|| (Vec::new(), None), join)
}
