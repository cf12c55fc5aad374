//! `farpoint plan`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use farpoint::memory::LimitedBy;
use farpoint::pool::Outline;
use farpoint::{Metric, Plan, Way, WayName};

use crate::inputs::tell;
use crate::storage::Storage;
use crate::terminal::print;
use crate::terms;

/// Say in which way a selection will be made, whether it will fit, and how long it will take
///
/// Measures this machine for a few seconds: it selects from a sample of the pool, at most a million rows or 64 MB of f32 that lie evenly in
/// it, and from half of that, and carries the time over. Nothing else is read but headers, and the metadata of Parquet files. (An Arrow
/// file is read through.) Rows that would have to be decoded are not: others are made up in their place, as with --headers. The times of
/// ways that read a disk are those of one that reads 500 MB/s.
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
    /// Read no value of the pool, and select from made-up rows, which are like embeddings: low dimensions, ties or outliers in the pool can
    /// make a selection take several times as long
    #[arg(long)]
    headers: bool,
    #[command(flatten)]
    storage: Storage,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { budget, metric, threads, ref storage, .. } = *arguments;
    let (pool, tensor) = (&arguments.pool, arguments.tensor.as_deref());
    let (outline, sample) = match arguments.headers {
        true => (Outline::read(pool, tensor)?, None),
        false => Outline::read_with_sample(pool, tensor)?,
    };
    tell(&outline.notices);
    let memory = storage.memory;
    let plan = farpoint::plan(&outline, sample.as_ref(), budget, metric, threads, memory, None)?;
    print(|out| match arguments.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(&plan)?)?),
        false => Ok(out.write_all(table(&plan, storage).as_bytes())?),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn table(plan: &Plan, storage: &Storage) -> String {
    let lines = [
        ("pool", format!("{} rows of {} dimensions, {}", plan.rows, plan.dimensions, plan.dtype)),
        ("budget", plan.budget.to_string()),
        ("values", values(plan)),
        ("memory available", available(plan)),
        ("taken", taken(plan, storage)),
        ("rounds", rounds(plan)),
        ("distances", format!("about {:.2e} of {:.2e}", plan.evaluations, pairs(plan))),
        ("estimated time", plan.seconds.map_or("unknown".into(), seconds)),
        ("plain loop", format!("at least {}", seconds(plan.plain_loop_seconds))),
        ("robust", format!("about {} of memory beside the pool", bytes(plan.robust_bytes as f64))),
        ("measured", measured(plan)),
        ("carried over", carried_over(plan)),
    ];
    let mut out = String::new();
    for (name, value) in lines {
        writeln!(out, "{name:<18}{value}").expect("a string takes any text");
    }
    ways(plan, &mut out).expect("a string takes any text");
    out
}

/// The table of ways.
fn ways(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out)?;
    writeln!(
        out,
        "{:<34}{:>10}{:>12}{:>10}{:>11}  fits",
        "way", "memory", "disk reads", "scratch", "time"
    )?;
    for way in &plan.ways {
        let [memory, read, scratch] =
            [way.memory_bytes, way.read_bytes, way.scratch_bytes].map(|size| bytes(size as f64));
        let time = way.seconds.map_or("unknown".into(), seconds);
        let fits = way.fits.map_or("unknown", |fits| if fits { "yes" } else { "no" });
        writeln!(
            out,
            "{:<34}{memory:>10}{read:>12}{scratch:>10}{time:>11}  {fits}",
            name(plan, way.name)
        )?;
    }
    Ok(())
}

fn name(plan: &Plan, way: WayName) -> &'static str {
    let is_int8 = matches!(plan.dtype, "u8" | "i8");
    match (way, &plan.filter[..]) {
        (WayName::InMemory, "cells") => "pool and its cells in memory",
        (WayName::InMemory, "int8") if !is_int8 => "pool and its int8 copy in memory",
        (WayName::InMemory, _) => "pool in memory",
        (WayName::CopyInMemory, "cells") => "cells in memory, pool on disk",
        (WayName::CopyInMemory, _) => "int8 copy in memory, pool on disk",
        (WayName::OnDisk, _) => "pool on disk, no copy",
        (WayName::Gpu, _) => "on a GPU, pool in its memory",
        (WayName::GpuStaged, _) => "on a GPU, pool on the host",
    }
}

fn values(plan: &Plan) -> String {
    let size = bytes(plan.pool_bytes as f64);
    let parts = [
        (plan.disk_bytes, "in files, as they are"),
        (plan.decoded_bytes, "to be decoded or rearranged"),
        (plan.pool_bytes - plan.disk_bytes - plan.decoded_bytes, "in memory"),
    ];
    let parts: Vec<_> = parts.iter().filter(|(size, _)| *size > 0).collect();
    match &parts[..] {
        [(_, only)] => format!("{size}, {only}"),
        several => {
            let told = several.iter().map(|(size, how)| format!("{} {how}", bytes(*size as f64)));
            format!("{size}: {}", told.collect::<Vec<_>>().join(", "))
        }
    }
}

fn available(plan: &Plan) -> String {
    let Some(available) = plan.available_bytes else { return "unknown".into() };
    let by = match plan.limited_by {
        Some(LimitedBy::ControlGroup) => ", left by a control group",
        Some(LimitedBy::Caller) => ", left by --memory",
        _ => "",
    };
    format!("{}{by}", bytes(available as f64))
}

/// The way that is taken, or what would make one fit.
fn taken(plan: &Plan, storage: &Storage) -> String {
    let Some(way) = plan.way else {
        let on_cpu = plan.ways.iter().filter(|way| way.seconds.is_some());
        let least = on_cpu.map(|way: &Way| way.memory_bytes).min().unwrap_or(0);
        let a_row = (least - plan.workspace_bytes) / plan.rows as u64;
        let left = (plan.available_bytes.unwrap_or(0) / 8 * 7).saturating_sub(plan.workspace_bytes);
        // Seven eighths of what is available are taken.
        return format!(
            "nothing fits: {} of memory would be enough, or a pool of {} rows",
            bytes(least as f64 * 8.0 / 7.0),
            left / a_row.max(1)
        );
    };
    let decodes = plan.decoded_bytes > 0 && way != WayName::InMemory && storage.scratch.is_none();
    format!("{}{}", name(plan, way), if decodes { ", with --scratch FOLDER" } else { "" })
}

fn pairs(plan: &Plan) -> f64 {
    plan.rows as f64 * plan.budget as f64
}

fn rounds(plan: &Plan) -> String {
    match &plan.filter[..] {
        "plain loop" => "none, but one pass a pick: so small a pool takes less that way".into(),
        "int8" => "on int8 values".into(),
        filter => format!("on {filter}"),
    }
}

fn measured(plan: &Plan) -> String {
    format!(
        "{} picks from {} {} in {}; memory read at {}/s",
        plan.rehearsal_picks,
        plan.rehearsal_rows,
        if plan.rehearsal_of_pool { "rows of the pool" } else { "made-up rows" },
        seconds(plan.rehearsal_seconds),
        bytes(plan.read_bytes_per_second)
    )
}

/// What is assumed of the rest.
fn carried_over(plan: &Plan) -> String {
    let growth = format!(
        "as the power {:.2} of rows, {:.2} of picks",
        plan.growth_by_rows, plan.growth_by_picks
    );
    match plan.rehearsal_of_pool {
        true if plan.rehearsal_rows == plan.rows && plan.rehearsal_picks == plan.budget => {
            "all was measured".into()
        }
        true => growth,
        false => format!("{growth}, as if the pool were embeddings"),
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
