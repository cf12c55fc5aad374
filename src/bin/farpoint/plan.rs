//! `farpoint plan`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use farpoint::pool::OpenOptions;
use farpoint::{Metric, Plan, Pool};

use crate::inputs::tell;
use crate::terminal::print;
use crate::terms;

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

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // Only a sample is read.
    let name = arguments.tensor.as_deref();
    let on_disk = OpenOptions { name, on_disk: true, ..OpenOptions::default() };
    let pool = Pool::open_with(&arguments.pool, &on_disk)?;
    tell(pool.notices());
    let plan = farpoint::plan(&pool, arguments.budget, arguments.metric, arguments.threads)?;
    print(|out| match arguments.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(&plan)?)?),
        false => Ok(out.write_all(table(&plan).as_bytes())?),
    })?;
    Ok(ExitCode::SUCCESS)
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
        mapped if mapped == plan.pool_bytes => format!("{size}, read from its files"),
        mapped => format!("{size}, of which {} read from its files", bytes(mapped as f64)),
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
