//! The search for the best radius, downward from greedy's over the distances that occur.
//!
//! An interval is proven at all times: no centers cover below `lower`, and `centers` cover at `upper`. The search
//! decides radii between the two. Where it cannot decide one, it seeks covers only above that radius and refutations
//! only below it, and comes back to it with more effort.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::decide::{Answer, Effort, Sought, Trial, Verdict, decide};
use super::held::Held;
use super::proof::prove;
use super::question::Question;
use super::radii::Tried;
use super::rows::Rows;
use super::selection::{Decision, End, Method, SearchStatistics};
use super::start::Start;
use crate::backend::Space;
use crate::certificate::{Dual, LowerBy};
use crate::error::Result;

/// The state of a search.
pub struct Search<'a, 'w> {
    pub question: &'a Question<'a>,
    pub space: &'a mut dyn Space,
    pub clock: &'a mut Clock<'w>,
    pub held: Held,
    pub rows: Rows,
    /// Every row farther than this from the labeled centers is held, in a search over all.
    pub floor: f64,
    /// How long one pass over the pool takes.
    pass: Duration,
    pub effort: Effort,
    /// Radii tried in vain with this effort.
    pub tried: Tried,
    /// Rows held, and the least radius that the linear relaxation failed to refute with them. It cannot refute a larger
    /// radius either.
    relaxed: Option<(usize, f64)>,
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
            rows: Rows::AsNeeded,
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
            decisions: Vec::new(),
            statistics: SearchStatistics::default(),
            question,
            space,
            clock,
        }
    }

    /// Searches until nothing is left to decide, the interval is as narrow as asked, or the clock ends it. The clock
    /// leaves time for the pass over the pool that follows the search.
    pub fn run(&mut self, start: &Start) -> Result<End> {
        self.clock.reserve(self.pass);
        self.tell();
        if self.lower < self.upper {
            self.hold_first(start)?;
        }
        loop {
            self.tell();
            if self.lower == self.upper {
                return Ok(End::Optimal);
            }
            if self.upper - self.stated_lower(start) <= self.question.gap * self.upper {
                return Ok(End::Gap);
            }
            if let Some(end) = self.clock.over() {
                return Ok(end);
            }
            let (upper, was_top) = (self.upper, self.top);
            match self.next_radius() {
                Some((radius, sought)) => self.step(radius, sought)?,
                None if self.tried != Tried::NOTHING => {
                    (self.tried, self.effort) = (Tried::NOTHING, Effort(self.effort.0 + 1));
                    self.top = true;
                }
                None => self.raise(self.upper),
            }
            self.top |= self.effort.0 > 0 && self.upper < upper && !was_top;
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

    fn tell(&mut self) {
        (self.clock.lower, self.clock.upper) = (self.lower, self.upper);
        self.clock.look();
    }

    fn step(&mut self, radius: f64, sought: Sought) -> Result<()> {
        if self.rows == Rows::All && radius < self.floor {
            self.hold_open(radius)?;
        }
        if self.clock.is_over() {
            return Ok(());
        }
        let started = Instant::now();
        loop {
            let Verdict { answer, by, residue, relaxed } = self.decide(radius, sought);
            if relaxed {
                self.relaxed = Some((self.held.rows(), radius));
            }
            let feasible = match answer {
                Answer::Refuted(proof) => {
                    self.refuted(radius, proof);
                    Some(false)
                }
                Answer::Covered(centers) if self.covered(radius, &centers)? => Some(true),
                // These centers leave rows uncovered, which are held now: decide again.
                Answer::Covered(_) if !self.clock.is_over() => continue,
                Answer::Covered(_) | Answer::Open => {
                    self.steps = None;
                    self.tried.add(radius, sought);
                    None
                }
            };
            let seconds = started.elapsed().as_secs_f64();
            self.statistics.decide_seconds += seconds;
            let (elapsed, lower, upper) = (self.clock.seconds(), self.lower, self.upper);
            let decision =
                Decision { radius, feasible, by, residue, seconds, elapsed, lower, upper };
            self.decisions.push(decision);
            return Ok(());
        }
    }

    pub fn decide(&mut self, radius: f64, sought: Sought) -> Verdict {
        let (cover, lost) = self.held.cover(radius);
        let budget = self.question.budget;
        let Some(outliers) = self.question.outliers.checked_sub(lost) else {
            return Verdict {
                answer: Answer::Refuted(None),
                by: Method::Reductions,
                residue: (0, 0),
                relaxed: false,
            };
        };
        let hopeless = |(rows, least): (usize, f64)| rows == self.held.rows() && least <= radius;
        let relax = !self.relaxed.is_some_and(hopeless);
        let trial = Trial { effort: self.effort, sought, relax };
        let held = &self.held;
        let next = held.next_above(radius).min(self.upper);
        let prove = |weights: &[(u32, f64)]| prove(weights, held, (radius, next), budget, outliers);
        decide(cover, (budget, outliers), trial, &prove, self.clock)
    }

    fn refuted(&mut self, radius: f64, proof: Option<Dual>) {
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
    fn raise(&mut self, radius: f64) {
        if self.lower_by == LowerBy::Dual {
            self.dual.radius = radius;
        }
        self.lower = radius;
    }

    /// Whether `centers`, which cover the rows held at `radius`, cover all rows. If not, some of the rows that they
    /// miss are held from now on.
    fn covered(&mut self, radius: f64, centers: &[u32]) -> Result<bool> {
        if let Some(distances) = self.distances_by_pairs(centers) {
            self.reached(self.question.radius(&distances), centers);
            return Ok(true);
        }
        if self.clock.left().is_some_and(|left| left < self.pass) {
            self.clock.end(End::TimeLimit);
            return Ok(false);
        }
        let distances = self.distances(centers)?;
        let reached = self.question.radius(&distances);
        self.reached(reached, centers);
        if reached > radius {
            self.hold_uncovered(radius, distances)?;
        }
        Ok(reached <= radius)
    }

    /// [`Self::distances`] from the pairs held alone; `None` if a row beyond the radius of `centers` may not be held.
    /// That radius and the distances beyond it are exact. No other distance is too small.
    pub fn distances_by_pairs(&self, centers: &[u32]) -> Option<Vec<f64>> {
        if self.rows != Rows::All {
            return None;
        }
        let distances = self.question.with_labeled(self.held.min_distances(centers));
        let radius = self.question.radius(&distances);
        (radius > self.floor && radius.is_finite()).then_some(distances)
    }

    /// `centers` cover at `radius`.
    fn reached(&mut self, radius: f64, centers: &[u32]) {
        if radius >= self.upper {
            return;
        }
        self.upper = radius;
        self.centers = centers.to_vec();
        self.tried.keep(self.lower, self.upper);
    }

    /// Every counted row's distance to the nearest of `centers` and the labeled ones; 0 for rows that are not counted.
    pub fn distances(&mut self, centers: &[u32]) -> Result<Vec<f64>> {
        let centers: Vec<usize> = centers.iter().map(|&row| row as usize).collect();
        let started = Instant::now();
        let (distances, _) = self.space.min_distances(&centers)?;
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        Ok(self.question.with_labeled(distances))
    }
}
