//! The options of a robust selection, beside those of [`crate::Options`].

use std::time::Duration;

/// `RobustOptions::default()` covers every row and searches until the radius is proven optimal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RobustOptions {
    /// Rows that may stay uncovered.
    pub outliers: usize,
    /// Stop the search after this long, with the interval proven so far.
    pub time_limit: Option<Duration>,
    /// Stop the search once `upper - lower <= gap * upper`.
    pub gap: f64,
    /// Which rows may become centers.
    pub candidates: Candidates,
}

/// Which rows may become centers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Candidates {
    /// Every row that is neither labeled nor excluded.
    #[default]
    All,
    /// The first `budget + outliers` rows that greedy picks. `budget` of them leave all but `outliers` rows within three times the best
    /// radius; finding those is a much smaller search. For pools where the search over all rows is out of reach.
    Greedy,
}
