//! The search for the best radius, downward from greedy's over the distances that occur.
//!
//! An interval is proven at all times: no centers cover below `lower`, and `centers` cover at `upper`. The search
//! decides radii between the two. Where it cannot decide one, it seeks covers only above that radius and refutations
//! only below it, and comes back to it with more effort.

use std::time::Instant;

use super::decide::{Answer, Effort, Sought, Trial, Verdict, decide};
use super::proof::prove;
use super::search::{HeldRows, Search};
use super::selection::{Decision, End, Method};
use super::start::Start;
use super::tried::Tried;
use crate::error::Result;

impl Search<'_, '_> {
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

    fn step(&mut self, radius: f64, sought: Sought) -> Result<()> {
        if self.rows == HeldRows::All && radius < self.floor {
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

    /// Whether `centers`, which cover the rows held at `radius`, cover all rows. If not, some of the rows that they
    /// miss are held from now on.
    fn covered(&mut self, radius: f64, centers: &[u32]) -> Result<bool> {
        if let Some(distances) = self.distances_by_pairs(centers) {
            self.reached(&distances, centers);
            return Ok(true);
        }
        if self.clock.left().is_some_and(|left| left < self.pass) {
            self.clock.end(End::TimeLimit);
            return Ok(false);
        }
        let Some(distances) = self.distances(centers)? else { return Ok(false) };
        let reached = self.reached(&distances, centers);
        if reached > radius {
            self.hold_uncovered(radius, distances)?;
        }
        Ok(reached <= radius)
    }
}
