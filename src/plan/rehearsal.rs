//! A selection from a part of the pool, timed, and what the whole will take by it.

use std::sync::atomic::AtomicBool;

use half::{bf16, f16};

use super::trial::{Trial, Way, power};
use crate::engine::Tuning;
use crate::error::Result;
use crate::options::{Device, Metric, Options};
use crate::pool::{Dtype, Outline, Sample, is_held_at_once};
use crate::synth::{self, Shape};
use crate::threads::on_engine_threads;

/// Values of made-up rows: 16 MB of f32.
const VALUES: usize = 4 << 20;
/// Of a part of a pool, at most one row of so many is picked.
const ROWS_A_PICK: usize = 8;
/// Picks are carried over to so many times as many, and not from fewer rows than these.
const FAR: usize = 4;
const FEW_ROWS: usize = 1 << 13;
/// If that is not enough, a rehearsal is of one row of so many, and of some picks at least.
const FEWER: usize = 4;
const SOME: usize = 32;
/// Longer rows are made without a structure that takes memory.
const LONG: usize = 1 << 14;
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
    /// Of `budget` rows from `sample`, or from made-up rows of the pool's size and type.
    pub fn run(
        outline: &Outline,
        sample: Option<&Sample>,
        budget: usize,
        metric: Metric,
        threads: usize,
        interrupt: Option<&AtomicBool>,
    ) -> Result<Rehearsal> {
        let options =
            Options { metric, threads, interrupt, device: Device::Cpu, ..Options::default() };
        let made_up = sample.is_none().then(|| make_up(outline, threads)).transpose()?;
        let rows = sample.or(made_up.as_ref()).expect("one of the two");
        let way = Way { options, tuning: tuning(outline) };
        let stage = Stage { n: outline.rows, budget, way };
        let rehearsal = stage.rehearse(rows).map_err(|error| rows.of_its_pool(error))?;
        Ok(Rehearsal { is_of_pool: sample.is_some(), ..rehearsal })
    }

    /// Seconds for `k` picks from `n` rows that need not come from a disk.
    pub fn estimate(&self, n: usize, k: usize) -> f64 {
        let [rows, picks] =
            [(n, self.rows), (k, self.picks)].map(|(all, part)| all as f64 / part as f64);
        self.prepared * rows + self.seconds * rows.powf(self.growth.0) * picks.powf(self.growth.1)
    }
}

/// The fastest way; not the plain loop where rows stay in their files, which it would read once a pick.
fn tuning(outline: &Outline) -> Tuning {
    let in_files = outline.in_place_bytes;
    let stay = in_files > 0 && !is_held_at_once(outline.dtype, in_files);
    Tuning { shards: usize::from(stay), ..Tuning::default() }
}

/// What is rehearsed.
struct Stage<'w> {
    /// Rows of the pool.
    n: usize,
    budget: usize,
    way: Way<'w>,
}

impl Stage<'_> {
    /// All picks from all of `rows`, as far as they come in time. If that is not far, so many fewer rows that they come, and picks in
    /// proportion.
    fn rehearse(&self, rows: &Sample) -> Result<Rehearsal> {
        let budget = if rows.rows() == self.n { self.budget } else { self.budget.min(most(rows)) };
        let trial = Trial::fastest(&rows.pool()?, budget, budget, &self.way)?;
        let stage = Stage { way: self.way.of(&trial), ..*self };
        if FAR * trial.picks < budget && rows.rows() > FEW_ROWS {
            return stage.in_proportion(&rows.every(FEWER));
        }
        let by_rows = match rows.rows() == self.n || trial.picks > most(rows) {
            true => 1.0,
            false => stage.by_rows(rows, budget, trial.picks, &trial)?,
        };
        Ok(Rehearsal::of(rows, (by_rows, trial.growth()), trial))
    }

    fn in_proportion(&self, rows: &Sample) -> Result<Rehearsal> {
        let budget = self.share(rows);
        let trial = Trial::fastest(&rows.pool()?, budget, budget, &self.way)?;
        if FAR * trial.picks < budget && rows.rows() > FEW_ROWS {
            return self.in_proportion(&rows.every(FEWER));
        }
        let half = self.share(&rows.every(2));
        let growth = self.by_rows(rows, half, half, &trial)?;
        let growth = match half == budget {
            true => (growth, trial.growth()),
            false => (growth / 2.0, growth / 2.0),
        };
        Ok(Rehearsal::of(rows, growth, trial))
    }

    /// Picks from a part of the pool that are as many of its rows as the budget is of the pool's, but some.
    fn share(&self, rows: &Sample) -> usize {
        let share = self.budget as u128 * rows.rows() as u128 / self.n as u128;
        usize::try_from(share).expect("at most the budget").max(self.budget.min(SOME))
    }

    /// The power that the time grows with from half of the rows to all of them.
    fn by_rows(&self, rows: &Sample, budget: usize, most: usize, whole: &Trial) -> Result<f64> {
        let half = rows.every(2);
        let trial = Trial::fastest(&half.pool()?, budget, most, &self.way)?;
        Ok(power((half.rows(), trial.seconds), (rows.rows(), whole.seconds)))
    }
}

impl Rehearsal {
    fn of(rows: &Sample, growth: (f64, f64), trial: Trial) -> Rehearsal {
        let (n, counts) = (rows.rows(), trial.statistics);
        let pairs = n as u64 + counts.refresh_evaluations + counts.pick_evaluations;
        Rehearsal {
            rows: n,
            picks: trial.picks,
            seconds: trial.seconds,
            is_of_pool: true,
            growth,
            filter: counts.filter,
            evaluated: (pairs as f64 / (n as f64 * trial.picks as f64)).min(1.0),
            prepared: trial.prepared,
        }
    }
}

/// Picks from a part of a pool, at most: of the rows that are left as of all.
fn most(rows: &Sample) -> usize {
    (rows.rows() / ROWS_A_PICK).max(1)
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
