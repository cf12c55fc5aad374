//! The answer of a run that was interrupted before its search: what greedy alone tells.

use super::options::RobustOptions;
use super::paper::{Printed, PrintedEnd};
use super::selection::{End, RobustSelection, SearchStatistics};
use super::start::dual;
use crate::certificate::{Certificate, LowerBy};
use crate::error::{Error, Result};
use crate::selection::Selection;

/// Greedy's first picks, at most `budget`, and the radius within which they have every row. The last pick of an interrupted run has none.
///
/// # Errors
/// [`Error::Interrupted`]: no pick has a radius.
fn cover(greedy: &Selection, budget: usize) -> Result<(Vec<usize>, f64)> {
    let known = greedy.radii.len().min(budget);
    let last = known.checked_sub(1).ok_or(Error::Interrupted)?;
    let mut centers = greedy.centers[..known].to_vec();
    centers.sort_unstable();
    Ok((centers, greedy.radii[last]))
}

impl RobustSelection {
    /// Of a pool of `d` dimensions. Every row is covered: no pass over the pool says which rows could best be left out.
    ///
    /// # Errors
    /// [`Error::Interrupted`]: greedy has left no radius.
    pub(super) fn cut_short(
        greedy: &Selection,
        d: usize,
        budget: usize,
        robust: &RobustOptions,
    ) -> Result<RobustSelection> {
        let (centers, upper) = cover(greedy, budget)?;
        let dual = dual(greedy, d, budget + robust.outliers);
        let certificate = Certificate {
            budget,
            outliers: robust.outliers,
            centers: centers.clone(),
            upper,
            uncovered: Vec::new(),
            lower: dual.radius,
            lower_by: LowerBy::Dual,
            dual,
        };
        Ok(RobustSelection {
            centers,
            lower: certificate.lower,
            upper,
            outliers: Vec::new(),
            greedy_radius: upper,
            greedy_lower: certificate.lower,
            decisions: Vec::new(),
            certificate,
            min_distances: None,
            assignment: None,
            end: End::Interrupted,
            statistics: greedy.statistics.clone(),
            search: SearchStatistics::default(),
        })
    }
}

impl Printed {
    /// The algorithm's first bounds, before any radius was decided.
    ///
    /// # Errors
    /// As [`RobustSelection::cut_short`].
    pub(super) fn cut_short(
        greedy: &Selection,
        budget: usize,
        robust: &RobustOptions,
    ) -> Result<Printed> {
        let (centers, upper) = cover(greedy, budget)?;
        Ok(Printed {
            lower: upper / 2.0,
            upper,
            centers,
            iterations: 0,
            end: PrintedEnd::Stopped,
            lower_is_valid: robust.outliers == 0,
        })
    }
}
