//! The public call: a pool, a budget and options in, a [`Selection`] out.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::greedy::Statistics;
use crate::pool::Pool;
use crate::tuning::{Tuning, select_tuned};

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The euclidean distance.
    #[default]
    Euclidean,
    /// The euclidean distance between rows scaled to norm 1, a chord: the cosine distance is half its square.
    Cosine,
}

/// The first center, where nothing is labeled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// The lowest eligible row: row 0, unless it is excluded.
    #[default]
    Lowest,
    /// This row.
    Row(usize),
    /// The eligible row nearest the mean of the rows that are not excluded.
    Mean,
    /// The eligible row of largest weight.
    Heaviest,
    /// An eligible row drawn with [`Options::seed`].
    Random,
}

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The fastest device there is.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
}

/// What may be said about a selection beside the budget. `Options::default()` selects from the whole pool, from row 0.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Pool rows that are centers from the start, distinct.
    pub labeled: Vec<usize>,
    /// Vectors from elsewhere, of the pool's dimension, that are centers from the start; they follow `labeled`.
    pub labeled_vectors: Option<&'a Pool<'a>>,
    /// Pool rows that are neither chosen nor counted in the radius.
    pub excluded: Vec<usize>,
    /// One finite number of at least 0 a row: the key of a row is its weight times its distance.
    pub weights: Option<Vec<f32>>,
    /// Stop once the radius is at most this.
    pub stop_radius: Option<f64>,
    /// The first center where nothing is labeled.
    pub first: First,
    /// The metric.
    pub metric: Metric,
    /// For [`First::Random`]; nothing else is random.
    pub seed: u64,
    /// Where to work.
    pub device: Device,
    /// CPU threads; 0 is one a core. The answer does not depend on it.
    pub threads: usize,
    /// The first picks of an earlier run with the same options, counted in the budget: the run goes on from there.
    pub resume: Vec<usize>,
    /// Also return every row's distance to its nearest center, and which one that is: one more pass over the pool.
    pub assign: bool,
}

/// The rows selected, in order, and how well they cover the pool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// The chosen rows, in the order greedy chose them.
    pub centers: Vec<usize>,
    /// `radii[t]` is the cover radius once `centers[..=t]` are chosen: the coverage curve. As long as `centers`; one shorter
    /// after an interruption, when the last radius is not known.
    pub radii: Vec<f64>,
    /// The cover radius of the labeled centers alone; infinite if there are none.
    pub initial_radius: f64,
    /// `lower_bounds[t]`: no `t + 1` new centers have a radius below this. Half of `radii[t]` without weights; with them
    /// `radii[t] / (1 + a)`, `a` the largest weight ratio of a later to an earlier pick.
    pub lower_bounds: Vec<f64>,
    /// The row that the last radius is the distance of; none if every row is a center or the run was interrupted.
    pub farthest: Option<usize>,
    /// Per row, the distance to its nearest center; with [`Options::assign`].
    pub min_distances: Option<Vec<f64>>,
    /// Per row, its nearest center: `p >= 0` is a position in `centers`, `-1 - l` labeled entry `l`; with [`Options::assign`].
    pub assignment: Option<Vec<i64>>,
    /// True if the run was stopped from outside before its budget or stop radius.
    pub interrupted: bool,
    /// What the run did.
    pub statistics: Statistics,
}

impl Selection {
    /// The last cover radius known: the last of `radii`, or the initial one if there is none.
    pub fn radius(&self) -> f64 {
        self.radii.last().copied().unwrap_or(self.initial_radius)
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Centers chosen so far.
    pub chosen: usize,
    /// Centers wanted.
    pub budget: usize,
    /// The largest distance still to be covered when the latest center was chosen.
    pub radius: f64,
}

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
