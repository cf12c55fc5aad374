//! One pool's measurement: answers first, then times in turn.

use std::ops::ControlFlow;

use crate::lab::{Multiplier, Tuning, best_of, plain_loop, read_bandwidth, select_tuned};
use crate::{Device, Options, Pool, Selection, Statistics, verify};
use anyhow::{Result, ensure};
use serde::Serialize;

use crate::program::machine::{peak, reset_peak};

/// One pool's figures. Seconds are medians.
#[derive(Serialize)]
pub struct Measured {
    pub pool: String,
    pub rows: usize,
    pub dimensions: usize,
    pub budget: usize,
    pub read_gbps: f64,
    pub plain_seconds: f64,
    pub plain_gbps: f64,
    pub plain_share_of_bandwidth: f64,
    /// First pick at which the plain loop's rounding led it elsewhere, and how much less far its row was, relative.
    pub plain_departs_at: Option<usize>,
    pub engines: Vec<Engine>,
}

/// The engine with one filter.
#[derive(Serialize)]
pub struct Engine {
    pub filter: &'static str,
    pub seconds: f64,
    pub least_seconds: f64,
    pub most_seconds: f64,
    /// Plain loop over engine, the median over the turns.
    pub speedup: f64,
    /// A loop that reads at 80 % of this machine's bandwidth over engine: where the plain loop falls short of that.
    pub speedup_at_80_percent: f64,
    pub refresh_gflops: f64,
    pub refresh_share_of_product_rate: Option<f64>,
    pub evaluations_fraction: f64,
    pub tile_fraction: f64,
    pub pick_fraction: f64,
    pub reads_per_row: f64,
    pub canonical_per_refreshed_row: f64,
    /// Memory beside the pool at its highest, where the system tells.
    pub peak_bytes: Option<u64>,
    pub allowed_bytes: u64,
    pub statistics: Statistics,
}

/// A pool to measure.
pub struct Subject {
    pub name: String,
    pub values: Vec<f32>,
    pub d: usize,
    pub budget: usize,
}

/// Measure a pool; `rate` is the best f32 product rate, where it was measured.
pub fn measure(subject: &Subject, rate: Option<f64>, turns: usize) -> Result<Measured> {
    let (d, k) = (subject.d, subject.budget);
    let pool = Pool::new(&subject.values, d)?;
    let n = pool.rows();
    let mut engines = Vec::new();
    // This comes first: later the process may keep freed memory, which a run could use unseen.
    for (name, multiplier) in [("auto", Multiplier::Fastest), ("f32", Multiplier::Portable)] {
        engines.push(Entrant {
            name,
            multiplier,
            peak: peak_of(&pool, k, multiplier)?,
            runs: Vec::new(),
        });
    }
    let selection = select_by(&pool, k, Multiplier::Fastest)?;
    prove(&pool, &selection)?;
    let plain_departs_at = compare(subject, &selection)?;
    let bandwidth = read_bandwidth(&subject.values, None);
    let mut plain = Vec::new();
    for _ in 0..turns {
        plain.push(best_of(1, || drop(plain_loop(&subject.values, d, k))));
        for entrant in &mut engines {
            let mut made = None;
            let seconds = best_of(1, || made = Some(select_by(&pool, k, entrant.multiplier)));
            let selection = made.expect("it ran once")?;
            entrant.runs.push((seconds, selection.statistics));
        }
    }
    let engines =
        engines.iter().map(|entrant| engine(&pool, k, entrant, &plain, rate, bandwidth)).collect();
    let plain_seconds = median(&plain);
    let plain_rate = k as f64 * pool.bytes() as f64 / plain_seconds;
    Ok(Measured {
        pool: subject.name.clone(),
        rows: n,
        dimensions: d,
        budget: k,
        read_gbps: bandwidth / 1e9,
        plain_seconds,
        plain_gbps: plain_rate / 1e9,
        plain_share_of_bandwidth: plain_rate / bandwidth,
        plain_departs_at,
        engines,
    })
}

/// An engine to be timed.
struct Entrant {
    name: &'static str,
    multiplier: Multiplier,
    peak: Option<u64>,
    /// Seconds of each turn, and what the run did.
    runs: Vec<(f64, Statistics)>,
}

/// Memory beside the pool at its highest, where the system tells.
fn peak_of(pool: &Pool, k: usize, multiplier: Multiplier) -> Result<Option<u64>> {
    let before = reset_peak();
    select_by(pool, k, multiplier)?;
    Ok(before.and_then(|before| Some(peak()?.saturating_sub(before))))
}

fn engine(
    pool: &Pool,
    k: usize,
    entrant: &Entrant,
    plain: &[f64],
    rate: Option<f64>,
    bandwidth: f64,
) -> Engine {
    let mut runs: Vec<&(f64, Statistics)> = entrant.runs.iter().collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // All figures of a run are those of the median one.
    let statistics = runs[runs.len() / 2].1.clone();
    let seconds: Vec<f64> = entrant.runs.iter().map(|run| run.0).collect();
    let ratios: Vec<f64> = plain.iter().zip(&seconds).map(|(plain, own)| plain / own).collect();
    let (n, d) = (pool.rows() as f64, pool.dimensions() as f64);
    let pairs = n * k as f64;
    let refresh_rate = statistics.tile_evaluations as f64 * 2.0 * d / statistics.refresh_seconds;
    let canonical = statistics.refresh_canonical + statistics.pick_canonical;
    Engine {
        filter: entrant.name,
        seconds: median(&seconds),
        least_seconds: seconds.iter().copied().fold(f64::INFINITY, f64::min),
        most_seconds: seconds.iter().copied().fold(0.0, f64::max),
        speedup: median(&ratios),
        speedup_at_80_percent: k as f64 * pool.bytes() as f64
            / (0.8 * bandwidth)
            / median(&seconds),
        refresh_gflops: refresh_rate / 1e9,
        refresh_share_of_product_rate: rate.map(|rate| refresh_rate / rate),
        evaluations_fraction: statistics.refresh_evaluations as f64 / pairs,
        tile_fraction: statistics.tile_evaluations as f64 / pairs,
        pick_fraction: statistics.pick_evaluations as f64 / pairs,
        reads_per_row: statistics.row_reads as f64 / n,
        canonical_per_refreshed_row: canonical as f64 / statistics.refreshed_rows as f64,
        peak_bytes: entrant.peak,
        allowed_bytes: (pool.dimensions() as u64 + 40) * pool.rows() as u64 + (100 << 20),
        statistics,
    }
}

fn select_by(pool: &Pool, budget: usize, multiplier: Multiplier) -> Result<Selection> {
    let tuning = Tuning { multiplier, ..Tuning::default() };
    let options = Options { device: Device::Cpu, ..Options::default() };
    let mut watch = |_| ControlFlow::Continue(());
    Ok(select_tuned(pool, budget, &options, &tuning, &mut watch)?)
}

/// The engine's answer is greedy, by brute force over every row and pick.
fn prove(pool: &Pool, selection: &Selection) -> Result<()> {
    let options = Options::default();
    let verdict = verify(pool, &selection.centers, Some(&selection.radii), &options)?;
    ensure!(verdict.is_right(), "the engine's selection is not greedy: {verdict:?}");
    Ok(())
}

/// Where the plain loop departs from the exact answer. It rounds, so it may take a row that is a little less far, not more.
fn compare(subject: &Subject, selection: &Selection) -> Result<Option<usize>> {
    const ROUNDING: f64 = 1e-3;
    let (centers, _) = plain_loop(&subject.values, subject.d, subject.budget);
    let departs = centers.iter().zip(&selection.centers).position(|(plain, exact)| plain != exact);
    if let Some(at) = departs {
        let row = |row: usize| &subject.values[row * subject.d..][..subject.d];
        let nearest = |of: usize| {
            let to = |&center: &usize| crate::distance(row(of), row(center));
            selection.centers[..at].iter().map(to).fold(f64::INFINITY, f64::min)
        };
        let (plain, exact) = (nearest(centers[at]), nearest(selection.centers[at]));
        ensure!(
            plain <= exact && plain >= exact * (1.0 - ROUNDING),
            "pick {at}: the plain loop took a row at {plain}, the engine one at {exact}"
        );
    }
    Ok(departs)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
