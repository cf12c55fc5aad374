//! `farpoint bench`.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use farpoint::synth::{Shape, pool as synthetic};
use farpoint::tuning::{
    Filter, Tuning, best_of, plain_loop, product_rate, read_bandwidth, select_tuned,
};
use farpoint::{Options, Pool, Selection, verify};
use serde::Serialize;

use crate::machine::{Machine, peak, reset_peak};
use crate::terminal::print;

/// Measure this machine: the engine beside the plain loop
///
/// For each pool the answers are compared first: the engine's picks are proven greedy by brute force, and held to the plain
/// loop's, one product of the whole pool a pick in f32. Then both are timed in turn, and their ratio is the median over
/// the turns.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Small pools only: a check that it works, not a measurement
    #[arg(long)]
    quick: bool,
    /// A pool of f32 values to measure, and how many rows to select; may be given again
    #[arg(long, value_name = "POOL:K")]
    pool: Vec<String>,
    /// Turns of each
    #[arg(long, value_name = "N", default_value_t = 5)]
    turns: usize,
    /// Write the record, JSON, here
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print the record instead of tables
    #[arg(long)]
    json: bool,
}

/// Everything measured in one run.
#[derive(Serialize)]
struct Record {
    machine: Machine,
    command: String,
    version: &'static str,
    /// f32 products by the `gemm` crate at 4,096 cubed, GF/s.
    product_gflops: f64,
    pools: Vec<Measured>,
}

/// One pool's figures. Seconds are medians.
#[derive(Serialize)]
struct Measured {
    pool: String,
    rows: usize,
    dimensions: usize,
    budget: usize,
    read_gbps: f64,
    plain_seconds: f64,
    plain_gbps: f64,
    plain_share_of_bandwidth: f64,
    /// First pick at which the plain loop's rounding led it elsewhere, and how much less far its row was, relative.
    plain_departs_at: Option<usize>,
    engines: Vec<Engine>,
}

/// The engine with one filter.
#[derive(Serialize)]
struct Engine {
    filter: &'static str,
    seconds: f64,
    least_seconds: f64,
    most_seconds: f64,
    /// Plain loop over engine, the median over the turns.
    speedup: f64,
    refresh_gflops: f64,
    refresh_share_of_product_rate: f64,
    evaluations_fraction: f64,
    tile_fraction: f64,
    pick_fraction: f64,
    reads_per_row: f64,
    canonical_per_refreshed_row: f64,
    /// Memory beside the pool at its highest, where the system tells.
    peak_bytes: Option<u64>,
    allowed_bytes: u64,
    statistics: farpoint::Statistics,
}

/// A pool to measure.
struct Subject {
    name: String,
    values: Vec<f32>,
    d: usize,
    budget: usize,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let rate = if arguments.quick { f64::NAN } else { product_rate() };
    let mut pools = Vec::new();
    for subject in subjects(arguments)? {
        let measured = measure(&subject, rate, arguments.turns.max(1))?;
        if !arguments.json {
            print(|out| Ok(out.write_all(table(&measured).as_bytes())?))?;
        }
        pools.push(measured);
    }
    let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let record = Record {
        machine: Machine::read(),
        command: format!("farpoint {command}"),
        version: env!("CARGO_PKG_VERSION"),
        product_gflops: rate / 1e9,
        pools,
    };
    let json = serde_json::to_string_pretty(&record)?;
    if arguments.json {
        print(|out| Ok(writeln!(out, "{json}")?))?;
    }
    if let Some(path) = &arguments.record {
        std::fs::write(path, json + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn subjects(arguments: &Arguments) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for given in &arguments.pool {
        let (path, budget) = given.rsplit_once(':').context("--pool is POOL:K")?;
        let pool = Pool::open(path)?;
        let mut scratch = Vec::new();
        let values =
            (0..pool.rows()).flat_map(|row| pool.row(row, &mut scratch).to_vec()).collect();
        let budget = budget.parse().context("--pool is POOL:K")?;
        subjects.push(Subject { name: path.to_string(), values, d: pool.dimensions(), budget });
    }
    let made = |shape, name: &str, n, d, budget| Subject {
        name: format!("{name}, synthetic"),
        values: synthetic(shape, n, d, 1),
        d,
        budget,
    };
    if arguments.quick {
        subjects.push(made(Shape::Text, "text-like", 4_000, 64, 300));
    } else if subjects.is_empty() {
        subjects.push(made(Shape::Unit, "iid unit", 100_000, 256, 5_000));
        subjects.push(made(Shape::Text, "text-like", 45_000, 384, 4_500));
    }
    Ok(subjects)
}

fn measure(subject: &Subject, rate: f64, turns: usize) -> Result<Measured> {
    let (d, k) = (subject.d, subject.budget);
    let pool = Pool::new(&subject.values, d)?;
    let n = pool.rows();
    let mut engines = Vec::new();
    // First of all, while the process has kept no memory back that a run could use unseen.
    for (name, filter) in [("auto", Filter::Auto), ("f32", Filter::F32)] {
        engines.push(Entrant {
            name,
            filter,
            peak: peak_of(&pool, k, filter)?,
            seconds: Vec::new(),
        });
    }
    let selection = select_by(&pool, k, Filter::Auto)?;
    prove(&pool, &selection)?;
    let plain_departs_at = compare(subject, &selection)?;
    let bandwidth = read_bandwidth(&subject.values);
    let mut plain = Vec::new();
    for _ in 0..turns {
        plain.push(best_of(1, || drop(plain_loop(&subject.values, d, k))));
        for entrant in &mut engines {
            let mut made = Ok(());
            let run = || made = select_by(&pool, k, entrant.filter).map(drop);
            entrant.seconds.push(best_of(1, run));
            made?;
        }
    }
    let engines = engines
        .into_iter()
        .map(|entrant| engine(&pool, k, &entrant, &plain, rate))
        .collect::<Result<Vec<_>>>()?;
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
    filter: Filter,
    peak: Option<u64>,
    seconds: Vec<f64>,
}

/// Memory beside the pool at its highest, where the system tells.
fn peak_of(pool: &Pool, k: usize, filter: Filter) -> Result<Option<u64>> {
    let before = reset_peak();
    select_by(pool, k, filter)?;
    Ok(before.and_then(|before| Some(peak()?.saturating_sub(before))))
}

fn engine(pool: &Pool, k: usize, entrant: &Entrant, plain: &[f64], rate: f64) -> Result<Engine> {
    let statistics = select_by(pool, k, entrant.filter)?.statistics;
    let seconds = &entrant.seconds;
    let ratios: Vec<f64> = plain.iter().zip(seconds).map(|(plain, own)| plain / own).collect();
    let (n, d) = (pool.rows() as f64, pool.dimensions() as f64);
    let pairs = n * k as f64;
    let refresh_rate = statistics.tile_evaluations as f64 * 2.0 * d / statistics.refresh_seconds;
    let canonical = statistics.refresh_canonical + statistics.pick_canonical;
    Ok(Engine {
        filter: entrant.name,
        seconds: median(seconds),
        least_seconds: seconds.iter().copied().fold(f64::INFINITY, f64::min),
        most_seconds: seconds.iter().copied().fold(0.0, f64::max),
        speedup: median(&ratios),
        refresh_gflops: refresh_rate / 1e9,
        refresh_share_of_product_rate: refresh_rate / rate,
        evaluations_fraction: statistics.refresh_evaluations as f64 / pairs,
        tile_fraction: statistics.tile_evaluations as f64 / pairs,
        pick_fraction: statistics.pick_evaluations as f64 / pairs,
        reads_per_row: statistics.row_reads as f64 / n,
        canonical_per_refreshed_row: canonical as f64 / statistics.refreshed_rows as f64,
        peak_bytes: entrant.peak,
        allowed_bytes: 32 * pool.rows() as u64 + (256 << 20),
        statistics,
    })
}

fn select_by(pool: &Pool, budget: usize, filter: Filter) -> Result<Selection> {
    let tuning = Tuning { filter, ..Tuning::default() };
    let mut watch = |_| ControlFlow::Continue(());
    Ok(select_tuned(pool, budget, &Options::default(), &tuning, &mut watch)?)
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
            let to = |&center: &usize| farpoint::distance(row(of), row(center));
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

fn table(m: &Measured) -> String {
    let mut text = format!(
        "{}: {} x {} f32, budget {}\n  plain loop      {:>9.3} s   {:.1} GB/s, {:.0} % of the {:.1} GB/s this machine reads; {}\n",
        m.pool,
        m.rows,
        m.dimensions,
        m.budget,
        m.plain_seconds,
        m.plain_gbps,
        100.0 * m.plain_share_of_bandwidth,
        m.read_gbps,
        match m.plain_departs_at {
            None => "the same picks".to_string(),
            Some(at) => format!("the same picks up to {at}, where its rounding takes another row"),
        },
    );
    for e in &m.engines {
        let peak =
            e.peak_bytes.map_or("unknown".to_string(), |bytes| format!("{} MB", bytes >> 20));
        let _ = writeln!(
            text,
            "  farpoint {:<6} {:>9.3} s   {:.1}x   refresh {:.0} GF/s ({:.0} % of gemm f32)   evaluations {:.3} n k   reads {:.1}   \
             rounds {}   canonical {:.2} a row   peak {peak} beside the pool",
            e.filter,
            e.seconds,
            e.speedup,
            e.refresh_gflops,
            100.0 * e.refresh_share_of_product_rate,
            e.evaluations_fraction,
            e.reads_per_row,
            e.statistics.rounds,
            e.canonical_per_refreshed_row,
        );
    }
    text
}
