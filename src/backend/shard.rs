//! Below a backend: shards, which hold rows, and a picker, which picks among the live rows that shards lend it.
//!
//! One device is both at once and implements [`super::Backend`] itself. [`super::sharded`] makes a backend of several shards. What
//! crosses between it and a shard is plain data: rows are pool rows, whichever shard holds them, and centers come by number and value,
//! since the shard that holds a center's row is one among several.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Candidate, Picked};
use crate::error::Result;
use crate::ground::key;
use crate::mean::{NearPoint, Sums};
use crate::rows::{Gather, Rows};
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch, RowValues};

/// The bound of a row that left the order: it is a center, or excluded.
pub(crate) const LEFT: f64 = -1.0;

/// A row's state, as refreshing and picking read it and change it; `kernels/shard.cu` has the same fields.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct RowState {
    /// At least the distance to its nearest center, exact with respect to the centers applied.
    pub bound: f64,
    /// Its nearest center's number.
    pub center: u32,
    /// How many centers were applied to it.
    pub seen: u32,
}

/// Centers on their way to a shard, numbered on from those it took before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct CenterBlock {
    /// Their pool rows; none for a vector from outside the pool.
    pub rows: Vec<Option<usize>>,
    /// Their values under the metric, `(rows.len(), d)`.
    pub values: RowBlock,
}

impl CenterBlock {
    pub fn push(&mut self, row: Option<usize>, values: RowValues) {
        self.rows.push(row);
        self.values.push(values);
    }
}

/// The rows of a shard that precede all its others, in no order.
#[derive(Debug)]
pub(crate) struct FrontierRows {
    pub rows: Vec<Candidate>,
    /// The first of the rows that follow them.
    pub outside: Option<Candidate>,
}

/// What a refresh came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Refreshed {
    /// Rows refreshed.
    pub rows: usize,
    /// The first of them.
    pub best: Option<Candidate>,
}

impl Refreshed {
    pub fn and(self, other: Refreshed) -> Refreshed {
        let best = Candidate::first(self.best, other.best);
        Refreshed { rows: self.rows + other.rows, best }
    }

    /// The first of the rows refreshed, if none of them precedes `outside`.
    pub fn reached(self, outside: Option<Candidate>) -> Option<Candidate> {
        self.best.filter(|best| outside.is_some_and(|outside| outside.precedes(*best)))
    }
}

/// Live rows, the lowest first, as a picker sees them.
pub(crate) struct LiveBlock<'a> {
    pub rows: Vec<usize>,
    pub states: Vec<RowState>,
    pub values: LiveValues<'a>,
    /// One a row, where rows have weights.
    pub weights: Option<Vec<f32>>,
}

/// Where the values of live rows are, under the metric.
pub(crate) enum LiveValues<'a> {
    /// With the other rows of their shard, which begin at pool row `first`.
    Held { rows: &'a Rows<'a>, first: usize },
    /// Copied, `(n, d)`.
    Lent { values: RowBlock, d: usize },
}

impl LiveBlock<'_> {
    pub fn dimensions(&self) -> usize {
        match &self.values {
            LiveValues::Held { rows, .. } => rows.dimensions(),
            LiveValues::Lent { d, .. } => *d,
        }
    }

    /// Values of live row number `index`, `(d,)`.
    pub fn value<'s>(&'s self, index: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        match &self.values {
            LiveValues::Held { rows, first } => rows.get(self.rows[index] - first, scratch),
            LiveValues::Lent { values, d } => values.row(index, *d),
        }
    }

    /// The key of live row number `index` at `distance` from its nearest center.
    pub fn key(&self, index: usize, distance: f64) -> f64 {
        key(self.weights.as_ref().map(|weights| weights[index]), distance)
    }
}

/// A holder of consecutive rows of a pool, and of their state. It never sees the other rows: masks, weights and labeled rows reach it
/// as its own part, centers by value. Every center it took in is pending for all its rows. Errors are the device's, and end the run.
pub(crate) trait Shard {
    /// The pool rows held.
    fn held(&self) -> Range<usize>;

    /// Values of rows held, under the metric, `(rows.len(), d)`.
    fn values(&self, rows: &[usize]) -> Result<RowBlock>;

    /// Take in centers. Those among the rows held leave the order.
    fn take(&mut self, centers: &CenterBlock) -> Result<()>;

    /// The `size` rows held that precede all others held, by the bounds they have now, each with its key: its part of the frontier
    /// is among them. If the last frontier left no row live, `reached` is the first of its rows, whichever shard holds it: the pending
    /// centers are then applied before to all rows held that may precede it.
    fn frontier(&mut self, size: usize, reached: Option<Candidate>) -> Result<FrontierRows>;

    /// Apply the pending centers to the rows of the last [`Shard::frontier`] that precede `outside`, all of them if there is none. Those
    /// that then still precede it are live.
    fn refresh(&mut self, outside: Option<Candidate>) -> Result<Refreshed>;

    /// The live rows of the last refresh.
    fn lend(&mut self) -> Result<LiveBlock<'_>>;

    /// Takes back the rows lent: their new states, in the same order.
    fn lower(&mut self, states: &[RowState]) -> Result<()>;

    /// Apply every pending center to every row held, and end: each row's distance to its nearest center, and that center's number.
    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)>;

    /// Add the rows held that are not excluded to the mean's sums, which hold those of all rows before them.
    fn add_sums(&mut self, sums: &mut Sums) -> Result<()>;

    /// The eligible row held that is nearest `point`, the lowest of equally near ones.
    fn nearest_to(&mut self, point: &[f64]) -> Result<Option<NearPoint>>;

    /// Counts and times so far.
    fn statistics(&self) -> Statistics;
}

/// Picks among live rows, wherever they were lent from.
pub(crate) trait Picker {
    /// Greedy inside `live`, to each of which `applied` centers were applied and all of which precede `outside`: at
    /// most `limit` picks, each of a key above `stop`. Also returns each row's new state.
    fn pick(
        &mut self,
        live: &LiveBlock,
        applied: usize,
        outside: Option<Candidate>,
        limit: usize,
        stop: f64,
    ) -> Result<(Picked, Vec<RowState>)>;

    /// Counts and times so far.
    fn statistics(&self) -> Statistics;
}
