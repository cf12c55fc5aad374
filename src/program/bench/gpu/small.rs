//! Pools small enough for whole selections in one launch: what a training loop waits for every step.

use std::time::Instant;

use crate::cuda::{Batch, BatchOptions, DevicePool, Stream};
use crate::lab::GpuRates;
use crate::synth::{Shape, pool as synthetic};
use crate::{Device, Element, Options, Pool, Selection, select};
use anyhow::{Context, Result};
use half::f16;
use half::slice::HalfFloatSliceExt;
use serde::Serialize;

use super::answers::compare;
use super::phases::Work;

/// Launches queued one after another, to be told apart from the wait for each.
const QUEUED: u32 = 16;

/// Pools of one shape, to be made.
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

/// The pools that are measured if none is given: a step of active learning, and a batch of point clouds.
pub fn small(quick: bool) -> Vec<Small> {
    let step = |rows, d, budget, is_f16| {
        let (name, shape, pools) = ("text-like, synthetic", Shape::Text, 1);
        Small { name, shape, pools, rows, d, budget, is_f16 }
    };
    let clouds = |pools, rows, budget| {
        let (name, shape, d, is_f16) = ("clouds, synthetic", Shape::Gaussian, 3, false);
        Small { name, shape, pools, rows, d, budget, is_f16 }
    };
    if quick {
        return vec![step(256, 48, 16, true), clouds(4, 256, 32)];
    }
    let (rows, d, budget) = (4_096, 768, 256);
    vec![step(rows, d, budget, false), step(rows, d, budget, true), clouds(64, rows, budget)]
}

/// Their figures. Seconds are medians.
#[derive(Serialize)]
pub struct MeasuredSmall {
    pub pool: String,
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
    /// The largest of its work's: each may overlap with the others.
    pub floor_seconds: f64,
    pub share_of_rate: f64,
}

/// Where and how often.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    pub device: usize,
    pub rates: &'a GpuRates,
    pub turns: usize,
}

impl Small {
    /// Make the pools and measure them.
    pub fn measure(self, bench: Bench) -> Result<MeasuredSmall> {
        let values = synthetic(self.shape, self.pools * self.rows, self.d, 1);
        if !self.is_f16 {
            return self.measure_values(&values, bench);
        }
        let mut halves = vec![f16::ZERO; values.len()];
        halves.convert_from_f32_slice(&values);
        self.measure_values(&halves, bench)
    }

    fn measure_values<T: Element>(self, values: &[T], bench: Bench) -> Result<MeasuredSmall> {
        let options = Options { device: Device::Cpu, ..Options::default() };
        let on_cpu = |values| select(&Pool::new(values, self.d)?, self.budget, &options);
        let each = values.chunks(self.rows * self.d).map(on_cpu);
        let expected = each.collect::<crate::Result<Vec<_>>>()?;
        bench.measure(self.name, &Pool::new(values, self.d)?, &expected)
    }
}

impl Bench<'_> {
    /// Measure as many pools of equal size, one after another in `pools`, as there are answers.
    pub fn measure(
        self,
        name: &str,
        pools: &Pool,
        expected: &[Selection],
    ) -> Result<MeasuredSmall> {
        let mut step = Step::new(self.device, pools, expected)?;
        compare_all(expected, &step.fetched()?)?;
        let waits = sorted(self.turns, || step.waited(1))?;
        let in_a_row = sorted(self.turns, || step.waited(QUEUED))?;
        let fetches = sorted(self.turns, || step.fetched())?;
        // The last answer too: all those launches used the same memory.
        compare_all(expected, &step.fetched()?)?;
        let seconds = waits[waits.len() / 2];
        let work = self.work(pools, step.budget);
        let floor_seconds = work.iter().map(|work| work.floor_seconds).fold(0.0, f64::max);
        Ok(MeasuredSmall {
            pool: name.to_string(),
            pools: expected.len(),
            rows: pools.rows() / expected.len(),
            dimensions: pools.dimensions(),
            dtype: pools.dtype().name(),
            budget: step.budget,
            turns: self.turns,
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

    fn work(self, pools: &Pool, budget: usize) -> Vec<Work> {
        let (rates, k) = (self.rates, budget as f64);
        // A difference takes the place of a multiply-add, which would be two.
        let flop = 4.0 * pools.dimensions() as f64 * pools.rows() as f64 * k;
        let (barriers, read) = (rates.barrier_seconds.recip(), rates.read_bytes_per_second);
        vec![
            Work::new("a barrier a pick", k, "picks", ("barrier", barriers)),
            Work::new("differences squared", flop, "FLOP", ("fma", rates.fma_flop_per_second)),
            Work::new("the pools read once", pools.bytes() as f64, "B", ("read", read)),
        ]
    }
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
struct Step {
    batch: Batch,
    lent: DevicePool<'static>,
    stream: Stream,
    budget: usize,
}

impl Step {
    fn new(device: usize, pools: &Pool, expected: &[Selection]) -> Result<Step> {
        let stream = Stream::new(device)?;
        let lent = DevicePool::upload(pools, &stream)?;
        let (count, budget) = (expected.len(), expected[0].centers.len());
        let offsets: Vec<usize> = (0..=count).map(|pool| pool * pools.rows() / count).collect();
        let (d, budgets, options) =
            (pools.dimensions(), vec![budget; count], BatchOptions::default());
        let batch = Batch::new(&stream, pools.dtype(), d, &offsets, &budgets, &options)?;
        Ok(Step { batch, lent, stream, budget })
    }

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
fn compare_all(expected: &[Selection], found: &[Selection]) -> Result<()> {
    for (pool, (expected, found)) in expected.iter().zip(found).enumerate() {
        compare(expected, found).with_context(|| format!("pool {pool}"))?;
    }
    Ok(())
}
