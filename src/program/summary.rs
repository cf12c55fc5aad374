//! The summary of a finished selection, for a person.

use std::io::{self, IsTerminal};

use crate::{Dtype, Metric, Options, Pool, Selection, Statistics, report};

use crate::program::terminal::{say, short};

/// Columns of the plot; its last label may reach a little farther, within 80.
const PLOT_WIDTH: usize = 72;

/// Tells that the CPU did the work that a GPU was to do.
pub fn warn(statistics: &Statistics) {
    if let Some(reason) = &statistics.fallback {
        say(format_args!("warning: the CPU was used, since the GPU cannot be: {reason}"));
    }
}

/// Rows that may be garbage.
fn tell_beyond(statistics: &Statistics) {
    if let Some(beyond) = &statistics.beyond {
        say(format_args!("note: {beyond}"));
    }
}

/// Pool, picks and time in a line, then the coverage curve: as numbers, and to a person as a picture too.
pub fn tell(pool: &Pool, options: &Options, selection: &Selection, seconds: f64) {
    let picks = selection.centers.len();
    tell_run(pool, picks, &selection.statistics, seconds);
    if selection.radii.len() == picks {
        let (radius, unit) = (short(selection.radius()), unit(options.metric));
        let best = report::beside_the_best(selection)
            .map(|factor| format!(", at most {factor} the least radius possible"))
            .unwrap_or_default();
        say(format_args!("every row is within {radius} of a center{best}{unit}"));
    }
    tell_idle(options, selection);
    tell_beyond(&selection.statistics);
    say(format_args!("{}", report::curve_table(selection).trim_end()));
    let plot = report::curve_plot(selection, PLOT_WIDTH);
    if io::stderr().is_terminal() && !plot.is_empty() {
        say(format_args!("\n{}", plot.trim_end()));
    }
}

/// Picks that cover nothing new.
fn tell_idle(options: &Options, selection: &Selection) {
    let (idle, picks) = (selection.idle_picks(), selection.centers.len());
    if idle > 0 {
        let or = if options.weights.is_some() { ", or has weight 0" } else { "" };
        say(format_args!(
            "note: {idle} of the {picks} picks came when the radius was 0: each equals a center before it{or}; --stop-radius 0 leaves \
             them out"
        ));
    }
}

/// Picks, pool, time and device in a line, and the files of the pool in another.
pub fn tell_run(pool: &Pool, picks: usize, statistics: &Statistics, seconds: f64) {
    let (n, d, dtype) = (pool.rows(), pool.dimensions(), stored(pool.dtype()));
    let s = if picks == 1 { "" } else { "s" };
    let device = &statistics.device;
    say(format_args!(
        "{picks} pick{s} from {n} rows of {d} dimensions ({dtype}) in {seconds:.2} s on {device}"
    ));
    let files = report::files(pool);
    if !files.is_empty() {
        say(format_args!("{files}"));
    }
}

/// The type of the values, and of bytes what they are taken for.
fn stored(dtype: Dtype) -> String {
    let range = dtype.range().map(|range| format!(", numbers from {range}"));
    dtype.name().to_string() + &range.unwrap_or_default()
}

/// The words after a radius that is not in the pool's own unit.
pub fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::Euclidean => "",
        Metric::Cosine => " (a chord: the cosine distance is half its square)",
    }
}

/// The device, then counts and times, a `key value` a line.
pub fn log(pool: &Pool, selection: &Selection, seconds: f64) {
    let statistics = &selection.statistics;
    let (n, picks) = (pool.rows() as f64, selection.centers.len() as f64);
    let per = |count: u64, of: f64| if of > 0.0 { count as f64 / of } else { 0.0 };
    let refreshed = statistics.refreshed_rows as f64;
    let lines = [
        ("rounds", statistics.rounds as f64),
        ("refresh_evaluations_per_nk", per(statistics.refresh_evaluations, n * picks)),
        ("settle_evaluations_per_nk", per(statistics.settle_evaluations, n * picks)),
        ("tile_evaluations_per_nk", per(statistics.tile_evaluations, n * picks)),
        ("pick_evaluations_per_nk", per(statistics.pick_evaluations, n * picks)),
        ("reads_per_row", per(statistics.row_reads, n)),
        ("canonical_per_refreshed_row", per(statistics.refresh_canonical, refreshed)),
        ("pick_canonical", statistics.pick_canonical as f64),
        ("replay_evaluations", statistics.replay_evaluations as f64),
        ("replay_canonical", statistics.replay_canonical as f64),
        ("replay_seconds", statistics.replay_seconds),
        ("prepare_seconds", statistics.prepare_seconds),
        ("frontier_seconds", statistics.frontier_seconds),
        ("refresh_seconds", statistics.refresh_seconds),
        ("pick_seconds", statistics.pick_seconds),
        ("settle_seconds", statistics.settle_seconds),
        ("seconds", seconds),
        ("picks_per_second", if seconds > 0.0 { picks / seconds } else { 0.0 }),
    ];
    say(format_args!("device {}", statistics.device));
    if let Some(distinct) = statistics.distinct_rows {
        say(format_args!("distinct_rows {distinct}"));
    }
    if let Some(beyond) = &statistics.beyond {
        say(format_args!("rows_beyond {}", beyond.rows));
        say(format_args!("farthest_beyond {}", beyond.row));
    }
    for (key, value) in lines {
        say(format_args!("{key} {value}"));
    }
}
