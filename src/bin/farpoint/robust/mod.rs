//! `farpoint robust`.

mod record;
mod tell;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use farpoint::report::{self, About};
use farpoint::{
    Candidates, Device, End, First, Options, Printed, PrintedEnd, RobustOptions, RobustSelection,
    robust_as_printed, robust_with,
};

use crate::certificate::CertificateFile;
use crate::exit::{INTERRUPTED, usage};
use crate::inputs::Inputs;
use crate::interrupt::Interrupt;
use crate::outputs::{self, Made, OutputPaths, Outputs, write_json, write_lines};
use crate::storage::Storage;
use crate::summary;
use crate::target::Target;
use crate::terminal::{print, say};
use crate::terms::Terms;
use record::RobustRecord;
use tell::Watcher;

// What options mean here that `select` shares: picks have no order, and nothing is weighted.
const BUDGET: &str = "Rows to choose; labeled rows are not counted";
const FIRST: &str = "Greedy's first pick, where nothing is labeled: row:<i>, mean (the row nearest it) or random [default: row 0]";
const OUTPUT: &str =
    "The picks, by row: .npy (int64), .txt, .csv (rank,row), .parquet or .json (everything)";
const ASSIGNMENT: &str = "Every row's nearest center: .npy (int64); p >= 0 is a place among the picks, -1-l is labeled entry l";
const REPORT: &str = "A page to look at: the interval as it narrowed, distances, a map of pool, picks and uncovered rows: .html";

/// Choose the rows that leave all but a few rows of the pool within the least radius possible, and prove it
///
/// Searches down from greedy's radius, deciding one radius after another. The answer is an interval that holds the best
/// radius, and rows that reach its upper end; without a time limit the search goes on until both ends are equal.
#[derive(Debug, clap::Args)]
#[command(mut_arg("budget", |budget| budget.help(BUDGET)), mut_arg("first", |first| first.help(FIRST)), mut_arg("output", |output| output.help(OUTPUT)), mut_arg("assignment", |assignment| assignment.help(ASSIGNMENT)))]
#[command(mut_arg("report", |report| report.help(REPORT)), mut_arg("weights", |weights| weights.hide(true)), mut_arg("stop_radius", |radius| radius.hide(true)))]
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
    /// Rows that may stay uncovered [default: 0]
    #[arg(long, value_name = "ROWS", conflicts_with = "outlier_fraction")]
    outliers: Option<usize>,
    /// The same as a share of the rows that are neither labeled nor excluded, rounded down; the paper's is 1e-4
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    outlier_fraction: Option<f64>,
    /// Stop after this many seconds, with the interval proven so far
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    time_limit: Option<Duration>,
    /// Stop once the interval is narrower than this share of the radius
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = gap, allow_negative_numbers = true)]
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

fn share(text: &str) -> Result<f64, String> {
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

pub fn run(mut arguments: Arguments) -> Result<ExitCode> {
    let budget = arguments.check()?;
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
        inputs.tell_notices(&arguments.terms);
    }
    let options = Options {
        device: arguments.running.device,
        threads: arguments.running.threads,
        assign: outputs.need_assignment(),
        ..inputs.options(&arguments.terms)
    };
    let robust = arguments.question.options(&inputs);
    interrupt.selecting();
    let started = Instant::now();
    let watcher = Watcher::new(arguments.running.quiet);
    let mut watch = |progress| {
        watcher.show(progress);
        interrupt.flow()
    };
    let selection = robust_with(&inputs.pool, budget, &options, &robust, &mut watch)?;
    let seconds = started.elapsed().as_secs_f64();
    let printed = (arguments.question.paper && selection.end != End::Interrupted)
        .then(|| robust_as_printed(&inputs.pool, budget, &options, &robust, &mut watch))
        .transpose()?;
    watcher.clear();
    let made = Robust {
        inputs: &inputs,
        options: &options,
        robust: &robust,
        selection: &selection,
        printed: printed.as_ref(),
        seconds,
    };
    arguments.write(&outputs, certificate.as_ref(), &made)?;
    arguments.tell(&made);
    arguments.print(&outputs, &made)?;
    let interrupted = match &printed {
        Some(printed) if printed.end == PrintedEnd::Stopped => interrupt.flow().is_break(),
        _ => selection.end == End::Interrupted,
    };
    Ok(if interrupted { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// A finished run.
struct Robust<'a> {
    inputs: &'a Inputs,
    options: &'a Options<'a>,
    robust: &'a RobustOptions,
    selection: &'a RobustSelection,
    printed: Option<&'a Printed>,
    seconds: f64,
}

impl Arguments {
    /// The budget, and what contradicts itself whatever the files hold.
    fn check(&self) -> Result<usize> {
        let terms = &self.terms;
        let asked = Options {
            weights: terms.weights.is_some().then(Vec::new),
            stop_radius: terms.stop_radius,
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
        match terms.budget {
            Some(0) => Err(farpoint::Error::BudgetZero.into()),
            Some(budget) => Ok(budget),
            None => usage("give --budget: how many rows to choose"),
        }
    }

    /// The files that are read, which no output may replace.
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.terms.files().chain([&self.pool])
    }

    fn certificate_target(&self, outputs: &Outputs) -> Result<Option<Target>> {
        let Some(path) = &self.certificate else { return Ok(None) };
        let target = Target::new(path)?;
        outputs.check_beside(&target, self.files())?;
        Ok(Some(target))
    }

    fn record<'a>(&self, made: &Robust<'a>) -> Result<RobustRecord<'a>> {
        let pool = made.inputs.pool_record(&self.pool, true)?;
        let terms = made.inputs.terms_record(&self.terms)?;
        let Robust { robust, selection, printed, seconds, .. } = *made;
        Ok(RobustRecord::new(pool, terms, robust, selection, printed, seconds))
    }

    fn write(&self, outputs: &Outputs, certificate: Option<&Target>, made: &Robust) -> Result<()> {
        let selection = made.selection;
        outputs.write(&Made {
            centers: &selection.centers,
            radii: None,
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
            json: &|out| write_json(out, &self.record(made)?),
            report: &|| self.report(made),
        })?;
        let Some(target) = certificate else { return Ok(()) };
        let file = CertificateFile {
            farpoint: env!("CARGO_PKG_VERSION").into(),
            pool: made.inputs.pool_record(&self.pool, true)?,
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
        outputs::report(made.options, &self.pool, &made.inputs.pool, paper.as_slice(), page)
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
            None => print(|out| write_lines(out, &made.selection.centers)),
        }
    }
}

impl Question {
    fn options(&self, inputs: &Inputs) -> RobustOptions {
        let available = inputs.available();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        // A share meant to give a whole number may come out a little below it.
        let share = |share: f64| (share * available as f64 + 1e-9) as usize;
        RobustOptions {
            outliers: self.outliers.or(self.outlier_fraction.map(share)).unwrap_or(0),
            time_limit: self.time_limit,
            gap: self.gap,
            candidates: if self.greedy { Candidates::Greedy } else { Candidates::All },
        }
    }
}
