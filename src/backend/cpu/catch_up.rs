//! Many centers from the start, labeled or resumed from, applied in stages: a row takes part for as long as it may be among the
//! farthest, as in a run that chose those centers itself.

use std::ops::Range;

use super::frontier::frontier;
use super::kernels::Multiplier;
use super::state::{CpuRows, SETTLED_AT_ONCE};

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

/// Part of a stage: as many rows as are settled at once. Their number; none once every stage is done.
pub(super) fn catch_up<M: Multiplier>(
    stages: &mut Option<CatchUp>,
    rows: &mut CpuRows<M>,
) -> Option<usize> {
    let n = rows.bounds.len();
    while let Some(mut stage) = stages.take() {
        if stage.rows == 0 {
            stage.reached = stage.reached.max(probe(rows, stage.centers));
        }
        let block = stage.rows..n.min(stage.rows + SETTLED_AT_ONCE);
        let mut reaching = rows_that_reach(rows, stage.reached, stage.end, block.clone());
        rows.refresh_rows(&mut reaching, stage.end);
        stage.rows = block.end;
        *stages = if block.end < n { Some(stage) } else { stage.next() };
        if !reaching.is_empty() {
            return Some(reaching.len());
        }
    }
    None
}

/// Apply all centers to a few rows of largest bound: the largest key among them.
fn probe<M: Multiplier>(rows: &mut CpuRows<M>, centers: usize) -> f64 {
    let key = |row, bound| rows.ground.key(row, bound);
    let few = PROBES.min(rows.bounds.len() / 64);
    let farthest = frontier(&rows.bounds, key, rows.ceiling, few);
    let mut probes: Vec<usize> = farthest.rows.iter().map(|candidate| candidate.row).collect();
    rows.refresh_rows(&mut probes, centers);
    probes.iter().map(|&row| rows.key(row)).fold(0.0, f64::max)
}

/// The rows of a block that have not seen `end` centers, and whose key by those they have is `reached` or more.
fn rows_that_reach<M: Multiplier>(
    rows: &CpuRows<M>,
    reached: f64,
    end: usize,
    block: Range<usize>,
) -> Vec<usize> {
    let behind = |row: usize| (rows.seen[row] as usize) < end && rows.bounds[row] > 0.0;
    block.filter(|&row| behind(row) && rows.key(row) >= reached).collect()
}
