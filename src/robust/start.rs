//! Where a search begins: greedy's cover, and the lower bound that greedy's picks prove.

use std::time::{Duration, Instant};

use super::question::{Question, number};
use crate::backend::Space;
use crate::certificate::Dual;
use crate::error::Result;
use crate::selection::Selection;

/// Where the search begins.
pub struct Start {
    /// Greedy's picks, up to the budget and the outliers together.
    pub picks: Vec<usize>,
    /// The row farthest from all of them.
    pub farthest: Option<usize>,
    /// The first `budget` picks, and the radius they reach.
    pub centers: Vec<u32>,
    pub upper: f64,
    /// The rows beyond that radius, which are left out.
    pub uncovered: Vec<usize>,
    /// How long one pass over the pool with that many centers takes.
    pub pass: Duration,
    /// The proof that the picks are.
    pub dual: Dual,
}

impl Start {
    /// `None` if the run was interrupted: the distances mean nothing then, nor do those to the labeled centers.
    pub fn new(
        question: &Question,
        greedy: &Selection,
        space: &mut dyn Space,
    ) -> Result<Option<Start>> {
        if question.ground.is_interrupted() {
            return Ok(None);
        }
        let picks = greedy.centers.clone();
        let centers = &picks[..question.budget.min(picks.len())];
        let started = Instant::now();
        let (distances, _) = space.min_distances(centers)?;
        let pass = started.elapsed();
        if question.ground.is_interrupted() {
            return Ok(None);
        }
        let distances = question.with_labeled(distances);
        let upper = question.radius(&distances);
        let uncovered = question.beyond(upper, &distances);
        let centers = centers.iter().copied().map(number).collect();
        let dual = dual(greedy, question.d, question.budget + question.outliers);
        Ok(Some(Start { picks, farthest: greedy.farthest, centers, upper, uncovered, pass, dual }))
    }
}

/// The `picks`, budget and outliers together, and the row farthest from them are one row more than those, pairwise at least the last radius apart,
/// and as far from the labeled centers. So no center is nearer than half that radius to two of them. The radius stated
/// is lower by what the canonical distance may round, and by twice what it may lose where squares underflow.
pub fn dual(greedy: &Selection, d: usize, picks: usize) -> Dual {
    let whole = greedy.radii.len() == picks;
    let radius = if whole { greedy.radius() } else { 0.0 };
    let rounding = (d as f64 / 32.0 + 16.0) * f64::EPSILON;
    let underflow = (d as f64).sqrt() * 2f64.powi(-536);
    let radius = (radius / 2.0 * (1.0 - 4.0 * rounding) - underflow).max(0.0);
    let Some(farthest) = greedy.farthest.filter(|_| radius > 0.0) else {
        return Dual { radius: 0.0, denominator: 1, weights: Vec::new() };
    };
    let mut weights: Vec<(usize, u64)> =
        greedy.centers.iter().copied().chain([farthest]).map(|row| (row, 1)).collect();
    weights.sort_unstable();
    Dual { radius, denominator: 1, weights }
}
