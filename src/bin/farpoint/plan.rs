//! `farpoint plan`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use farpoint::{Metric, Pool};
use serde::Serialize;

use crate::machine::memory_available;
use crate::measure::{EVALUATED, Rehearsal, read_bandwidth};
use crate::terminal::print;
use crate::terms;

/// Bytes of state a row, at most.
const STATE: u64 = 32;
/// Bytes of tiles and frontiers, at most.
const WORKSPACE: u64 = 256 << 20;

/// Say whether a selection on the CPU will fit, where, and how long it will take
///
/// Measures this machine for a second: a rehearsal on a sample of the pool, and how fast memory is read.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool, as for `select`
    pool: PathBuf,
    /// Rows to choose
    #[arg(long, short = 'k', value_name = "K")]
    budget: usize,
    /// How far apart two rows are
    #[arg(long, default_value = "euclidean", value_parser = terms::metric())]
    metric: Metric,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// The tensor, member or column of the pool's file that holds the vectors
    #[arg(long, value_name = "NAME")]
    tensor: Option<String>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

/// What a selection will take.
#[derive(Debug, Serialize)]
struct Plan {
    rows: usize,
    dimensions: usize,
    dtype: &'static str,
    budget: usize,
    device: &'static str,
    pool_bytes: u64,
    /// Of those, the ones that are not copied into memory.
    mapped_bytes: u64,
    state_bytes: u64,
    workspace_bytes: u64,
    /// Unknown where the system does not say.
    available_bytes: Option<u64>,
    /// State and workspace fit into memory.
    fits: Option<bool>,
    /// The pool fits beside them; if not it is read from its file about three times.
    pool_fits: Option<bool>,
    evaluations: f64,
    seconds: f64,
    rehearsal_rows: usize,
    rehearsal_picks: usize,
    rehearsal_seconds: f64,
    read_bytes_per_second: f64,
    plain_loop_seconds: f64,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.budget == 0 {
        return Err(farpoint::Error::BudgetZero.into());
    }
    let pool = Pool::open_named(&arguments.pool, arguments.tensor.as_deref())?;
    let (budget, available) = (arguments.budget, pool.rows());
    if budget > available {
        return Err(farpoint::Error::BudgetTooLarge { budget, available }.into());
    }
    let plan = plan(&pool, arguments)?;
    print(|out| match arguments.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(&plan)?)?),
        false => Ok(out.write_all(table(&plan).as_bytes())?),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn plan(pool: &Pool, arguments: &Arguments) -> Result<Plan> {
    let (n, d, k) = (pool.rows(), pool.dimensions(), arguments.budget);
    let state = STATE * n as u64;
    // What of the pool is in memory already is no longer available; what is mapped still is.
    let available = memory_available();
    let mapped = pool.mapped_bytes() as u64;
    let fits = |bytes: u64| available.map(|available| bytes <= available);
    let rehearsal = Rehearsal::run(pool, arguments.metric, arguments.threads)?;
    let bandwidth = read_bandwidth(n * d);
    Ok(Plan {
        rows: n,
        dimensions: d,
        dtype: pool.dtype().name(),
        budget: k,
        device: "cpu",
        pool_bytes: pool.bytes() as u64,
        mapped_bytes: mapped,
        state_bytes: state,
        workspace_bytes: WORKSPACE,
        available_bytes: available,
        fits: fits(state + WORKSPACE),
        pool_fits: fits(state + WORKSPACE + mapped),
        evaluations: EVALUATED * n as f64 * k as f64,
        seconds: rehearsal.estimate(n, k),
        rehearsal_rows: rehearsal.rows,
        rehearsal_picks: rehearsal.picks,
        rehearsal_seconds: rehearsal.seconds,
        read_bytes_per_second: bandwidth,
        plain_loop_seconds: n as f64 * k as f64 * d as f64 * 4.0 / bandwidth,
    })
}

fn table(plan: &Plan) -> String {
    let unknown = || "unknown".to_string();
    let lines = [
        ("pool", format!("{} rows of {} dimensions, {}", plan.rows, plan.dimensions, plan.dtype)),
        ("budget", plan.budget.to_string()),
        ("pool in memory", pool_in_memory(plan)),
        ("state", format!("at most {}", bytes(plan.state_bytes as f64))),
        ("workspace", format!("at most {}", bytes(plan.workspace_bytes as f64))),
        (
            "memory available",
            plan.available_bytes.map_or_else(unknown, |available| bytes(available as f64)),
        ),
        ("fits", verdict(plan).into()),
        ("device", plan.device.into()),
        ("distances", format!("about {:.2e} of {:.2e}", plan.evaluations, pairs(plan))),
        ("estimated time", seconds(plan.seconds)),
        ("plain loop", format!("at least {}", seconds(plan.plain_loop_seconds))),
        ("measured", measured(plan)),
    ];
    let mut out = String::new();
    for (name, value) in lines {
        writeln!(out, "{name:<18}{value}").expect("a string takes any text");
    }
    out
}

fn pool_in_memory(plan: &Plan) -> String {
    let size = bytes(plan.pool_bytes as f64);
    match plan.mapped_bytes {
        0 => format!("{size}, converted or decompressed"),
        mapped if mapped == plan.pool_bytes => format!("{size}, mapped, not copied"),
        mapped => format!("{size}, of which {} mapped, not copied", bytes(mapped as f64)),
    }
}

fn pairs(plan: &Plan) -> f64 {
    plan.rows as f64 * plan.budget as f64
}

fn measured(plan: &Plan) -> String {
    format!(
        "{} picks from {} of these rows in {}; memory read at {}/s",
        plan.rehearsal_picks,
        plan.rehearsal_rows,
        seconds(plan.rehearsal_seconds),
        bytes(plan.read_bytes_per_second)
    )
}

fn verdict(plan: &Plan) -> &'static str {
    match (plan.fits, plan.pool_fits) {
        (Some(true), Some(true)) => "yes",
        (Some(true), _) => "yes, but the pool will be read from its file about three times",
        (Some(false), _) => "no",
        (None, _) => "unknown",
    }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        0.0..1e6 => format!("{:.1} kB", bytes / 1e3),
        1e6..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

fn seconds(seconds: f64) -> String {
    match seconds {
        0.0..1.0 => format!("{:.0} ms", seconds * 1e3),
        1.0..120.0 => format!("{seconds:.1} s"),
        120.0..7200.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
