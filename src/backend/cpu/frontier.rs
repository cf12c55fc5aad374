//! The rows of largest key, by a histogram over the keys' bits. In a large pool, only blocks of rows that may hold some are looked at.

use std::ops::Range;

use rayon::prelude::*;

use super::maxima::{BlockMaxima, blocks, largest_key};
use crate::backend::Candidate;
use crate::backend::shard::FrontierRows;

/// 256 bins an octave (8 mantissa bits), 16 octaves down from the largest key; the last bin holds all below.
const BINS: usize = 4096;
const SHIFT: u32 = 44;
/// Rows a task scans.
const CHUNK: usize = 1 << 15;
/// Where there are fewer blocks for each row of a frontier, all are looked at.
const BLOCKS_A_ROW: usize = 2;

/// The `size` rows that precede all others. `bounds`: negative for rows that left the order. `O(n)`; less where the maxima say that few
/// blocks can hold such rows. Second value: how many bounds were looked at.
pub fn frontier(
    bounds: &[f64],
    key: impl Fn(usize, f64) -> f64 + Sync,
    maxima: &mut BlockMaxima,
    size: usize,
) -> (FrontierRows, u64) {
    let key_of = &|row: usize| (bounds[row] >= 0.0).then(|| key(row, bounds[row]));
    let (found, looks) = match BLOCKS_A_ROW * (size + 1) > maxima.keys().len() {
        true => among_all(bounds.len(), key_of, maxima.ceiling, size),
        false => among_blocks(bounds, &key, maxima, size),
    };
    maxima.ceiling = found.rows.iter().map(|row| row.key).fold(0.0, f64::max);
    (found, looks)
}

/// `ceiling`: no key is larger.
fn among_all(
    n: usize,
    key_of: &(impl Fn(usize) -> Option<f64> + Sync),
    ceiling: f64,
    size: usize,
) -> (FrontierRows, u64) {
    let mut passes = 2;
    let edge = edge(n, key_of, ceiling, size).unwrap_or_else(|| {
        // Far below the ceiling, bins are too coarse: take the largest key there is.
        passes += 2;
        let ceiling = (0..n).into_par_iter().filter_map(key_of).reduce(|| 0.0, f64::max);
        edge(n, key_of, ceiling, size).unwrap_or(0.0)
    });
    let (rows, beyond) = collect(n, key_of, edge);
    let found = match rows.len() > size {
        true => first_of(rows, size),
        false => FrontierRows { rows, outside: beyond },
    };
    (found, (passes * n) as u64)
}

/// Fewer than half of the blocks are needed, unless keys have fallen since their maxima were found.
fn among_blocks(
    bounds: &[f64],
    key: &(impl Fn(usize, f64) -> f64 + Sync),
    maxima: &mut BlockMaxima,
    size: usize,
) -> (FrontierRows, u64) {
    let mut looks = maxima.find_unknown(bounds, key);
    let mut wanted = size + 1;
    loop {
        // If so many blocks reach the edge, so do as many rows.
        let edge = edge_of_blocks(maxima.keys(), wanted);
        let (rows, looked) = collect_from_blocks(bounds, key, maxima, edge);
        looks += looked + maxima.keys().len() as u64;
        if rows.len() > size {
            return (first_of(rows, size), looks);
        }
        if edge == 0.0 {
            return (FrontierRows { rows, outside: None }, looks);
        }
        wanted *= 2;
    }
}

/// The `size` rows that precede the others of `rows`, of which there are more.
fn first_of(mut rows: Vec<Candidate>, size: usize) -> FrontierRows {
    let (_, &mut outside, _) = rows.select_nth_unstable_by(size, Candidate::order);
    rows.truncate(size);
    FrontierRows { rows, outside: Some(outside) }
}

/// Smaller bins hold larger keys.
fn bin(key: f64, ceiling: f64) -> usize {
    let below = (ceiling.to_bits() >> SHIFT).saturating_sub(key.to_bits() >> SHIFT);
    usize::try_from(below).map_or(BINS - 1, |bin| bin.min(BINS - 1))
}

fn chunks(n: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(move |chunk| chunk * CHUNK..n.min((chunk + 1) * CHUNK))
}

/// A key that `size` keys reach, and few more; none if they lie too far below the ceiling to tell.
fn edge(
    n: usize,
    key_of: &(impl Fn(usize) -> Option<f64> + Sync),
    ceiling: f64,
    size: usize,
) -> Option<f64> {
    let count = |rows: Range<usize>| {
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
    let last = counts[..BINS - 1].iter().position(|&count| {
        reached += count;
        reached >= size
    });
    // Bins lie above 0: below it there is no key.
    last.map(|bin| f64::from_bits((ceiling.to_bits() >> SHIFT).saturating_sub(bin as u64) << SHIFT))
}

/// A key that the maxima of `wanted` blocks reach, and few more.
fn edge_of_blocks(maxima: &[f64], wanted: usize) -> f64 {
    if wanted >= maxima.len() {
        return 0.0;
    }
    let ceiling = maxima.iter().copied().fold(0.0, f64::max);
    let of_block = &|block: usize| Some(maxima[block]);
    edge(maxima.len(), of_block, ceiling, wanted).unwrap_or_else(|| {
        let mut maxima = maxima.to_vec();
        *maxima.select_nth_unstable_by(wanted - 1, |a, b| b.total_cmp(a)).1
    })
}

/// The rows whose key reaches `edge`, and the first of the others.
fn collect(
    n: usize,
    key_of: &(impl Fn(usize) -> Option<f64> + Sync),
    edge: f64,
) -> (Vec<Candidate>, Option<Candidate>) {
    let split = |rows: Range<usize>| {
        let (mut within, mut beyond) = (Vec::new(), None);
        for row in rows {
            let Some(key) = key_of(row) else { continue };
            let candidate = Candidate { key, row };
            if key >= edge {
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

/// The rows whose key reaches `edge`, of the blocks whose maximum does; these maxima are found again. Second value: how many bounds
/// were looked at.
fn collect_from_blocks(
    bounds: &[f64],
    key: &(impl Fn(usize, f64) -> f64 + Sync),
    maxima: &mut BlockMaxima,
    edge: f64,
) -> (Vec<Candidate>, u64) {
    let collect = |(rows, maxima): (Range<usize>, &mut [f64])| {
        let (mut within, mut looks) = (Vec::new(), 0);
        for (rows, maximum) in blocks(rows, maxima).filter(|(_, maximum)| **maximum >= edge) {
            looks += rows.len() as u64;
            *maximum = largest_key(bounds, rows.clone(), key);
            if *maximum >= edge {
                let in_order = rows.filter(|&row| bounds[row] >= 0.0);
                let candidate = |row: usize| Candidate { key: key(row, bounds[row]), row };
                within.extend(in_order.map(candidate).filter(|row| row.key >= edge));
            }
        }
        (within, looks)
    };
    let join = |mut a: (Vec<Candidate>, u64), b: (Vec<Candidate>, u64)| {
        a.0.extend(b.0);
        (a.0, a.1 + b.1)
    };
    maxima.in_chunks(CHUNK).map(collect).reduce(Default::default, join)
}
