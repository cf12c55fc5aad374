//! The centers in one list (labeled rows, outside vectors, picks), a tile at a time.

use std::sync::OnceLock;

use super::asked::Asked;
use super::beyond::{Columns, TILE};
use crate::rows::Gather;
use crate::values::{RowBlock, RowScratch, RowValues};

/// Bytes of tiles that are kept: a pool on disk is not asked for its picks again for every block of rows.
const KEPT: usize = 128 << 20;

/// The list, and its first tiles once they were needed.
pub(super) struct Centers<'a> {
    asked: &'a Asked<'a>,
    picks: &'a [usize],
    kept: Vec<OnceLock<CenterTile>>,
}

/// Consecutive centers.
pub(super) struct CenterTile {
    d: usize,
    rows: RowBlock,
    pub columns: Columns,
}

impl CenterTile {
    pub fn center(&self, at: usize) -> RowValues<'_> {
        self.rows.row(at, self.d)
    }
}

impl<'a> Centers<'a> {
    pub fn new(asked: &'a Asked<'a>, picks: &'a [usize]) -> Centers<'a> {
        // A tile has its values twice, row by row and dimension by dimension.
        let bytes = 2 * TILE * asked.rows.dimensions() * size_of::<f64>();
        let tiles = (asked.labeled_count() + picks.len()).div_ceil(TILE).min(KEPT / bytes);
        Centers { asked, picks, kept: (0..tiles).map(|_| OnceLock::new()).collect() }
    }

    pub fn asked(&self) -> &'a Asked<'a> {
        self.asked
    }

    /// Tile number `tile`, kept or else made in `made`.
    pub fn tile<'s>(&'s self, tile: usize, made: &'s mut Option<CenterTile>) -> &'s CenterTile {
        match self.kept.get(tile) {
            Some(kept) => kept.get_or_init(|| self.gather(tile)),
            None => made.insert(self.gather(tile)),
        }
    }

    fn gather(&self, tile: usize) -> CenterTile {
        let labeled = self.asked.labeled_count();
        let all = labeled + self.picks.len();
        let (start, end) = (tile * TILE, all.min((tile + 1) * TILE));
        let (mut rows, mut scratch) = (RowBlock::default(), RowScratch::new());
        for center in start..end.min(labeled) {
            rows.push(self.asked.labeled_vector(center, &mut scratch));
        }
        for &pick in &self.picks[start.max(labeled) - labeled..end.max(labeled) - labeled] {
            rows.push(self.asked.rows.get(pick, &mut scratch));
        }
        let d = self.asked.rows.dimensions();
        CenterTile { d, columns: Columns::new(&rows, d), rows }
    }
}
