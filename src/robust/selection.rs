//! The answer of a robust selection.

use std::fmt;

use serde::Serialize;

use crate::certificate::Certificate;
use crate::statistics::Statistics;

/// A cover, and an interval that holds the best radius any such cover can have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobustSelection {
    /// The chosen rows, in increasing order.
    pub centers: Vec<usize>,
    /// No choice of as many centers leaves all but the outliers within a radius below this.
    pub lower: f64,
    /// The radius of `centers`: all counted rows but the outliers are within it. Optimal if it equals `lower`.
    pub upper: f64,
    /// The counted rows farther than `upper` from every center: at most as many as allowed, in increasing order.
    pub outliers: Vec<usize>,
    /// The radius of greedy's first `budget` picks, the outliers left aside: the search began there. If greedy was
    /// interrupted, the radius of the picks it had made.
    pub greedy_radius: f64,
    /// The lower bound that greedy's picks alone prove: the search began there. 0 if greedy was interrupted.
    pub greedy_lower: f64,
    /// Every radius that was decided, in the order of the search.
    pub decisions: Vec<Decision>,
    /// The proof of both sides.
    pub certificate: Certificate,
    /// Per row, the distance to its nearest center; with [`crate::Options::assign`].
    pub min_distances: Option<Vec<f64>>,
    /// Per row, its nearest center: `p >= 0` is a position in `centers`, `-1 - l` labeled entry `l`; with [`crate::Options::assign`].
    pub assignment: Option<Vec<i64>>,
    /// Why the search ended.
    pub end: End,
    /// Counts and times of greedy and of the distances.
    pub statistics: Statistics,
    /// What the search took.
    pub search: SearchStatistics,
}

impl RobustSelection {
    /// `(upper - lower) / upper`, 0 where both are 0.
    pub fn gap(&self) -> f64 {
        if self.upper == 0.0 { 0.0 } else { (self.upper - self.lower) / self.upper }
    }

    /// Whether no better radius exists.
    pub fn is_optimal(&self) -> bool {
        self.lower == self.upper
    }
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// `lower` equals `upper`.
    Optimal,
    /// The interval is as narrow as was asked.
    Gap,
    /// The time given was spent.
    TimeLimit,
    /// Stopped from outside.
    Interrupted,
    /// The pairs of rows that the search needs are more than it keeps, or than there is memory for.
    Memory,
    /// The search among greedy's picks is done: `upper` is the best radius that they can reach.
    Candidates,
}

/// The reason, in words.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            End::Optimal => "no better radius is possible",
            End::Gap => "the gap asked for is reached",
            End::TimeLimit => "the time limit was reached",
            End::Interrupted => "interrupted",
            End::Memory => {
                "more pairs of rows are needed than are kept, or than there is memory for"
            }
            End::Candidates => "greedy's picks have no better radius",
        })
    }
}

/// One radius, and whether the budget covers at it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decision {
    /// The radius.
    pub radius: f64,
    /// Whether the budget covers at it; `None` where the effort made did not decide.
    pub feasible: Option<bool>,
    /// The means that decided, or the last one tried.
    pub by: Method,
    /// Rows and columns that the reductions left.
    pub residue: (usize, usize),
    /// Seconds it took.
    pub seconds: f64,
    /// Seconds since the run began, greedy included.
    pub elapsed: f64,
    /// Lower end of the interval after this decision; with [`super::Candidates::Greedy`], of the radius that greedy's
    /// picks can reach.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

impl Decision {
    /// [`Decision::feasible`], in a word.
    pub fn verdict(&self) -> &'static str {
        match self.feasible {
            Some(true) => "covered",
            Some(false) => "refuted",
            None => "open",
        }
    }
}

/// The means that decide a radius, the cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Dominated rows and columns, mandatory columns.
    Reductions,
    /// Rows of which no center covers two.
    Packing,
    /// A greedy cover without its redundant centers.
    GreedyCover,
    /// Swaps of centers, weighted by the rows that stay uncovered.
    LocalSearch,
    /// Lagrange multipliers of the rows.
    Lagrangian,
    /// The linear relaxation.
    LinearProgram,
    /// An exhaustive search over the components of the residue.
    BranchAndBound,
    /// The mixed-integer solver.
    MixedInteger,
}

/// What comes after "by".
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Method::Reductions => "reductions",
            Method::Packing => "packing",
            Method::GreedyCover => "greedy cover",
            Method::LocalSearch => "local search",
            Method::Lagrangian => "Lagrange multipliers",
            Method::LinearProgram => "the linear program",
            Method::BranchAndBound => "branch and bound",
            Method::MixedInteger => "the mixed-integer program",
        })
    }
}

/// Seconds and counts of the search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SearchStatistics {
    /// Seconds for greedy and the distances to the labeled centers.
    pub greedy_seconds: f64,
    /// Seconds for the distances between rows.
    pub neighbours_seconds: f64,
    /// Seconds for decisions.
    pub decide_seconds: f64,
    /// Rows whose neighbours were needed.
    pub rows: usize,
    /// Pairs of rows kept.
    pub pairs: usize,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustProgress {
    /// Seconds since it began.
    pub seconds: f64,
    /// Lower bound proven so far; with [`super::Candidates::Greedy`], for greedy's picks alone.
    pub lower: f64,
    /// Radius reached so far.
    pub upper: f64,
}
