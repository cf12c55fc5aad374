//! Estimates time and memory of a selection on the CPU, from a rehearsal of about a second.

use std::fs;
use std::time::Instant;

use serde::Serialize;

use crate::bandwidth::read_bandwidth;
use crate::error::Result;
use crate::options::{Device, Metric, Options};
use crate::pool::Pool;
use crate::question::check_budget;
use crate::select::select;
use crate::statistics::Statistics;
use crate::threads::on_engine_threads;
use crate::values::{RowBlock, RowScratch};

/// Values of the rehearsal's pool: 16 MB of f32.
const REHEARSAL_VALUES: usize = 4 << 20;
/// Rows a pick of the rehearsal.
const ROWS_A_PICK: usize = 16;
/// Values read to measure bandwidth: more than caches hold.
const BANDWIDTH_VALUES: usize = 64 << 20;
/// Distances a lazy run evaluates, tiles rounded up, of the n k there are.
const EVALUATED: f64 = 0.47;
/// Bytes of state a row, at most.
const STATE: u64 = 32;
/// Bytes of tiles and frontiers, at most.
const WORKSPACE: u64 = 256 << 20;

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
    /// Where.
    pub device: &'static str,
    /// Bytes of the pool's values.
    pub pool_bytes: u64,
    /// How many of those are not copied into memory.
    pub mapped_bytes: u64,
    /// Bytes of state, at most.
    pub state_bytes: u64,
    /// Bytes of workspace, at most.
    pub workspace_bytes: u64,
    /// Bytes of memory that are free; unknown where the system does not say.
    pub available_bytes: Option<u64>,
    /// State and workspace fit into memory.
    pub fits: Option<bool>,
    /// The pool fits beside them; if not it is read from its file about three times.
    pub pool_fits: Option<bool>,
    /// Distances that will be evaluated by the filter, of the `rows budget` there are.
    pub evaluations: f64,
    /// Seconds it will take, estimated.
    pub seconds: f64,
    /// Rows of the rehearsal.
    pub rehearsal_rows: usize,
    /// Its picks.
    pub rehearsal_picks: usize,
    /// Its seconds.
    pub rehearsal_seconds: f64,
    /// Bytes a second that all cores read from memory together.
    pub read_bytes_per_second: f64,
    /// Seconds that a loop takes at least which reads the pool once a pick.
    pub plain_loop_seconds: f64,
}

/// Says whether a selection of `budget` rows on the CPU will fit, where, and how long it will take. It measures this
/// machine for about a second: by a rehearsal on a sample of the pool, and by how fast memory is read.
///
/// # Errors
/// A budget of 0 or beyond the rows; under cosine a row of zeros in the sample.
pub fn plan(pool: &Pool, budget: usize, metric: Metric, threads: usize) -> Result<Plan> {
    check_budget(budget, pool.rows())?;
    let (n, d, k) = (pool.rows(), pool.dimensions(), budget);
    let state = STATE * n as u64;
    // The part of the pool that is in memory takes some of it already; the part that is mapped does not.
    let available = memory_available();
    let mapped = pool.disk_bytes() as u64;
    let fits = |bytes: u64| available.map(|available| bytes <= available);
    let rehearsal = pool.vouch(Rehearsal::run(pool, metric, threads))?;
    let bandwidth = on_engine_threads(threads, || bandwidth(n * d))?;
    Ok(Plan {
        rows: n,
        dimensions: d,
        dtype: pool.dtype().name(),
        budget: k,
        device: "cpu",
        pool_bytes: pool.bytes() as u64,
        mapped_bytes: mapped,
        state_bytes: state,
        workspace_bytes: WORKSPACE,
        available_bytes: available,
        fits: fits(state + WORKSPACE),
        pool_fits: fits(state + WORKSPACE + mapped),
        evaluations: EVALUATED * n as f64 * k as f64,
        seconds: rehearsal.estimate(n, k),
        rehearsal_rows: rehearsal.rows,
        rehearsal_picks: rehearsal.picks,
        rehearsal_seconds: rehearsal.seconds,
        read_bytes_per_second: bandwidth,
        plain_loop_seconds: n as f64 * k as f64 * d as f64 * 4.0 / bandwidth,
    })
}

/// A real selection from a sample of the pool, timed.
struct Rehearsal {
    rows: usize,
    picks: usize,
    seconds: f64,
    statistics: Statistics,
}

impl Rehearsal {
    /// Select from rows spread evenly over the pool.
    fn run(pool: &Pool, metric: Metric, threads: usize) -> Result<Rehearsal> {
        let d = pool.dimensions();
        let rows = (REHEARSAL_VALUES / d).clamp(256, 16_384).min(pool.rows());
        let mut scratch = RowScratch::new();
        let mut values = RowBlock::default();
        for sampled in 0..rows {
            values.push(pool.values(sampled * (pool.rows() / rows), &mut scratch));
        }
        let sample = match &values {
            RowBlock::F32(values) => Pool::new(values, d)?,
            RowBlock::F64(values) => Pool::new(values, d)?,
        };
        let picks = (rows / ROWS_A_PICK).max(1);
        let options = Options { metric, threads, device: Device::Cpu, ..Options::default() };
        let started = Instant::now();
        let statistics = select(&sample, picks, &options)?.statistics;
        Ok(Rehearsal { rows, picks, seconds: started.elapsed().as_secs_f64(), statistics })
    }

    /// Seconds for `picks` picks from `rows` rows: the time that an evaluation, a pick and a row each took, times how
    /// many there will be.
    fn estimate(&self, rows: usize, picks: usize) -> f64 {
        let (s, n, k) = (&self.statistics, rows as f64, picks as f64);
        let evaluation = s.refresh_seconds / (s.tile_evaluations as f64).max(1.0);
        let pick = (s.pick_seconds + s.frontier_seconds) / self.picks as f64;
        let row = s.prepare_seconds / self.rows as f64;
        EVALUATED * n * k * evaluation + k * pick + n * row
    }
}

/// Bytes a second that all cores read together, from an array of at most `values` f32.
fn bandwidth(values: usize) -> f64 {
    read_bandwidth(&vec![1.0; values.clamp(1 << 16, BANDWIDTH_VALUES)])
}

/// Bytes of memory that a new program may take, where the system says so.
fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
