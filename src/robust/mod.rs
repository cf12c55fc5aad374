//! Robust k-center: the best radius that `budget` new centers can have with some rows left out, and the proof of it.

mod options;
mod selection;

use std::ops::ControlFlow;

use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;

pub use options::{Candidates, RobustOptions};
pub use selection::{Decision, End, Method, RobustProgress, RobustSelection, SearchStatistics};

/// Called as the search goes on; `Break` ends it with what is proven so far.
pub(crate) type Watch<'w> = &'w mut (dyn FnMut(RobustProgress) -> ControlFlow<()> + Send);

/// Choose `budget` rows of `pool` that leave all but [`RobustOptions::outliers`] rows within the least radius possible, with an
/// interval that is proven to hold that radius.
///
/// [`Options::weights`], [`Options::stop_radius`] and [`Options::resume`] have no part in it.
///
/// # Errors
/// As [`crate::select`]; as many outliers as there are rows to cover; options that have no part in it.
pub fn robust(
    pool: &Pool,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
) -> Result<RobustSelection> {
    robust_with(pool, budget, options, robust, &mut |_| ControlFlow::Continue(()))
}

/// [`robust`], calling `watch` as the search goes on. `ControlFlow::Break` ends it with the interval proven so far.
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
    let _ = (pool, budget, options, robust, watch);
    unimplemented!("the search")
}
