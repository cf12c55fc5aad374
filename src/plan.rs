//! Estimates memory, reads and time of a selection, for each way it can be made.

mod rehearsal;
mod trial;
mod ways;

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::bandwidth::read_bandwidth;
use crate::error::{Error, Result};
use crate::memory::{LimitedBy, Memory};
use crate::options::Metric;
use crate::pool::{Needs, Outline, Sample, is_set};
use crate::question::check_budget;
use crate::threads::on_engine_threads;
use rehearsal::Rehearsal;
pub use ways::{Way, WayName};

/// Values read to measure bandwidth: more than caches hold.
const BANDWIDTH_VALUES: usize = 64 << 20;
/// Bytes a row that a robust search takes beside the pool, about: neighbours are most of it.
const ROBUST: u64 = 300;

/// The time and memory that a selection will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Rows of the pool.
    pub rows: usize,
    /// Values a row.
    pub dimensions: usize,
    /// How they are stored.
    pub dtype: &'static str,
    /// Centers to be chosen.
    pub budget: usize,
    /// Where the time was estimated.
    pub device: &'static str,
    /// Bytes of the pool's values.
    pub pool_bytes: u64,
    /// Of those, the ones in files, as a pool keeps them: they can stay there.
    pub disk_bytes: u64,
    /// Of those, the ones that must be decoded or rearranged first, into memory or a scratch file.
    pub decoded_bytes: u64,
    /// Bytes of state, at most.
    pub state_bytes: u64,
    /// Bytes of workspace, at most.
    pub workspace_bytes: u64,
    /// Bytes of memory that may be taken; unknown where the system does not say.
    pub available_bytes: Option<u64>,
    /// What leaves no more.
    pub limited_by: Option<LimitedBy>,
    /// The ways there are: of those on the CPU, which come first, the first that fits is taken.
    pub ways: Vec<Way>,
    /// The way that will be taken; none if nothing fits.
    pub way: Option<WayName>,
    /// Some way fits into memory.
    pub fits: Option<bool>,
    /// Bytes of memory that a robust selection takes beside the pool, about.
    pub robust_bytes: u64,
    /// Distances that will be evaluated by the filter, of the `rows budget` there are.
    pub evaluations: f64,
    /// Seconds that the way will take, estimated; of the way that takes the least memory where none fits.
    pub seconds: Option<f64>,
    /// On the CPU, what the rounds compute with, as [`crate::Statistics::filter`].
    pub filter: String,
    /// Rows of the rehearsal.
    pub rehearsal_rows: usize,
    /// Whether they are rows of the pool; else they were made up.
    pub rehearsal_of_pool: bool,
    /// Its picks.
    pub rehearsal_picks: usize,
    /// Its seconds, from the first round on.
    pub rehearsal_seconds: f64,
    /// The time is taken to grow with this power of the rows.
    pub growth_by_rows: f64,
    /// The same of the picks.
    pub growth_by_picks: f64,
    /// Bytes a second that all cores read from memory together.
    pub read_bytes_per_second: f64,
    /// Seconds that a loop takes at least which reads the pool, as it is stored, once a pick.
    pub plain_loop_seconds: f64,
}

/// Says whether a selection of `budget` rows on the CPU will fit, in which way it will be made, and how long it will take. It measures
/// this machine for a few seconds: by a rehearsal on a sample of the pool's rows, and by how fast memory is read. How far rows lie from each
/// other decides how long a selection takes; without a sample the rows are made up, like embeddings, and low dimensions, ties or outliers
/// can make it several times as long. `memory` limits what may be taken, as [`crate::pool::OpenOptions::memory`]; `interrupt`, set from
/// another thread, ends the measurements.
///
/// The time of a sample's selection is carried over to the whole by two powers: of the rows, from the same picks of half of the sample,
/// and of the picks, from the second half of them. A sample that takes long is made smaller, with picks in proportion. What must be read
/// from a disk is added.
///
/// # Errors
/// A budget of 0 or beyond the rows; threads that cannot be started; rows of the sample that are not finite or, under cosine, of norm 0;
/// [`Error::Interrupted`].
///
/// ```
/// use farpoint::pool::{Outline, Sample};
/// use farpoint::{Metric, Pool, plan};
///
/// let values = vec![0.5f32; 1000 * 16];
/// let pool = Pool::new(&values, 16)?;
/// let sample = Sample::of(&pool)?;
/// let plan = plan(&Outline::of(&pool), Some(&sample), 10, Metric::Euclidean, 1, None, None)?;
/// assert_eq!(plan.pool_bytes, 64_000);
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn plan(
    outline: &Outline,
    sample: Option<&Sample>,
    budget: usize,
    metric: Metric,
    threads: usize,
    memory: Option<u64>,
    interrupt: Option<&AtomicBool>,
) -> Result<Plan> {
    let (n, d, k) = (outline.rows, outline.dimensions, budget);
    check_budget(k, n)?;
    let available = Memory::within(memory);
    let needs = Needs::of(n, d, outline.dtype);
    let rehearsal = Rehearsal::run(outline, sample, k, metric, threads, interrupt)?;
    let bandwidth = on_engine_threads(threads, || bandwidth(n * d, interrupt))?;
    if is_set(interrupt) {
        return Err(Error::Interrupted);
    }
    let ways = ways::on_cpu(outline, k, metric, needs, &rehearsal, available);
    let taken = ways.iter().find(|way| way.fits != Some(false));
    let least = ways.iter().min_by_key(|way| way.memory_bytes).expect("the pool can be in memory");
    Ok(Plan {
        rows: n,
        dimensions: d,
        dtype: outline.dtype.name(),
        budget: k,
        device: "cpu",
        pool_bytes: outline.bytes,
        disk_bytes: outline.in_place_bytes,
        decoded_bytes: outline.decoded_bytes,
        state_bytes: needs.state,
        workspace_bytes: needs.workspace,
        available_bytes: available.map(|memory| memory.bytes),
        limited_by: available.map(|memory| memory.limited_by),
        way: taken.map(|way| way.name),
        fits: available.map(|_| taken.is_some()),
        robust_bytes: ROBUST * n as u64,
        evaluations: rehearsal.evaluated * n as f64 * k as f64,
        seconds: taken.unwrap_or(least).seconds,
        rehearsal_rows: rehearsal.rows,
        rehearsal_of_pool: rehearsal.is_of_pool,
        rehearsal_picks: rehearsal.picks,
        rehearsal_seconds: rehearsal.seconds,
        growth_by_rows: rehearsal.growth.0,
        growth_by_picks: rehearsal.growth.1,
        read_bytes_per_second: bandwidth,
        plain_loop_seconds: outline.bytes as f64 * k as f64 / bandwidth,
        filter: rehearsal.filter,
        ways: ways.iter().cloned().chain(ways::on_gpu(outline)).collect(),
    })
}

/// Bytes a second that all cores read together, from an array of at most `values` f32.
fn bandwidth(values: usize, interrupt: Option<&AtomicBool>) -> f64 {
    read_bandwidth(&vec![1.0; values.clamp(1 << 16, BANDWIDTH_VALUES)], interrupt)
}
