//! Algorithm 2 as it is printed, for comparison.
//!
//! Source: Sener & Savarese, ICLR 2018, Algorithm 2: bisection between half of greedy's radius and greedy's radius, each bound moved
//! to a distance that occurs. With outliers half of greedy's radius is no lower bound: on the line, 0 labeled, rows at 0.1, 100 and
//! -100, one center and one outlier, greedy's radius is 100 and the best one 0.1; and the two bounds never meet.

use serde::Serialize;

use super::decide::{Answer, Effort, Sought};
use super::search::Search;
use super::start::Start;
use crate::error::{Error, Result};

/// The answer of the printed algorithm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Printed {
    /// Its lower bound when it ended, or when it was found never to end.
    pub lower: f64,
    /// Its upper bound, which its centers reach.
    pub upper: f64,
    /// The centers of its last feasible radius; greedy's if there was none.
    pub centers: Vec<usize>,
    /// Radii decided.
    pub iterations: usize,
    /// How it ended.
    pub end: PrintedEnd,
    /// Whether its first lower bound, half of greedy's radius, is valid: it is not with outliers.
    pub lower_is_valid: bool,
}

/// How the printed algorithm ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintedEnd {
    /// Its bounds met.
    Equal,
    /// It came back to bounds that it had before, so it would never end.
    Repeats,
    /// Stopped by the time limit or from outside.
    Stopped,
}

impl Search<'_, '_> {
    /// Runs the printed algorithm. Every row that may need covering is held, with all pairs within greedy's radius.
    pub fn as_printed(&mut self, start: &Start) -> Result<Printed> {
        let greedy = self.distances(&start.centers)?;
        let mut upper = greedy.iter().flatten().copied().fold(0.0, f64::max);
        let mut lower = upper / 2.0;
        let mut printed = Printed {
            lower,
            upper,
            centers: start.centers.iter().map(|&row| row as usize).collect(),
            iterations: 0,
            end: PrintedEnd::Equal,
            lower_is_valid: self.question.outliers == 0,
        };
        if greedy.is_none() {
            (printed.lower, printed.upper) = (start.upper / 2.0, start.upper);
            printed.end = PrintedEnd::Stopped;
            return Ok(printed);
        }
        if lower == upper {
            return Ok(printed);
        }
        self.upper = upper;
        if !self.hold_all()? {
            if self.clock.is_over() {
                printed.end = PrintedEnd::Stopped;
                return Ok(printed);
            }
            return Err(Error::Options(format!(
                "Algorithm 2 as printed needs every pair of rows within greedy's radius {upper}: there are too many"
            )));
        }
        let mut seen = vec![(lower, upper)];
        while lower != upper {
            let middle = f64::midpoint(lower, upper);
            let Some(answer) = self.decide_whatever_it_takes(middle) else {
                printed.end = PrintedEnd::Stopped;
                break;
            };
            printed.iterations += 1;
            match answer {
                Some(centers) => {
                    printed.centers = centers.iter().map(|&row| row as usize).collect();
                    upper = self.held.last_up_to(middle);
                }
                None => lower = self.held.first_from(middle),
            }
            (printed.lower, printed.upper) = (lower, upper);
            if seen.contains(&(lower, upper)) {
                printed.end = PrintedEnd::Repeats;
                break;
            }
            seen.push((lower, upper));
        }
        printed.centers.sort_unstable();
        Ok(printed)
    }

    /// The centers that cover at `radius`, if any do. `None` if the clock ended the search first.
    fn decide_whatever_it_takes(&mut self, radius: f64) -> Option<Option<Vec<u32>>> {
        for effort in 0.. {
            self.effort = Effort(effort);
            match self.decide(radius, Sought::Either).answer {
                Answer::Covered(centers) => return Some(Some(centers)),
                Answer::Refuted(_) => return Some(None),
                Answer::Open if self.clock.is_over() => break,
                Answer::Open => (),
            }
        }
        None
    }
}
