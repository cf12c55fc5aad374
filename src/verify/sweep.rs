//! Rows taken past every center in order, a tile of each at a time.

use crate::distance::distance;
use crate::problem::Problem;

/// Rows of a block: at d = 768 they take 196 KB, inside L2 beside a tile of centers.
pub(super) const BLOCK: usize = 64;

/// Centers of a tile, gathered once a block.
const TILE: usize = 32;

/// Two buffers, used again for every block.
pub(super) struct Sweep<'a> {
    problem: &'a Problem<'a>,
    centers: &'a [usize],
    block: Vec<f32>,
    tile: Vec<f32>,
}

/// A row of the block on its way past the centers.
struct Passing {
    /// To the nearest center so far.
    nearest: f64,
    /// Whether its visitor has seen enough.
    done: bool,
}

impl<'a> Sweep<'a> {
    pub fn new(problem: &'a Problem<'a>, centers: &'a [usize]) -> Sweep<'a> {
        Sweep { problem, centers, block: Vec::new(), tile: Vec::new() }
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
        let labeled = self.problem.labeled_count();
        let mut passing: Vec<Passing> =
            rows.iter().map(|_| Passing { nearest: f64::INFINITY, done: false }).collect();
        if labeled == 0 {
            passing.iter_mut().enumerate().for_each(|(at, p)| p.done = !visit(at, 0, p.nearest));
        }
        self.block.clear();
        gather(self.problem, rows, &mut self.block);
        for start in (0..labeled + picks).step_by(TILE) {
            let end = (labeled + picks).min(start + TILE);
            self.gather_tile(start, end);
            for (at, row) in passing.iter_mut().enumerate().filter(|(_, row)| !row.done) {
                self.pass(at, row, start + 1, |applied, nearest| {
                    applied < labeled || visit(at, applied - labeled, nearest)
                });
            }
            if passing.iter().all(|row| row.done) {
                return;
            }
        }
    }

    /// Row `at` of the block past the tile; `first` counts the centers applied once its first is.
    fn pass(
        &self,
        at: usize,
        row: &mut Passing,
        first: usize,
        mut go_on: impl FnMut(usize, f64) -> bool,
    ) {
        let d = self.problem.rows.dimensions();
        let values = &self.block[at * d..(at + 1) * d];
        for (offset, center) in self.tile.chunks_exact(d).enumerate() {
            row.nearest = row.nearest.min(distance(values, center));
            if !go_on(first + offset, row.nearest) {
                row.done = true;
                return;
            }
        }
    }

    /// Centers `start..end` of the one list: labeled rows, outside vectors, picks.
    fn gather_tile(&mut self, start: usize, end: usize) {
        let labeled = self.problem.labeled_count();
        let mut scratch = Vec::new();
        self.tile.clear();
        for center in start..end.min(labeled) {
            self.tile.extend_from_slice(self.problem.labeled_vector(center, &mut scratch));
        }
        if end > labeled {
            let picks = &self.centers[start.max(labeled) - labeled..end - labeled];
            gather(self.problem, picks, &mut self.tile);
        }
    }
}

fn gather(problem: &Problem, rows: &[usize], out: &mut Vec<f32>) {
    let mut scratch = Vec::new();
    for &row in rows {
        out.extend_from_slice(problem.rows.get(row, &mut scratch));
    }
}
