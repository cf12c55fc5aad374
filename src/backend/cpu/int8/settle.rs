//! The canonical distance decides: a row's nearest among the centers that can be it.

use super::super::centers::Centers;
use super::nearest::Nearest;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues};

/// Evaluates canonical distances of rows to centers.
#[derive(Clone, Copy)]
pub struct Judge<'r> {
    pub ground: &'r HostGround<'r>,
    /// The centers, by number.
    pub centers: &'r Centers<'r>,
    /// Pool rows that became centers since, numbered on.
    pub chosen: &'r [usize],
}

/// A row's nearest center.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    pub distance: f64,
    pub center: u32,
    /// Canonical distances evaluated.
    pub evaluations: u64,
}

/// Memory for a row and a center.
#[derive(Default)]
pub struct Scratch {
    row: RowScratch,
    center: RowScratch,
}

impl Judge<'_> {
    /// The nearest center of `row`, the first of equally near ones, if it is `known` to be one of these; `seen` centers were applied
    /// to it.
    pub fn nearest(
        &self,
        row: usize,
        known: &Nearest,
        seen: u32,
        scratch: &mut Scratch,
    ) -> Settled {
        let Scratch { row: values, center } = scratch;
        let x = self.ground.rows.get(row, values);
        match known {
            Nearest::Exact(only) => self.least(x, std::iter::once(*only), center),
            Nearest::Among(centers) => self.least(x, centers.iter().map(|&(c, _)| c), center),
            Nearest::Any => self.least(x, 0..seen, center),
        }
    }

    fn least(
        &self,
        x: RowValues,
        centers: impl Iterator<Item = u32>,
        scratch: &mut RowScratch,
    ) -> Settled {
        let mut least = Settled { distance: f64::INFINITY, center: u32::MAX, evaluations: 0 };
        for number in centers {
            let distance = distance(x, self.vector(number as usize, scratch));
            least.evaluations += 1;
            if distance < least.distance || (distance == least.distance && number < least.center) {
                (least.distance, least.center) = (distance, number);
            }
        }
        least
    }

    /// Center number `center` under the metric, `(d,)`.
    fn vector<'s>(&'s self, center: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        match center.checked_sub(self.centers.len()) {
            Some(chosen) => self.ground.rows.get(self.chosen[chosen], scratch),
            None => self.centers.vector(center, scratch),
        }
    }
}
