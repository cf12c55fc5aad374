//! The state of a search: the interval proven so far, by what, and which rows are held.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::decide::Effort;
use super::held::Held;
use super::question::Question;
use super::selection::{Decision, End, SearchStatistics};
use super::start::Start;
use super::tried::Tried;
use crate::backend::Space;
use crate::certificate::{Dual, LowerBy};
use crate::error::Result;

/// How rows come to be held.
#[derive(Clone, Copy, PartialEq)]
pub enum HeldRows {
    /// All rows that the labeled centers leave uncovered at a radius, from when that radius is decided.
    All,
    /// Rows that the covers found so far did not cover.
    AsNeeded,
}

/// The state of a search.
pub struct Search<'a, 'w> {
    pub question: &'a Question<'a>,
    pub space: &'a mut dyn Space,
    pub clock: &'a mut Clock<'w>,
    pub held: Held,
    pub rows: HeldRows,
    /// Every row farther than this from the labeled centers is held, in a search over all.
    pub floor: f64,
    /// How long one pass over the pool takes.
    pub pass: Duration,
    pub effort: Effort,
    /// Radii tried in vain with this effort.
    pub tried: Tried,
    /// Rows held, and the least radius that the linear relaxation failed to refute with them. It cannot refute a larger
    /// radius either.
    pub relaxed: Option<(usize, f64)>,
    /// Whether to decide the distance next below `upper` first, once few distances are left: `upper` may be the best
    /// radius.
    pub top: bool,
    /// Steps taken downward; `None` once a radius was not covered.
    pub steps: Option<u32>,
    pub lower: f64,
    pub lower_by: LowerBy,
    pub dual: Dual,
    pub upper: f64,
    pub centers: Vec<u32>,
    /// The rows that `centers` leave beyond `upper`.
    pub uncovered: Vec<usize>,
    pub decisions: Vec<Decision>,
    pub statistics: SearchStatistics,
}

impl<'a, 'w> Search<'a, 'w> {
    pub fn new(
        question: &'a Question<'a>,
        space: &'a mut dyn Space,
        start: &Start,
        clock: &'a mut Clock<'w>,
    ) -> Search<'a, 'w> {
        let candidates = question.candidates(&start.picks);
        Search {
            held: Held::new(question.n, candidates),
            rows: HeldRows::AsNeeded,
            floor: f64::INFINITY,
            pass: start.pass,
            effort: Effort(0),
            tried: Tried::NOTHING,
            relaxed: None,
            top: false,
            steps: Some(0),
            lower: start.dual.radius,
            lower_by: LowerBy::Dual,
            dual: start.dual.clone(),
            upper: start.upper,
            centers: start.centers.clone(),
            uncovered: start.uncovered.clone(),
            decisions: Vec::new(),
            statistics: SearchStatistics::default(),
            question,
            space,
            clock,
        }
    }

    /// The lower bound that holds for every choice of centers. A search among greedy's picks alone proves nothing about
    /// other centers.
    pub fn stated_lower(&self, start: &Start) -> f64 {
        match self.question.is_restricted() && start.dual.radius < self.upper {
            true => start.dual.radius,
            false => self.lower,
        }
    }

    pub fn tell(&mut self) {
        (self.clock.lower, self.clock.upper) = (self.lower, self.upper);
        self.clock.look();
    }

    pub fn refuted(&mut self, radius: f64, proof: Option<Dual>) {
        self.steps = None;
        let next = self.held.next_above(radius).min(self.upper);
        if next <= self.lower {
            return;
        }
        (self.lower, self.lower_by) = (next, LowerBy::BranchAndBound);
        if let Some(proof) = proof {
            (self.dual, self.lower_by) = (proof, LowerBy::Dual);
        }
        self.tried.keep(self.lower, self.upper);
    }

    /// No distance that occurs is left below `radius`, so the last refutation holds up to there.
    pub fn raise(&mut self, radius: f64) {
        if self.lower_by == LowerBy::Dual {
            self.dual.radius = radius;
        }
        self.lower = radius;
    }

    /// [`Self::distances`] from the pairs held alone; `None` if a row beyond the radius of `centers` may not be held.
    /// That radius and the distances beyond it are exact. No other distance is too small.
    pub fn distances_by_pairs(&self, centers: &[u32]) -> Option<Vec<f64>> {
        if self.rows != HeldRows::All {
            return None;
        }
        let distances = self.question.with_labeled(self.held.min_distances(centers));
        let radius = self.question.radius(&distances);
        (radius > self.floor && radius.is_finite()).then_some(distances)
    }

    /// `centers` cover at the radius that they leave by `distances`, which is returned.
    pub fn reached(&mut self, distances: &[f64], centers: &[u32]) -> f64 {
        let radius = self.question.radius(distances);
        if radius < self.upper {
            self.upper = radius;
            self.centers = centers.to_vec();
            self.uncovered = self.question.beyond(radius, distances);
            self.tried.keep(self.lower, self.upper);
        }
        radius
    }

    /// Every counted row's distance to the nearest of `centers` and the labeled ones; 0 for rows that are not counted. `None` if the run
    /// was interrupted meanwhile, which ends the search.
    pub fn distances(&mut self, centers: &[u32]) -> Result<Option<Vec<f64>>> {
        let centers: Vec<usize> = centers.iter().map(|&row| row as usize).collect();
        let started = Instant::now();
        let distances = self.nearest(&centers)?;
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        Ok(distances.map(|(distances, _)| self.question.with_labeled(distances)))
    }

    /// [`Space::min_distances`]; `None` if the run is interrupted.
    pub fn nearest(&mut self, centers: &[usize]) -> Result<Option<(Vec<f64>, Vec<u32>)>> {
        if self.is_interrupted() {
            return Ok(None);
        }
        let nearest = self.space.min_distances(centers)?;
        Ok((!self.is_interrupted()).then_some(nearest))
    }

    /// Whether the run must end at once. What was computed over the pool meanwhile means nothing, so the search is over.
    pub fn is_interrupted(&mut self) -> bool {
        let interrupted = self.question.ground.is_interrupted();
        if interrupted {
            self.clock.end(End::Interrupted);
        }
        interrupted
    }
}
