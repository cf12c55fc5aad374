//! Rows taken past every center in order, a tile of each at a time.

use std::ops::Range;

use rayon::prelude::*;

use super::asked::Asked;
use super::beyond::{Margin, Sums, TILE, TOGETHER, is_any_within};
use super::centers::{CenterTile, Centers};
use crate::distance::distance_within;
use crate::rows::Gather;
use crate::values::{RowBlock, RowScratch, RowValues};

/// Rows of a block, at most.
const ROWS: usize = 512;
/// Values of a block's rows, unless fewer than 64 rows have more.
const VALUES: usize = 512 << 10;

/// A row and a center.
#[derive(Clone, Copy)]
pub(super) struct Pair<'v> {
    row: RowValues<'v>,
    center: RowValues<'v>,
    /// About their squared distance.
    sum: f32,
    margin: Margin,
}

impl Pair<'_> {
    /// Their canonical distance, if it is at most `limit`.
    pub fn within(self, limit: f64) -> Option<f64> {
        if self.sum > self.margin.reach(limit) {
            return None;
        }
        distance_within(self.row, self.center, limit)
    }
}

/// A row and the centers of a tile.
struct Tile<'v> {
    row: RowValues<'v>,
    tile: &'v CenterTile,
    /// How many of them count.
    centers: usize,
    /// Of each center, about its squared distance; of further ones, anything.
    sums: &'v [f32; TILE],
    margin: Margin,
}

impl<'v> Tile<'v> {
    fn pairs(&self) -> impl Iterator<Item = Pair<'v>> {
        let Tile { row, tile, sums, margin, .. } = *self;
        (0..self.centers).map(move |at| Pair {
            row,
            center: tile.center(at),
            sum: sums[at],
            margin,
        })
    }

    /// Lower `nearest` by each center that is nearer. The first of them is center number `start`. `visit(applied, nearest)` hears the
    /// distance after so many centers as `applied` has, for all numbers that this tile adds, in order, until it answers false.
    fn nearer(
        &self,
        nearest: &mut f64,
        start: usize,
        mut visit: impl FnMut(Range<usize>, f64) -> bool,
    ) -> bool {
        let mut first = start + 1;
        let end = start + self.centers + 1;
        if is_any_within(self.sums, self.margin.reach(*nearest)) {
            for (pair, applied) in self.pairs().zip(start + 1..) {
                let Some(distance) = pair.within(*nearest) else { continue };
                if !visit(first..applied, *nearest) {
                    return false;
                }
                (first, *nearest) = (applied, distance);
            }
        }
        visit(first..end, *nearest)
    }
}

/// A block of rows, whose memory is used again for every block, on its way past the centers.
pub(super) struct Sweep<'a> {
    asked: &'a Asked<'a>,
    centers: &'a Centers<'a>,
    margin: Margin,
    block: RowBlock,
}

/// The findings of `find` for every block of the pool's rows, merged. Blocks are begun in order, so that a pool on disk is read in
/// order.
pub(super) fn blocks<T: Default + Send>(
    asked: &Asked,
    picks: &[usize],
    find: impl Fn(&mut Sweep, Range<usize>) -> T + Sync,
    merge: impl Fn(T, T) -> T + Sync + Send,
) -> T {
    let n = asked.rows.len();
    let rows = block_rows(asked);
    let centers = Centers::new(asked, picks);
    let block = |start: usize| start..n.min(start + rows);
    let starts = (0..n).step_by(rows);
    starts
        .par_bridge()
        .map_init(
            || Sweep::new(&centers),
            |sweep, start| {
                let found = find(sweep, block(start));
                (asked.checked)(block(start).len());
                found
            },
        )
        .reduce(T::default, merge)
}

/// Rows of a block.
pub(super) fn block_rows(asked: &Asked) -> usize {
    (VALUES / asked.rows.dimensions()).clamp(64, ROWS)
}

impl<'a> Sweep<'a> {
    pub fn new(centers: &'a Centers<'a>) -> Sweep<'a> {
        let asked = centers.asked();
        let margin = Margin::new(asked.rows.dimensions());
        Sweep { asked, centers, margin, block: RowBlock::default() }
    }

    /// Apply the labeled centers, then the first `picks` picks, to `rows`. `visit(at, applied, nearest)` hears, for `rows[at]`,
    /// the distance to the nearest of the labeled centers and so many picks as `applied` has, for all numbers from 0 to `picks`,
    /// in order, until it answers false.
    pub fn rows(
        &mut self,
        rows: &[usize],
        picks: usize,
        mut visit: impl FnMut(usize, Range<usize>, f64) -> bool,
    ) {
        let labeled = self.asked.labeled_count();
        let mut nearest = vec![f64::INFINITY; rows.len()];
        let done =
            (0..rows.len()).map(|at| labeled == 0 && !visit(at, 0..1, f64::INFINITY)).collect();
        self.tiles(rows, done, labeled + picks, |at, start, tile| {
            let nearest = &mut nearest[at];
            let visit_centers = |centers: Range<usize>, nearest: f64| {
                let applied =
                    centers.start.saturating_sub(labeled)..centers.end.saturating_sub(labeled);
                applied.is_empty() || visit(at, applied, nearest)
            };
            tile.nearer(nearest, start, visit_centers)
        });
    }

    /// `visit(at, center, pair)` meets `rows[at]` beside each of the first `centers` of the one list (labeled rows, outside vectors,
    /// picks), in order.
    pub fn pairs(
        &mut self,
        rows: &[usize],
        centers: usize,
        mut visit: impl FnMut(usize, usize, Pair),
    ) {
        self.tiles(rows, vec![false; rows.len()], centers, |at, start, tile| {
            tile.pairs().enumerate().for_each(|(offset, pair)| visit(at, start + offset, pair));
            true
        });
    }

    /// `visit(at, start, tile)` takes `rows[at]` past the centers from `start` on, a tile at a time, until it answers false; nothing of
    /// a row that is `done`.
    fn tiles(
        &mut self,
        rows: &[usize],
        mut done: Vec<bool>,
        centers: usize,
        mut visit: impl FnMut(usize, usize, Tile) -> bool,
    ) {
        self.block.clear();
        if self.asked.is_interrupted() {
            return;
        }
        let mut scratch = RowScratch::new();
        rows.iter().for_each(|&row| self.block.push(self.asked.rows.get(row, &mut scratch)));
        let mut made = None;
        for start in (0..centers).step_by(TILE) {
            let tile = self.centers.tile(start / TILE, &mut made);
            let count = TILE.min(centers - start);
            for group in (0..rows.len()).step_by(TOGETHER) {
                let group = group..rows.len().min(group + TOGETHER);
                if done[group.clone()].iter().all(|&done| done) {
                    continue;
                }
                let sums = self.sums(group.clone(), tile);
                for (at, sums) in group.zip(&sums) {
                    let (row, margin) = (self.row(at), self.margin);
                    let past = Tile { row, tile, centers: count, sums, margin };
                    done[at] = done[at] || !visit(at, start, past);
                }
            }
            if done.iter().all(|&done| done) || self.asked.is_interrupted() {
                return;
            }
        }
    }

    fn row(&self, at: usize) -> RowValues<'_> {
        let d = self.asked.rows.dimensions();
        self.block.row(at, d)
    }

    /// Of the rows of `group` and the tile; of the last row again where there are fewer than go together.
    fn sums(&self, group: Range<usize>, tile: &CenterTile) -> Sums {
        let at = std::array::from_fn(|offset| (group.start + offset).min(group.end - 1));
        tile.columns.sums(&self.block, at)
    }
}
