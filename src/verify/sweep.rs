//! Rows taken past every center in order, a tile of each at a time.

use super::asked::Asked;
use crate::distance::distance_within;
use crate::rows::Gather;
use crate::values::{RowBlock, RowScratch, RowValues};

/// Rows of a block: at d = 768 they take 196 KB, inside L2 beside a tile of centers.
pub(super) const BLOCK: usize = 64;

/// Centers of a tile, gathered once a block.
const TILE: usize = 32;

/// A row and a center.
#[derive(Clone, Copy)]
pub(super) struct Pair<'v> {
    row: RowValues<'v>,
    center: RowValues<'v>,
}

impl Pair<'_> {
    /// Their canonical distance, if it is at most `limit`.
    pub fn within(self, limit: f64) -> Option<f64> {
        distance_within(self.row, self.center, limit)
    }
}

/// Two buffers, used again for every block.
pub(super) struct Sweep<'a> {
    asked: &'a Asked<'a>,
    centers: &'a [usize],
    block: RowBlock,
    tile: RowBlock,
}

impl<'a> Sweep<'a> {
    pub fn new(asked: &'a Asked<'a>, centers: &'a [usize]) -> Sweep<'a> {
        Sweep { asked, centers, block: RowBlock::default(), tile: RowBlock::default() }
    }

    /// Apply the labeled centers, then the first `picks` picks, to `rows`. `visit(at, applied, nearest)` hears, for `rows[at]`,
    /// the distance to the nearest of the labeled centers and `applied` picks, for every `applied` from 0 to `picks`,
    /// in order, until it answers false.
    pub fn rows(
        &mut self,
        rows: &[usize],
        picks: usize,
        mut visit: impl FnMut(usize, usize, f64) -> bool,
    ) {
        let labeled = self.asked.labeled_count();
        let mut nearest = vec![f64::INFINITY; rows.len()];
        let done = (0..rows.len()).map(|at| labeled == 0 && !visit(at, 0, f64::INFINITY)).collect();
        self.pairs(rows, done, labeled + picks, |at, center, pair| {
            nearest[at] = pair.within(nearest[at]).unwrap_or(nearest[at]);
            center + 1 < labeled || visit(at, center + 1 - labeled, nearest[at])
        });
    }

    /// `visit(at, center, pair)` meets `rows[at]` beside each of the first `centers` of the one list (labeled rows, outside vectors,
    /// picks), in order, until it answers false; nothing of a row that is `done`.
    pub fn pairs(
        &mut self,
        rows: &[usize],
        mut done: Vec<bool>,
        centers: usize,
        mut visit: impl FnMut(usize, usize, Pair) -> bool,
    ) {
        self.block.clear();
        if self.asked.is_interrupted() {
            return;
        }
        gather(self.asked, rows, &mut self.block);
        for start in (0..centers).step_by(TILE) {
            self.gather_tile(start, centers.min(start + TILE));
            for (at, done) in done.iter_mut().enumerate().filter(|(_, done)| !**done) {
                *done = !self.pass(at, |offset, pair| visit(at, start + offset, pair));
            }
            if done.iter().all(|&done| done) || self.asked.is_interrupted() {
                return;
            }
        }
    }

    /// Row `at` of the block past the tile, for as long as `go_on` says so; whether it did to the end.
    fn pass(&self, at: usize, mut go_on: impl FnMut(usize, Pair) -> bool) -> bool {
        let d = self.asked.rows.dimensions();
        let row = self.block.row(at, d);
        let pair = |offset| Pair { row, center: self.tile.row(offset, d) };
        (0..self.tile.len() / d).all(|offset| go_on(offset, pair(offset)))
    }

    /// Centers `start..end` of the one list: labeled rows, outside vectors, picks.
    fn gather_tile(&mut self, start: usize, end: usize) {
        let labeled = self.asked.labeled_count();
        let mut scratch = RowScratch::new();
        self.tile.clear();
        for center in start..end.min(labeled) {
            self.tile.push(self.asked.labeled_vector(center, &mut scratch));
        }
        if end > labeled {
            let picks = &self.centers[start.max(labeled) - labeled..end - labeled];
            gather(self.asked, picks, &mut self.tile);
        }
    }
}

fn gather(asked: &Asked, rows: &[usize], out: &mut RowBlock) {
    let mut scratch = RowScratch::new();
    for &row in rows {
        out.push(asked.rows.get(row, &mut scratch));
    }
}
