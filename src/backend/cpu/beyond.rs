//! Rows many orders beyond most others, which are often garbage: found in the distances to the first center.

use rayon::prelude::*;

use super::bulk::{Bulk, middle_of, sample};
use super::centers::Centers;
use crate::distance::{distance, distance_to_point};
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::statistics::Beyond;
use crate::threads::are_own;
use crate::values::RowScratch;

/// So many times as far as the bulk reaches is beyond.
const TIMES: f64 = 1e6;
/// Rows of the bulk are off by twice its reach at most, and as far from each other; one beyond is off by almost `TIMES` its reach.
const OUT_OF_LINE: f64 = 1e5;
/// Rows that are compared with each other.
const COMPARED: usize = 17;
/// What rounding leaves uncertain of a difference of two distances, over their sum.
const UNCERTAIN: f64 = 1e-9;

/// Whether a row may lie beyond the others of a pool whose bulk is not known: a distance to center 0 is far out of line with most of them.
/// `some` are those of a sample, and all are from `least` to `most`.
pub fn is_any_likely(ground: &HostGround, some: &mut [f64], least: f64, most: f64) -> bool {
    let usual = middle_of(some);
    some.iter_mut().for_each(|distance| *distance = (*distance - usual).abs());
    let off = middle_of(some);
    let is_likely = |off: f64| (most - usual).max(usual - least) > OUT_OF_LINE * off;
    // Rows of one distance from the center, as codes are, may lie far from each other.
    is_likely(off) && is_likely(off.max(apart(ground)))
}

/// How far rows lie from each other: the median of a few.
fn apart(ground: &HostGround) -> f64 {
    let rows: Vec<usize> = sample(ground.rows.len(), COMPARED).collect();
    let (mut scratch, mut other) = (RowScratch::new(), RowScratch::new());
    let mut apart: Vec<f64> = rows
        .windows(2)
        .map(|pair| {
            let [x, y] = [(pair[0], &mut scratch), (pair[1], &mut other)]
                .map(|(row, scratch)| ground.rows.get(row, scratch));
            distance(x, y)
        })
        .collect();
    if apart.is_empty() { 0.0 } else { middle_of(&mut apart) }
}

/// The counted rows beyond the `bulk` of a pool's rows, whose canonical distances to center 0 are `distances`; none where all of a sample
/// are one point.
pub fn beyond(
    ground: &HostGround,
    centers: &Centers,
    bulk: &Bulk,
    distances: &[f64],
) -> Option<Beyond> {
    let mut scratch = RowScratch::new();
    let to_middle = distance_to_point(centers.vector(0, &mut scratch), &bulk.middle);
    let limit = TIMES * bulk.reach;
    if limit == 0.0 || ground.is_interrupted() {
        return None;
    }
    // By the triangle inequality a row is at least so far from the middle.
    let row = |(row, &distance): (usize, &f64)| {
        let least = (distance - to_middle).abs() - UNCERTAIN * (distance + to_middle);
        let is_beyond = least > limit && !ground.excluded[row];
        is_beyond.then_some(Beyond { rows: 1, row, distance: least, most: bulk.reach })
    };
    match are_own() {
        true => distances.par_iter().enumerate().filter_map(row).reduce_with(Beyond::and),
        false => distances.iter().enumerate().filter_map(row).reduce(Beyond::and),
    }
}
