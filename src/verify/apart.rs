//! First centers that are told by distances between rows, from their definitions: every pair of rows is looked at, but for those that
//! cannot matter.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::asked::Asked;
use super::first::distances_to;
use crate::distance::distance;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues};

/// More than the rounding of two distances and their sum, relative.
const SLACK: f64 = 1.0 + 1e-9;

/// The lowest eligible row of those that are as far from another as any two are. Two rows are no farther apart than both are from `mean`
/// together.
pub(super) fn farthest_pair(asked: &Asked, mean: &[f64]) -> Option<usize> {
    let mut from_mean = distances_to(asked, mean);
    from_mean.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = Best::new(0.0);
    let farthest = |scratch: &mut Scratches, at: usize| {
        let ((own, row), mut farthest) = (from_mean[at], 0f64);
        let values = asked.rows.get(row, &mut scratch.row);
        let mut lowest = row;
        for &(other, other_row) in &from_mean[at + 1..] {
            if (own + other) * SLACK < best.get() || asked.is_interrupted() {
                break;
            }
            let apart = scratch.other.distance(asked, values, other_row);
            if apart > farthest {
                (farthest, lowest) = (apart, row);
            }
            if apart == farthest {
                lowest = lowest.min(other_row);
            }
        }
        best.raise(farthest);
        (farthest, lowest)
    };
    let all = (0..from_mean.len()).into_par_iter().map_init(Scratches::new, farthest);
    all.max_by(|(a, low), (b, high)| a.total_cmp(b).then(high.cmp(low))).map(|(_, row)| row)
}

/// The lowest of the eligible rows whose nearest other one is farthest. A row that has one nearer than that is left at once.
pub(super) fn loneliest(asked: &Asked) -> Option<usize> {
    let rows: Vec<usize> = asked.eligible().collect();
    let best = Best::new(0.0);
    let nearest = |scratch: &mut Scratches, at: usize| {
        let (row, mut nearest) = (rows[at], f64::INFINITY);
        let values = asked.rows.get(row, &mut scratch.row);
        for &other in rows[at + 1..].iter().chain(&rows[..at]) {
            if nearest < best.get() || asked.is_interrupted() {
                return (-1.0, row);
            }
            nearest = nearest.min(scratch.other.distance(asked, values, other));
        }
        best.raise(nearest);
        (nearest, row)
    };
    let all = (0..rows.len()).into_par_iter().map_init(Scratches::new, nearest);
    all.max_by(|(a, low), (b, high)| a.total_cmp(b).then(high.cmp(low))).map(|(_, row)| row)
}

/// Room for the values of two rows.
struct Scratches {
    row: RowScratch,
    other: OtherScratch,
}

impl Scratches {
    fn new() -> Scratches {
        Scratches { row: RowScratch::new(), other: OtherScratch(RowScratch::new()) }
    }
}

struct OtherScratch(RowScratch);

impl OtherScratch {
    fn distance(&mut self, asked: &Asked, values: RowValues, other: usize) -> f64 {
        distance(values, asked.rows.get(other, &mut self.0))
    }
}

/// The largest distance that any thread found. Distances are not negative: their bits are in their order.
struct Best(AtomicU64);

impl Best {
    fn new(distance: f64) -> Best {
        Best(AtomicU64::new(distance.to_bits()))
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn raise(&self, distance: f64) {
        self.0.fetch_max(distance.to_bits(), Ordering::Relaxed);
    }
}
