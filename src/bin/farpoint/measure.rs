//! What this machine can do, measured in about a second.

use std::time::Instant;

use anyhow::Result;
use farpoint::{Device, Metric, Options, Pool, Statistics, select};

/// Values of the rehearsal's pool: 16 MB of f32.
const REHEARSAL_VALUES: usize = 4 << 20;
/// Rows a pick of the rehearsal.
const ROWS_A_PICK: usize = 16;
/// Values read to measure bandwidth: more than caches hold.
const BANDWIDTH_VALUES: usize = 64 << 20;

/// Distances a lazy run evaluates, tiles rounded up, of the n k there are.
pub const EVALUATED: f64 = 0.47;

/// A real selection from a sample of the pool, timed.
pub struct Rehearsal {
    pub rows: usize,
    pub picks: usize,
    pub seconds: f64,
    statistics: Statistics,
}

impl Rehearsal {
    /// Select from rows spread evenly over the pool.
    pub fn run(pool: &Pool, metric: Metric, threads: usize) -> Result<Rehearsal> {
        let d = pool.dimensions();
        let rows = (REHEARSAL_VALUES / d).clamp(256, 16_384).min(pool.rows());
        let mut scratch = Vec::new();
        let mut values = Vec::with_capacity(rows * d);
        for sampled in 0..rows {
            let row = sampled * (pool.rows() / rows);
            values.extend_from_slice(pool.row(row, &mut scratch));
        }
        let sample = Pool::new(&values, d)?;
        let picks = (rows / ROWS_A_PICK).max(1);
        let options = Options { metric, threads, device: Device::Cpu, ..Options::default() };
        let started = Instant::now();
        let statistics = select(&sample, picks, &options)?.statistics;
        Ok(Rehearsal { rows, picks, seconds: started.elapsed().as_secs_f64(), statistics })
    }

    /// Seconds for `picks` from `rows`: what an evaluation, a pick and a row each took, times how many there will be.
    pub fn estimate(&self, rows: usize, picks: usize) -> f64 {
        let (s, n, k) = (&self.statistics, rows as f64, picks as f64);
        let evaluation = s.refresh_seconds / (s.tile_evaluations as f64).max(1.0);
        let pick = (s.pick_seconds + s.frontier_seconds) / self.picks as f64;
        let row = s.prepare_seconds / self.rows as f64;
        EVALUATED * n * k * evaluation + k * pick + n * row
    }
}

/// Bytes a second that all cores read together, from an array of at most `values` f32.
pub fn read_bandwidth(values: usize) -> f64 {
    farpoint::tuning::read_bandwidth(&vec![1.0; values.clamp(1 << 16, BANDWIDTH_VALUES)])
}
