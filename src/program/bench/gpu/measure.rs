//! One pool's measurement on a GPU: the answer first, then times.

use std::time::Instant;

use crate::cuda::{self, DevicePool, Stream};
use crate::lab::GpuRates;
use crate::{Device, Options, Pool, Selection, Statistics, select};
use anyhow::Result;
use serde::Serialize;

use super::answers::compare;
use super::phases::{Phase, Run};
use super::small::{Bench as SmallBench, MeasuredSmall};
use super::subject::Subject;
use super::ways::{Way, ways};

/// Device memory that a selection may take: the pool if it is copied there, so much a row, and so much whatever the
/// pool.
const ROW_BYTES: u64 = 48;
const WORKSPACE_BYTES: u64 = 1_000_000_000;
/// Rows of a pool that is selected from in one launch, at most.
const SMALL_ROWS: usize = 4096;

/// One pool's figures.
#[derive(Serialize)]
pub struct Measured {
    pub pool: String,
    pub rows: usize,
    pub dimensions: usize,
    pub dtype: &'static str,
    pub budget: usize,
    pub turns: usize,
    /// One run of the CPU engine, whose rows and radii the GPU's are equal to.
    pub cpu_seconds: f64,
    pub cpu_threads: usize,
    /// From a pool in host memory.
    pub from_host: Timed,
    /// From a pool that lies on the device already, as in a training loop.
    pub from_device: Timed,
    /// From host memory by ways that no selection takes by itself.
    pub ways: Vec<Way>,
}

/// A selection's times, from the call to its answer on the host.
#[derive(Serialize)]
pub struct Timed {
    /// The median over the turns.
    pub seconds: f64,
    pub least_seconds: f64,
    pub most_seconds: f64,
    /// The sum of the phases'.
    pub floor_seconds: f64,
    /// Phases of the median run, as are all fields below.
    pub phases: Vec<Phase>,
    pub rounds: usize,
    /// Row-center pairs that refreshes needed, of n k; then with those that tiles rounded up to; then those of picking.
    pub evaluations_fraction: f64,
    pub tile_fraction: f64,
    pub pick_fraction: f64,
    pub reads_per_row: f64,
    pub canonical_per_refreshed_row: f64,
    pub frontier_seconds_per_round: f64,
    pub pick_seconds_per_pick: f64,
    /// Device memory that the selection allocated, and what it may.
    pub device_bytes: u64,
    pub allowed_bytes: u64,
    pub statistics: Statistics,
}

/// Measure one pool; a small one in one launch, too, in `small.turns`.
pub fn measure(
    subject: &Subject,
    small: SmallBench,
    turns: usize,
) -> Result<(Measured, Option<MeasuredSmall>)> {
    subject.with_pool(|pool| {
        let k = subject.budget;
        let on = |device| Options { device, ..Options::default() };
        let (cpu_seconds, expected) = once(|| Ok(select(pool, k, &on(Device::Cpu))?))?;
        let bench = Bench { pool, k, rates: small.rates, turns, expected };
        let gpu = on(Device::Cuda(small.device));
        let from_host = bench.time(true, || Ok(select(pool, k, &gpu)?))?;
        let ways = ways(&bench, small.device)?;
        // Only now: two copies of the pool may not fit.
        let stream = Stream::new(small.device)?;
        let lent = DevicePool::upload(pool, &stream)?;
        let from_device = bench.time(false, || Ok(cuda::select(&lent, k, &gpu, &stream)?))?;
        let is_small = pool.rows() <= SMALL_ROWS;
        let in_one_launch =
            is_small.then(|| small.measure(&subject.name, pool, &[bench.expected])).transpose()?;
        let measured = Measured {
            pool: subject.name.clone(),
            rows: pool.rows(),
            dimensions: pool.dimensions(),
            dtype: pool.dtype().name(),
            budget: k,
            turns,
            cpu_seconds,
            cpu_threads: std::thread::available_parallelism().map_or(1, usize::from),
            from_host,
            from_device,
            ways,
        };
        Ok((measured, in_one_launch))
    })
}

/// Seconds until the caller has the answer, and the answer.
fn once(select: impl Fn() -> Result<Selection>) -> Result<(f64, Selection)> {
    let started = Instant::now();
    let selection = select()?;
    Ok((started.elapsed().as_secs_f64(), selection))
}

/// The selection that is timed, and the answer that it must give.
pub struct Bench<'a> {
    pub pool: &'a Pool<'a>,
    pub k: usize,
    rates: &'a GpuRates,
    turns: usize,
    expected: Selection,
}

impl Bench<'_> {
    /// `uploads`: whether `select` brings the pool to the device.
    fn time(&self, uploads: bool, select: impl Fn() -> Result<Selection>) -> Result<Timed> {
        Ok(self.summary(uploads, &self.runs(select)?))
    }

    /// The median run.
    pub fn median(&self, select: impl Fn() -> Result<Selection>) -> Result<(f64, Statistics)> {
        let mut runs = self.runs(select)?;
        Ok(runs.swap_remove(runs.len() / 2))
    }

    /// Every turn, by its seconds.
    fn runs(&self, select: impl Fn() -> Result<Selection>) -> Result<Vec<(f64, Statistics)>> {
        // A run that does not count, to warm up.
        compare(&self.expected, &select()?)?;
        let mut runs = Vec::new();
        for _ in 0..self.turns {
            let (seconds, selection) = once(&select)?;
            compare(&self.expected, &selection)?;
            runs.push((seconds, selection.statistics));
        }
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(runs)
    }

    /// `runs` by their seconds.
    fn summary(&self, uploads: bool, runs: &[(f64, Statistics)]) -> Timed {
        // All figures of a run are those of the median one.
        let (seconds, s) = &runs[runs.len() / 2];
        let (n, k) = (self.pool.rows(), self.k);
        let pairs = n as f64 * k as f64;
        let phases = Run {
            rates: self.rates,
            statistics: s,
            seconds: *seconds,
            n,
            d: self.pool.dimensions(),
            k,
            pool_bytes: self.pool.bytes(),
            uploads,
        }
        .phases();
        let copied = if uploads { self.pool.bytes() as u64 } else { 0 };
        let canonical = s.refresh_canonical + s.pick_canonical;
        Timed {
            seconds: *seconds,
            least_seconds: runs[0].0,
            most_seconds: runs[runs.len() - 1].0,
            floor_seconds: phases.iter().map(|phase| phase.floor_seconds).sum(),
            phases,
            rounds: s.rounds,
            evaluations_fraction: s.refresh_evaluations as f64 / pairs,
            tile_fraction: s.tile_evaluations as f64 / pairs,
            pick_fraction: s.pick_evaluations as f64 / pairs,
            reads_per_row: s.row_reads as f64 / n as f64,
            canonical_per_refreshed_row: canonical as f64 / s.refreshed_rows as f64,
            frontier_seconds_per_round: s.frontier_seconds / s.rounds as f64,
            pick_seconds_per_pick: s.pick_seconds / k as f64,
            device_bytes: s.device_bytes,
            allowed_bytes: copied + ROW_BYTES * n as u64 + WORKSPACE_BYTES,
            statistics: s.clone(),
        }
    }
}
