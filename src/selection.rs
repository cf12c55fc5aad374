//! The answer of a selection.

use serde::Serialize;

use crate::statistics::Statistics;

/// The rows selected, in order, and how well they cover the pool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// The chosen rows, in the order greedy chose them.
    pub centers: Vec<usize>,
    /// `radii[t]` is the cover radius once `centers[..=t]` are chosen: the coverage curve. It is as long as `centers`;
    /// after an interruption it is one shorter, since the last radius is not known.
    pub radii: Vec<f64>,
    /// The cover radius of the labeled centers alone; infinite if there are none.
    pub initial_radius: f64,
    /// `lower_bounds[t]`: no `t + 1` new centers have a radius below this. It is half of `radii[t]` without weights;
    /// with weights it is `radii[t] / (1 + a)`, where `a` is the largest ratio of a later pick's weight to an earlier
    /// one's.
    pub lower_bounds: Vec<f64>,
    /// The row whose distance is the last radius; none if every row is a center or the run was interrupted.
    pub farthest: Option<usize>,
    /// Per row, the distance to its nearest center; with [`crate::Options::assign`]. NaN of a row that was left out of the pool.
    pub min_distances: Option<Vec<f64>>,
    /// Per row, its nearest center: `p >= 0` is a position in `centers`, `-1 - l` labeled entry `l`; with [`crate::Options::assign`]. The least
    /// i64 of a row that was left out of the pool.
    pub assignment: Option<Vec<i64>>,
    /// True if the run was stopped from outside before its budget or stop radius.
    pub interrupted: bool,
    /// What the run counted and timed.
    pub statistics: Statistics,
}

/// The nearest center of a row that has none.
const NONE: i64 = i64::MIN;

impl Selection {
    /// The last cover radius known: the last of `radii`, or the initial one if there is none.
    pub fn radius(&self) -> f64 {
        self.radii.last().copied().unwrap_or(self.initial_radius)
    }

    /// How many of `centers` were chosen when the radius was 0 already: each is equal to an earlier center, or has the weight 0, and
    /// covers nothing that was not covered.
    pub fn idle_picks(&self) -> usize {
        let before = std::iter::once(&self.initial_radius).chain(&self.radii);
        before.take(self.centers.len()).filter(|&&radius| radius == 0.0).count()
    }
}

/// Have rows that were left out of the pool no distance and no nearest center.
pub(crate) fn forget(
    skipped: &[usize],
    min_distances: &mut Option<Vec<f64>>,
    assignment: &mut Option<Vec<i64>>,
) {
    for &row in skipped {
        min_distances.iter_mut().for_each(|distances| distances[row] = f64::NAN);
        assignment.iter_mut().for_each(|nearest| nearest[row] = NONE);
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Centers chosen so far.
    pub chosen: usize,
    /// Centers wanted.
    pub budget: usize,
    /// The largest distance still to be covered when the latest center was chosen.
    pub radius: f64,
}
