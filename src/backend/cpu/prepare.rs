//! Prepares a run before its first round: the packing, and the first center applied to every row.

use rayon::prelude::*;

use super::centers::Centers;
use super::kernels::Multiplier;
use super::pack::Packing;
use crate::backend::shard::LiveBlock;
use crate::distance::{distance, distance_to_point};
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// Rows sampled for the mean: anything near it serves.
const SAMPLE: usize = 1024;

/// The canonical distance of every row to center 0, in row order.
pub fn first_distances(ground: &HostGround, centers: &Centers) -> Vec<f64> {
    let mut scratch = RowScratch::new();
    let center = centers.vector(0, &mut scratch);
    (0..ground.rows.len())
        .into_par_iter()
        .with_min_len(64)
        .map_init(RowScratch::new, |scratch, row| match ground.is_interrupted() {
            true => 0.0,
            false => distance(ground.rows.get(row, scratch), center),
        })
        .collect()
}

/// The packing for a pool whose rows lie at most `farthest` from center 0.
pub fn packing<M: Multiplier>(
    ground: &HostGround,
    centers: &Centers,
    farthest: f64,
    width: f64,
) -> Packing {
    let mean = sample_mean(ground);
    let reach = reach(centers, &mean, farthest);
    Packing::new::<M>(&mean, reach, width)
}

/// At least the distance of any row or center from `mean`, if no row is farther than `farthest` from center 0. By the triangle
/// inequality the pool need not be read again.
pub fn reach(centers: &Centers, mean: &[f64], farthest: f64) -> f64 {
    let mut scratch = RowScratch::new();
    let mut to_mean = |center| distance_to_point(centers.vector(center, &mut scratch), mean);
    let rows = farthest + to_mean(0);
    let others = centers.elsewhere().collect::<Vec<_>>().into_iter().map(to_mean);
    // The factor leaves room for the distances' own rounding.
    others.fold(rows, f64::max) * (1.0 + 1e-6)
}

/// The packing for the eligible rows of a pool, without a center.
pub fn packing_of_rows<M: Multiplier>(ground: &HostGround, width: f64) -> Packing {
    let mean = sample_mean(ground);
    let reach = (0..ground.rows.len())
        .into_par_iter()
        .with_min_len(64)
        .filter(|&row| ground.eligible[row])
        .map_init(RowScratch::new, |scratch, row| {
            distance_to_point(ground.rows.get(row, scratch), &mean)
        })
        .reduce(|| 0.0, f64::max);
    Packing::new::<M>(&mean, reach * (1.0 + 1e-6), width)
}

/// The packing for live rows, which are all that a picker sees.
pub fn packing_of_live<M: Multiplier>(live: &LiveBlock, width: f64) -> Packing {
    let n = live.rows.len();
    let mut scratch = RowScratch::new();
    let mean = mean_of_sample(n, live.dimensions(), |index, sums| {
        live.value(index, &mut scratch).add_to(sums);
    });
    let reach = (0..n)
        .into_par_iter()
        .with_min_len(64)
        .map_init(RowScratch::new, |scratch, index| {
            distance_to_point(live.value(index, scratch), &mean)
        })
        .reduce(|| 0.0, f64::max);
    Packing::new::<M>(&mean, reach * (1.0 + 1e-6), width)
}

/// The packing for centers alone.
pub fn packing_of_centers<M: Multiplier, R: Gather + ?Sized>(
    centers: &Centers<R>,
    d: usize,
    width: f64,
) -> Packing {
    let mut scratch = RowScratch::new();
    let mean = mean_of_sample(centers.len(), d, |center, sums| {
        centers.vector(center, &mut scratch).add_to(sums);
    });
    let reach = (0..centers.len())
        .into_par_iter()
        .with_min_len(64)
        .map_init(RowScratch::new, |scratch, center| {
            distance_to_point(centers.vector(center, scratch), &mean)
        })
        .reduce(|| 0.0, f64::max);
    Packing::new::<M>(&mean, reach * (1.0 + 1e-6), width)
}

/// The mean of a sample of the rows.
pub fn sample_mean(ground: &HostGround) -> Vec<f64> {
    let mut scratch = RowScratch::new();
    mean_of_sample(ground.rows.len(), ground.rows.dimensions(), |row, sums| {
        ground.rows.get(row, &mut scratch).add_to(sums);
    })
}

/// About how far rows lie from `mean`: the farthest of the sample.
pub fn sample_reach(ground: &HostGround, mean: &[f64]) -> f64 {
    let mut scratch = RowScratch::new();
    let to_mean = |row| distance_to_point(ground.rows.get(row, &mut scratch), mean);
    sample(ground.rows.len()).map(to_mean).fold(0.0, f64::max)
}

/// A fixed sample of `n` rows.
fn sample(n: usize) -> impl ExactSizeIterator<Item = usize> {
    (0..n).step_by(n.div_ceil(SAMPLE).max(1))
}

/// The mean of a fixed sample of `n` rows, each of which `add` adds to sums, as a row.
fn mean_of_sample(n: usize, d: usize, mut add: impl FnMut(usize, &mut [f64])) -> Vec<f64> {
    let mut sums = vec![0.0f64; d];
    let sample = sample(n);
    let count = sample.len() as f64;
    sample.for_each(|row| add(row, &mut sums));
    sums.iter().map(|sum| sum / count).collect()
}
