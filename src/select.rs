//! The public call: a pool, a budget and options in, a [`Selection`] out.

use std::ops::ControlFlow;

use crate::engine::{Tuning, select_tuned};
use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;
use crate::selection::{Progress, Selection};

/// Select `budget` rows of `pool` by greedy k-center (farthest first).
///
/// The result is a pure function of the pool's values, the budget and the options: the same rows and radii to the bit for any
/// number of threads. Reads each row two to five times; memory beside the pool at most 32 bytes a row and a fixed
/// workspace. Time about `O(0.4 k n d)` in matrix products.
///
/// Source: Sener & Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018, Algorithm 1.
///
/// # Errors
/// A budget of 0 or beyond the rows available, row numbers out of range or repeated, bad weights, vectors of another
/// dimension, a zero row under cosine.
///
/// ```
/// use farpoint::{Options, Pool, select};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// let selection = select(&pool, 2, &Options::default())?;
/// assert_eq!(selection.centers, [0, 4]);
/// assert_eq!(selection.radii, [10.0, 2.0]);
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn select(pool: &Pool, budget: usize, options: &Options) -> Result<Selection> {
    select_with(pool, budget, options, &mut |_| ControlFlow::Continue(()))
}

/// [`select`], calling `watch` after every round of picks. `ControlFlow::Break` ends the run with what is chosen so far.
///
/// # Errors
/// As [`select`].
pub fn select_with(
    pool: &Pool,
    budget: usize,
    options: &Options,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    select_tuned(pool, budget, options, &Tuning::default(), watch)
}
