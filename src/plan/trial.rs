//! A selection that is timed, and ends when it takes long.

use std::ops::{ControlFlow, RangeInclusive};
use std::time::Instant;

use crate::engine::{Tuning, select_tuned};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::pool::{Pool, is_set};
use crate::statistics::Statistics;

/// Seconds after which no further round begins.
const LIMIT: f64 = 0.7;
/// Shorter selections are timed again; the fastest counts: others do other work on the machine, and the first finds memory cold.
const SHORT: f64 = 0.15;
const REPEATS: usize = 3;
/// How time may grow with the rows and with the picks, as a power.
pub(super) const GROWTH: RangeInclusive<f64> = 0.2..=1.5;
/// The same with rows and all centers together: at least as fast as rows, at most as their product.
pub(super) const PRODUCT_GROWTH: RangeInclusive<f64> = 1.0..=2.0;

/// What all selections of a rehearsal have in common. Fewer picks may have been made in another way: all go the way of the first.
pub(super) struct Way<'o> {
    pub options: Options<'o>,
    pub tuning: Tuning,
}

impl Way<'_> {
    /// The way of `trial`.
    pub fn of(&self, trial: &Trial) -> Self {
        let tuning = Tuning::of_run(&trial.statistics);
        Way { options: self.options.clone(), tuning }
    }
}

/// How long a selection took.
pub(super) struct Trial {
    pub picks: usize,
    /// Seconds before the first round, and from there on.
    pub prepared: f64,
    pub seconds: f64,
    /// Picks and seconds, before each round.
    course: Vec<(usize, f64)>,
    pub statistics: Statistics,
}

impl Trial {
    /// A selection that ends after `budget` picks or, at the end of a round, once there are `most` or [`LIMIT`] has passed since the first.
    pub fn run(pool: &Pool, budget: usize, most: usize, way: &Way) -> Result<Trial> {
        let (started, mut course) = (Instant::now(), Vec::<(usize, f64)>::new());
        let selection = select_tuned(pool, budget, &way.options, &way.tuning, &mut |progress| {
            let seconds = started.elapsed().as_secs_f64();
            course.push((progress.chosen, seconds));
            let is_enough = seconds - course[0].1 > LIMIT || progress.chosen >= most;
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_set(way.options.interrupt) {
            return Err(Error::Interrupted);
        }
        let seconds = started.elapsed().as_secs_f64();
        let prepared = course.first().map_or(seconds, |(_, seconds)| *seconds);
        course.iter_mut().for_each(|(_, seconds)| *seconds -= prepared);
        let (picks, statistics) = (selection.centers.len(), selection.statistics);
        Ok(Trial { picks, prepared, seconds: seconds - prepared, course, statistics })
    }

    pub fn fastest(pool: &Pool, budget: usize, most: usize, way: &Way) -> Result<Trial> {
        let mut fastest = Trial::run(pool, budget, most, way)?;
        for _ in 1..REPEATS {
            if fastest.seconds > SHORT || fastest.prepared > LIMIT {
                break;
            }
            let again = Trial::run(pool, budget, most, way)?;
            if again.prepared + again.seconds < fastest.prepared + fastest.seconds {
                fastest = again;
            }
        }
        Ok(fastest)
    }

    /// The power of the picks that the time grew with in the second half of them.
    pub fn growth(&self) -> f64 {
        let half =
            self.course.iter().find(|(picks, seconds)| 2 * picks >= self.picks && *seconds > 0.0);
        half.map_or(1.0, |&(picks, seconds)| {
            power((picks, seconds), (self.picks, self.seconds), &GROWTH)
        })
    }
}

/// The power that leads from one time to another, if it may.
pub(super) fn power(from: (usize, f64), to: (usize, f64), may: &RangeInclusive<f64>) -> f64 {
    let power = (to.1 / from.1).ln() / (to.0 as f64 / from.0 as f64).ln();
    if power.is_finite() { power.clamp(*may.start(), *may.end()) } else { 1.0 }
}
