//! `farpoint verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use farpoint::{Cover, Options, Verdict};

use crate::exit::REFUSED;
use crate::inputs::Inputs;
use crate::picks::Picks;
use crate::record::Record;
use crate::terminal::print;
use crate::terms::Terms;

/// Check by brute force that picks are greedy's, in order, and their radii exact
///
/// Options not given are taken from the .json that `select` wrote, whose pool hash must be the pool's. Prints one line;
/// exits with 0 if the picks are right and with 3 if they are not.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool the picks were made from
    pool: PathBuf,
    /// The picks: .json, .npy, .txt, .csv or .parquet
    picks: PathBuf,
    #[command(flatten)]
    terms: Terms,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let picks = Picks::read(&arguments.picks)?;
    let terms = arguments.terms(&picks)?;
    let inputs = Inputs::open(&arguments.pool, &terms)?;
    if let Some(record) = &picks.record {
        let same = record.pool.check_same(&inputs.pool).and_then(|()| {
            record.options.check_unchanged(&arguments.terms, &inputs.terms_record(&terms))
        });
        same.with_context(|| arguments.picks.display().to_string())?;
    }
    let options = Options { threads: arguments.threads, ..inputs.options(&terms) };
    let verdict = farpoint::verify(&inputs.pool, &picks.centers, picks.radii.as_deref(), &options)?;
    let wrong = match &verdict {
        Verdict::Right(cover) => wrong_beside(&picks, &terms, inputs.budget(&terms), cover),
        wrong => Some(wrong.to_string()),
    };
    tell(&verdict, wrong.as_deref())
}

impl Arguments {
    fn terms(&self, picks: &Picks) -> Result<Terms> {
        if self.terms.budget == Some(0) {
            return Err(farpoint::Error::BudgetZero.into());
        }
        let terms = match &picks.record {
            Some(record) => record
                .options
                .complete(&self.terms, &self.picks)
                .with_context(|| self.picks.display().to_string())?,
            None => self.terms.clone(),
        };
        terms.check_first()?;
        Ok(terms)
    }
}

fn tell(verdict: &Verdict, wrong: Option<&str>) -> Result<ExitCode> {
    match wrong {
        None => print(|out| Ok(writeln!(out, "ok: {verdict}")?))?,
        Some(reason) => print(|out| Ok(writeln!(out, "wrong: {reason}")?))?,
    }
    Ok(if wrong.is_none() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// What may be wrong with right picks: their number, or what the .json says beside them.
fn wrong_beside(picks: &Picks, terms: &Terms, budget: usize, cover: &Cover) -> Option<String> {
    let record = picks.record.as_deref();
    let interrupted = record.is_some_and(|record| record.interrupted);
    // Without a budget told, the picks may be the start of any longer selection.
    let says_when_to_stop = terms.budget.is_some() || record.is_some();
    let count = (says_when_to_stop && !interrupted)
        .then(|| wrong_count(picks.centers.len(), terms, budget, cover))
        .flatten();
    count.or_else(|| wrong_record(record?, picks, cover))
}

/// A run that was not interrupted ends with its budget or at its stop radius.
fn wrong_count(picks: usize, terms: &Terms, budget: usize, cover: &Cover) -> Option<String> {
    let stopped = terms.stop_radius.is_some_and(|stop| cover.radius() <= stop);
    if picks > budget {
        return Some(format!("there are {picks} picks for a budget of {budget}"));
    }
    let radius = cover.radius();
    (picks < budget && !stopped)
        .then(|| format!("there are {picks} picks for a budget of {budget}, at radius {radius}"))
}

fn wrong_record(record: &Record, picks: &Picks, cover: &Cover) -> Option<String> {
    let known = picks.radii.as_ref().map_or(0, Vec::len);
    let whole = known == picks.centers.len();
    if !whole && !record.interrupted {
        return Some("the last radius is missing from a run that was not interrupted".into());
    }
    if record.initial_radius.to_bits() != cover.initial_radius.to_bits() {
        let (exact, given) = (cover.initial_radius, record.initial_radius);
        return Some(format!("the initial radius is {exact}, not {given}"));
    }
    if record.lower_bounds.len() != known {
        return Some(format!(
            "{} lower bounds are given for {known} radii",
            record.lower_bounds.len()
        ));
    }
    let bounds = record.lower_bounds.iter().zip(&cover.lower_bounds);
    let wrong_bound =
        bounds.enumerate().find(|(_, (given, exact))| given.to_bits() != exact.to_bits());
    if let Some((at, (given, exact))) = wrong_bound {
        return Some(format!("the lower bound after pick {} is {exact}, not {given}", at + 1));
    }
    (whole && !record.interrupted && record.farthest != cover.farthest).then(|| {
        format!("the farthest row is {}, not {}", row(cover.farthest), row(record.farthest))
    })
}

fn row(row: Option<usize>) -> String {
    row.map_or("none".into(), |row| row.to_string())
}
