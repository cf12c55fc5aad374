//! First centers that are told by distances between rows: exact, by passes over the pool, of which bounds save most.
//!
//! Every pass is of one row to all. What it tells of the others bounds theirs, by the triangle inequality, so that rows which cannot be the
//! answer have no pass of their own. Canonical distances are rounded, so bounds are widened by [`SLACK`] before a row is left out.

use crate::backend::Space;
use crate::error::Result;
use crate::ground::Ground;

/// More than the rounding of two canonical distances and of their sum, relative: each is within `d` 2^-53 of the true one.
const SLACK: f64 = 1.0 + 1e-9;

/// The lowest eligible row that is as far from another eligible row as any two are. Where the run is interrupted meanwhile, any eligible row.
///
/// A row's farthest distance is at most its distance to a row that had its pass plus the farthest of that row's. Rows have a pass in order
/// of that bound, until none that is left could be as far as the farthest pair found.
pub(crate) fn farthest_pair(ground: &Ground, space: &mut dyn Space) -> Result<usize> {
    let mut bounds = Bounds::new(ground);
    let (mut farthest, mut answer) = (0.0, bounds.rows[0]);
    while let Some((at, bound)) = bounds.largest()
        && bound * SLACK >= farthest
        && !ground.is_interrupted()
    {
        let (row, distances) = (bounds.rows[at], distances_to(space, bounds.rows[at])?);
        let own = bounds.rows.iter().map(|&other| distances[other]).fold(0.0, f64::max);
        if own > farthest || (own == farthest && row < answer) {
            (farthest, answer) = (own, row);
        }
        bounds.lower(|other| distances[other] + own);
        bounds.leave(at);
    }
    Ok(answer)
}

/// The eligible row whose nearest other eligible row is farthest, the lowest of such rows. Where the run is interrupted meanwhile, any eligible
/// row.
///
/// A row's nearest other row is at most as far as any row that had its pass. So passes are of greedy's picks, in their order, until one of
/// them has no row nearer than the farthest row is from all of them.
pub(crate) fn loneliest(ground: &Ground, space: &mut dyn Space) -> Result<usize> {
    let mut bounds = Bounds::new(ground);
    let (mut farthest, mut answer) = (-1.0, bounds.rows[0]);
    while let Some((at, bound)) = bounds.largest()
        && bound >= farthest
        && !ground.is_interrupted()
    {
        let (row, distances) = (bounds.rows[at], distances_to(space, bounds.rows[at])?);
        let others = bounds.rows.iter().filter(|&&other| other != row);
        let own = others.map(|&other| distances[other]).fold(f64::INFINITY, f64::min);
        if own > farthest || (own == farthest && row < answer) {
            (farthest, answer) = (own, row);
        }
        bounds.lower(|other| distances[other]);
        bounds.leave(at);
    }
    Ok(answer)
}

/// Every row's distance to `row`.
fn distances_to(space: &mut dyn Space, row: usize) -> Result<Vec<f64>> {
    space.min_distances(&[row]).map(|(distances, _)| distances)
}

/// What is known of each eligible row's own distance, at most.
struct Bounds {
    /// The eligible rows, the lowest first.
    rows: Vec<usize>,
    /// Negative for a row that had its pass.
    bounds: Vec<f64>,
}

impl Bounds {
    fn new(ground: &Ground) -> Bounds {
        let rows: Vec<usize> = ground.eligible_rows().collect();
        let bounds = vec![f64::INFINITY; rows.len()];
        Bounds { rows, bounds }
    }

    /// The position of the row of largest bound that had no pass yet, the lowest of equal ones, and that bound.
    fn largest(&self) -> Option<(usize, f64)> {
        let left = self.bounds.iter().copied().enumerate().filter(|&(_, bound)| bound >= 0.0);
        left.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// No row's own distance is more than `most` says.
    fn lower(&mut self, most: impl Fn(usize) -> f64) {
        let known = self.rows.iter().zip(&mut self.bounds);
        known.for_each(|(&row, bound)| *bound = bound.min(most(row)));
    }

    /// The row at this position had its pass.
    fn leave(&mut self, at: usize) {
        self.bounds[at] = -1.0;
    }
}
