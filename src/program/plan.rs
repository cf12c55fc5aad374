//! `farpoint plan`.

mod lists;

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::memory::LimitedBy;
use crate::pool::Outline;
use crate::{
    Device, GpuShare, Plan, PlanOptions, RobustOptions, RobustPlan, Way, WayName, gpu_shares,
};
use anyhow::Result;
use serde::Serialize;

use crate::program::budget::{self, Budget};
use crate::program::exit::{self, usage};
use crate::program::inputs::{files, tell};
use crate::program::record::FileRecord;
use crate::program::robust;
use crate::program::storage::Storage;
use crate::program::terminal::print;
use crate::program::terms::Terms;
use lists::Lists;

/// Files of a pool that are listed before the last.
const LISTED: usize = 100;

// What options mean here that `select` shares.
const BUDGET: &str = "Rows to choose, as 1000 or 1e3, or a share of the pool's, as 10%, which is rounded down, to one row at least; labeled rows are not counted";
const METRIC: &str = "How far apart two rows are [default: euclidean]";
const IDS: &str = "What rows are called, as for select. Lists may then give ids, which are counted and not looked up";

/// Say in which way a selection will be made, whether it will fit, and how long it will take
///
/// Measures this machine for a few seconds: it selects from a sample of the pool, at most a million rows or 64 MB of f32 that lie evenly in
/// it, and from half of that, and carries the time over. As many of the sample's rows are labeled, excluded and weighted as of the pool's.
/// Nothing else is read but headers, and the metadata of Parquet files. (An Arrow
/// file is read through.) Rows that would have to be fetched or decoded are not: others are made up in their place, as with --headers. The times of
/// ways that read a disk are those of one that reads 500 MB/s.
#[derive(Debug, clap::Args)]
#[command(mut_arg("budget", |budget| budget.help(BUDGET)), mut_arg("metric", |metric| metric.help(METRIC)), mut_arg("ids", |ids| ids.help(IDS)))]
#[command(mut_arg("stop_radius", |radius| radius.hide(true)), mut_arg("stop_similarity", |similarity| similarity.hide(true)), mut_arg("first", |first| first.hide(true)), mut_arg("seed", |seed| seed.hide(true)))]
pub struct Arguments {
    /// The pool, as for `select`
    pool: PathBuf,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    robust: Robust,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Also say what each of these GPUs would hold: cuda:<number>, several as cuda:0,1, or cuda:all
    #[arg(long, default_value = "cpu")]
    device: Device,
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

#[derive(Debug, clap::Args)]
struct Robust {
    /// Plan `farpoint robust`: its memory, and the time until its search begins
    #[arg(long)]
    robust: bool,
    /// Of a robust selection, the rows that may stay uncovered, as `farpoint robust` takes them [default: 0]
    #[arg(long, value_name = "ROWS", requires = "robust", value_parser = budget::outliers, conflicts_with = "outlier_fraction")]
    outliers: Option<Budget>,
    /// The same as a share of the rows that are neither labeled nor excluded, rounded down
    #[arg(long, value_name = "SHARE", requires = "robust", value_parser = robust::share)]
    outlier_fraction: Option<f64>,
}

pub fn run(arguments: &Arguments) -> Result<exit::Code> {
    let Arguments { threads, ref storage, ref pool, .. } = *arguments;
    let asked = arguments.budget()?;
    let terms = arguments.terms.with_columns(None)?;
    let options = terms.meant.options(terms.metric());
    let (outline, sample) = match arguments.headers {
        true => (Outline::read_with(pool, &options)?, None),
        false => Outline::read_with_sample(pool, &options)?,
    };
    tell(&outline.notices);
    let lists = Lists::read(&terms, outline.rows)?;
    lists.tell_notices();
    let (budget, options) = (asked.of(outline.rows), lists.options(&terms, threads));
    let robust = arguments.robust.options(options.available(outline.rows));
    let asked = PlanOptions { memory: storage.memory, robust };
    let plan = crate::plan(&outline, sample.as_ref(), budget, &options, &asked)?;
    let gpus = gpu_shares(&outline, arguments.device)?;
    let files = files(pool, &outline.files, &outline.first_rows);
    let planned = Planned { plan: &plan, files, gpus };
    print(|out| match arguments.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(&planned)?)?),
        false => {
            let table = table(&plan, storage) + &shares(&planned.gpus) + &listed(&planned.files);
            Ok(out.write_all(table.as_bytes())?)
        }
    })?;
    Ok(exit::DONE)
}

impl Arguments {
    /// The budget, and what contradicts itself whatever the files hold.
    fn budget(&self) -> Result<Budget> {
        let terms = &self.terms;
        if terms.stop_radius().is_some() {
            return usage(
                "plan takes no --stop-radius: how many picks reach it is not known before they are made",
            );
        }
        if self.robust.robust && terms.weights.is_some() {
            return usage("robust takes no --weights: leave them out, or --robust");
        }
        terms.check_budget()?;
        terms.check_first()?;
        terms.check_seed()?;
        terms.budget.map_or_else(|| usage("give --budget: how many rows to choose"), Ok)
    }
}

impl Robust {
    /// What is asked of a robust selection where so many rows may be chosen.
    fn options(&self, available: usize) -> Option<RobustOptions> {
        let share = |share| robust::share_of(share, available);
        let outliers = self.outliers.map(|outliers| outliers.at_most(available));
        let outliers = outliers.or(self.outlier_fraction.map(share)).unwrap_or(0);
        self.robust.then(|| RobustOptions { outliers, ..RobustOptions::default() })
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Planned<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    /// Of a folder or a pattern, in the order of the rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileRecord>,
    /// Of the GPUs that are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gpus: Vec<GpuShare>,
}

/// The table of GPUs, where some are named.
fn shares(gpus: &[GpuShare]) -> String {
    let mut out = String::new();
    if gpus.is_empty() {
        return out;
    }
    let head = format!(
        "\n{:<10}{:>14}{:>14}{:>16}{:>18}",
        "GPU", "first row", "rows", "with the pool", "pool on the host"
    );
    let line = |share: &GpuShare| {
        let [memory, staged] =
            [share.memory_bytes, share.staged_memory_bytes].map(|size| bytes(size as f64));
        let name = format!("cuda:{}", share.gpu);
        format!("{name:<10}{:>14}{:>14}{memory:>16}{staged:>18}", share.first, share.rows)
    };
    for line in [head].into_iter().chain(gpus.iter().map(line)) {
        writeln!(out, "{line}").expect("a string takes any text");
    }
    out
}

/// The table of a pool's files, in the order of their rows; of very many, those at both ends.
fn listed(files: &[FileRecord]) -> String {
    let mut lines = Vec::new();
    if !files.is_empty() {
        lines.push(format!("\n{:>14}  file", "first row"));
    }
    let line = |file: &FileRecord| format!("{:>14}  {}", file.first_row, file.path);
    lines.extend(files.iter().take(LISTED).map(line));
    if let [.., last] = &files[LISTED.min(files.len())..] {
        let between = files.len() - LISTED - 1;
        if between > 0 {
            lines.push(format!("{:>14}  {between} more, which --json lists", "..."));
        }
        lines.push(line(last));
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn table(plan: &Plan, storage: &Storage) -> String {
    let lines = [
        ("pool", format!("{} rows of {} dimensions, {}", plan.rows, plan.dimensions, plan.dtype)),
        ("budget", plan.budget.to_string()),
        ("given", given(plan)),
        ("values", values(plan)),
        ("memory available", available(plan)),
        ("taken", taken(plan, storage)),
        ("rounds", rounds(plan)),
        ("distances", format!("about {:.2e} of {:.2e}", plan.evaluations, pairs(plan))),
        ("estimated time", plan.seconds.map_or("unknown".into(), seconds)),
        ("plain loop", format!("at least {}", seconds(plan.plain_loop_seconds))),
        ("measured", measured(plan)),
        ("carried over", carried_over(plan)),
    ];
    let mut out = String::new();
    let robust = plan.robust.iter().flat_map(robust_lines);
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()).chain(robust) {
        writeln!(out, "{name:<18}{value}").expect("a string takes any text");
    }
    ways(plan, &mut out).expect("a string takes any text");
    out
}

/// What is labeled and excluded; empty if nothing is.
fn given(plan: &Plan) -> String {
    let of = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let both = [of(plan.labeled, "labeled"), of(plan.excluded, "excluded")];
    both.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What a robust selection takes, and what no plan can say of it.
fn robust_lines(robust: &RobustPlan) -> [(&'static str, String); 3] {
    let RobustPlan { greedy_picks, pair_bytes, .. } = *robust;
    let after =
        robust.start_seconds.map_or("an unknown time".into(), |s| format!("about {}", seconds(s)));
    let [start, most] = [robust.start_bytes, robust.memory_bytes].map(|size| bytes(size as f64));
    let begins = format!(
        "after {after}, with the cover of greedy's {greedy_picks} picks; times and counts here are theirs"
    );
    let ends = "at its --time-limit, with the interval proven by then: no plan tells how long a proof takes";
    let memory = format!(
        "beside the pool {start}, and {pair_bytes} bytes for each pair of near rows that it holds: {most} at most"
    );
    [("robust begins", begins), ("robust ends", ends.into()), ("robust memory", memory)]
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
        (plan.decoded_bytes, "to be fetched, decoded or rearranged"),
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
        Some(LimitedBy::Process) => ", left by a limit of the process (ulimit)",
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
        let fixed = plan.workspace_bytes + plan.given_bytes;
        let a_row = (least - fixed) / plan.rows as u64;
        let left = (plan.available_bytes.unwrap_or(0) / 8 * 7).saturating_sub(fixed);
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

/// Of every row and every center.
fn pairs(plan: &Plan) -> f64 {
    let picks = plan.robust.as_ref().map_or(plan.budget, |robust| robust.greedy_picks);
    plan.rows as f64 * (plan.labeled + picks) as f64
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
    let beside = if plan.labeled > 0 { ", with labeled ones in proportion" } else { "" };
    let growth = format!(
        "as the power {:.2} of rows{beside}, {:.2} of picks",
        plan.growth_by_rows, plan.growth_by_picks
    );
    match plan.rehearsal_of_pool {
        true if plan.rehearsal_rows == plan.rows && plan.rehearsal_picks >= plan.budget => {
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
