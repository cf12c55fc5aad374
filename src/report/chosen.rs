//! The picks of a selection of either kind, as the figures show them.

use crate::robust::RobustSelection;
use crate::selection::Selection;

/// Picks, and what is known of every row.
pub(super) struct Chosen<'a> {
    pub centers: &'a [usize],
    pub kind: Kind<'a>,
    pub min_distances: Option<&'a [f64]>,
    pub assignment: Option<&'a [i64]>,
}

/// The facts about picks that depend on how they were made.
pub(super) enum Kind<'a> {
    /// An order, a radius after each, and the row that the last of those is the distance of.
    Greedy { radii: &'a [f64], farthest: Option<usize> },
    /// No order, one radius, and rows farther than it from every center.
    Robust { radius: f64, outliers: &'a [usize] },
}

impl<'a> From<&'a Selection> for Chosen<'a> {
    fn from(selection: &'a Selection) -> Chosen<'a> {
        Chosen {
            centers: &selection.centers,
            kind: Kind::Greedy { radii: &selection.radii, farthest: selection.farthest },
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
        }
    }
}

impl<'a> From<&'a RobustSelection> for Chosen<'a> {
    fn from(selection: &'a RobustSelection) -> Chosen<'a> {
        Chosen {
            centers: &selection.centers,
            kind: Kind::Robust { radius: selection.upper, outliers: &selection.outliers },
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
        }
    }
}

impl<'a> Chosen<'a> {
    /// The radius after each pick; none where picks have no order.
    pub fn radii(&self) -> Option<&'a [f64]> {
        match self.kind {
            Kind::Greedy { radii, .. } => Some(radii),
            Kind::Robust { .. } => None,
        }
    }

    /// The row that would be picked next, where there is one.
    pub fn farthest(&self) -> Option<usize> {
        match self.kind {
            Kind::Greedy { farthest, .. } => farthest,
            Kind::Robust { .. } => None,
        }
    }

    /// The rows left uncovered.
    pub fn outliers(&self) -> &'a [usize] {
        match self.kind {
            Kind::Greedy { .. } => &[],
            Kind::Robust { outliers, .. } => outliers,
        }
    }

    /// Rows of the pool whose nearest center is each of the first `picks` picks; nothing if that is not known.
    pub fn served(&self, picks: usize) -> Vec<usize> {
        let Some(assignment) = self.assignment else { return Vec::new() };
        let mut served = vec![0; picks];
        for &center in assignment {
            if let Ok(pick) = usize::try_from(center)
                && let Some(rows) = served.get_mut(pick)
            {
                *rows += 1;
            }
        }
        served
    }
}
