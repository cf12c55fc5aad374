//! A selection from a part of the pool, timed, and what the whole will take by it.

use std::ops::ControlFlow;
use std::time::Instant;

use half::{bf16, f16};

use crate::error::Result;
use crate::options::{Device, Metric, Options};
use crate::pool::{Dtype, Outline, Pool, Sample};
use crate::select::select_with;
use crate::statistics::Statistics;
use crate::synth::{self, Shape};
use crate::threads::on_engine_threads;

/// Values of made-up rows: 16 MB of f32.
const VALUES: usize = 4 << 20;
/// Of a part of a pool, at most one row of so many is picked: of the rest as of all.
const ROWS_A_PICK: usize = 8;
/// Seconds after which no further round begins.
const LIMIT: f64 = 0.7;
/// Shorter selections are timed again; the fastest counts: others do other work on the machine, and the first finds memory cold.
const SHORT: f64 = 0.15;
const REPEATS: usize = 3;
/// Longer rows are made without a structure that takes memory.
const LONG: usize = 1 << 14;
/// How time may grow with the rows and with the picks, as a power.
const GROWTH: std::ops::RangeInclusive<f64> = 0.2..=1.5;

/// How long a selection took.
struct Trial {
    picks: usize,
    /// Seconds before the first round, and from there on.
    prepared: f64,
    seconds: f64,
    /// Picks and seconds, before each round.
    course: Vec<(usize, f64)>,
    statistics: Statistics,
}

impl Trial {
    /// A selection that ends after `budget` picks or, at the end of a round, after [`LIMIT`].
    fn run(pool: &Pool, budget: usize, most: usize, options: &Options) -> Result<Trial> {
        let (started, mut course) = (Instant::now(), Vec::new());
        let selection = select_with(pool, budget, options, &mut |progress| {
            let seconds = started.elapsed().as_secs_f64();
            course.push((progress.chosen, seconds));
            let is_enough = seconds > LIMIT || progress.chosen >= most;
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let seconds = started.elapsed().as_secs_f64();
        let prepared = course.first().map_or(seconds, |(_, seconds)| *seconds);
        course.iter_mut().for_each(|(_, seconds)| *seconds -= prepared);
        let (picks, statistics) = (selection.centers.len(), selection.statistics);
        Ok(Trial { picks, prepared, seconds: seconds - prepared, course, statistics })
    }

    fn fastest(pool: &Pool, budget: usize, most: usize, options: &Options) -> Result<Trial> {
        let mut fastest = Trial::run(pool, budget, most, options)?;
        for _ in 1..REPEATS {
            if fastest.seconds > SHORT {
                break;
            }
            let again = Trial::run(pool, budget, most, options)?;
            if again.seconds < fastest.seconds {
                fastest = again;
            }
        }
        Ok(fastest)
    }

    /// The power of the picks that the time grew with in the second half of them.
    fn growth(&self) -> f64 {
        let half =
            self.course.iter().find(|(picks, seconds)| 2 * picks >= self.picks && *seconds > 0.0);
        half.map_or(1.0, |&(picks, seconds)| power((picks, seconds), (self.picks, self.seconds)))
    }
}

/// The power that leads from one time to another.
fn power(from: (usize, f64), to: (usize, f64)) -> f64 {
    let power = (to.1 / from.1).ln() / (to.0 as f64 / from.0 as f64).ln();
    if power.is_finite() { power.clamp(*GROWTH.start(), *GROWTH.end()) } else { 1.0 }
}

/// A selection from a part of the pool.
pub(super) struct Rehearsal {
    pub rows: usize,
    pub picks: usize,
    pub seconds: f64,
    /// Whether the rows are the pool's.
    pub is_of_pool: bool,
    /// The powers of the rows and of the picks that the time is taken to grow with.
    pub growth: (f64, f64),
    pub filter: String,
    /// Distances that the filter evaluated, of those there are.
    pub evaluated: f64,
    prepared: f64,
}

impl Rehearsal {
    /// Of `budget` rows from `sample`, or from made-up rows of the pool's size and type. A part of a pool is rehearsed twice, by all of its
    /// rows and by half of them.
    pub fn run(
        outline: &Outline,
        sample: Option<&Sample>,
        budget: usize,
        metric: Metric,
        threads: usize,
    ) -> Result<Rehearsal> {
        let options = Options { metric, threads, device: Device::Cpu, ..Options::default() };
        let made_up;
        let rows = match sample {
            Some(sample) => sample,
            None => {
                made_up = make_up(outline, threads)?;
                &made_up
            }
        };
        let (n, is_all) = (rows.rows(), rows.rows() == outline.rows);
        let budget = if is_all { budget } else { budget.min(n / ROWS_A_PICK).max(1) };
        let trial = Trial::fastest(&rows.pool()?, budget, budget, &options)?;
        let by_rows = if is_all || n < 2 * trial.picks {
            1.0
        } else {
            by_rows(rows, budget, &trial, &options)?
        };
        let counts = &trial.statistics;
        let pairs = n as f64 + (counts.refresh_evaluations + counts.pick_evaluations) as f64;
        Ok(Rehearsal {
            rows: n,
            picks: trial.picks,
            seconds: trial.seconds,
            is_of_pool: sample.is_some(),
            growth: (by_rows, trial.growth()),
            filter: counts.filter.clone(),
            evaluated: (pairs / (n as f64 * trial.picks as f64)).min(1.0),
            prepared: trial.prepared,
        })
    }

    /// Seconds for `k` picks from `n` rows that need not come from a disk.
    pub fn estimate(&self, n: usize, k: usize) -> f64 {
        let [rows, picks] =
            [(n, self.rows), (k, self.picks)].map(|(all, part)| all as f64 / part as f64);
        self.prepared * rows + self.seconds * rows.powf(self.growth.0) * picks.powf(self.growth.1)
    }
}

/// The power of the rows that the time grows with: the same picks from half of the rows.
fn by_rows(rows: &Sample, budget: usize, whole: &Trial, options: &Options) -> Result<f64> {
    let half = rows.every(2);
    let trial = Trial::fastest(&half.pool()?, budget, whole.picks, options)?;
    let seconds = whole.seconds * (trial.picks as f64 / whole.picks as f64).min(1.0);
    Ok(power((half.rows(), trial.seconds), (rows.rows(), seconds)))
}

/// Rows of the pool's size and type.
fn make_up(outline: &Outline, threads: usize) -> Result<Sample> {
    let d = outline.dimensions;
    let rows = (VALUES / d).clamp(32, 16_384).min(outline.rows);
    let shape = match outline.dtype {
        Dtype::U8 | Dtype::I8 if d <= LONG => Shape::Sift,
        _ if d <= LONG => Shape::Text,
        _ => Shape::Unit,
    };
    let values = on_engine_threads(threads, || synth::pool(shape, rows, d, 0))?;
    Ok(Sample::of_bytes(stored(&values, outline.dtype), d, outline.dtype))
}

/// Values as a pool of `dtype` stores them.
#[expect(clippy::cast_possible_truncation, reason = "casts from float to integer saturate")]
#[expect(clippy::cast_sign_loss, reason = "sift's values are from 0 to 255")]
fn stored(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let all = values.iter();
    match dtype {
        Dtype::F64 => all.flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
        Dtype::F32 => all.flat_map(|v| v.to_le_bytes()).collect(),
        Dtype::F16 => all.flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
        Dtype::Bf16 => all.flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
        Dtype::U8 => all.map(|&v| v as u8).collect(),
        Dtype::I8 => all.map(|&v| ((v - 128.0) as i8).cast_unsigned()).collect(),
    }
}
