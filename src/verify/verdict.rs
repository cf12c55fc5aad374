//! What a check finds.

use std::fmt;

/// The verdict of brute force on a selection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Every pick is the one greedy makes, and every radius given is exact.
    Right(Cover),
    /// Greedy would have chosen another row.
    Wrong {
        /// The first position at which it would; 0 is the first pick.
        position: usize,
        /// The row given there.
        chosen: usize,
        /// Its key: its distance to the nearest center so far, times its weight.
        chosen_key: f64,
        /// The row greedy chooses.
        expected: usize,
        /// The key of that row.
        expected_key: f64,
    },
    /// A pick that may not be chosen at all.
    Ineligible {
        /// Its position; 0 is the first pick.
        position: usize,
        /// The row given there.
        row: usize,
        /// Why not.
        reason: &'static str,
    },
    /// A pick made although the stop radius was reached.
    PastStop {
        /// Its position; 0 is the first pick.
        position: usize,
        /// The radius before it.
        radius: f64,
        /// The radius to stop at.
        stop_radius: f64,
    },
    /// A radius that is not exact.
    Radius {
        /// Its position in the radii.
        position: usize,
        /// The radius given.
        given: f64,
        /// The radius there is.
        exact: f64,
    },
    /// Radii that are not one a pick, nor one fewer (an interrupted run's).
    RadiusCount {
        /// Radii given.
        radii: usize,
        /// Picks given.
        centers: usize,
    },
}

/// How well right picks cover the pool, from the definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    /// As [`crate::Selection::initial_radius`].
    pub initial_radius: f64,
    /// As [`crate::Selection::radii`].
    pub radii: Vec<f64>,
    /// As [`crate::Selection::lower_bounds`].
    pub lower_bounds: Vec<f64>,
    /// As [`crate::Selection::farthest`].
    pub farthest: Option<usize>,
}

impl Cover {
    /// The radius after the last pick.
    pub fn radius(&self) -> f64 {
        self.radii.last().copied().unwrap_or(self.initial_radius)
    }
}

impl Verdict {
    /// True for [`Verdict::Right`].
    pub fn is_right(&self) -> bool {
        matches!(self, Verdict::Right(_))
    }
}

impl fmt::Display for Verdict {
    /// One line, picks counted from 1 as a person does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Right(cover) => {
                let (picks, radius) = (cover.radii.len(), cover.radius());
                let bound = cover.lower_bounds.last().copied().unwrap_or(0.0);
                let s = if picks == 1 { "" } else { "s" };
                write!(f, "{picks} pick{s}, radius {radius}, proven lower bound {bound}")
            }
            Verdict::Wrong { position, chosen, chosen_key, expected, expected_key } => write!(
                f,
                "pick {} is row {chosen} at {chosen_key}, greedy chooses row {expected} at {expected_key}",
                position + 1
            ),
            Verdict::Ineligible { position, row, reason } => {
                write!(f, "pick {} is row {row}, which {reason}", position + 1)
            }
            Verdict::PastStop { position, radius, stop_radius } => write!(
                f,
                "pick {} was made at radius {radius}, within the stop radius {stop_radius}",
                position + 1
            ),
            Verdict::Radius { position, given, exact } => {
                write!(f, "the radius after pick {} is {exact}, not {given}", position + 1)
            }
            Verdict::RadiusCount { radii, centers } => {
                write!(f, "{radii} radii are given for {centers} picks")
            }
        }
    }
}
