//! Many centers from the start, labeled or resumed from, applied in stages: a row takes part for as long as it may be among the
//! farthest, as in a run that chose those centers itself.

use std::ops::Range;

use super::frontier::frontier;
use super::maxima::BlockMaxima;
use super::state::SETTLED_AT_ONCE;
use super::sweep::Looked;
use crate::backend::Candidate;

/// Centers of the first stage. As many or fewer are left to the rounds.
const FIRST: usize = 512;
/// Rows of largest bound to which a stage first applies all centers: the largest key among them is one that rows must reach to be next.
const PROBES: usize = 64;

/// Rows that take centers in.
pub(crate) trait Stages: Sync {
    /// Of each row; negative for rows that left the order.
    fn bounds(&self) -> &[f64];

    /// How many centers were applied to `row`.
    fn seen(&self, row: usize) -> usize;

    fn key(&self, row: usize, bound: f64) -> f64;

    /// Applies to `rows` their pending centers below number `end`.
    fn refresh(&mut self, rows: &mut [usize], end: usize);

    /// Makes the bounds of `rows` exact, with respect to the centers applied to each.
    fn make_exact(&mut self, rows: &[usize]);

    /// Finds the rows of `part` that precede `reached`, and lack centers below number `end` or have no exact key. Centers are applied at
    /// once to some of them, if that is cheaper than [`Stages::refresh`].
    fn look(&mut self, part: Range<usize>, reached: Candidate, end: usize) -> Looked;

    /// Whether the run must end.
    fn is_interrupted(&self) -> bool;
}

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
pub(super) fn catch_up(stages: &mut Option<CatchUp>, rows: &mut impl Stages) -> Option<usize> {
    let n = rows.bounds().len();
    while let Some(mut stage) = stages.take() {
        if stage.rows == 0 {
            stage.reached = stage.reached.max(probe(rows, stage.centers));
        }
        let block = stage.rows..n.min(stage.rows + SETTLED_AT_ONCE);
        let mut reaching = rows_that_reach(rows, stage.reached, stage.end, block.clone());
        rows.refresh(&mut reaching, stage.end);
        stage.rows = block.end;
        *stages = if block.end < n { Some(stage) } else { stage.next() };
        if !reaching.is_empty() {
            return Some(reaching.len());
        }
    }
    None
}

/// Apply all centers to a few rows of largest bound: the largest key among them.
fn probe(rows: &mut impl Stages, centers: usize) -> f64 {
    let key = |row, bound| rows.key(row, bound);
    let few = PROBES.min(rows.bounds().len() / 64);
    let mut maxima = BlockMaxima::new(rows.bounds().len());
    let (farthest, _) = frontier(rows.bounds(), key, &mut maxima, few);
    let mut probes: Vec<usize> = farthest.rows.iter().map(|candidate| candidate.row).collect();
    rows.refresh(&mut probes, centers);
    rows.make_exact(&probes);
    probes.iter().map(|&row| rows.key(row, rows.bounds()[row])).fold(0.0, f64::max)
}

/// The rows of a block that have not seen `end` centers, and whose key by those they have is `reached` or more.
fn rows_that_reach(
    rows: &impl Stages,
    reached: f64,
    end: usize,
    block: Range<usize>,
) -> Vec<usize> {
    let bounds = rows.bounds();
    let behind = |row: usize| rows.seen(row) < end && bounds[row] > 0.0;
    block.filter(|&row| behind(row) && rows.key(row, bounds[row]) >= reached).collect()
}
