//! A pass over all rows: their bounds are lowered by some centers, and the row that precedes the others is found, in one read.

use std::ops::Range;

use rayon::prelude::*;

use super::super::bulk::{SAMPLE, sample_step};
use super::super::keys::{GONE, largest};
use super::squares::Center;
use crate::backend::Candidate;
use crate::ground::HostGround;
use crate::rows::{Gather, Rows};
use crate::simd::widest;
use crate::threads::are_own;
use crate::values::{RowBlock, RowScratch, RowValues};

/// Values of a block of rows: converted, they fit the first-level cache.
const BLOCK_VALUES: usize = 1 << 13;
/// Rows of a block, at least and at most.
const FEWEST_ROWS: usize = 16;
const MOST_ROWS: usize = 1024;

/// Where the values of rows are read.
pub enum Source<'p> {
    /// As they are stored, converted a block at a time where they must be.
    Stored(&'p Rows<'p>),
    /// All of a small pool, copied as distances read them.
    Copied(RowBlock),
}

impl Source<'_> {
    fn run<'s>(
        &'s self,
        rows: Range<usize>,
        d: usize,
        scratch: &'s mut RowScratch,
    ) -> RowValues<'s> {
        let values = rows.start * d..rows.end * d;
        match self {
            Source::Stored(stored) => stored.run(rows, scratch),
            Source::Copied(RowBlock::F32(all)) => RowValues::F32(&all[values]),
            Source::Copied(RowBlock::F64(all)) => RowValues::F64(&all[values]),
        }
    }
}

/// What rows are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The squares of distances: the least of some has the least root.
    Squares,
    /// Distances, where it matters which of equal ones came first, or they are multiplied.
    Distances,
}

impl Measure {
    fn distance(self, bound: f64) -> f64 {
        match self {
            Measure::Squares => bound.sqrt(),
            Measure::Distances => bound,
        }
    }
}

/// One pass.
pub struct Pass<'a> {
    pub ground: &'a HostGround<'a>,
    pub source: &'a Source<'a>,
    /// What bounds are lowered by, in order.
    pub centers: &'a [Center],
    pub measure: Measure,
    /// Whether bounds begin with this pass.
    pub is_first: bool,
    /// Whether excluded rows are left out by a look at each: their bounds are asked for in the end.
    pub keeps_excluded: bool,
    /// Rows that cannot be picked from the beginning, ascending.
    pub gone: &'a [usize],
}

/// What a pass found.
#[derive(Debug, Default)]
pub struct Found {
    pub best: Option<Candidate>,
    /// Of the distances to center 0, where that was applied.
    pub spread: Option<Spread>,
}

/// How far rows lie from a center.
#[derive(Debug)]
pub struct Spread {
    pub least: f64,
    pub most: f64,
    /// Of a fixed sample of the rows, in any order.
    pub some: Vec<f64>,
}

impl Found {
    fn and(self, other: Found) -> Found {
        let spread = match (self.spread, other.spread) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        Found { best: Candidate::first(self.best, other.best), spread }
    }
}

impl Spread {
    fn and(mut self, other: Spread) -> Spread {
        self.some.extend(other.some);
        Spread {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            some: self.some,
        }
    }
}

/// Consecutive rows and their state.
struct Block<'s> {
    rows: Range<usize>,
    /// Empty where they are not kept.
    bounds: &'s mut [f64],
    nearest: &'s mut [u32],
}

/// A thread's memory for a block.
struct Scratch {
    values: RowScratch,
    new: Vec<f64>,
    lowered: Vec<f64>,
}

impl Scratch {
    fn new() -> Scratch {
        let zeros = || vec![0.0; MOST_ROWS];
        Scratch { values: RowScratch::new(), new: zeros(), lowered: zeros() }
    }
}

impl Pass<'_> {
    /// Lowers `bounds`, `(n,)`, and says in `nearest`, `(n,)` or empty, by which center. Nothing of what is found counts where the run is
    /// interrupted meanwhile.
    pub fn keep(&self, bounds: &mut [f64], nearest: &mut [u32]) -> Found {
        let size = self.block_rows();
        let rows = self.blocks();
        let mut nearest = nearest.chunks_mut(size);
        let blocks = rows.zip(bounds.chunks_mut(size)).map(|(rows, bounds)| Block {
            rows,
            bounds,
            nearest: nearest.next().unwrap_or_default(),
        });
        over(blocks.collect(), |Block { rows, bounds, nearest }, before, scratch| {
            self.block(rows, bounds, nearest, before, scratch)
        })
    }

    /// The same without keeping what `bounds`, `(n,)`, are lowered to; they are empty in a first pass.
    pub fn look(&self, bounds: &[f64]) -> Found {
        over(self.blocks().collect(), |rows: Range<usize>, before, scratch| {
            let mut lowered = std::mem::take(&mut scratch.lowered);
            let kept = &mut lowered[..rows.len()];
            if !self.is_first {
                kept.copy_from_slice(&bounds[rows.clone()]);
            }
            let found = self.block(rows, kept, &mut [], before, scratch);
            scratch.lowered = lowered;
            found
        })
    }

    fn block_rows(&self) -> usize {
        let rows = BLOCK_VALUES / self.ground.rows.dimensions();
        rows.clamp(FEWEST_ROWS, MOST_ROWS)
    }

    fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        let (n, size) = (self.ground.rows.len(), self.block_rows());
        (0..n).step_by(size).map(move |start| start..n.min(start + size))
    }

    /// `before`: the best of rows before these.
    fn block(
        &self,
        rows: Range<usize>,
        bounds: &mut [f64],
        nearest: &mut [u32],
        before: Option<Candidate>,
        scratch: &mut Scratch,
    ) -> Found {
        if self.ground.is_interrupted() {
            return Found::default();
        }
        let Scratch { values, new, .. } = scratch;
        let new = &mut new[..rows.len()];
        let values = self.source.run(rows.clone(), self.ground.rows.dimensions(), values);
        let mut spread = None;
        for (at, center) in self.centers.iter().enumerate() {
            self.measure(values, center, new);
            if center.number == 0 {
                spread = Some(self.spread(rows.clone(), new));
            }
            if self.is_first && at == 0 {
                bounds.copy_from_slice(new);
                nearest.fill(center.number);
            } else {
                widest(
                    #[inline(always)]
                    || lower(new, center.number, bounds, nearest),
                );
            }
        }
        if self.is_first {
            self.leave_out_gone(rows.clone(), bounds);
        }
        Found { best: self.best(rows, bounds, before, new), spread }
    }

    /// How far rows of these `values` are from `center`.
    fn measure(&self, values: RowValues, center: &Center, new: &mut [f64]) {
        center.squares(values, new);
        if self.measure == Measure::Distances {
            widest(
                #[inline(always)]
                || new.iter_mut().for_each(|square| *square = square.sqrt()),
            );
        }
    }

    fn spread(&self, rows: Range<usize>, new: &[f64]) -> Spread {
        let step = sample_step(self.ground.rows.len(), SAMPLE);
        let first = rows.start.next_multiple_of(step);
        let some = (first..rows.end).step_by(step).map(|row| new[row - rows.start]);
        let (least, most) = widest(
            #[inline(always)]
            || (least(new), largest(new)),
        );
        let distance = |bound| self.measure.distance(bound);
        Spread { least: distance(least), most: distance(most), some: some.map(distance).collect() }
    }

    fn leave_out_gone(&self, rows: Range<usize>, bounds: &mut [f64]) {
        let first = self.gone.partition_point(|&row| row < rows.start);
        for row in self.gone[first..].iter().take_while(|&&row| row < rows.end) {
            bounds[row - rows.start] = GONE;
        }
    }

    /// The row of these that precedes the others and the one `before` them, if there is one.
    fn best(
        &self,
        rows: Range<usize>,
        bounds: &[f64],
        before: Option<Candidate>,
        keys: &mut [f64],
    ) -> Option<Candidate> {
        let start = rows.start;
        let is_plain = self.ground.weights.is_none() && !self.keeps_excluded;
        let keys = match is_plain {
            true => bounds,
            false => {
                for ((key, row), &bound) in keys.iter_mut().zip(rows).zip(bounds) {
                    let is_gone = bound == GONE || self.ground.excluded[row];
                    *key = if is_gone { GONE } else { self.ground.key(row, bound) };
                }
                keys
            }
        };
        let most = widest(
            #[inline(always)]
            || largest(keys),
        );
        let key = if most == GONE { GONE } else { self.measure.distance(most) };
        if key <= before.map_or(GONE, |before| before.key) {
            return None;
        }
        let at = self.first_at(key, most, keys);
        Some(Candidate { key, row: start + at })
    }

    /// Where the distance is first that `most`, the largest of `keys`, stands for.
    fn first_at(&self, key: f64, most: f64, keys: &[f64]) -> usize {
        let least = most * SAME_ROOT;
        let is_key = |&k: &f64| k >= least && self.measure.distance(k) == key;
        keys.iter().position(is_key).expect("the largest is among them")
    }
}

/// Squares that have the same root are nearer each other than this factor says.
const SAME_ROOT: f64 = 1.0 - 1.0 / (1u64 << 50) as f64;

/// Lowers `bounds` to those that are `new`, and says which were.
#[inline(always)]
fn lower(new: &[f64], number: u32, bounds: &mut [f64], nearest: &mut [u32]) {
    if nearest.is_empty() {
        for (bound, &new) in bounds.iter_mut().zip(new) {
            *bound = if new < *bound { new } else { *bound };
        }
        return;
    }
    for ((bound, nearest), &new) in bounds.iter_mut().zip(nearest).zip(new) {
        let is_nearer = new < *bound;
        *bound = if is_nearer { new } else { *bound };
        *nearest = if is_nearer { number } else { *nearest };
    }
}

#[inline(always)]
fn least(values: &[f64]) -> f64 {
    let (blocks, rest) = values.as_chunks::<16>();
    let mut lanes = [f64::INFINITY; 16];
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = if value < *lane { value } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(f64::INFINITY, f64::min)
}

/// What is found in all of `parts`, which ascend, on the engine's threads where the caller is one of them. `look` is told the best of parts
/// before.
fn over<T: Send>(
    parts: Vec<T>,
    look: impl Fn(T, Option<Candidate>, &mut Scratch) -> Found + Sync,
) -> Found {
    let none = || (Found::default(), Scratch::new());
    let take = |(found, mut scratch): (Found, Scratch), part| {
        let found_there = look(part, found.best, &mut scratch);
        (found.and(found_there), scratch)
    };
    match are_own() {
        false => parts.into_iter().fold(none(), take).0,
        true => {
            let found = parts.into_par_iter().fold(none, take).map(|(found, _)| found);
            found.reduce(Found::default, Found::and)
        }
    }
}
