//! The search for the best radius, downward from greedy's over the distances that occur.
//!
//! What is proven is an interval: nothing covers below `lower`, `centers` cover at `upper`. A radius between is decided; if it
//! cannot be, it becomes an undecided zone that the search goes around, on both sides, and comes back to with more effort.

use std::time::Instant;

use super::clock::Clock;
use super::decide::{Answer, Effort, Verdict, decide};
use super::held::Held;
use super::proof::prove;
use super::question::Question;
use super::selection::{Decision, End, Method, SearchStatistics};
use super::start::Start;
use crate::backend::Space;
use crate::certificate::{Dual, LowerBy};
use crate::error::Result;

/// Pairs kept at most where all rows that need covering are held from the start.
const MOST_PAIRS: usize = 12 << 20;
/// Pairs kept at most.
const MOST_PAIRS_LAZY: usize = 48 << 20;
/// Products that the distances between all those rows may take.
const MOST_PRODUCTS: f64 = 4e12;
/// Rows whose neighbours are found at once: between two such joins the clock is looked at.
const JOINED_AT_ONCE: usize = 4096;
/// The first step down from greedy's radius, as a share of it; each next one is twice as long.
const FIRST_STEP: f64 = 0.015;

/// The least part of the interval beside an undecided zone that is worth a decision before more effort is made in the zone.
const LEAST_SIDE: f64 = 1.0 / 32.0;

/// How rows come to be held.
#[derive(Clone, Copy, PartialEq)]
enum Rows {
    /// All that the labeled centers leave uncovered at a radius, once it is decided.
    All,
    /// Those that the covers found so far failed to cover.
    AsNeeded,
}

/// The state of a search.
pub struct Search<'a, 'w> {
    pub question: &'a Question<'a>,
    pub space: &'a mut dyn Space,
    pub clock: &'a mut Clock<'w>,
    pub held: Held,
    rows: Rows,
    /// Every row farther than this from the labeled centers is held, in a search over all.
    floor: f64,
    pub effort: Effort,
    /// The undecided radii, from the least to the largest.
    zone: Option<(f64, f64)>,
    /// Whether the radius next below `upper` is to be decided before others: `upper` may be the best.
    top: bool,
    /// Steps taken downward; `None` once a radius was refuted.
    steps: Option<u32>,
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
            effort: Effort(0),
            zone: None,
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

    /// Search until nothing is left to decide, the interval is as narrow as asked, or the clock ends it.
    pub fn run(&mut self, start: &Start) -> Result<End> {
        self.tell();
        if self.lower < self.upper {
            self.hold_first(start)?;
        }
        loop {
            self.tell();
            if self.lower == self.upper {
                return Ok(End::Optimal);
            }
            if self.upper - self.lower <= self.question.gap * self.upper {
                return Ok(End::Gap);
            }
            if let Some(end) = self.clock.over() {
                return Ok(end);
            }
            let (upper, was_top) = (self.upper, self.top);
            match self.next_radius() {
                Some(radius) => self.step(radius)?,
                None if self.zone.is_some() => {
                    (self.zone, self.effort) = (None, Effort(self.effort.0 + 1));
                    self.top = true;
                }
                None => self.raise(self.upper),
            }
            self.top |= self.effort.0 > 0 && self.upper < upper && !was_top;
        }
    }

    fn tell(&mut self) {
        (self.clock.lower, self.clock.upper) = (self.lower, self.upper);
        self.clock.look();
    }

    /// The rows that every search begins with: greedy's picks and the row farthest from them, pairwise far apart.
    fn hold_first(&mut self, start: &Start) -> Result<()> {
        self.rows =
            if self.question.is_restricted() { Rows::AsNeeded } else { self.choose_rows()? };
        let mut first: Vec<usize> = start.picks.iter().copied().chain(start.farthest).collect();
        first.sort_unstable();
        first.dedup();
        self.hold(&first, MOST_PAIRS_LAZY)?;
        Ok(())
    }

    /// Whether the pairs between all rows that need covering would fit: by what a sample of them has.
    fn choose_rows(&mut self) -> Result<Rows> {
        let reach = self.upper;
        let open: Vec<usize> = self
            .question
            .counted()
            .filter(|&row| self.question.labeled[row] > 0.9 * reach)
            .collect();
        let products = open.len() as f64 * self.question.n as f64 * self.question.d as f64;
        if products > MOST_PRODUCTS {
            return Ok(Rows::AsNeeded);
        }
        let sample: Vec<usize> =
            open.iter().copied().step_by(open.len().div_ceil(64).max(1)).collect();
        let started = Instant::now();
        let found = self.space.within(&sample, reach, MOST_PAIRS)?;
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        let fits =
            found.is_some_and(|found| found.len() * open.len() / sample.len().max(1) < MOST_PAIRS);
        Ok(if fits { Rows::All } else { Rows::AsNeeded })
    }

    /// Hold those of `rows` that are not held yet. False if their pairs are too many, or the clock ends it.
    fn hold(&mut self, rows: &[usize], most: usize) -> Result<bool> {
        let new: Vec<usize> = rows.iter().copied().filter(|&row| !self.held.holds(row)).collect();
        let started = Instant::now();
        let mut done = true;
        for rows in new.chunks(JOINED_AT_ONCE) {
            let room = most.saturating_sub(self.held.pairs());
            let labeled = &self.question.labeled;
            done = !self.clock.is_over()
                && self.held.add(self.space, rows, labeled, self.upper, room)?;
            if !done {
                break;
            }
        }
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        (self.statistics.rows, self.statistics.pairs) = (self.held.rows(), self.held.pairs());
        Ok(done)
    }

    /// Hold every row that may need covering. False if their pairs are too many.
    pub fn hold_all(&mut self) -> Result<bool> {
        let rows: Vec<usize> = self.question.counted().collect();
        self.hold(&rows, MOST_PAIRS)
    }

    /// The next radius to decide: first down in growing steps, then the middle of what is left beside the undecided zone.
    fn next_radius(&mut self) -> Option<f64> {
        if let Some(steps) = self.steps {
            let radius = self.upper * (1.0 - FIRST_STEP * f64::from(1 << steps.min(5)));
            if radius > self.lower {
                self.steps = Some(steps + 1);
                return Some(radius);
            }
            self.steps = None;
        }
        if std::mem::take(&mut self.top) {
            let next = self.held.last_up_to(self.upper.next_down());
            return Some(next).filter(|&next| self.lower <= next);
        }
        let Some((low, high)) = self.zone else { return self.held.median(self.lower, self.upper) };
        // Beside the zone only what would narrow the interval by a fair part of it.
        let least = (self.upper - self.lower) * LEAST_SIDE;
        let above =
            (self.upper - high > least).then(|| self.held.median(high.next_up(), self.upper));
        let below = || (low - self.lower > least).then(|| self.held.median(self.lower, low));
        above.flatten().or_else(|| below().flatten())
    }

    fn step(&mut self, radius: f64) -> Result<()> {
        if self.rows == Rows::All && radius < self.floor {
            self.hold_open(radius)?;
        }
        let started = Instant::now();
        loop {
            let Verdict { answer, by, residue } = self.decide(radius);
            let feasible = match answer {
                Answer::Refuted(proof) => {
                    self.refuted(radius, proof);
                    Some(false)
                }
                Answer::Covered(centers) if self.covered(radius, &centers)? => Some(true),
                // The rows that these centers leave uncovered are held now.
                Answer::Covered(_) if !self.clock.is_over() => continue,
                Answer::Covered(_) | Answer::Open => {
                    self.undecided(radius);
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

    pub fn decide(&mut self, radius: f64) -> Verdict {
        let (cover, lost) = self.held.cover(radius);
        let budget = self.question.budget;
        let Some(outliers) = self.question.outliers.checked_sub(lost) else {
            return Verdict {
                answer: Answer::Refuted(None),
                by: Method::Reductions,
                residue: (0, 0),
            };
        };
        let held = &self.held;
        let next = held.next_above(radius).min(self.upper);
        let prove = |weights: &[(u32, f64)]| prove(weights, held, (radius, next), budget, outliers);
        decide(cover, (budget, outliers), self.effort, &prove, self.clock)
    }

    /// Hold every row that the labeled centers leave uncovered at `radius`; if they are too many, go on with those needed.
    fn hold_open(&mut self, radius: f64) -> Result<()> {
        let labeled = &self.question.labeled;
        let open: Vec<usize> =
            self.question.counted().filter(|&row| labeled[row] > radius).collect();
        if self.hold(&open, MOST_PAIRS)? {
            self.floor = radius;
        } else {
            self.rows = Rows::AsNeeded;
        }
        Ok(())
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
        self.zone = self.zone.filter(|&(_, high)| radius < high);
    }

    fn undecided(&mut self, radius: f64) {
        self.steps = None;
        let (low, high) = self.zone.unwrap_or((radius, radius));
        self.zone = Some((low.min(radius), high.max(radius)));
    }

    /// Nothing that occurs is left below `radius`: what is proven of the last radius refuted holds up to there.
    fn raise(&mut self, radius: f64) {
        if self.lower_by == LowerBy::Dual {
            self.dual.radius = radius;
        }
        self.lower = radius;
    }

    /// Whether `centers`, which cover the rows held at `radius`, cover all. If not, some of the rows they do not are held now.
    fn covered(&mut self, radius: f64, centers: &[u32]) -> Result<bool> {
        if let Some(reached) = self.reached_by_pairs(centers) {
            self.reached(reached, centers);
            return Ok(true);
        }
        let distances = self.distances(centers)?;
        let reached = self.question.radius(&distances);
        self.reached(reached, centers);
        if reached > radius {
            self.hold_uncovered(radius, distances)?;
        }
        Ok(reached <= radius)
    }

    /// The radius of `centers` from the pairs held, where every row beyond it is.
    fn reached_by_pairs(&self, centers: &[u32]) -> Option<f64> {
        if self.rows != Rows::All {
            return None;
        }
        let reached = self.question.radius(&self.held.min_distances(centers));
        (reached > self.floor && reached.is_finite()).then_some(reached)
    }

    /// `centers` cover at `radius`.
    fn reached(&mut self, radius: f64, centers: &[u32]) {
        if radius >= self.upper {
            return;
        }
        self.upper = radius;
        self.centers = centers.to_vec();
        self.zone =
            self.zone.filter(|&(low, _)| low < radius).map(|(low, high)| (low, high.min(radius)));
    }

    /// Every counted row's distance to the nearest of `centers` and the labeled ones; 0 for rows that are not counted.
    pub fn distances(&mut self, centers: &[u32]) -> Result<Vec<f64>> {
        let centers: Vec<usize> = centers.iter().map(|&row| row as usize).collect();
        let started = Instant::now();
        let (distances, _) = self.space.min_distances(&centers)?;
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        Ok(self.question.with_labeled(distances))
    }

    /// Hold more rows farther than `radius`, far from one another; if there is no room for them the search is over.
    fn hold_uncovered(&mut self, radius: f64, distances: Vec<f64>) -> Result<()> {
        let count = self.question.outliers + 32.max(self.held.rows() / 8);
        let new = self.question.far_apart(radius, distances, count, |row| self.held.holds(row));
        if !self.hold(&new, MOST_PAIRS_LAZY)? {
            self.clock.end(End::Memory);
        }
        Ok(())
    }
}
