//! What may be asked of a selection.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::pool::Pool;

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
    /// GPU 0 if it can be used, else the CPU. Where there is an NVIDIA driver, [`crate::Statistics::fallback`] then says why;
    /// without one the machine is an ordinary one, and nothing need be said.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU of this number, counted from 0. It must be there: nothing else is tried.
    Cuda(usize),
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
    /// Set from another thread, it ends the run in the middle of a round, with what is chosen so far: within some milliseconds on
    /// the CPU, within a round on a GPU. [`crate::robust`] heeds it while it runs greedy; of
    /// [`crate::verify`] it makes an error.
    pub interrupt: Option<&'a AtomicBool>,
    /// Also return every row's distance to its nearest center, and which one that is: one more pass over the pool.
    pub assign: bool,
}
