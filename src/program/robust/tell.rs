//! The summary of a robust selection, for a person.

use std::collections::HashSet;
use std::io::{self, IsTerminal};

use crate::{
    Decision, LowerBy, Metric, Options, Pool, Printed, PrintedEnd, RobustProgress, RobustSelection,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::program::progress::keep_ticking;
use crate::program::summary;
use crate::program::terminal::{say, short};

/// The interval so far, on stderr, where a person is watching.
pub struct Watcher(ProgressBar);

impl Watcher {
    pub fn new(quiet: bool) -> Watcher {
        let target = match !quiet && io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {elapsed}  {msg}");
        bar.set_style(style.expect("the template is a constant"));
        keep_ticking(&bar);
        Watcher(bar)
    }

    pub fn show(&self, progress: RobustProgress) {
        let (lower, upper) = (progress.lower, progress.upper);
        self.0.set_message(match lower > 0.0 {
            true => format!(
                "radius from {} to {}, {:.3} % apart",
                short(lower),
                short(upper),
                100.0 * (upper - lower) / upper
            ),
            false => format!("greedy: radius {}", short(upper)),
        });
    }

    /// Leave no trace.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Pool, picks and time in a line, then the interval, what it rests on and what greedy had.
pub fn tell(pool: &Pool, options: &Options, selection: &RobustSelection, seconds: f64) {
    summary::tell_run(pool, selection.centers.len(), &selection.statistics, seconds);
    let (upper, unit) = (short(selection.upper), summary::unit(options.metric));
    let but = match selection.outliers.len() {
        0 => "every row".to_string(),
        1 => "every row but 1".to_string(),
        rows => format!("every row but {rows}"),
    };
    say(format_args!("{but} is within {upper} of a center{unit}"));
    say(format_args!("{}", interval(selection)));
    say(format_args!("greedy's radius is {}", greedy(selection)));
    if selection.upper == 0.0 && options.metric == Metric::Euclidean {
        tell_equal(pool, selection);
    }
}

/// Picks that are equal to others, so many were asked for.
fn tell_equal(pool: &Pool, selection: &RobustSelection) {
    let mut scratch = Vec::new();
    // Zero has two signs and is one number.
    let values = |&row: &usize| -> Vec<u64> {
        pool.row_f64(row, &mut scratch).iter().map(|value| (value + 0.0).to_bits()).collect()
    };
    let (picks, distinct) = (selection.centers.len(), selection.centers.iter().map(values));
    let distinct = distinct.collect::<HashSet<_>>().len();
    if distinct < picks {
        say(format_args!(
            "note: radius 0 needs no more than {distinct} of the {picks} picks: the others are equal to those"
        ));
    }
}

fn greedy(selection: &RobustSelection) -> String {
    let (greedy, upper) = (selection.greedy_radius, selection.upper);
    if selection.centers.len() < selection.certificate.budget {
        return format!(
            "not known: it was ended before its {} picks were made",
            selection.certificate.budget
        );
    }
    if greedy == upper {
        return format!("{}: the same", short(greedy));
    }
    if upper == 0.0 {
        return short(greedy);
    }
    format!("{}: {:.2} % more", short(greedy), 100.0 * (greedy - upper) / upper)
}

fn interval(selection: &RobustSelection) -> String {
    let lower = short(selection.lower);
    let word = match selection.certificate.lower_by {
        LowerBy::Dual => "proven".to_string(),
        LowerBy::BranchAndBound => {
            format!("by branch and bound, {} proven", short(selection.certificate.dual.radius))
        }
    };
    if selection.is_optimal() {
        return format!("no radius below it is possible ({word})");
    }
    if selection.lower == 0.0 {
        return "no lower bound is proven yet".to_string();
    }
    let (gap, end) = (100.0 * selection.gap(), selection.end);
    format!("no radius below {lower} is possible ({word}); {gap:.3} % apart: {end}")
}

/// The answer of the paper's algorithm.
pub fn paper(printed: &Printed) -> String {
    let (lower, upper) = (short(printed.lower), short(printed.upper));
    let end = match printed.end {
        PrintedEnd::Equal => format!("radius {upper} after {} radii", printed.iterations),
        PrintedEnd::Repeats => format!(
            "never ends: after {} radii its bounds are {lower} and {upper} again",
            printed.iterations
        ),
        PrintedEnd::Stopped => {
            format!("stopped after {} radii, with bounds {lower} and {upper}", printed.iterations)
        }
    };
    let valid = match printed.lower_is_valid {
        true => "",
        false => {
            "; its lower bound is invalid, since half of greedy's radius bounds nothing with outliers"
        }
    };
    format!("{end}{valid}")
}

/// Every radius decided, a line each, then what the search took, a `key value` a line.
pub fn log(selection: &RobustSelection) {
    for decision in &selection.decisions {
        say(format_args!("{}", line(decision)));
    }
    let search = &selection.search;
    let lines = [
        ("greedy_seconds", search.greedy_seconds),
        ("neighbours_seconds", search.neighbours_seconds),
        ("decide_seconds", search.decide_seconds),
        ("rows_held", search.rows as f64),
        ("pairs_held", search.pairs as f64),
    ];
    say(format_args!("device {}", selection.statistics.device));
    for (key, value) in lines {
        say(format_args!("{key} {value}"));
    }
}

fn line(decision: &Decision) -> String {
    let verdict = decision.verdict();
    let (rows, columns) = decision.residue;
    let radius = short(decision.radius);
    let (by, seconds) = (decision.by, decision.seconds);
    format!("radius {radius} {verdict} by {by}, {rows} x {columns} left, {seconds:.3} s")
}
