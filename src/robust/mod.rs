//! Robust k-center: the best radius that `budget` new centers can have with some rows left out, and the proof of it.
//!
//! Source: Sener & Savarese, ICLR 2018, Algorithm 2, corrected: as printed its lower bound is wrong with outliers, and it
//! need not end. docs/robust.md says what is done instead.
//!
//! | file | what it has |
//! | --- | --- |
//! | `options`, `question` | what is asked, and its checks |
//! | `start` | greedy's cover and lower bound: where the search begins |
//! | `search` | the state of a search: the interval proven so far, and by what |
//! | `descent` | the search from radius to radius |
//! | `radii`, `tried` | which radius is decided next; which were tried in vain |
//! | `rows`, `held` | which rows are held for that; the rows and pairs that are held |
//! | `decide` | one radius decided, by the cheapest means that can |
//! | `cover`, `incidence` | the covering problem at one radius |
//! | `reduce`, `packing`, `greedy_cover`, `local_search`, `lagrangian`, `branch` | the means, a file each |
//! | `highs`, `highs_absent` | the linear and the mixed-integer program by HiGHS; the same without that feature |
//! | `proof` | floating-point weights made a proof in integers |
//! | `clock` | when the search must end |
//! | `selection`, `result` | the answer, and how a search becomes one |
//! | `cut_short` | the answer where a run was interrupted before its search |
//! | `paper` | Algorithm 2 as it is printed, for comparison |

mod branch;
mod clock;
mod cover;
mod cut_short;
mod decide;
mod descent;
mod greedy_cover;
mod held;
#[cfg(feature = "highs")]
mod highs;
#[cfg(not(feature = "highs"))]
mod highs_absent;
mod incidence;
mod lagrangian;
mod local_search;
mod options;
mod packing;
mod paper;
mod proof;
mod question;
mod radii;
mod reduce;
mod result;
mod rows;
mod search;
mod selection;
mod start;
mod tried;

use std::ops::ControlFlow;
use std::time::Instant;

use crate::engine::{Tuning, check_is_one, select_tuned, with_space};
use crate::error::Result;
use crate::ground::HostGround;
use crate::memory;
use crate::options::Options;
use crate::pool::{Pool, is_set};
use crate::selection::{Selection, forget};
use crate::statistics::Statistics;
use crate::threads::on_engine_threads;
use clock::{Clock, Watch};
use question::Question;
use search::Search;
use start::Start;

pub use options::{Candidates, RobustOptions};
pub use paper::{Printed, PrintedEnd};
pub(crate) use rows::{MOST_PAIRS_LAZY as MOST_PAIRS, PAIR_BYTES, ROW_BYTES};
pub use selection::{Decision, End, Method, RobustProgress, RobustSelection, SearchStatistics};

/// Choose `budget` rows of `pool` that leave all but [`RobustOptions::outliers`] rows within the least radius possible, with an
/// interval that is proven to hold that radius, and the proof.
///
/// Without a time limit the answer is a pure function of the pool's values and the options. With one it may depend on the
/// machine, but the interval is always true.
///
/// [`Options::weights`], [`Options::stop_radius`] and [`Options::resume`] are refused.
///
/// Time, beyond greedy's: one range join of the rows that need covering with the pool, then the search, which is
/// exponential at worst. Memory, beyond the pool: that of [`crate::select`], then at most 170 bytes a row and 64 bytes for each
/// pair of near rows that is held, of which there are at most 50 million. [`crate::plan`] estimates time and memory until the search.
///
/// # Errors
/// As [`crate::select`]; as many outliers as there are rows to cover; options that a robust selection does not take;
/// [`crate::Error::Interrupted`] where [`Options::interrupt`] is set before greedy has left a radius.
///
/// ```
/// use farpoint::{Options, Pool, RobustOptions, robust};
///
/// // Greedy takes 9 and leaves a radius of 2; 2 and 8 would do better.
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 3.0, 7.0, 8.0, 9.0, 100.0], 1)?;
/// let robust_options = RobustOptions { outliers: 1, ..RobustOptions::default() };
/// let selection = robust(&pool, 2, &Options::default(), &robust_options)?;
/// assert_eq!((selection.lower, selection.upper), (2.0, 2.0));
/// assert_eq!(selection.outliers, [7]);
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn robust(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
) -> Result<RobustSelection> {
    robust_with(pool, budget, options, robust, &mut |_| ControlFlow::Continue(()))
}

/// [`robust`], calling `watch` as the search goes on. `ControlFlow::Break` ends it with the interval proven so far. Nothing is asked of
/// `watch` during a pass over the pool, which [`Options::interrupt`] ends, too.
///
/// # Errors
/// As [`robust`].
pub fn robust_with(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
    watch: Watch,
) -> Result<RobustSelection> {
    robust_tuned(pool, budget, options, robust, &Tuning::default(), watch)
}

/// Algorithm 2 as it is printed, for comparison. [`robust`] answers the same question correctly. `watch` as in
/// [`robust_with`].
///
/// # Errors
/// As [`robust`], and if there are too many pairs of rows within greedy's radius: the algorithm needs them all.
pub fn robust_as_printed(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
    watch: Watch,
) -> Result<Printed> {
    let tuning = Tuning::default();
    let as_printed = |mut search: Search, start: &Start, _: &[u32], _| search.as_printed(start);
    let begun = begin(pool, budget, options, robust, &tuning, watch, as_printed)?;
    begun.answer.map_or_else(|| Printed::cut_short(&begun.greedy, budget, robust), Ok)
}

/// [`robust_with`], tuned.
///
/// # Errors
/// As there.
pub fn robust_tuned(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
    tuning: &Tuning,
    watch: Watch,
) -> Result<RobustSelection> {
    let go_on = |mut search: Search, start: &Start, nearest: &[u32], statistics| {
        let end = search.run(start)?;
        search.finish(end, start, nearest, options.assign, statistics)
    };
    let Begun { answer, greedy, fallback } =
        begin(pool, budget, options, robust, tuning, watch, go_on)?;
    let cut_short = || RobustSelection::cut_short(&greedy, pool.dimensions(), budget, robust);
    let mut selection = answer.map_or_else(cut_short, Ok)?;
    if fallback.is_some() {
        selection.statistics.fallback = fallback;
    }
    forget(pool.skipped(), &mut selection.min_distances, &mut selection.assignment);
    Ok(selection)
}

/// What [`begin`] comes to.
struct Begun<T> {
    /// None where the run was interrupted before the search had its start.
    answer: Option<T>,
    greedy: Selection,
    /// Why a GPU that `Auto` tried was not used.
    fallback: Option<String>,
}

/// Runs greedy, then `go_on` with a new search, each row's nearest labeled center and greedy's statistics.
fn begin<T: Send>(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
    tuning: &Tuning,
    watch: Watch,
    go_on: impl Fn(Search, &Start, &[u32], Statistics) -> Result<T> + Send + Sync,
) -> Result<Begun<T>> {
    check_is_one(options.device)?;
    let started = Instant::now();
    let mut clock = Clock::new(robust.time_limit, options.interrupt, watch);
    memory::check(ROW_BYTES * pool.rows() as u64)?;
    let available = on_engine_threads(options.threads, || {
        question::check(&HostGround::of_pool(pool, options)?, budget, options, robust)
    })??;
    let picks = available.min(budget.saturating_add(robust.outliers));
    let plain = Options { assign: false, ..options.clone() };
    let greedy = select_tuned(pool, picks, &plain, tuning, &mut |progress| {
        clock.greedy(progress.radius);
        if clock.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    // Greedy's picks alone are nothing that a robust selection goes on from.
    .map_err(|error| error.after(|| None))?;
    if is_set(options.interrupt) {
        return Ok(Begun { answer: None, greedy, fallback: None });
    }
    // Greedy's picks are of use when they are cut short. Distances are not: an interrupted pass over the pool leaves none.
    let (answer, fallback) = with_space(pool, options, tuning, |ground, space| {
        let (labeled, nearest) = space.labeled_distances()?;
        let question = Question::new(ground, budget, robust, labeled);
        let Some(start) = Start::new(&question, &greedy, space)? else { return Ok(None) };
        let mut search = Search::new(&question, space, &start, &mut clock);
        search.statistics.greedy_seconds = started.elapsed().as_secs_f64();
        go_on(search, &start, &nearest, greedy.statistics.clone()).map(Some)
    })?;
    Ok(Begun { answer, greedy, fallback })
}
