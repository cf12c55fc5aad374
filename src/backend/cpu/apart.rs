//! How far the newest centers are from all before them. By the triangle inequality, a center that is twice as far from a row's nearest center
//! as the row is cannot be nearer to the row: the row need not be read.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::centers::Centers;
use crate::distance::distance;
use crate::values::RowScratch;

/// A pool has at least so many rows for each center: the distances between centers are then little beside those of rows.
const ROWS_A_CENTER: usize = 64;
/// Far more than the rounding of three canonical distances, relatively and where squares underflow (docs/contract.md).
const RELATIVE: f64 = 1e-9;
const ABSOLUTE: f64 = 1e-150;

/// For some of the newest centers, numbered on from `first`: per center before, how near a row of that nearest center must at least be.
#[derive(Default)]
pub(super) struct Apart {
    first: usize,
    reaches: VecDeque<Vec<f64>>,
}

impl Apart {
    /// Makes it that of the centers `first..end` of a pool of `n` rows; of none if there are many.
    pub fn ensure(&mut self, centers: &Centers, first: usize, end: usize, n: usize) {
        if end > n / ROWS_A_CENTER {
            self.reaches.clear();
            return;
        }
        while self.first < first && self.reaches.pop_front().is_some() {
            self.first += 1;
        }
        if self.reaches.is_empty() {
            self.first = first;
        }
        for center in self.first + self.reaches.len()..end {
            self.reaches.push_back(reaches(centers, center));
        }
    }

    /// Whether a row at `bound` from center `nearest`, which it has seen, cannot be nearer to center number `center`.
    #[inline(always)]
    pub fn rules_out(&self, center: usize, nearest: u32, bound: f64) -> bool {
        let reaches = center.checked_sub(self.first).and_then(|at| self.reaches.get(at));
        reaches.is_some_and(|reaches| bound <= reaches[nearest as usize])
    }
}

fn reaches(centers: &Centers, center: usize) -> Vec<f64> {
    let mut scratch = RowScratch::new();
    let c = centers.vector(center, &mut scratch);
    let reach = |scratch: &mut RowScratch, before: usize| {
        distance(c, centers.vector(before, scratch)) * (0.5 - RELATIVE) - ABSOLUTE
    };
    (0..center).into_par_iter().with_min_len(256).map_init(RowScratch::new, reach).collect()
}
