//! The question that a selection answers, checked against its ground ([`crate::ground`]). The greedy loop knows this; a
//! backend does not.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::known::Known;
use crate::options::{First, Options};

/// Why a row may not be chosen. Rows are left out of a pool that is opened without those that have no values.
pub(crate) const NOT_ELIGIBLE: &str = "is labeled, excluded or left out";

/// The checked question.
pub(crate) struct Question<'a> {
    /// New centers wanted, those of `resume` included.
    pub budget: usize,
    pub stop_radius: Option<f64>,
    /// Picks already made by an earlier run.
    pub resume: &'a [usize],
    /// The first center where nothing is labeled, and the seed that a random one is drawn with.
    pub first: First,
    pub seed: u64,
    /// Whether every row's nearest center is asked for.
    pub assign: bool,
}

impl<'a> Question<'a> {
    /// # Errors
    /// The errors that [`crate::select`] lists for the budget, the picks to resume from, the first center and the stop
    /// radius.
    pub fn new(budget: usize, options: &'a Options, ground: &dyn Known) -> Result<Question<'a>> {
        check_budget(budget, ground.eligible_count())?;
        check_resume(options, budget, ground)?;
        check_first(options.first, ground)?;
        check_stop_radius(options.stop_radius)?;
        Ok(Question {
            budget,
            stop_radius: options.stop_radius,
            resume: &options.resume,
            first: options.first,
            seed: options.seed,
            assign: options.assign,
        })
    }
}

pub(crate) fn check_budget(budget: usize, available: usize) -> Result<()> {
    if budget == 0 {
        return Err(Error::BudgetZero);
    }
    if budget > available {
        return Err(Error::BudgetTooLarge { budget, available });
    }
    Ok(())
}

fn check_resume(options: &Options, budget: usize, ground: &dyn Known) -> Result<()> {
    check_few_rows("resume", &options.resume, ground.rows())?;
    if let Some(&row) = options.resume.iter().find(|&&row| !ground.is_eligible(row)) {
        return Err(Error::Row { role: "resume", row, reason: NOT_ELIGIBLE });
    }
    if options.resume.len() > budget {
        let picks = options.resume.len();
        return Err(Error::Options(format!(
            "the {picks} picks to resume from exceed the budget {budget}, which counts them"
        )));
    }
    Ok(())
}

fn check_first(first: First, ground: &dyn Known) -> Result<()> {
    let First::Row(row) = first else { return Ok(()) };
    check_few_rows("first", &[row], ground.rows())?;
    match ground.is_eligible(row) {
        true => Ok(()),
        false => Err(Error::Row { role: "first", row, reason: NOT_ELIGIBLE }),
    }
}

/// Checks `rows` of a pool of `n`, in memory for them alone.
///
/// # Errors
/// A row past the pool's end, or given twice.
pub(crate) fn check_few_rows(role: &'static str, rows: &[usize], n: usize) -> Result<()> {
    let mut seen = HashSet::with_capacity(rows.len());
    for &row in rows {
        if row >= n {
            return Err(Error::RowOutOfRange { role, row, rows: n });
        }
        if !seen.insert(row) {
            return Err(Error::Row { role, row, reason: "is given twice" });
        }
    }
    Ok(())
}

pub(crate) fn check_stop_radius(stop_radius: Option<f64>) -> Result<()> {
    match stop_radius {
        Some(radius) if !(radius.is_finite() && radius >= 0.0) => Err(Error::Options(format!(
            "stop radius {radius} is not a finite number of at least 0"
        ))),
        _ => Ok(()),
    }
}
