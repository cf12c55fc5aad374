//! `farpoint verify`.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::{Cover, Options, Verdict};
use anyhow::{Context, Result};

use crate::program::certificate::CertificateFile;
use crate::program::column_names::List;
use crate::program::exit::{self, REFUSED, usage};
use crate::program::inputs::Inputs;
use crate::program::picks::{Picks, PicksFile};
use crate::program::progress::Bar;
use crate::program::record::{PoolRecord, Record, TermsRecord};
use crate::program::storage::Storage;
use crate::program::terminal::print;
use crate::program::terms::Terms;

/// Check by brute force that picks are greedy's, in order, and their radii exact; or the certificate of a robust selection
///
/// Options not given are taken from the .json that `select` wrote, or from the certificate, whose pool hash must be the pool's.
/// Prints one line; exits with 0 if what is checked is right and with 3 if it is not.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool the picks were made from
    pool: PathBuf,
    /// The picks: .json, .npy, .txt, .csv or .parquet. Or --certificate
    #[arg(conflicts_with = "certificate")]
    picks: Option<PathBuf>,
    /// In place of picks, the certificate that `robust` wrote: the cover it reaches, and the weights that rule out a better one
    #[arg(long, value_name = "JSON")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    storage: Storage,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(mut arguments: Arguments) -> Result<exit::Code> {
    arguments.terms = arguments.terms.with_columns(arguments.picks.as_deref())?;
    match (&arguments.picks, &arguments.certificate) {
        (Some(path), _) => arguments.check_picks(path),
        (None, Some(path)) => arguments.check_certificate(path),
        (None, None) => usage("give picks or --certificate: there is nothing to check"),
    }
}

/// The question that a file of answers belongs to.
struct Said<'a> {
    path: &'a Path,
    pool: &'a PoolRecord,
    options: &'a TermsRecord,
}

impl Arguments {
    fn check_picks(&self, path: &Path) -> Result<exit::Code> {
        let column = self.terms.column(List::Picks);
        let file = PicksFile::read(path, column, self.terms.ids.is_some())?;
        let record = file.record.as_deref();
        let said = record.map(|record| Said { path, pool: &record.pool, options: &record.options });
        let (terms, inputs) = self.question(said)?;
        let options = self.options(&inputs, &terms);
        let picks = file.picks(inputs.ids())?;
        let radii = picks.radii.as_deref();
        let verdict = self.in_sight(&inputs, |checked| {
            crate::verify_with(&inputs.pool, &picks.centers, radii, &options, checked)
        })?;
        let wrong = match &verdict {
            Verdict::Right(cover) => wrong_beside(&picks, &terms, inputs.budget(&terms), cover),
            wrong => Some(wrong.to_string() + self.hint(wrong, picks.record.is_some())),
        };
        tell(verdict, wrong)
    }

    /// What may have been forgotten where a first pick is wrong that nothing but the options decides.
    fn hint(&self, verdict: &Verdict, is_recorded: bool) -> &'static str {
        let terms = &self.terms;
        let is_free =
            terms.labeled.is_empty() && terms.labeled_vectors.is_none() && terms.first.is_none();
        match verdict {
            Verdict::Wrong { position: 0, .. } if is_free && !is_recorded => {
                ": were they made with --labeled, --labeled-vectors or --first, say so here, too"
            }
            _ => "",
        }
    }

    fn check_certificate(&self, path: &Path) -> Result<exit::Code> {
        let file = CertificateFile::read(path)?;
        let said = Said { path, pool: &file.pool, options: &file.options };
        let (terms, inputs) = self.question(Some(said))?;
        let certificate = &file.certificate;
        let options = self.options(&inputs, &terms);
        let verdict = self.in_sight(&inputs, |checked| {
            crate::verify_certificate_with(&inputs.pool, certificate, &options, checked)
        })?;
        let wrong = if verdict.is_right() {
            wrong_budget(inputs.told_budget(&terms), certificate.budget)
        } else {
            Some(verdict.to_string())
        };
        let (centers, outliers) = (certificate.centers.len(), certificate.uncovered.len());
        let (budget, allowed) = (certificate.budget, certificate.outliers);
        let ok =
            format!("{verdict}; {centers} of {budget} centers, {outliers} of {allowed} outliers");
        tell(ok, wrong)
    }

    /// The terms, completed by `said`. The files that they name must hold what they held then.
    fn question(&self, said: Option<Said>) -> Result<(Terms, Inputs)> {
        self.terms.check_budget()?;
        let Some(Said { path, pool, options }) = said else {
            self.terms.check_first()?;
            self.terms.check_seed()?;
            let inputs = Inputs::open(&self.pool, &self.terms, &self.storage)?;
            inputs.check_first(&self.terms)?;
            inputs.tell_notices();
            return Ok((self.terms.clone(), inputs));
        };
        let place = || path.display().to_string();
        let terms = options.complete(&self.terms, path).with_context(place)?;
        terms.check_first()?;
        terms.check_seed()?;
        let inputs = Inputs::open(&self.pool, &terms, &self.storage)?;
        inputs.check_first(&terms)?;
        inputs.tell_notices();
        let now = inputs.terms_record(&terms)?;
        pool.check_same(&inputs.pool)
            .and_then(|()| options.check_unchanged(&self.terms, &now))
            .with_context(place)?;
        Ok((terms, inputs))
    }

    /// The verdict of `check`, which hears of rows as they are checked and shows a person how many.
    fn in_sight<V>(
        &self,
        inputs: &Inputs,
        check: impl FnOnce(&(dyn Fn(usize) + Sync)) -> crate::Result<V>,
    ) -> crate::Result<V> {
        let bar = Bar::rows(inputs.pool.rows(), self.quiet);
        let verdict = check(&|rows| bar.advance(rows));
        bar.clear();
        verdict
    }

    fn options<'i>(&self, inputs: &'i Inputs, terms: &Terms) -> Options<'i> {
        Options { threads: self.threads, ..inputs.options(terms) }
    }
}

fn tell(ok: impl Display, wrong: Option<String>) -> Result<exit::Code> {
    match &wrong {
        None => print(|out| Ok(writeln!(out, "ok: {ok}")?))?,
        Some(reason) => print(|out| Ok(writeln!(out, "wrong: {reason}")?))?,
    }
    Ok(if wrong.is_none() { exit::DONE } else { REFUSED })
}

/// A right certificate may be for another budget than was asked for.
fn wrong_budget(asked: Option<usize>, proven: usize) -> Option<String> {
    let asked = match asked {
        Some(budget) if budget == proven => return None,
        Some(budget) => budget.to_string(),
        None => "no budget".into(),
    };
    Some(format!("the certificate is of budget {proven}, and the options say {asked}"))
}

/// Right picks may still be wrong in their number, or in what the .json says beside them.
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
    let stopped = terms.stop_radius().is_some_and(|stop| cover.radius() <= stop);
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
    let idle = idle_picks(cover, picks.centers.len());
    if let Some(given) = record.idle_picks.filter(|&given| whole && given != idle) {
        return Some(format!("{idle} picks were made at radius 0, not {given}"));
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

/// How many of so many picks were made when the radius was 0 already.
fn idle_picks(cover: &Cover, picks: usize) -> usize {
    let before = std::iter::once(&cover.initial_radius).chain(&cover.radii);
    before.take(picks).filter(|&&radius| radius == 0.0).count()
}

fn row(row: Option<usize>) -> String {
    row.map_or("none".into(), |row| row.to_string())
}
