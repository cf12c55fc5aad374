//! The canonical distance decides: a row's nearest among the centers that can be it.

use super::super::centers::Centers;
use super::super::kernels::prefetch::prefetch;
use super::nearest::Nearest;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues};

/// Centers that memory is asked for together.
const FEW: usize = 4;

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
        prefetch(self.ground.rows.stored(row));
        if let Nearest::Among(centers) = known {
            let first = centers.iter().take(FEW);
            first.for_each(|&(center, _)| prefetch(self.stored(center as usize)));
        }
        let x = self.ground.rows.get(row, values);
        let mut least = Settled { distance: f64::INFINITY, center: u32::MAX, evaluations: 0 };
        match known {
            Nearest::Exact(only) => self.compare(x, *only, &mut least, center),
            Nearest::Any => (0..seen).for_each(|c| self.compare(x, c, &mut least, center)),
            Nearest::Among(centers) => {
                // The first is likely to be it, and to rule out most others.
                let mut centers = centers.clone();
                centers.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
                for (number, lower) in centers {
                    if lower <= least.distance {
                        self.compare(x, number, &mut least, center);
                    }
                }
            }
        }
        least
    }

    /// Center `number` becomes the least if it is nearer, or as near and before it.
    fn compare(&self, x: RowValues, number: u32, least: &mut Settled, scratch: &mut RowScratch) {
        let distance = distance(x, self.vector(number as usize, scratch));
        least.evaluations += 1;
        if distance < least.distance || (distance == least.distance && number < least.center) {
            (least.distance, least.center) = (distance, number);
        }
    }

    /// Center number `center` as it is stored, if it is a row of the pool.
    fn stored(&self, center: usize) -> &[u8] {
        match center.checked_sub(self.centers.len()) {
            Some(chosen) => self.ground.rows.stored(self.chosen[chosen]),
            None => self.centers.stored(center),
        }
    }

    /// Center number `center` under the metric, `(d,)`.
    fn vector<'s>(&'s self, center: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        match center.checked_sub(self.centers.len()) {
            Some(chosen) => self.ground.rows.get(self.chosen[chosen], scratch),
            None => self.centers.vector(center, scratch),
        }
    }
}
