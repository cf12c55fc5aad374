//! A small selection, timed.

use std::time::Instant;

use half::{bf16, f16};

use crate::error::Result;
use crate::options::{Device, Metric, Options};
use crate::pool::{Dtype, Outline, Pool};
use crate::select::select;
use crate::statistics::Statistics;
use crate::synth::{self, Shape};
use crate::threads::on_engine_threads;

/// Values of the rehearsal's pool: 16 MB of f32.
const VALUES: usize = 4 << 20;
/// Rehearsals, of which the fastest counts: others do other work on the machine, and the first finds memory cold.
const REPEATS: usize = 3;
/// Rows a pick of the rehearsal.
const ROWS_A_PICK: usize = 16;
/// Longer rows are made without a structure that takes memory.
const LONG: usize = 1 << 14;
/// Distances a lazy run evaluates, tiles rounded up, of the n k there are.
pub(super) const EVALUATED: f64 = 0.47;
/// Rows of the largest frontier: [`crate::greedy`] grows to it in large pools.
const FRONTIER: f64 = 8192.0;

/// A real selection from made-up rows of the pool's size and type.
pub(super) struct Rehearsal {
    pub rows: usize,
    pub picks: usize,
    pub seconds: f64,
    statistics: Statistics,
}

impl Rehearsal {
    pub fn run(outline: &Outline, metric: Metric, threads: usize) -> Result<Rehearsal> {
        let d = outline.dimensions;
        let rows = (VALUES / d).clamp(32, 16_384).min(outline.rows);
        let picks = (rows / ROWS_A_PICK).max(1);
        let shape = match outline.dtype {
            Dtype::U8 | Dtype::I8 if d <= LONG => Shape::Sift,
            _ if d <= LONG => Shape::Text,
            _ => Shape::Unit,
        };
        let values = on_engine_threads(threads, || synth::pool(shape, rows, d, 0))?;
        let bytes = stored(&values, outline.dtype);
        let pool = Pool::of_bytes(&bytes, d, outline.dtype, None)?;
        let options = Options { metric, threads, device: Device::Cpu, ..Options::default() };
        let once = || -> Result<Rehearsal> {
            let started = Instant::now();
            let statistics = select(&pool, picks, &options)?.statistics;
            Ok(Rehearsal { rows, picks, seconds: started.elapsed().as_secs_f64(), statistics })
        };
        let mut fastest = once()?;
        for _ in 1..REPEATS {
            let again = once()?;
            if again.seconds < fastest.seconds {
                fastest = again;
            }
        }
        Ok(fastest)
    }

    /// Seconds for `k` picks from `n` rows that need not come from a disk: the time that an evaluation, a pick, a row, and a row's bound
    /// in a round each took, times how many there will be.
    pub fn estimate(&self, n: usize, k: usize) -> f64 {
        let (s, n, k) = (&self.statistics, n as f64, k as f64);
        let evaluation = s.refresh_seconds / (s.tile_evaluations as f64).max(1.0);
        let pick = s.pick_seconds / self.picks as f64;
        let row = s.prepare_seconds / self.rows as f64;
        let bound = s.frontier_seconds / (s.rounds as f64 * self.rows as f64).max(1.0);
        let rounds = (refreshes(n, k) * n / FRONTIER).max(s.rounds as f64);
        EVALUATED * n * k * evaluation + k * pick + n * row + rounds * n * bound
    }
}

/// How often a row is refreshed, about: in pools of which few rows are picked, half of the rows never are.
pub(super) fn refreshes(n: f64, k: f64) -> f64 {
    (0.5 + 0.9 * (k / n * 1e4).log10()).clamp(0.5, 4.0)
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
