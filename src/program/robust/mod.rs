//! `farpoint robust`.

mod record;
mod tell;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::report::{self, About};
use crate::{
    Candidates, Device, End, Error, First, Options, Printed, PrintedEnd, RobustOptions,
    RobustSelection, robust_as_printed, robust_with,
};
use anyhow::Result;

use crate::program::budget::{self, Budget};
use crate::program::certificate::CertificateFile;
use crate::program::exit::{self, INTERRUPTED, usage};
use crate::program::inputs::Inputs;
use crate::program::interrupt::Interrupt;
use crate::program::listing::Listing;
use crate::program::outputs::{self, Made, OutputPaths, Outputs, write_json};
use crate::program::record::PoolRecord;
use crate::program::storage::Storage;
use crate::program::summary;
use crate::program::target::Target;
use crate::program::terminal::{print, say};
use crate::program::terms::Terms;
use record::RobustRecord;
use tell::Watcher;

// What options mean here that `select` shares: picks have no order, and nothing is weighted.
const BUDGET: &str = "Rows to choose, as 1000 or 1e3, or a share of the pool's, as 10%, which is rounded down, to one row at least; labeled rows are not counted";
const FIRST: &str = "Greedy's first pick, where nothing is labeled: row:<i>, mean (the row nearest it) or random [default: row 0]";
const OUTPUT: &str = "The picks, by row: .npy (int64), .txt (one a line, ids where rows have some), .csv and .parquet (rank,row,id,file,row_in_file) or .json (everything)";
const ASSIGNMENT: &str = "Every row's nearest center: .npy (int64); p >= 0 is a place among the picks, -1-l is labeled entry l";
const REPORT: &str = "A page to look at: the interval as it narrowed, distances, a map of pool, picks and uncovered rows: .html";

/// Choose the rows that leave all but a few rows of the pool within the least radius possible, and prove it
///
/// Searches down from greedy's radius, deciding one radius after another. The answer is an interval that holds the best
/// radius, and rows that reach its upper end; without a time limit the search goes on until both ends are equal.
#[derive(Debug, clap::Args)]
#[command(mut_arg("budget", |budget| budget.help(BUDGET)), mut_arg("first", |first| first.help(FIRST)), mut_arg("output", |output| output.help(OUTPUT)), mut_arg("assignment", |assignment| assignment.help(ASSIGNMENT)))]
#[command(mut_arg("report", |report| report.help(REPORT)), mut_arg("weights", |weights| weights.hide(true)), mut_arg("stop_radius", |radius| radius.hide(true)), mut_arg("stop_similarity", |similarity| similarity.hide(true)))]
pub struct Arguments {
    /// The pool, as for select
    pool: PathBuf,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    outputs: OutputPaths,
    /// The proof of both ends of the interval, for `verify --certificate`: .json
    #[arg(long, value_name = "JSON", help_heading = "What is written")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    running: Running,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is proven")]
struct Question {
    /// Rows that may stay uncovered, as 100 or 1e2, or a share of those neither labeled nor excluded, as 0.01%, rounded down [default: 0]
    #[arg(long, value_name = "ROWS", value_parser = budget::outliers, conflicts_with = "outlier_fraction")]
    outliers: Option<Budget>,
    /// The same as a share of the rows that are neither labeled nor excluded, rounded down; the paper's is 1e-4
    #[arg(long, value_name = "SHARE", value_parser = share)]
    outlier_fraction: Option<f64>,
    /// Stop after this many seconds, with the interval proven so far
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time_limit: Option<Duration>,
    /// Stop once the interval is narrower than this share of the radius
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = gap)]
    gap: f64,
    /// Choose among greedy's first budget + outliers picks alone: at most three times the best radius, for pools where the
    /// search over all rows is out of reach
    #[arg(long)]
    greedy: bool,
    /// Also run the paper's algorithm as it is printed, to compare with
    #[arg(long)]
    paper: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it runs")]
struct Running {
    /// Where distances are computed: auto, cpu, cuda or cuda:<number>, as for select
    #[arg(long, default_value = "auto")]
    device: Device,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    storage: Storage,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "log")]
    quiet: bool,
    /// Print every radius decided, and how, on stderr
    #[arg(long)]
    log: bool,
    /// Print everything as one JSON object instead of rows
    #[arg(long)]
    json: bool,
}

/// A share of the rows that may be left out, as it is typed.
pub fn share(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|share| (0.0..1.0).contains(share))
        .ok_or("a share is from 0 to below 1".into())
}

fn gap(text: &str) -> Result<f64, String> {
    number(text).filter(|gap| *gap >= 0.0).ok_or("a gap is a number of at least 0".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = number(text).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or("a time limit is a number of seconds of at least 0".into())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

pub fn run(mut arguments: Arguments) -> Result<exit::Code> {
    let asked = arguments.check()?;
    arguments.terms = arguments.terms.with_columns(None)?;
    let interrupt = Interrupt::listen()?;
    let outputs = arguments.outputs.check(arguments.files())?;
    let certificate = arguments.certificate_target(&outputs)?;
    let inputs = Inputs::open(&arguments.pool, &arguments.terms, &arguments.running.storage)?;
    inputs.check_first(&arguments.terms)?;
    outputs.check_replace_none(inputs.files())?;
    if let Some(target) = &certificate {
        outputs.check_beside(target, inputs.files())?;
    }
    if !arguments.running.quiet {
        inputs.tell_notices();
    }
    let options = Options {
        device: arguments.running.device,
        threads: arguments.running.threads,
        assign: outputs.need_assignment(),
        interrupt: Some(interrupt.flag()),
        ..inputs.options(&arguments.terms)
    };
    let robust = arguments.question.options(&inputs);
    let budget = asked.of(inputs.pool.rows());
    interrupt.selecting();
    let started = Instant::now();
    let watcher = Watcher::new(arguments.running.quiet);
    let mut watch = |progress| {
        watcher.show(progress);
        interrupt.flow()
    };
    let selection = robust_with(&inputs.pool, budget, &options, &robust, &mut watch);
    // An error is told on a line of its own.
    let selection = selection.inspect_err(|_| watcher.clear())?;
    let seconds = started.elapsed().as_secs_f64();
    let paper = arguments.question.paper && selection.end != End::Interrupted;
    let printed = paper
        .then(|| robust_as_printed(&inputs.pool, budget, &options, &robust, &mut watch))
        .map_or(Ok(None), unless_interrupted)?;
    watcher.clear();
    let made = Robust {
        inputs: &inputs,
        picks: Listing::new(&inputs, &selection.centers)?,
        options: &options,
        robust: &robust,
        selection: &selection,
        printed: printed.as_ref(),
        seconds,
    };
    arguments.write(&outputs, certificate.as_ref(), &made)?;
    arguments.tell(&made);
    arguments.print(&outputs, &made)?;
    let is_whole = match &printed {
        Some(printed) => printed.end != PrintedEnd::Stopped || interrupt.flow().is_continue(),
        None => selection.end != End::Interrupted && !paper,
    };
    Ok(if is_whole { exit::DONE } else { INTERRUPTED })
}

/// The algorithm's answer for comparison; none if it was interrupted before it had one, which leaves the selection.
fn unless_interrupted(printed: Result<Printed, Error>) -> Result<Option<Printed>> {
    match printed {
        Err(Error::Interrupted) => Ok(None),
        printed => Ok(Some(printed?)),
    }
}

/// So much of `available` rows.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
pub fn share_of(share: f64, available: usize) -> usize {
    // A share meant to give a whole number may come out a little below it.
    (share * available as f64 + 1e-9) as usize
}

/// A finished run.
struct Robust<'a> {
    inputs: &'a Inputs,
    picks: Listing<'a>,
    options: &'a Options<'a>,
    robust: &'a RobustOptions,
    selection: &'a RobustSelection,
    printed: Option<&'a Printed>,
    seconds: f64,
}

impl Robust<'_> {
    /// The pool, which is not read again for its hash where someone waits for the end.
    fn pool_record(&self, path: &Path) -> Result<PoolRecord> {
        self.inputs.pool_record(path, self.selection.end != End::Interrupted)
    }
}

impl Arguments {
    /// The budget, and what contradicts itself whatever the files hold.
    fn check(&self) -> Result<Budget> {
        let terms = &self.terms;
        let asked = Options {
            weights: terms.weights.is_some().then(Vec::new),
            stop_radius: terms.stop_radius(),
            ..Options::default()
        };
        if let Err(refused) = asked.check_robust() {
            return usage(refused.to_string());
        }
        if terms.first == Some(First::Heaviest) {
            return usage("robust takes no --first heaviest: it has no weights");
        }
        terms.check_first()?;
        terms.check_seed()?;
        terms.check_budget()?;
        terms.budget.map_or_else(|| usage("give --budget: how many rows to choose"), Ok)
    }

    /// The files that are read, which no output may replace.
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.terms.files().chain([self.pool.clone()])
    }

    fn certificate_target(&self, outputs: &Outputs) -> Result<Option<Target>> {
        let Some(path) = &self.certificate else { return Ok(None) };
        let target = Target::new(path)?;
        outputs.check_beside(&target, self.files())?;
        Ok(Some(target))
    }

    fn record<'a>(&self, made: &Robust<'a>) -> Result<RobustRecord<'a>> {
        let pool = made.pool_record(&self.pool)?;
        let terms = made.inputs.terms_record(&self.terms)?;
        let Robust { robust, selection, printed, seconds, ref picks, .. } = *made;
        RobustRecord::new(pool, terms, robust, selection, picks, printed, seconds)
    }

    fn write(&self, outputs: &Outputs, certificate: Option<&Target>, made: &Robust) -> Result<()> {
        let selection = made.selection;
        outputs.write(&Made {
            picks: &made.picks,
            radii: None,
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
            json: &|out| write_json(out, &self.record(made)?),
            report: &|| self.report(made),
        })?;
        let Some(target) = certificate else { return Ok(()) };
        let file = CertificateFile {
            farpoint: env!("CARGO_PKG_VERSION").into(),
            pool: made.pool_record(&self.pool)?,
            options: made.inputs.terms_record(&self.terms)?,
            certificate: selection.certificate.clone(),
        };
        target.write(|out| file.write_to(out))
    }

    fn report(&self, made: &Robust) -> Result<String> {
        let paper = |printed| ("Algorithm 2 as printed".to_string(), tell::paper(printed));
        let paper = made.printed.map(paper);
        let page = |about: &About| {
            report::robust_html(&made.inputs.pool, made.selection, made.robust, about)
        };
        let (pool, picks) = (&made.inputs.pool, &made.picks);
        outputs::report(made.options, &self.pool, pool, picks, paper.as_slice(), page)
    }

    fn tell(&self, made: &Robust) {
        if self.running.log {
            tell::log(made.selection);
        }
        if self.running.quiet {
            return;
        }
        summary::warn(&made.selection.statistics);
        tell::tell(&made.inputs.pool, made.options, made.selection, made.seconds);
        if let Some(printed) = made.printed {
            say(format_args!("Algorithm 2 as printed: {}", tell::paper(printed)));
        }
    }

    fn print(&self, outputs: &Outputs, made: &Robust) -> Result<()> {
        if self.running.json {
            return print(|out| write_json(out, &self.record(made)?));
        }
        match outputs.picks() {
            Some(_) => Ok(()),
            None => print(|out| made.picks.write_lines(out)),
        }
    }
}

impl Question {
    fn options(&self, inputs: &Inputs) -> RobustOptions {
        let share = |share| share_of(share, inputs.available());
        let outliers = self.outliers.map(|outliers| outliers.at_most(inputs.available()));
        RobustOptions {
            outliers: outliers.or(self.outlier_fraction.map(share)).unwrap_or(0),
            time_limit: self.time_limit,
            gap: self.gap,
            candidates: if self.greedy { Candidates::Greedy } else { Candidates::All },
        }
    }
}
