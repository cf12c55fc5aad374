//! One pool's measurement on a GPU: the answer first, then times.

use std::time::Instant;

use anyhow::{Result, ensure};
use farpoint::tuning::{GpuFacts, GpuRates};
use farpoint::{Device, Options, Pool, Selection, select};
use serde::Serialize;

use super::phases::{Phase, Run};
use super::subject::Subject;
use crate::bench::measure::median;

/// What a selection may take on a device: the pool, this much a row, and this much whatever the pool.
const ROW_BYTES: u64 = 48;
const WORKSPACE_BYTES: u64 = 1_000_000_000;

/// One pool's figures. Seconds are medians over the turns.
#[derive(Serialize)]
pub struct Measured {
    pub pool: String,
    pub rows: usize,
    pub dimensions: usize,
    pub dtype: &'static str,
    pub budget: usize,
    pub turns: usize,
    /// From a pool in host memory to the answer, as a user waits.
    pub seconds: f64,
    pub least_seconds: f64,
    pub most_seconds: f64,
    /// The same less preparing, most of which is the pool's way to the device.
    pub seconds_without_prepare: f64,
    /// One run of the CPU engine, whose rows and radii the GPU's are equal to.
    pub cpu_seconds: f64,
    pub cpu_threads: usize,
    pub rounds: usize,
    /// Row-center pairs computed by refreshes, of n k.
    pub evaluations_fraction: f64,
    /// With those that tiles rounded up to.
    pub tile_fraction: f64,
    pub pick_fraction: f64,
    pub reads_per_row: f64,
    pub canonical_per_refreshed_row: f64,
    pub frontier_seconds_per_round: f64,
    pub pick_seconds_per_pick: f64,
    /// Device memory that the selection allocated, and what it may.
    pub device_bytes: u64,
    pub allowed_bytes: u64,
    /// Of the median run.
    pub phases: Vec<Phase>,
    /// The sum of the phases'.
    pub floor_seconds: f64,
    pub statistics: farpoint::Statistics,
}

/// Measure one pool on GPU number `facts.device`.
pub fn measure(
    subject: &Subject,
    facts: &GpuFacts,
    rates: &GpuRates,
    turns: usize,
) -> Result<Measured> {
    subject.with_pool(|pool| {
        let gpu = Device::Cuda(facts.device);
        let (cpu_seconds, expected) = timed(pool, subject.budget, Device::Cpu)?;
        // The first run also warms up.
        compare(&expected, &timed(pool, subject.budget, gpu)?.1)?;
        let mut runs = Vec::new();
        for _ in 0..turns {
            let (seconds, selection) = timed(pool, subject.budget, gpu)?;
            compare(&expected, &selection)?;
            runs.push((seconds, selection.statistics));
        }
        Ok(summary(subject, pool, rates, cpu_seconds, runs))
    })
}

/// One selection from a pool in host memory: seconds until the caller has the answer, and the answer.
fn timed(pool: &Pool, budget: usize, device: Device) -> Result<(f64, Selection)> {
    let options = Options { device, ..Options::default() };
    let started = Instant::now();
    let selection = select(pool, budget, &options)?;
    Ok((started.elapsed().as_secs_f64(), selection))
}

/// The same rows, and the same radii to the bit.
pub fn compare(expected: &Selection, found: &Selection) -> Result<()> {
    let rows = (&expected.centers, &found.centers);
    ensure!(
        rows.0.len() == rows.1.len(),
        "the GPU chose {} rows, the CPU {}",
        rows.1.len(),
        rows.0.len()
    );
    for (pick, (expected, found)) in rows.0.iter().zip(rows.1).enumerate() {
        ensure!(
            expected == found,
            "pick {pick}: the GPU chose row {found}, the CPU row {expected}"
        );
    }
    for (pick, (expected, found)) in expected.radii.iter().zip(&found.radii).enumerate() {
        ensure!(
            expected.to_bits() == found.to_bits(),
            "pick {pick}: the GPU says radius {found:e}, the CPU {expected:e}"
        );
    }
    ensure!(expected.radii.len() == found.radii.len(), "the GPU's curve has another length");
    Ok(())
}

fn summary(
    subject: &Subject,
    pool: &Pool,
    rates: &GpuRates,
    cpu_seconds: f64,
    mut runs: Vec<(f64, farpoint::Statistics)>,
) -> Measured {
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // What is said of a run is said of the median one.
    let (seconds, statistics) = runs[runs.len() / 2].clone();
    let (n, d, k) = (pool.rows(), pool.dimensions(), subject.budget);
    let pool_bytes = pool.bytes();
    let run = Run { rates, statistics: &statistics, seconds, n, d, k, pool_bytes, uploads: true };
    let phases = run.phases();
    let pairs = n as f64 * k as f64;
    let canonical = statistics.refresh_canonical + statistics.pick_canonical;
    let without: Vec<f64> =
        runs.iter().map(|(seconds, statistics)| seconds - statistics.prepare_seconds).collect();
    Measured {
        pool: subject.name.clone(),
        rows: n,
        dimensions: d,
        dtype: pool.dtype().name(),
        budget: k,
        turns: runs.len(),
        seconds,
        least_seconds: runs[0].0,
        most_seconds: runs[runs.len() - 1].0,
        seconds_without_prepare: median(&without),
        cpu_seconds,
        cpu_threads: std::thread::available_parallelism().map_or(1, usize::from),
        rounds: statistics.rounds,
        evaluations_fraction: statistics.refresh_evaluations as f64 / pairs,
        tile_fraction: statistics.tile_evaluations as f64 / pairs,
        pick_fraction: statistics.pick_evaluations as f64 / pairs,
        reads_per_row: statistics.row_reads as f64 / n as f64,
        canonical_per_refreshed_row: canonical as f64 / statistics.refreshed_rows as f64,
        frontier_seconds_per_round: statistics.frontier_seconds / statistics.rounds as f64,
        pick_seconds_per_pick: statistics.pick_seconds / k as f64,
        device_bytes: statistics.device_bytes,
        allowed_bytes: pool_bytes as u64 + ROW_BYTES * n as u64 + WORKSPACE_BYTES,
        floor_seconds: phases.iter().map(|phase| phase.floor_seconds).sum(),
        phases,
        statistics,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection() -> Selection {
        let pool = Pool::new(&[0.0f32, 1.0, 3.0, 7.0, 4.0], 1).unwrap();
        select(&pool, 3, &Options { device: Device::Cpu, ..Options::default() }).unwrap()
    }

    #[test]
    fn equal_answers_pass() {
        compare(&selection(), &selection()).unwrap();
    }

    #[test]
    fn another_row_fails() {
        let mut wrong = selection();
        wrong.centers[2] += 1;
        let said = compare(&selection(), &wrong).unwrap_err().to_string();
        assert!(said.starts_with("pick 2: the GPU chose row "), "{said}");
    }

    #[test]
    fn a_radius_one_bit_off_fails() {
        let mut wrong = selection();
        wrong.radii[1] = wrong.radii[1].next_up();
        let said = compare(&selection(), &wrong).unwrap_err().to_string();
        assert!(said.starts_with("pick 1: the GPU says radius "), "{said}");
    }

    #[test]
    fn a_missing_pick_fails() {
        let mut wrong = selection();
        wrong.centers.pop();
        assert!(compare(&selection(), &wrong).is_err());
    }
}
