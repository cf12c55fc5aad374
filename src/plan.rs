//! Estimates memory, reads and time of a selection, for each way it can be made.

mod given;
mod gpus;
mod rehearsal;
mod search;
mod trial;
mod ways;

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::bandwidth::read_bandwidth;
use crate::error::{Error, Result};
use crate::memory::{LimitedBy, Memory};
use crate::options::{Device, Options};
use crate::pool::{Needs, Outline, Sample, is_set};
use crate::question::check_budget;
use crate::robust::RobustOptions;
use crate::threads::on_engine_threads;
use given::Given;
pub use gpus::{GpuShare, gpu_shares};
use rehearsal::Rehearsal;
pub use search::RobustPlan;
use ways::Planned;
pub use ways::{Way, WayName};

/// Values read to measure bandwidth: more than caches hold.
const BANDWIDTH_VALUES: usize = 64 << 20;

/// What else is planned, beside a selection and its options. `PlanOptions::default()` is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanOptions {
    /// Bytes of memory that this process may hold, as [`crate::pool::OpenOptions::memory`].
    pub memory: Option<u64>,
    /// A robust selection ([`crate::robust`]); the plan's ways, counts and seconds are then those of the greedy one that it begins with.
    pub robust: Option<RobustOptions>,
}

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
    /// Centers from the start: labeled rows, and vectors from elsewhere.
    pub labeled: usize,
    /// Rows that are neither chosen nor counted.
    pub excluded: usize,
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
    /// Bytes of what is labeled, excluded and weighted.
    pub given_bytes: u64,
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
    /// Of a robust selection, what its search takes.
    pub robust: Option<RobustPlan>,
    /// Distances that will be evaluated by the filter, of the `rows (labeled + budget)` there are.
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
    /// Seconds that a loop takes at least which reads the pool, as it is stored, once a center, labeled or new.
    pub plain_loop_seconds: f64,
}

/// Says whether [`crate::select`] of `budget` rows by `options` will fit on the CPU, in which way it will be made, and how long it will
/// take. It measures this machine for a few seconds: by a rehearsal on a sample of the pool's rows, and by how fast memory is read. How far
/// rows lie from each other decides how long a selection takes; without a sample the rows are made up, like embeddings, and low dimensions,
/// ties or outliers can make it several times as long. [`Options::interrupt`], set from another thread, ends the measurements.
///
/// The time of a sample's selection is carried over to the whole by two powers: of the rows, from the same picks of half of the sample,
/// and of the picks, from the second half of them. A sample that takes long is made smaller, with picks in proportion. Labeled, excluded and
/// weighted rows are a part of the rehearsal: all of them where the sample is the pool; else as large a part of the sample's rows, which
/// lie evenly in it, and picks are in proportion, too. What must be read from a disk is added.
///
/// Of a robust selection the time until its search begins is estimated, and its memory. How long the search takes depends on what it comes
/// to prove, which no rehearsal tells: [`RobustOptions::time_limit`] decides it.
///
/// Whatever [`Options::device`], [`Options::first`] and [`Options::assign`] say, the plan is that of a selection on the CPU from the lowest
/// row, without distances.
///
/// # Errors
/// A budget of 0 or beyond the rows that may be chosen; rows, vectors and weights that [`crate::select`] refuses; a stop radius, picks to
/// resume from; threads that cannot be started; rows of the sample that are not finite or, under cosine, of norm 0; [`Error::Interrupted`].
///
/// ```
/// use farpoint::pool::{Outline, Sample};
/// use farpoint::{Options, PlanOptions, Pool, plan};
///
/// let values = vec![0.5f32; 1000 * 16];
/// let pool = Pool::new(&values, 16)?;
/// let sample = Sample::of(&pool)?;
/// let options = Options { labeled: vec![3, 5], threads: 1, ..Options::default() };
/// let plan = plan(&Outline::of(&pool), Some(&sample), 10, &options, &PlanOptions::default())?;
/// assert_eq!((plan.pool_bytes, plan.labeled), (64_000, 2));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn plan(
    outline: &Outline,
    sample: Option<&Sample>,
    budget: usize,
    options: &Options,
    plan: &PlanOptions,
) -> Result<Plan> {
    let (n, d) = (outline.rows, outline.dimensions);
    let given = Given::new(n, d, options)?;
    check_budget(budget, given.available())?;
    plan.robust.as_ref().map_or(Ok(()), |_| options.check_robust())?;
    let picks = |robust: &RobustOptions| search::greedy_picks(budget, robust, &given);
    let picks = plan.robust.as_ref().map_or(Ok(budget), picks)?;
    // What is given is of the pool's rows; a sample has its own part of it.
    let Options { metric, threads, interrupt, .. } = *options;
    let bare = &Options { device: Device::Cpu, metric, threads, interrupt, ..Options::default() };
    let available = available(outline, sample, plan.memory);
    let needs = Needs::of(n, d, outline.dtype);
    let rows = rehearsal::rows(outline, sample, threads, available)?;
    let rehearsal = Rehearsal::run(outline, &rows, &given, picks, bare)?;
    let passes = || search::passes(&rows, n, budget + given.labeled(), bare);
    let passes = plan.robust.is_some().then(passes).transpose()?;
    let bandwidth = on_engine_threads(threads, || bandwidth(n * d, interrupt))?;
    if is_set(interrupt) {
        return Err(Error::Interrupted);
    }
    let planned = Planned { outline, picks, metric, given: &given, needs };
    let ways = ways::on_cpu(&planned, &rehearsal, available);
    let taken = ways.iter().find(|way| way.fits != Some(false));
    let least = ways.iter().min_by_key(|way| way.memory_bytes).expect("the pool can be in memory");
    let seconds = taken.unwrap_or(least).seconds;
    let (start_bytes, memory_bytes) = search::bytes(n);
    let beside = given.bytes() + needs.least();
    let robust = plan.robust.as_ref().map(|robust| RobustPlan {
        outliers: robust.outliers,
        greedy_picks: picks,
        start_seconds: seconds.zip(passes).map(|(greedy, passes)| greedy + passes),
        start_bytes: beside + start_bytes.max(needs.copy),
        pair_bytes: crate::robust::PAIR_BYTES,
        memory_bytes: beside + memory_bytes.max(needs.copy),
    });
    let centers = (picks + given.labeled()) as f64;
    Ok(Plan {
        rows: n,
        dimensions: d,
        dtype: outline.dtype.name(),
        budget,
        labeled: given.labeled(),
        excluded: given.excluded(),
        device: "cpu",
        pool_bytes: outline.bytes,
        disk_bytes: outline.in_place_bytes,
        decoded_bytes: outline.decoded_bytes,
        state_bytes: needs.state,
        workspace_bytes: needs.workspace,
        given_bytes: given.bytes(),
        available_bytes: available.map(|memory| memory.bytes),
        limited_by: available.map(|memory| memory.limited_by),
        way: taken.map(|way| way.name),
        fits: available.map(|_| taken.is_some()),
        robust,
        evaluations: rehearsal.evaluated * n as f64 * centers,
        seconds,
        rehearsal_rows: rehearsal.rows,
        rehearsal_of_pool: sample.is_some(),
        rehearsal_picks: rehearsal.picks,
        rehearsal_seconds: rehearsal.seconds,
        growth_by_rows: rehearsal.growth.0,
        growth_by_picks: rehearsal.growth.1,
        read_bytes_per_second: bandwidth,
        plain_loop_seconds: outline.bytes as f64 * centers / bandwidth,
        filter: rehearsal.filter,
        ways: ways.iter().cloned().chain(ways::on_gpu(outline)).collect(),
    })
}

/// The memory that a selection finds: what is held for the plan alone is free by then.
fn available(outline: &Outline, sample: Option<&Sample>, limit: Option<u64>) -> Option<Memory> {
    let row = (outline.dimensions * outline.dtype.bytes()) as u64;
    let held = sample.map_or(0, |sample| sample.rows() as u64 * row);
    Memory::within(limit).map(|memory| Memory { bytes: memory.bytes + held, ..memory })
}

/// Bytes a second that all cores read together, from an array of at most `values` f32.
fn bandwidth(values: usize, interrupt: Option<&AtomicBool>) -> f64 {
    read_bandwidth(&vec![1.0; values.clamp(1 << 16, BANDWIDTH_VALUES)], interrupt)
}
