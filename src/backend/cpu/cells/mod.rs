//! The CPU backend for rows of few values: rows lie in cells of near rows, and a cell is passed over if its box is farther from a new
//! center than its rows are from theirs.
//!
//! Everything is computed canonically, many rows at a time, so that there is no filter and no interval. A cell has its row of largest
//! key; a center that does not come nearer to this row is pending, since the row stays the cell's best whatever becomes of the others.
//!
//! | file | what |
//! | --- | --- |
//! | this one | the backend |
//! | `lanes.rs` | squared distances of many rows, and to many boxes |
//! | `rows.rs` | the rows of a cell and their state |
//! | `group.rs` | sixteen cells, or sixteen groups of them, side by side |
//! | `buckets.rs` | rows in buckets of near rows, by where a sample parts |
//! | `order.rs` | rows of a bucket in k-d order |
//! | `before.rs` | the distances of picks that a run is resumed from |
//! | `directions.rs` | whether rows of many values have tight cells |
//! | `tree.rs` | all cells; from a center to the cells that it comes near |

mod before;
mod buckets;
mod directions;
mod group;
mod lanes;
mod order;
mod rows;
mod tree;

use std::time::Instant;

use super::centers::Centers;
use crate::backend::zeros::pick_zeros;
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::mean;
use crate::rows::Gather;
use crate::statistics::Statistics;
use crate::values::RowScratch;
pub(crate) use before::distances_before;
pub(crate) use directions::spread_in_few_directions;
pub(crate) use lanes::CellValue;
pub(super) use lanes::fold as fold_few;
use lanes::widened;
use rows::ROWS;
use tree::Tree;

/// Most values that rows in cells have. Rows of more than eight lie in cells of the next size that there is, with zeros.
pub(crate) const MOST_DIMENSIONS: usize = 32;

/// Pairs after which a round ends, so that a caller may end the run: some milliseconds' worth.
const PAIRS_A_ROUND: u64 = 1 << 23;

/// All rows of a pool in cells, and the picks among them.
pub(crate) struct CellsCpu<'p, V, const D: usize> {
    ground: &'p HostGround<'p>,
    centers: Centers<'p>,
    /// The values of the centers that were applied.
    applied: Vec<[f64; D]>,
    tree: Option<Tree<V, D>>,
    /// Rows a cell, about.
    cell: usize,
    /// The most picks of the round that has begun; none if centers from the start are still to be applied.
    picks_a_round: Option<usize>,
    /// Which rows are left, once no key is above 0.
    left: Option<Vec<bool>>,
    /// The first of those, as many as a round picks.
    zeros: Vec<Candidate>,
    statistics: Statistics,
}

/// Rows of a cell, at least and at most. Measured: smaller cells take longer to make than they save, and larger ones save nothing.
const SMALLEST_CELL: usize = 3 * ROWS;
const LARGEST_CELL: usize = 1 << 15;

/// Rows a cell where a pool of `n` rows has `most` centers at most: as many as have two centers in the end.
fn rows_a_cell(n: usize, most: usize) -> usize {
    (2 * n / most.max(1)).clamp(SMALLEST_CELL, LARGEST_CELL)
}

impl<'p, V: CellValue, const D: usize> CellsCpu<'p, V, D> {
    /// There will be at most `most` centers.
    pub fn new(ground: &'p HostGround<'p>, most: usize) -> CellsCpu<'p, V, D> {
        CellsCpu {
            ground,
            centers: Centers::new(ground),
            applied: Vec::new(),
            tree: None,
            cell: rows_a_cell(ground.rows.len(), most),
            picks_a_round: None,
            left: None,
            zeros: Vec::new(),
            statistics: Statistics {
                device: "cpu".into(),
                filter: "cells".into(),
                ..Statistics::default()
            },
        }
    }

    /// Puts the rows into cells, where that was not done before, and applies the first center.
    fn prepare(&mut self) {
        if self.tree.is_some() {
            return;
        }
        let started = Instant::now();
        let n = self.ground.rows.len() as u64;
        if self.centers.len() > 0 {
            self.take_next();
            self.statistics.refresh_evaluations += n;
            self.statistics.refresh_canonical += n;
        }
        self.tree = Some(Tree::new(self.ground, self.cell, &self.applied));
        self.statistics.row_reads += n;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
    }

    /// Reads the first of the centers that were not applied.
    fn take_next(&mut self) {
        let mut scratch = RowScratch::new();
        self.applied.push(widened(self.centers.vector(self.applied.len(), &mut scratch)));
        self.statistics.row_reads += 1;
    }

    /// Applies centers that were taken in, until enough was done for the time being. Returns whether none is left.
    fn catch_up(&mut self) -> bool {
        let started = Instant::now();
        let (mut pairs, all) = (0, self.centers.len());
        while self.applied.len() < all && pairs < PAIRS_A_ROUND && !self.ground.is_interrupted() {
            pairs += self.apply_next();
        }
        self.statistics.refresh_evaluations += pairs;
        self.statistics.refresh_canonical += pairs;
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
        self.applied.len() == all
    }

    /// Applies the first of the centers that were not. Returns how many pairs were looked at.
    fn apply_next(&mut self) -> u64 {
        self.take_next();
        self.tree.as_mut().expect("prepared before").apply(&self.applied)
    }

    fn best(&self) -> Option<Candidate> {
        self.tree.as_ref().expect("prepared before").best()
    }

    /// The rows that are left when no key is above 0.
    fn rows_left(&self) -> Vec<bool> {
        let mut left = self.ground.eligible.clone();
        self.centers.rows().for_each(|row| left[row] = false);
        left
    }

    /// The first `size` of the rows left. Rows of key 0 are picked in order, so those before the last round's are not.
    fn first_zeros(&self, left: &[bool], size: usize) -> Vec<Candidate> {
        let start = self.zeros.first().map_or(0, |first| first.row);
        let rows = (start..left.len()).filter(|&row| left[row]);
        rows.take(size).map(|row| Candidate { key: 0.0, row }).collect()
    }

    fn pick_zeros(&mut self, left: &mut [bool], limit: usize, stop: f64) -> Picked {
        let picked = pick_zeros(self.zeros.clone(), limit, stop);
        for pick in &picked.picks {
            left[pick.row] = false;
            self.centers.push(pick.row);
        }
        picked
    }

    fn pick_by_key(&mut self, most: usize, limit: usize, stop: f64) -> Picked {
        let mut picked = Picked::default();
        let mut pairs = 0;
        while let Some(best) = self.best().filter(|best| best.key > 0.0) {
            if self.ground.is_interrupted() {
                break;
            }
            if picked.picks.len() == limit || best.key <= stop {
                picked.next = Some(best);
                break;
            }
            if picked.picks.len() == most || pairs > PAIRS_A_ROUND {
                break;
            }
            picked.picks.push(best);
            self.centers.push(best.row);
            pairs += self.apply_next();
        }
        self.statistics.pick_evaluations += pairs;
        self.statistics.pick_canonical += pairs;
        picked
    }
}

impl<V: CellValue, const D: usize> Middle for CellsCpu<'_, V, D> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl<V: CellValue, const D: usize> Backend for CellsCpu<'_, V, D> {
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        rows.iter().for_each(|&row| self.centers.push(row));
        Ok(())
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        self.prepare();
        if self.left.is_none() && self.catch_up() {
            let is_zero = self.best().is_none_or(|best| best.key <= 0.0);
            self.left = is_zero.then(|| self.rows_left());
            self.picks_a_round = Some(size);
        }
        if self.picks_a_round.is_none() {
            return Ok(1);
        }
        let mut rows = 1;
        if let Some(left) = &self.left {
            self.zeros = self.first_zeros(left, size);
            rows = self.zeros.len();
        }
        self.statistics.rounds += rows.min(1);
        Ok(rows)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let Some(most) = self.picks_a_round.take() else { return Ok(Picked::default()) };
        if let Some(mut left) = self.left.take() {
            let picked = self.pick_zeros(&mut left, limit, stop);
            (self.left, self.picks_a_round) = (Some(left), Some(most));
            return Ok(picked);
        }
        let started = Instant::now();
        let picked = self.pick_by_key(most, limit, stop);
        self.statistics.pick_seconds += started.elapsed().as_secs_f64();
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.prepare();
        let started = Instant::now();
        while !self.ground.is_interrupted() && !self.catch_up() {}
        let tree = self.tree.take().expect("prepared before");
        let (distances, nearest, pairs) = tree.settle(self.ground.rows.len(), &self.applied);
        self.statistics.refresh_evaluations += pairs;
        self.statistics.refresh_canonical += pairs;
        self.statistics.settle_seconds += started.elapsed().as_secs_f64();
        Ok((distances, nearest))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
