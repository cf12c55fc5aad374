//! `farpoint bench`.

#[cfg_attr(not(feature = "cuda"), path = "gpu_absent.rs")]
mod gpu;
mod measure;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::lab::{int8_rates, product_rate};
use crate::synth::{Shape, pool as synthetic};
use crate::{Device, Dtype, Pool};
use anyhow::{Context, Result, ensure};
use measure::{Measured, Subject, measure};
use serde::Serialize;

use crate::program::command_line;
use crate::program::exit::{self, usage};
use crate::program::machine::Machine;
use crate::program::terminal::print;

/// Measure this machine: the engine beside the plain loop
///
/// For each pool the answers are compared first: the engine's picks are proven greedy by brute force, and held to the plain
/// loop's, one product of the whole pool a pick in f32. Then both are timed in turn, and their ratio is the median over
/// the turns.
///
/// On a GPU its rates are measured first: memory, multiply-adds, launches, barriers. The engine's answer is held to the CPU
/// engine's, row by row and radius by radius, to the bit; then it is timed, and each phase stands beside what the rates allow.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What to measure: cpu, cuda or cuda:<number>
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
    /// Small pools only: a check that it works, not a measurement
    #[arg(long)]
    quick: bool,
    /// A pool to measure, of f32 values for the CPU, and how many rows to select; may be given again
    #[arg(long, value_name = "POOL:K")]
    pool: Vec<String>,
    /// On a GPU, also small pools: a training loop's step and a batch of point clouds, as where no pool is given
    #[arg(long)]
    small: bool,
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
    /// f32 products by the `gemm` crate at 4,096 cubed, GF/s; not measured by a quick run.
    product_gflops: Option<f64>,
    /// int8 products by each multiplier the machine has, GOP/s; not measured by a quick run.
    int8_product_gops: Option<BTreeMap<&'static str, f64>>,
    pools: Vec<Measured>,
}

pub fn run(arguments: &Arguments) -> Result<exit::Code> {
    match arguments.device {
        Device::Cpu => run_on_cpu(arguments),
        Device::Cuda(number) => gpu::run(arguments, number),
        Device::Auto | Device::CudaMany(_) | Device::CudaAll => {
            usage("a benchmark is of one device: --device cpu, cuda or cuda:<number>")
        }
    }
}

fn run_on_cpu(arguments: &Arguments) -> Result<exit::Code> {
    let rate = (!arguments.quick).then(product_rate);
    let int8 = (!arguments.quick).then(int8_gops);
    if let (Some(rate), Some(int8), false) = (rate, &int8, arguments.json) {
        print(|out| Ok(out.write_all(rates(rate, int8).as_bytes())?))?;
    }
    let mut pools = Vec::new();
    for subject in subjects(arguments)? {
        let measured = measure(&subject, rate, arguments.turns.max(1))?;
        if !arguments.json {
            print(|out| Ok(out.write_all(table(&measured).as_bytes())?))?;
        }
        pools.push(measured);
    }
    let record = Record {
        machine: Machine::read(),
        command: command_line::line(),
        version: env!("CARGO_PKG_VERSION"),
        product_gflops: rate.map(|rate| rate / 1e9),
        int8_product_gops: int8,
        pools,
    };
    write(arguments, &record)?;
    Ok(exit::DONE)
}

fn int8_gops() -> BTreeMap<&'static str, f64> {
    int8_rates().into_iter().map(|(name, rate)| (name, rate / 1e9)).collect()
}

/// The machine's products, in a line.
fn rates(product: f64, int8: &BTreeMap<&str, f64>) -> String {
    let mut text = format!("products on all threads: f32 by gemm {:.0} GF/s; int8", product / 1e9);
    for (place, (name, gops)) in int8.iter().enumerate() {
        let _ = write!(text, "{} by {name} {gops:.0} GOP/s", if place == 0 { "" } else { "," });
    }
    text + "\n"
}

/// The record, to wherever it was asked for.
fn write(arguments: &Arguments, record: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(record)?;
    if arguments.json {
        print(|out| Ok(writeln!(out, "{json}")?))?;
    }
    if let Some(path) = &arguments.record {
        std::fs::write(path, json + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn subjects(arguments: &Arguments) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for given in &arguments.pool {
        let (path, budget) = given.rsplit_once(':').context("--pool is POOL:K")?;
        let pool = Pool::open(path)?;
        ensure!(pool.dtype() != Dtype::F64, "{path} has f64 values: f32 loops are measured here");
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

/// A ratio to so many decimals; a dash where there was nothing to divide by.
fn figure(ratio: f64, decimals: usize) -> String {
    if ratio.is_finite() { format!("{ratio:.decimals$}") } else { "-".into() }
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
            "  farpoint {:<6} {:>9.3} s   {:.1}x ({:.1}x a loop at 80 %)   refresh {} GF/s{}   evaluations {:.3} n k   reads {:.1}   \
             rounds {}   canonical {} a row   peak {peak} beside the pool",
            e.filter,
            e.seconds,
            e.speedup,
            e.speedup_at_80_percent,
            figure(e.refresh_gflops, 0),
            e.refresh_share_of_product_rate.map_or_else(String::new, |share| format!(
                " ({} % of gemm f32)",
                figure(100.0 * share, 0)
            )),
            e.evaluations_fraction,
            e.reads_per_row,
            e.statistics.rounds,
            figure(e.canonical_per_refreshed_row, 2),
        );
    }
    text
}
