//! The verdicts of a certificate's check.

use std::fmt;

use crate::certificate::{Certificate, LowerBy};

/// The verdict of brute force on a certificate.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CertificateVerdict {
    /// Both sides hold.
    Right(Interval),
    /// A radius that is NaN, infinite or negative.
    Number {
        /// Which: `upper`, `lower` or `dual.radius`.
        name: &'static str,
        /// The number given.
        value: f64,
    },
    /// A budget of 0, or beyond the rows there are.
    Budget {
        /// The budget given.
        budget: usize,
        /// Rows that may be chosen.
        available: usize,
    },
    /// As many outliers as there are rows to cover.
    Outliers {
        /// Rows that may stay uncovered.
        outliers: usize,
        /// Rows that may be chosen.
        available: usize,
    },
    /// More entries than the certificate itself allows.
    Count {
        /// Of what: centers, uncovered rows, weights at radius 0.
        what: &'static str,
        /// How many.
        given: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// A row that cannot play its part.
    Row {
        /// The part: `center`, `uncovered row` or `weighted row`.
        role: &'static str,
        /// Its position in its list.
        position: usize,
        /// The row.
        row: usize,
        /// Why not.
        reason: &'static str,
    },
    /// A lower bound above the radius reached, or not what it is said to rest on.
    Lower {
        /// The bound given.
        lower: f64,
        /// The proof that it is said to rest on.
        lower_by: LowerBy,
        /// The radius of the weights.
        checked: f64,
        /// The radius reached.
        upper: f64,
    },
    /// A weight of 0, or above 1.
    Weight {
        /// The row that has it.
        row: usize,
        /// The weight.
        weight: u64,
        /// What a weight of 1 is.
        denominator: u64,
    },
    /// Weights that as many centers and outliers may account for: `total <= budget * denominator + outliers * heaviest`.
    Total {
        /// The sum of the weights.
        total: u128,
        /// Rows that may stay uncovered.
        outliers: usize,
        /// The largest weight.
        heaviest: u64,
        /// New centers allowed.
        budget: usize,
        /// What a weight of 1 is.
        denominator: u64,
    },
    /// A row that is farther than `upper` from every center and not listed as uncovered, or a listed row that is not.
    Cover {
        /// The lowest such row.
        row: usize,
        /// Its distance to the nearest center.
        distance: f64,
        /// The radius given.
        upper: f64,
    },
    /// A radius that no covered row is at.
    Upper {
        /// The radius given.
        given: f64,
        /// The radius there is.
        exact: f64,
    },
    /// A weighted row that a labeled center covers already.
    Labeled {
        /// The lowest such row.
        row: usize,
        /// Its distance to the nearest labeled center.
        distance: f64,
        /// The radius of the weights.
        radius: f64,
    },
    /// A row whose choice would cover more than a weight of 1.
    Neighbours {
        /// The lowest such row.
        row: usize,
        /// The radius of the weights.
        radius: f64,
        /// The weight of the rows strictly nearer than that.
        weight: u128,
        /// What a weight of 1 is.
        denominator: u64,
    },
}

/// The interval that a right certificate proves: the best radius is neither below `checked_lower` nor above `upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound claimed. If it is above `checked_lower`, the difference rests on a branch and bound that was not
    /// checked.
    pub lower: f64,
    /// The lower bound that the weights prove, which was checked.
    pub checked_lower: f64,
    /// The radius that the centers reach, which was checked.
    pub upper: f64,
}

impl Interval {
    pub(super) fn new(certificate: &Certificate) -> Interval {
        let Certificate { lower, upper, .. } = *certificate;
        Interval { lower, checked_lower: certificate.dual.radius, upper }
    }

    /// Whether no better radius exists, by what was checked alone.
    pub fn is_optimal(&self) -> bool {
        self.checked_lower == self.upper
    }
}

impl fmt::Display for Interval {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { lower, checked_lower, upper } = self;
        if self.is_optimal() {
            return write!(f, "optimal: radius {upper} proven");
        }
        if lower == checked_lower {
            return write!(f, "between {lower} (proven) and {upper}");
        }
        write!(
            f,
            "between {checked_lower} (proven; {lower} by branch and bound, not checked here) and {upper}"
        )
    }
}

impl CertificateVerdict {
    /// True for [`CertificateVerdict::Right`].
    pub fn is_right(&self) -> bool {
        matches!(self, CertificateVerdict::Right(_))
    }
}

impl fmt::Display for CertificateVerdict {
    /// One line, entries of lists counted from 1 as a person does.
    // Longer than a screen: a line for every way to be wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use CertificateVerdict::*;
        match self {
            Right(interval) => interval.fmt(f),
            Number { name, value } => {
                write!(f, "{name} is {value}, which is not a finite number of at least 0")
            }
            Budget { budget, available } => {
                write!(f, "the budget is {budget}, and {available} rows may be chosen")
            }
            Outliers { outliers, available } => {
                write!(f, "{outliers} outliers leave nothing to cover of {available} rows")
            }
            Count { what, given, allowed } => {
                write!(f, "there are {given} {what}, and at most {allowed} may be")
            }
            Row { role, position, row, reason } => {
                write!(f, "{role} {} is row {row}, which {reason}", position + 1)
            }
            Lower { lower, upper, .. } if lower > upper => {
                write!(f, "the lower bound {lower} is above the radius reached, {upper}")
            }
            Lower { lower, lower_by: LowerBy::Dual, checked, .. } => {
                write!(
                    f,
                    "the lower bound {lower} is said to rest on weights, which are of radius {checked}"
                )
            }
            Lower { lower, checked, .. } => {
                write!(f, "the lower bound {lower} is below the radius of the weights, {checked}")
            }
            Weight { row, weight, denominator } => {
                write!(f, "row {row} weighs {weight}, and a weight is 1 to {denominator}")
            }
            Total { total, outliers, heaviest, budget, denominator } => write!(
                f,
                "the weights sum to {total}, which {budget} centers of {denominator} and {outliers} outliers of {heaviest} may account for"
            ),
            Cover { row, distance, upper } if distance > upper => {
                write!(
                    f,
                    "row {row} is at {distance} from its nearest center, beyond {upper}, and not among the uncovered"
                )
            }
            Cover { row, distance, upper } => write!(
                f,
                "row {row} is among the uncovered, and at {distance} from its nearest center, within {upper}"
            ),
            Upper { given, exact } => write!(f, "the radius reached is {exact}, not {given}"),
            Labeled { row, distance, radius } => write!(
                f,
                "weighted row {row} is at {distance} from a labeled center, nearer than {radius}"
            ),
            Neighbours { row, radius, weight, denominator } => write!(
                f,
                "the rows nearer than {radius} to row {row} weigh {weight}, more than {denominator}"
            ),
        }
    }
}
