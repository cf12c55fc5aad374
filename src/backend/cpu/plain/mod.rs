//! The plain loop: each pick is one pass over all rows, by canonical distances. For few picks, where the filter and its rounds take more
//! time than they save.
//!
//! | file | what |
//! | --- | --- |
//! | this one | the backend |
//! | `pass.rs` | bounds lowered and the next pick found in one read of the rows |
//! | `squares.rs` | squared distances of consecutive rows to a center |

mod pass;
mod squares;

use std::time::Instant;

use self::pass::{Found, Measure, Pass, Source, Spread};
use self::squares::Center;
use super::beyond::{beyond, is_any_likely};
use super::bulk::Bulk;
use super::centers::Centers;
use super::keys::GONE;
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::mean;
use crate::rows::Gather;
use crate::statistics::{Beyond, Statistics};
use crate::values::{RowBlock, RowScratch};

/// Values of a pool that a core's cache holds as distances read them, 1 MB of f32.
pub(crate) const SMALL_VALUES: usize = 1 << 18;
/// Values of pairs after which a round ends, so that a caller may end the run: some tens of milliseconds' worth.
const VALUES_A_ROUND: usize = 1 << 26;

/// All rows of a pool, and their state.
pub(crate) struct PlainCpu<'p> {
    ground: &'p HostGround<'p>,
    centers: Centers<'p>,
    /// The most centers there can be.
    most: usize,
    /// Whether each row's nearest center is asked for in the end.
    assigns: bool,
    has_excluded: bool,
    source: Option<Source<'p>>,
    /// How far each row is from the nearest of the centers applied, or [`GONE`]; empty before the first pass, and where one pass is all.
    bounds: Vec<f64>,
    /// That center's number, if it is asked for.
    nearest: Vec<u32>,
    /// Rows that left the order before the first pass.
    gone: Vec<usize>,
    applied: usize,
    /// The row that precedes the others, all centers applied.
    best: Option<Candidate>,
    /// The most picks of the round that has begun.
    picks_a_round: usize,
    statistics: Statistics,
}

impl<'p> PlainCpu<'p> {
    /// There will be at most `most` centers, and every row's nearest is asked for in the end if the backend `assigns`.
    pub fn new(ground: &'p HostGround<'p>, most: usize, assigns: bool) -> PlainCpu<'p> {
        PlainCpu {
            ground,
            centers: Centers::new(ground),
            most,
            assigns,
            has_excluded: ground.has_excluded(),
            source: None,
            bounds: Vec::new(),
            nearest: Vec::new(),
            gone: Vec::new(),
            applied: 0,
            best: None,
            picks_a_round: 0,
            statistics: Statistics {
                device: "cpu".into(),
                filter: "plain loop".into(),
                ..Statistics::default()
            },
        }
    }

    /// Applies the centers that were not applied yet, in one pass.
    fn apply(&mut self) {
        if self.applied == self.centers.len() || self.ground.is_interrupted() {
            return;
        }
        let started = Instant::now();
        let centers = self.pending();
        if self.source.is_none() {
            self.source = Some(self.source());
        }
        let found = self.pass(&centers);
        if let Some(spread) = found.spread {
            self.statistics.beyond = self.beyond(spread);
        }
        self.best = found.best;
        self.applied = self.centers.len();
        self.count(centers.len());
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
    }

    /// Where rows are read: a small pool is copied unless its rows lie as distances read them.
    fn source(&mut self) -> Source<'p> {
        let rows = &self.ground.rows;
        if rows.lie_as_read() || rows.len() * rows.dimensions() > SMALL_VALUES {
            return Source::Stored(rows);
        }
        let (mut all, mut scratch) = (RowBlock::default(), RowScratch::new());
        (0..rows.len()).for_each(|row| all.push(rows.get(row, &mut scratch)));
        self.statistics.row_reads += rows.len() as u64;
        Source::Copied(all)
    }

    fn pending(&self) -> Vec<Center> {
        let mut scratch = RowScratch::new();
        let center = |number| {
            let values = self.centers.vector(number, &mut scratch);
            Center::new(u32::try_from(number).expect("centers are numbered below 2^32"), values)
        };
        (self.applied..self.centers.len()).map(center).collect()
    }

    fn pass(&mut self, centers: &[Center]) -> Found {
        let n = self.ground.rows.len();
        let is_first = self.applied == 0;
        if is_first {
            self.gone = self.gone();
        }
        let is_last = self.centers.len() == self.most && !self.assigns;
        let source = self.source.as_ref().expect("made before");
        let pass = Pass {
            ground: self.ground,
            source,
            centers,
            measure: self.measure(),
            is_first,
            keeps_excluded: self.keeps_excluded(),
            gone: &self.gone,
        };
        if is_last {
            return pass.look(&self.bounds);
        }
        if is_first {
            self.bounds = vec![0.0; n];
            self.nearest = if self.assigns { vec![NO_CENTER; n] } else { Vec::new() };
        }
        pass.keep(&mut self.bounds, &mut self.nearest)
    }

    fn measure(&self) -> Measure {
        match self.assigns || self.ground.weights.is_some() {
            true => Measure::Distances,
            false => Measure::Squares,
        }
    }

    /// Whether excluded rows have bounds as others have.
    fn keeps_excluded(&self) -> bool {
        self.assigns && self.has_excluded
    }

    /// The rows that cannot be picked, ascending, but excluded ones that are left out otherwise.
    fn gone(&self) -> Vec<usize> {
        let mut gone: Vec<usize> = self.centers.rows().collect();
        if self.has_excluded && !self.assigns {
            let excluded = self.ground.excluded.iter().enumerate();
            gone.extend(excluded.filter_map(|(row, &is_excluded)| is_excluded.then_some(row)));
        }
        gone.sort_unstable();
        gone
    }

    /// The rows beyond the others, if any is likely to be, by their distances to center 0.
    fn beyond(&mut self, mut spread: Spread) -> Option<Beyond> {
        if !is_any_likely(self.ground, &mut spread.some, spread.least, spread.most) {
            return None;
        }
        let center = Center::new(0, self.centers.vector(0, &mut RowScratch::new()));
        let mut distances = vec![0.0; self.ground.rows.len()];
        let pass = Pass {
            ground: self.ground,
            source: self.source.as_ref().expect("made before"),
            centers: &[center],
            measure: Measure::Distances,
            is_first: true,
            keeps_excluded: false,
            gone: &[],
        };
        pass.keep(&mut distances, &mut []);
        self.statistics.row_reads += distances.len() as u64;
        beyond(self.ground, &self.centers, &Bulk::of_ground(self.ground), &distances)
    }

    fn count(&mut self, centers: usize) {
        let n = self.ground.rows.len() as u64;
        let pairs = n * centers as u64;
        if let Some(Source::Stored(_)) = self.source {
            self.statistics.row_reads += n;
        }
        self.statistics.bounds_looked_at += n;
        self.statistics.refresh_evaluations += pairs;
        self.statistics.refresh_canonical += pairs;
    }

    fn choose(&mut self, row: usize) {
        self.centers.push(row);
        if let Some(bound) = self.bounds.get_mut(row) {
            *bound = GONE;
        }
    }
}

impl Middle for PlainCpu<'_> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl Backend for PlainCpu<'_> {
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        rows.iter().for_each(|&row| self.choose(row));
        Ok(())
    }

    /// Every row is live.
    fn refresh(&mut self, size: usize) -> Result<usize> {
        self.apply();
        self.picks_a_round = size;
        self.statistics.rounds += 1;
        Ok(usize::from(self.best.is_some()))
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let (n, d) = (self.ground.rows.len(), self.ground.rows.dimensions());
        let most = self.picks_a_round.min(1 + VALUES_A_ROUND / (n * d));
        let mut picked = Picked::default();
        while let Some(best) = self.best.filter(|_| !self.ground.is_interrupted()) {
            if picked.picks.len() == limit || best.key <= stop {
                picked.next = Some(best);
                break;
            }
            if picked.picks.len() == most {
                break;
            }
            self.choose(best.row);
            picked.picks.push(best);
            self.apply();
        }
        Ok(picked)
    }

    /// A center is nearest to itself.
    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.apply();
        let (mut distances, mut nearest) =
            (std::mem::take(&mut self.bounds), std::mem::take(&mut self.nearest));
        for center in 0..self.centers.len() {
            if let Some(row) = self.centers.row(center) {
                distances[row] = 0.0;
                nearest[row] = u32::try_from(center).expect("centers are numbered below 2^32");
            }
        }
        Ok((distances, nearest))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
