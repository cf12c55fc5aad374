//! Few centers applied to rows in the order of the pool, by canonical distances alone: what a plain loop does. Where a row lacks few
//! centers this is cheaper than rounding it for the filter.

use std::ops::Range;

use rayon::prelude::*;

use super::apart::Apart;
use super::centers::Centers;
use super::maxima::{BLOCK, blocks};
use super::sweep::{CHUNK, Looked};
use crate::backend::Candidate;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch};

/// Centers that are applied so at most: so many, and the more the fewer values they have.
const LEAST: usize = 4;
const MOST: usize = 16;
const FEW_VALUES: usize = 256;

/// The inputs of a look at rows.
pub(super) struct Direct<'r> {
    ground: &'r HostGround<'r>,
    reached: Candidate,
    /// The centers from number `first` on, few of them, up to `end`.
    centers: RowBlock,
    first: usize,
    end: usize,
    apart: &'r Apart,
}

/// Consecutive rows, of which the first is row `first`, their state, and the maxima of their blocks.
pub(super) struct DirectRows<'s> {
    pub first: usize,
    pub bounds: &'s mut [f64],
    pub nearest: &'s mut [u32],
    pub seen: &'s mut [u32],
    pub maxima: &'s mut [f64],
}

/// What was found so far, and what it took.
#[derive(Default)]
struct Found {
    looked: Looked,
    looks: u64,
    rows: u64,
    pairs: u64,
    distances: u64,
}

impl Found {
    fn and(self, other: Found) -> Found {
        Found {
            looked: self.looked.and(other.looked),
            looks: self.looks + other.looks,
            rows: self.rows + other.rows,
            pairs: self.pairs + other.pairs,
            distances: self.distances + other.distances,
        }
    }
}

impl<'r> Direct<'r> {
    /// For rows that precede `reached` and are to see all `centers` below number `end`.
    pub fn new(
        ground: &'r HostGround<'r>,
        centers: &Centers,
        apart: &'r mut Apart,
        reached: Candidate,
        end: usize,
    ) -> Direct<'r> {
        let few = (FEW_VALUES / centers.dimensions()).clamp(LEAST, MOST);
        let first = end.saturating_sub(few);
        apart.ensure(centers, first, end, ground.rows.len());
        let (mut last, mut scratch) = (RowBlock::default(), RowScratch::new());
        (first..end).for_each(|center| last.push(centers.vector(center, &mut scratch)));
        Direct { ground, reached, centers: last, first, end, apart }
    }

    /// What was found, and what it took.
    pub fn apply(&self, rows: DirectRows) -> (Looked, Statistics) {
        let DirectRows { first, bounds, nearest, seen, maxima } = rows;
        let states = bounds.par_chunks_mut(CHUNK).zip(nearest.par_chunks_mut(CHUNK));
        let states = states.zip(seen.par_chunks_mut(CHUNK));
        let parts = states.zip(maxima.par_chunks_mut(CHUNK / BLOCK)).enumerate();
        let part = |(chunk, (((bounds, nearest), seen), maxima))| {
            let first = first + chunk * CHUNK;
            self.apply_in_order(DirectRows { first, bounds, nearest, seen, maxima })
        };
        let Found { looked, looks, rows, pairs, distances } =
            parts.map(part).reduce(Found::default, Found::and);
        let counts = Statistics {
            bounds_looked_at: looks,
            refreshed_rows: rows,
            row_reads: rows,
            refresh_evaluations: pairs,
            tile_evaluations: pairs,
            refresh_canonical: distances,
            ..Statistics::default()
        };
        (looked, counts)
    }

    fn apply_in_order(&self, rows: DirectRows) -> Found {
        let (mut found, mut scratch) = (Found::default(), RowScratch::new());
        let DirectRows { first, bounds, nearest, seen, maxima } = rows;
        for (block, maximum) in blocks(0..bounds.len(), maxima) {
            if *maximum < self.reached.key {
                continue;
            }
            found.looks += block.len() as u64;
            *maximum = 0.0;
            for i in block {
                let key = match bounds[i] > 0.0 {
                    true => self.apply_to(
                        first + i,
                        (&mut bounds[i], &mut nearest[i], &mut seen[i]),
                        &mut scratch,
                        &mut found,
                    ),
                    false => 0.0,
                };
                *maximum = if key > *maximum { key } else { *maximum };
            }
        }
        found
    }

    /// The key that the row has then.
    #[inline(always)]
    fn apply_to(
        &self,
        row: usize,
        (bound, nearest, seen): (&mut f64, &mut u32, &mut u32),
        scratch: &mut RowScratch,
        found: &mut Found,
    ) -> f64 {
        let candidate = |bound: f64| Candidate { key: self.ground.key(row, bound), row };
        let before = candidate(*bound);
        if !before.precedes(self.reached) {
            return before.key;
        }
        let pending = *seen as usize..self.end;
        if pending.start < self.first {
            found.looked.found.push(row);
            return before.key;
        }
        if !pending.is_empty() {
            (found.rows, found.pairs) = (found.rows + 1, found.pairs + pending.len() as u64);
            *seen = number(pending.end);
            found.distances += self.lower(row, pending, bound, nearest, scratch);
        }
        let after = candidate(*bound);
        found.looked.best = Candidate::first(found.looked.best, Some(after));
        after.key
    }

    /// Applies the centers `pending`; returns how many distances that took.
    fn lower(
        &self,
        row: usize,
        pending: Range<usize>,
        bound: &mut f64,
        nearest: &mut u32,
        scratch: &mut RowScratch,
    ) -> u64 {
        let mut distances = 0;
        for center in pending {
            if self.apart.rules_out(center, *nearest, *bound) {
                continue;
            }
            let x = self.ground.rows.get(row, scratch);
            let c = self.centers.row(center - self.first, self.ground.rows.dimensions());
            let distance = distance(x, c);
            distances += 1;
            // Of equally near centers the first is the nearest.
            if distance < *bound {
                (*bound, *nearest) = (distance, number(center));
            }
        }
        distances
    }
}

fn number(center: usize) -> u32 {
    u32::try_from(center).expect("centers are numbered below 2^32")
}
