//! Searches that end early: an interval that holds the optimum.

use std::ops::ControlFlow;
use std::time::Duration;

use farpoint::synth::{self, Shape};
use farpoint::{Candidates, End, Pool, RobustProgress, RobustSelection, robust_with};

use crate::asked::Asked;
use crate::oracle::Oracle;
use crate::pools::{SMALL, small};
use crate::reference;

/// A question that takes some steps, and its optimum.
fn stepwise(check: impl Fn(Asked, &Oracle, f64)) {
    let values = synth::pool(Shape::Gaussian, 90, 4, 3);
    let pool = Pool::new(&values, 4).unwrap();
    for (budget, outliers) in [(2, 0), (2, 2), (9, 0), (9, 2), (30, 3)] {
        let asked = Asked::new(format!("{budget} and {outliers} out"), &pool, budget, outliers);
        let optimum = asked.solved().upper;
        let oracle = asked.oracle();
        check(asked, &oracle, optimum);
    }
}

#[test]
fn little_time_leaves_an_interval_that_holds() {
    stepwise(|mut asked, oracle, optimum| {
        for micros in [0, 1, 10, 100, 1000, 10_000] {
            asked.robust.time_limit = Some(Duration::from_micros(micros));
            let answer = asked.answer();
            asked.check_holds(oracle, &answer, optimum);
            assert!(matches!(answer.end, End::TimeLimit | End::Optimal), "{:?}", answer.end);
            assert_eq!(answer.is_optimal(), answer.end == End::Optimal, "{}", asked.name);
        }
        asked.robust.time_limit = Some(Duration::from_secs(3600));
        assert_eq!(asked.answer().end, End::Optimal, "{}", asked.name);
    });
    for seed in 0..100 {
        small(seed, |mut asked| {
            asked.robust.time_limit = Some(Duration::ZERO);
            let oracle = asked.oracle();
            asked.check_holds(&oracle, &asked.answer(), asked.optimum(&oracle));
        });
    }
}

/// Stops its watch at call number `stop`, counted from 0; answers with how many calls there were.
fn stopped(asked: &Asked, stop: usize) -> (RobustSelection, usize) {
    let mut seen = Vec::new();
    let watch = &mut |progress| {
        seen.push(progress);
        if seen.len() > stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let answer = robust_with(asked.pool, asked.budget, &asked.options, &asked.robust, watch);
    let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", asked.name));
    let narrows =
        |pair: &[RobustProgress]| pair[0].lower <= pair[1].lower && pair[0].upper >= pair[1].upper;
    assert!(seen.windows(2).all(narrows), "{}: {seen:?}", asked.name);
    if let Some(last) = seen.last() {
        assert!(last.lower <= answer.lower && answer.upper <= last.upper, "{}", asked.name);
    }
    (answer, seen.len())
}

/// Steps of a search at which it is stopped; a longer one is stopped at so many of its first.
const STOPS: usize = 120;

#[test]
fn an_interrupted_search_leaves_an_interval_that_holds() {
    stepwise(|asked, oracle, optimum| {
        let (_, calls) = stopped(&asked, usize::MAX);
        assert!(calls > 0, "{}: the watch is never called", asked.name);
        for stop in 0..calls.min(STOPS) {
            let (answer, calls) = stopped(&asked, stop);
            asked.check_holds(oracle, &answer, optimum);
            // How often a search looks up depends on the clock: it may end before.
            assert!(calls <= stop + 1, "{}: the search went on", asked.name);
            assert!(matches!(answer.end, End::Interrupted | End::Optimal), "{:?}", answer.end);
        }
    });
}

#[test]
fn a_gap_is_enough_where_it_is_asked_for() {
    stepwise(|mut asked, oracle, optimum| {
        for gap in [0.5, 0.1, 0.01, 1e-9] {
            asked.robust.gap = gap;
            let answer = asked.answer();
            asked.check_holds(oracle, &answer, optimum);
            assert!(answer.upper - answer.lower <= gap * answer.upper, "{}, {gap}", asked.name);
            assert!(matches!(answer.end, End::Gap | End::Optimal), "{:?}", answer.end);
        }
    });
}

/// Among greedy's picks there is a choice within three times the best radius. The interval is of all choices.
#[test]
fn among_greedys_picks() {
    for seed in 0..SMALL / 6 {
        small(seed, |mut asked| {
            asked.robust.candidates = Candidates::Greedy;
            let oracle = asked.oracle();
            let (answer, optimum) = (asked.answer(), asked.optimum(&oracle));
            asked.check_holds(&oracle, &answer, optimum);
            assert!(answer.upper <= 3.0 * optimum * (1.0 + 1e-12), "{}: {optimum}", asked.name);
            assert!(matches!(answer.end, End::Candidates | End::Optimal), "{:?}", answer.end);
            asked.check_best_of_greedys(&oracle, answer.upper);
        });
    }
}

impl Asked<'_> {
    /// No choice among greedy's first `budget + outliers` picks has a radius below `upper`.
    fn check_best_of_greedys(&self, oracle: &Oracle, upper: f64) {
        let picks = (self.budget + self.robust.outliers).min(oracle.eligible.len());
        let eligible = reference::select(self.pool, picks, &self.options).centers;
        let Oracle { counted, labeled, distances, .. } = self.oracle();
        let among = Oracle { eligible, counted, labeled, distances };
        assert_eq!(upper, self.optimum(&among), "{}", self.name);
    }
}
