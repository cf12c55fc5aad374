//! The row nearest the mean, and the one farthest from it, of a pool that the host reads: on all of the engine's threads, or on the caller's alone, in an order of sums
//! that their number does not change.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::distance::distance_to_point;
use crate::ground::Ground;
use crate::limits;
use crate::rows::{Gather, Rows};
use crate::threads::are_own;
use crate::values::{RowScratch, RowValues};

/// Rows summed at a time.
const MEAN_BLOCK: usize = limits::MEAN_BLOCK as usize;
/// Values that sums of blocks hold at a time, at most: 8 MB.
const MOST_SUMS: usize = 1 << 20;

/// A row, and its distance to a point.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct NearPoint {
    pub distance: f64,
    pub row: usize,
}

impl NearPoint {
    /// The nearer, the lower of equally near ones.
    pub fn nearer(self, other: NearPoint) -> NearPoint {
        let is_other = (other.distance, other.row) < (self.distance, self.row);
        if is_other { other } else { self }
    }
}

/// Sums over the first rows of a pool that are not excluded, block by block, so that whoever holds the next rows can go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Of whole blocks.
    total: Vec<f64>,
    /// Of the block begun.
    block: Vec<f64>,
    /// Rows seen, excluded ones among them.
    seen: usize,
    /// Rows summed.
    count: usize,
}

impl Sums {
    pub fn new(d: usize) -> Sums {
        Sums { total: vec![0.0; d], block: vec![0.0; d], seen: 0, count: 0 }
    }

    /// The mean of all rows summed.
    pub fn mean(&self) -> Vec<f64> {
        let sums = self.total.iter().zip(&self.block);
        sums.map(|(total, block)| (total + block) / self.count as f64).collect()
    }

    fn add_row(&mut self, values: RowValues) {
        values.add_to(&mut self.block);
        self.count += 1;
    }

    /// A block is complete: `sum` of its rows, or those of the block begun.
    fn end_block(&mut self, sum: Option<&[f64]>) {
        let sum = sum.unwrap_or(&self.block);
        self.total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
        self.block.fill(0.0);
    }
}

/// The eligible row nearest the mean of the rows that are not excluded, of `rows`, the ground's. Reads them twice.
pub(crate) fn nearest_the_mean(ground: &Ground, rows: &Rows) -> usize {
    let nearest = nearest_to(ground, rows, &mean(ground, rows));
    nearest.expect("the budget was checked: a row may be chosen").row
}

/// The eligible row farthest from that mean, the lowest of equally far ones. Reads the rows twice.
pub(crate) fn farthest_from_the_mean(ground: &Ground, rows: &Rows) -> usize {
    let mean = mean(ground, rows);
    let farthest = least(ground, rows, |values| -distance_to_point(values, &mean));
    farthest.expect("the budget was checked: a row may be chosen").row
}

fn mean(ground: &Ground, rows: &Rows) -> Vec<f64> {
    let mut sums = Sums::new(rows.dimensions());
    add_sums(ground, rows, &mut sums);
    sums.mean()
}

/// Add the rows of `ground`, which follow those already summed: f64 sums over blocks of consecutive rows, block sums added in block
/// order.
pub(crate) fn add_sums(ground: &Ground, rows: &Rows, sums: &mut Sums) {
    let n = rows.len();
    // The rows that complete the block begun before them, whole blocks, and what begins another.
    let head = (sums.seen.next_multiple_of(MEAN_BLOCK) - sums.seen).min(n);
    let whole = head + (n - head) / MEAN_BLOCK * MEAN_BLOCK;
    add_one_by_one(ground, rows, 0..head, sums);
    let blocks: Vec<usize> = (head..whole).step_by(MEAN_BLOCK).collect();
    let at_once = (MOST_SUMS / rows.dimensions()).max(1);
    for blocks in blocks.chunks(at_once).take_while(|_| !ground.is_interrupted()) {
        let sum = |&start: &usize| block_sum(ground, rows, start);
        let made: Vec<(Vec<f64>, usize)> = match are_own() {
            true => blocks.par_iter().map(sum).collect(),
            false => blocks.iter().map(sum).collect(),
        };
        for (sum, count) in made {
            sums.end_block(Some(&sum));
            sums.count += count;
        }
    }
    sums.seen += whole - head;
    add_one_by_one(ground, rows, whole..n, sums);
}

/// Add rows `range` of `ground`, one after another, by one thread.
pub(crate) fn add_one_by_one(
    ground: &Ground,
    rows: &dyn Gather,
    range: Range<usize>,
    sums: &mut Sums,
) {
    let mut scratch = RowScratch::new();
    for row in range {
        if !ground.excluded[row] {
            sums.add_row(rows.get(row, &mut scratch));
        }
        sums.seen += 1;
        if sums.seen.is_multiple_of(MEAN_BLOCK) {
            sums.end_block(None);
        }
    }
}

/// The sum of a whole block's rows that are not excluded, and how many those are.
fn block_sum(ground: &Ground, rows: &Rows, start: usize) -> (Vec<f64>, usize) {
    let mut sums = vec![0.0; rows.dimensions()];
    let mut scratch = RowScratch::new();
    let counted = (start..start + MEAN_BLOCK).filter(|&row| !ground.excluded[row]);
    let count = counted.clone().count();
    counted.for_each(|row| rows.get(row, &mut scratch).add_to(&mut sums));
    (sums, count)
}

/// The eligible row nearest `point`, the lowest of equally near ones; none if no row is eligible.
pub(crate) fn nearest_to(ground: &Ground, rows: &Rows, point: &[f64]) -> Option<NearPoint> {
    least(ground, rows, |values| distance_to_point(values, point))
}

/// The eligible row for which `distance` is least, the lowest of equal ones; none if no row is eligible.
fn least(
    ground: &Ground,
    rows: &Rows,
    distance: impl Fn(RowValues) -> f64 + Sync,
) -> Option<NearPoint> {
    let near = |scratch: &mut RowScratch, row: usize| match ground.is_interrupted() {
        true => NearPoint { distance: f64::INFINITY, row },
        false => NearPoint { distance: distance(rows.get(row, scratch)), row },
    };
    let is_eligible = |row: &usize| ground.eligible[*row];
    let all = 0..rows.len();
    if are_own() {
        let eligible = all.into_par_iter().with_min_len(64).filter(is_eligible);
        return eligible.map_init(RowScratch::new, near).reduce_with(NearPoint::nearer);
    }
    let mut scratch = RowScratch::new();
    all.filter(is_eligible).map(|row| near(&mut scratch, row)).reduce(NearPoint::nearer)
}

/// As [`nearest_to`], of rows `range` alone, by one thread.
#[cfg(feature = "cuda")]
pub(crate) fn nearest_of(
    ground: &Ground,
    rows: &dyn Gather,
    range: Range<usize>,
    point: &[f64],
) -> Option<NearPoint> {
    let mut scratch = RowScratch::new();
    let eligible = range.filter(|&row| ground.eligible[row]);
    let near =
        |row| NearPoint { distance: distance_to_point(rows.get(row, &mut scratch), point), row };
    eligible.map(near).reduce(NearPoint::nearer)
}
