//! What this machine can do, measured in well under a second or read from the system.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use farpoint::{Metric, Options, Pool, select};
use rayon::prelude::*;

/// Values of the rehearsal's pool: 16 MB of f32.
const REHEARSAL_VALUES: usize = 4 << 20;
/// Rows a pick of the rehearsal.
const ROWS_A_PICK: usize = 16;
/// Values read to measure bandwidth: more than caches hold.
const BANDWIDTH_VALUES: usize = 64 << 20;

/// A real selection from a sample of the pool.
pub struct Rehearsal {
    pub rows: usize,
    pub picks: usize,
    pub seconds: f64,
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
        let options = Options { metric, threads, ..Options::default() };
        let started = Instant::now();
        select(&sample, picks, &options)?;
        Ok(Rehearsal { rows, picks, seconds: started.elapsed().as_secs_f64() })
    }

    /// Seconds for `picks` from `rows`, in proportion.
    pub fn estimate(&self, rows: usize, picks: usize) -> f64 {
        let pairs = |rows: usize, picks: usize| rows as f64 * picks as f64;
        self.seconds * pairs(rows, picks) / pairs(self.rows, self.picks)
    }
}

/// Bytes a second that all cores read together, from an array of at most `values` f32.
pub fn read_bandwidth(values: usize) -> f64 {
    let values = vec![1.0f32; values.clamp(1 << 16, BANDWIDTH_VALUES)];
    let pass = || values.par_chunks(1 << 16).map(sum).sum::<f32>();
    let mut best = f64::INFINITY;
    for _ in 0..4 {
        let started = Instant::now();
        std::hint::black_box(pass());
        best = best.min(started.elapsed().as_secs_f64());
    }
    size_of_val(&values[..]) as f64 / best.max(1e-9)
}

/// Lane by lane, so that additions do not wait for one another.
fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 32];
    for chunk in values.as_chunks::<32>().0 {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().sum()
}

/// Bytes of memory that a new program may take, where the system says so.
pub fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
