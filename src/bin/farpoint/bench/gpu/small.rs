//! Pools small enough for whole selections in one launch: what a training loop waits for every step.

use std::time::Instant;

use anyhow::{Context, Result};
use farpoint::cuda::{Batch, BatchOptions, DevicePool, Stream};
use farpoint::synth::{Shape, pool as synthetic};
use farpoint::tuning::GpuRates;
use farpoint::{Device, Element, Options, Pool, Selection, select};
use half::f16;
use half::slice::HalfFloatSliceExt;
use serde::Serialize;

use super::answers::compare;
use super::phases::Work;

/// Launches queued one after another, to be told apart from the wait for each.
const QUEUED: u32 = 16;

/// Pools of one shape.
#[derive(Clone, Copy)]
pub struct Small {
    name: &'static str,
    shape: Shape,
    pools: usize,
    rows: usize,
    d: usize,
    budget: usize,
    is_f16: bool,
}

/// What is measured: a step of active learning, and a batch of point clouds.
pub fn small(quick: bool) -> Vec<Small> {
    let (step_name, clouds_name) = ("text-like, synthetic", "clouds, synthetic");
    let step = |rows, d, budget, is_f16| {
        let (name, shape, pools) = (step_name, Shape::Text, 1);
        Small { name, shape, pools, rows, d, budget, is_f16 }
    };
    let clouds = |pools, rows, budget| {
        let (name, shape, d, is_f16) = (clouds_name, Shape::Gaussian, 3, false);
        Small { name, shape, pools, rows, d, budget, is_f16 }
    };
    if quick {
        return vec![step(256, 48, 16, true), clouds(3, 200, 20)];
    }
    let (rows, d, budget) = (4_096, 768, 256);
    vec![step(rows, d, budget, false), step(rows, d, budget, true), clouds(64, rows, budget)]
}

/// Their figures. Seconds are medians.
#[derive(Serialize)]
pub struct MeasuredSmall {
    pub pool: &'static str,
    pub pools: usize,
    /// Of each pool.
    pub rows: usize,
    pub dimensions: usize,
    pub dtype: &'static str,
    /// Of each pool.
    pub budget: usize,
    pub turns: usize,
    /// From queueing one launch until the picks are on the device, as the host sees it.
    pub seconds: f64,
    pub least_seconds: f64,
    pub most_seconds: f64,
    /// A launch's share where `queued` of them follow one another without a wait.
    pub seconds_back_to_back: f64,
    pub queued: u32,
    /// From queueing one launch until the selections are on the host.
    pub seconds_fetched: f64,
    pub work: Vec<Work>,
    /// The largest of its work's: barriers overlap with nothing, arithmetic and reading with each other.
    pub floor_seconds: f64,
    pub share_of_rate: f64,
}

/// Measure on GPU number `device`.
pub fn measure(
    small: Small,
    device: usize,
    rates: &GpuRates,
    turns: usize,
) -> Result<MeasuredSmall> {
    let values = synthetic(small.shape, small.pools * small.rows, small.d, 1);
    if !small.is_f16 {
        return measure_values(small, &values, device, rates, turns);
    }
    let mut halves = vec![f16::ZERO; values.len()];
    halves.convert_from_f32_slice(&values);
    measure_values(small, &halves, device, rates, turns)
}

fn measure_values<T: Element>(
    small: Small,
    values: &[T],
    device: usize,
    rates: &GpuRates,
    turns: usize,
) -> Result<MeasuredSmall> {
    let stream = Stream::new(device)?;
    let lent = DevicePool::upload(&Pool::new(values, small.d)?, &stream)?;
    let offsets: Vec<usize> = (0..=small.pools).map(|pool| pool * small.rows).collect();
    let budgets = vec![small.budget; small.pools];
    let batch =
        Batch::new(&stream, T::DTYPE, small.d, &offsets, &budgets, &BatchOptions::default())?;
    let mut step = Step { batch, lent, stream };
    compare_all(small, values, &step.fetched()?)?;
    let waits = sorted(turns, || step.waited(1))?;
    let in_a_row = sorted(turns, || step.waited(QUEUED))?;
    let fetches = sorted(turns, || step.fetched())?;
    // The last answer too: all those launches used the same memory.
    compare_all(small, values, &step.fetched()?)?;
    let seconds = waits[waits.len() / 2];
    let work = small.work(size_of_val(values), rates);
    let floor_seconds: f64 = work.iter().map(|work| work.floor_seconds).fold(0.0, f64::max);
    Ok(MeasuredSmall {
        pool: small.name,
        pools: small.pools,
        rows: small.rows,
        dimensions: small.d,
        dtype: T::DTYPE.name(),
        budget: small.budget,
        turns,
        seconds,
        least_seconds: waits[0],
        most_seconds: waits[waits.len() - 1],
        seconds_back_to_back: in_a_row[in_a_row.len() / 2] / f64::from(QUEUED),
        queued: QUEUED,
        seconds_fetched: fetches[fetches.len() / 2],
        work,
        floor_seconds,
        share_of_rate: floor_seconds / seconds,
    })
}

/// Seconds of each turn, the least first.
fn sorted<T>(turns: usize, mut run: impl FnMut() -> Result<T>) -> Result<Vec<f64>> {
    let mut seconds = Vec::with_capacity(turns);
    for _ in 0..turns {
        let started = Instant::now();
        run()?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds)
}

/// A training loop's step.
struct Step<'a> {
    batch: Batch,
    lent: DevicePool<'a>,
    stream: Stream,
}

impl Step<'_> {
    fn waited(&mut self, launches: u32) -> Result<()> {
        for _ in 0..launches {
            self.batch.queue(&self.lent, &self.stream)?;
        }
        Ok(self.stream.synchronize()?)
    }

    fn fetched(&mut self) -> Result<Vec<Selection>> {
        self.batch.queue(&self.lent, &self.stream)?;
        Ok(self.batch.fetch(&self.lent, &self.stream)?)
    }
}

/// Each pool's selection is the CPU engine's.
fn compare_all<T: Element>(small: Small, values: &[T], found: &[Selection]) -> Result<()> {
    let options = Options { device: Device::Cpu, ..Options::default() };
    for (pool, (values, found)) in values.chunks(small.rows * small.d).zip(found).enumerate() {
        let expected = select(&Pool::new(values, small.d)?, small.budget, &options)?;
        compare(&expected, found).with_context(|| format!("pool {pool} of {}", small.pools))?;
    }
    Ok(())
}

impl Small {
    fn work(self, bytes: usize, rates: &GpuRates) -> Vec<Work> {
        let pairs = (self.pools * self.rows * self.budget) as f64;
        // A difference takes the place of a multiply-add, which would be two.
        let flop = 4.0 * self.d as f64 * pairs;
        let picks = (self.budget as f64, rates.barrier_seconds.recip());
        vec![
            Work::new("a barrier a pick", picks.0, "picks", ("barrier", picks.1)),
            Work::new("differences squared", flop, "FLOP", ("fma", rates.fma_flop_per_second)),
            Work::new("read once", bytes as f64, "B", ("read", rates.read_bytes_per_second)),
        ]
    }
}
