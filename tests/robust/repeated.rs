//! The same answer every time.

use farpoint::{Decision, Options, RobustSelection, SearchStatistics, Statistics};

use crate::asked::Asked;
use crate::pools::each_medium;

/// What must not depend on threads or the day.
fn timeless(answer: RobustSelection) -> RobustSelection {
    let seconds = |decision| Decision { seconds: 0.0, elapsed: 0.0, ..decision };
    let SearchStatistics { rows, pairs, .. } = answer.search;
    RobustSelection {
        decisions: answer.decisions.into_iter().map(seconds).collect(),
        statistics: Statistics::default(),
        search: SearchStatistics { rows, pairs, ..SearchStatistics::default() },
        ..answer
    }
}

#[test]
fn the_same_on_any_number_of_threads_and_every_time() {
    each_medium(|name, pool, told| {
        for (budget, outliers) in [(pool.rows() / 8, 0), (pool.rows() / 5, 3)] {
            let mut asked = Asked::new(name, pool, budget, outliers);
            asked.options = Options { assign: true, ..told.clone() };
            let once = timeless(asked.answer());
            for threads in [1, 3, 2] {
                asked.options.threads = threads;
                assert_eq!(timeless(asked.answer()), once, "{name}, {threads} threads");
            }
        }
    });
}
