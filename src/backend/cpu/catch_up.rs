//! Many centers from the start, labeled or resumed from, applied in stages: a row takes part for as long as it may be among the
//! farthest, as in a run that chose those centers itself.

use std::ops::Range;

use super::frontier::frontier;
use super::kernels::Multiplier;
use super::shard::{CpuShard, SETTLED_AT_ONCE};

/// Centers of the first stage. As many or fewer are left to the rounds.
const FIRST: usize = 512;
/// Rows of largest bound to which a stage first applies all centers: the largest key among them is one that rows must reach to be next.
const PROBES: usize = 64;

/// Where the stages are.
pub(super) struct CatchUp {
    /// Centers to be applied in all.
    centers: usize,
    /// Centers that this stage applies up to.
    end: usize,
    /// Rows that this stage has seen.
    rows: usize,
    /// The largest exact key known.
    reached: f64,
}

impl CatchUp {
    pub fn new(centers: usize) -> Option<CatchUp> {
        (centers > FIRST).then_some(CatchUp { centers, end: FIRST, rows: 0, reached: 0.0 })
    }

    /// The next stage's, half as many centers again; none after the last.
    fn next(self) -> Option<CatchUp> {
        let end = self.centers.min(self.end + self.end / 2);
        (self.end < self.centers).then_some(CatchUp { end, rows: 0, ..self })
    }
}

impl<M: Multiplier> CpuShard<'_, M> {
    /// Part of a stage: as many rows as are settled at once. Their number; none once every stage is done. No row is live.
    pub(super) fn catch_up(&mut self) -> Option<usize> {
        self.prepare();
        let n = self.bounds.len();
        while let Some(mut stage) = self.catch_up.take() {
            if stage.rows == 0 {
                stage.reached = stage.reached.max(self.probe(stage.centers));
            }
            let block = stage.rows..n.min(stage.rows + SETTLED_AT_ONCE);
            let mut rows = self.rows_that_reach(stage.reached, stage.end, block.clone());
            self.refresh_rows(&mut rows, stage.end);
            stage.rows = block.end;
            self.catch_up = if block.end < n { Some(stage) } else { stage.next() };
            if !rows.is_empty() {
                return Some(rows.len());
            }
        }
        None
    }

    /// Apply all centers to a few rows of largest bound: the largest key among them.
    fn probe(&mut self, centers: usize) -> f64 {
        let key = |row, bound| self.ground.key(row, bound);
        let farthest =
            frontier(&self.bounds, key, self.ceiling, PROBES.min(self.bounds.len() / 64));
        let mut rows: Vec<usize> = farthest.rows.iter().map(|candidate| candidate.row).collect();
        self.refresh_rows(&mut rows, centers);
        rows.iter().map(|&row| self.key(row)).fold(0.0, f64::max)
    }

    /// The rows of a block that have not seen `end` centers, and whose key by those they have is `reached` or more.
    fn rows_that_reach(&self, reached: f64, end: usize, block: Range<usize>) -> Vec<usize> {
        let behind = |row: usize| (self.seen[row] as usize) < end && self.bounds[row] > 0.0;
        block.filter(|&row| behind(row) && self.key(row) >= reached).collect()
    }
}
