//! The proof of a robust selection, as data: what [`crate::robust`] writes and [`crate::verify_certificate`] checks.

use serde::{Deserialize, Serialize};

/// Both sides of the best radius: a cover that reaches `upper`, and weights on rows that rule out every cover below
/// `dual.radius`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// New centers allowed.
    pub budget: usize,
    /// Rows that may stay uncovered.
    pub outliers: usize,
    /// The cover: pool rows, neither labeled nor excluded, at most `budget` of them.
    pub centers: Vec<usize>,
    /// The radius it reaches: every counted row but those of `uncovered` lies within it of a center.
    pub upper: f64,
    /// The counted rows farther than `upper` from every center, in increasing order; at most `outliers`.
    pub uncovered: Vec<usize>,
    /// No `budget` centers leave all but `outliers` rows within a radius below this.
    pub lower: f64,
    /// What `lower` rests on.
    pub lower_by: LowerBy,
    /// The strongest lower bound that can be checked without a search; `lower` itself if `lower_by` is [`LowerBy::Dual`].
    pub dual: Dual,
}

/// The proof that a lower bound rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LowerBy {
    /// The weights of [`Dual`], which anyone can add up.
    Dual,
    /// A search that ruled out every choice of centers. It leaves no proof that can be checked.
    BranchAndBound,
}

/// Weights `y >= 0` on rows, as integers over one denominator. With `N_j` the rows strictly nearer than `radius` to row j: if no
/// `N_j` weighs more than 1 and `sum y - outliers * max y > budget`, then no `budget` centers leave all but `outliers` rows
/// strictly nearer than `radius`, since each center covers at most 1 and each outlier saves at most `max y`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dual {
    /// The lower bound proven. 0 needs no weights.
    pub radius: f64,
    /// The integer for a weight of 1.
    pub denominator: u64,
    /// Rows and their weights, in increasing order of rows; all other rows weigh 0. None of these rows is strictly
    /// nearer than `radius` to a labeled center.
    pub weights: Vec<(usize, u64)>,
}
