//! The row nearest the mean, of a pool that the host reads: on all of the engine's threads, in an order of sums that their number
//! does not change.

use rayon::prelude::*;

use crate::distance::distance_to_point;
use crate::ground::Ground;
use crate::limits::MEAN_BLOCK;
use crate::rows::{Gather, Rows};

/// Values that sums of blocks hold at a time, at most: 8 MB.
const MOST_SUMS: usize = 1 << 20;

/// A row, and its distance to a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    pub distance: f64,
    pub row: usize,
}

impl Nearest {
    /// The nearer, the lower of equally near ones.
    pub fn nearer(self, other: Nearest) -> Nearest {
        let is_other = (other.distance, other.row) < (self.distance, self.row);
        if is_other { other } else { self }
    }
}

/// The eligible row nearest the mean of the rows that are not excluded, of `rows`, the ground's. Reads them twice.
pub(crate) fn nearest_the_mean(ground: &Ground, rows: &Rows) -> usize {
    let mut sums = vec![0.0; rows.dimensions()];
    add_sums(ground, rows, &mut sums);
    let count = ground.excluded.iter().filter(|&&excluded| !excluded).count();
    let mean: Vec<f64> = sums.iter().map(|sum| sum / count as f64).collect();
    let nearest = nearest_to(ground, rows, &mean);
    nearest.expect("the budget was checked: a row may be chosen").row
}

/// Add to `total`, `(d,)`, the rows that are not excluded: f64 sums over blocks of consecutive rows, block sums added in block
/// order.
pub(crate) fn add_sums(ground: &Ground, rows: &Rows, total: &mut [f64]) {
    let blocks: Vec<usize> = (0..rows.len()).step_by(MEAN_BLOCK as usize).collect();
    let at_once = (MOST_SUMS / rows.dimensions()).max(1);
    for blocks in blocks.chunks(at_once).take_while(|_| !ground.is_interrupted()) {
        let sums: Vec<Vec<f64>> =
            blocks.par_iter().map(|&start| block_sum(ground, rows, start)).collect();
        for block in sums {
            total.iter_mut().zip(&block).for_each(|(total, sum)| *total += sum);
        }
    }
}

fn block_sum(ground: &Ground, rows: &Rows, start: usize) -> Vec<f64> {
    let mut sums = vec![0.0; rows.dimensions()];
    let mut scratch = Vec::new();
    let end = rows.len().min(start + MEAN_BLOCK as usize);
    for row in (start..end).filter(|&row| !ground.excluded[row]) {
        let values = rows.get(row, &mut scratch);
        sums.iter_mut().zip(values).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    sums
}

/// The eligible row nearest `point`, the lowest of equally near ones; none if no row is eligible.
pub(crate) fn nearest_to(ground: &Ground, rows: &Rows, point: &[f64]) -> Option<Nearest> {
    (0..rows.len())
        .into_par_iter()
        .with_min_len(64)
        .filter(|&row| ground.eligible[row])
        .map_init(Vec::new, |scratch, row| match ground.is_interrupted() {
            true => Nearest { distance: f64::INFINITY, row },
            false => Nearest { distance: distance_to_point(rows.get(row, scratch), point), row },
        })
        .reduce_with(Nearest::nearer)
}
