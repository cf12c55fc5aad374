//! Apply pending centers to rows: products in blocks, an interval from each, and the canonical distance for the few centers
//! whose interval can hold the row's new minimum.

use crate::simd::widest;

use std::ops::Range;

use super::centers::Centers;
use super::kernels::prefetch::prefetch;
use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::{Block, Packing};
use super::panels::{CenterTerms, Panel, Panels};
use crate::backend::interval::{Interval, Operand, Test};
use crate::backend::shard::RowState;
use crate::distance::distance;
use crate::ground::Ground;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues};

/// How many rows ahead of the one worked on memory is asked for a row.
const AHEAD: usize = 2;

/// A row, its state, and how far it is to be taken: the centers below `end` are applied to it.
#[derive(Debug, Clone, Copy)]
pub struct Pending {
    pub row: usize,
    pub before: RowState,
    pub end: usize,
}

impl Pending {
    fn evaluations(&self) -> usize {
        self.end.saturating_sub(self.before.seen as usize)
    }
}

/// What a refresh cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub evaluations: u64,
    pub tile_evaluations: u64,
    pub canonical: u64,
}

impl Cost {
    pub fn and(self, other: Cost) -> Cost {
        Cost {
            evaluations: self.evaluations + other.evaluations,
            tile_evaluations: self.tile_evaluations + other.tile_evaluations,
            canonical: self.canonical + other.canonical,
        }
    }
}

/// The inputs that every tile of a refresh reads.
pub struct Refresh<'r, M: Multiplier, R: Gather + ?Sized + 'r> {
    pub multiplier: M,
    pub ground: &'r Ground<'r, R>,
    pub centers: &'r Centers<'r, R>,
    pub packing: &'r Packing,
    /// With every center that is to be applied.
    pub panels: &'r Panels<M>,
}

/// A thread's memory, reused from tile to tile.
pub struct Scratch<M: Multiplier> {
    block: Block<M>,
    products: Buffer<f32>,
    searches: Vec<Search>,
    row: RowScratch,
    center: RowScratch,
}

/// The search for one row's nearest among its pending centers.
struct Search {
    operand: Operand,
    test: Test,
    /// The numbers of the centers to be applied.
    pending: Range<usize>,
    /// No center farther than this can be the nearest.
    limit: f64,
    /// Centers that may be the nearest, with the lower end of their interval.
    candidates: Vec<(usize, f64)>,
}

impl<M: Multiplier> Scratch<M> {
    pub fn new(d: usize) -> Scratch<M> {
        Scratch {
            block: Block::new(d),
            products: Buffer::new(),
            searches: Vec::new(),
            row: RowScratch::new(),
            center: RowScratch::new(),
        }
    }
}

impl<M: Multiplier, R: Gather + ?Sized> Refresh<'_, M, R> {
    /// The state of each row of `tile` once its centers are applied, for as long as `go_on` says so; then it may be anything. Rows of
    /// like pending centers waste least.
    pub fn tile(
        &self,
        tile: &[Pending],
        scratch: &mut Scratch<M>,
        go_on: impl Fn() -> bool,
    ) -> (Vec<RowState>, Cost) {
        self.pack(tile, scratch);
        let mut cost = Cost::default();
        let end = tile.iter().map(|row| row.end).max().unwrap_or(0);
        let start = tile.iter().map(|row| row.before.seen as usize).min().unwrap_or(end);
        for panel in (start / PANEL..end.div_ceil(PANEL)).take_while(|_| go_on()) {
            cost.tile_evaluations += self.panel(panel, start..end, scratch);
        }
        (self.decide_all(tile, scratch, &mut cost), cost)
    }

    fn decide_all(
        &self,
        tile: &[Pending],
        scratch: &mut Scratch<M>,
        cost: &mut Cost,
    ) -> Vec<RowState> {
        let Scratch { searches, row, center, .. } = scratch;
        let decide = |(i, pending): (usize, &Pending)| {
            if let Some(ahead) = tile.get(i + AHEAD) {
                prefetch(self.ground.rows.stored(ahead.row));
                searches[i + AHEAD].left().for_each(|center| prefetch(self.centers.stored(center)));
            }
            cost.evaluations += pending.evaluations() as u64;
            let x = self.ground.rows.get(pending.row, row);
            self.decide(x, pending, &searches[i], center, cost)
        };
        tile.iter().enumerate().map(decide).collect()
    }

    fn pack(&self, tile: &[Pending], scratch: &mut Scratch<M>) {
        let Scratch { block, products, searches, row, .. } = scratch;
        block.resize(tile.len());
        products.resize(tile.len().next_multiple_of(M::ROWS) * PANEL);
        searches.resize_with(tile.len(), Search::empty);
        let depth = block.depth;
        for (i, pending) in tile.iter().enumerate() {
            if let Some(ahead) = tile.get(i + AHEAD) {
                prefetch(self.ground.rows.stored(ahead.row));
            }
            let packed = &mut block.values.as_mut_slice()[i * depth..][..depth];
            let operand = self.packing.pack::<M>(self.ground.rows.get(pending.row, row), packed);
            searches[i].begin(operand, pending, &self.packing.interval);
        }
    }

    /// Test the tile's rows against the centers of one panel that are among `pending`. Returns the pairs computed.
    fn panel(&self, panel: usize, pending: Range<usize>, scratch: &mut Scratch<M>) -> u64 {
        let Scratch { block, products, searches, .. } = scratch;
        let first = panel * PANEL;
        let columns = columns_of(&pending, first);
        let found = self.panels.get(panel);
        let (rows, centers) = (block.values.as_slice(), found.values.as_slice());
        self.multiplier.multiply(
            rows,
            block.depth,
            centers,
            columns.clone(),
            products.as_mut_slice(),
        );
        widest(
            #[inline(always)]
            || {
                let products = products.as_slice().as_chunks::<PANEL>().0;
                for (search, products) in searches.iter_mut().zip(products) {
                    if admits_any(&search.test, products, &found.terms) {
                        let columns = columns_of(&search.pending, first);
                        search.admit(first, columns, products, found, &self.packing.interval);
                    }
                }
            },
        );
        (searches.len() * columns.len()) as u64
    }

    /// Evaluate the candidates left; of equally near centers the first is the nearest.
    fn decide(
        &self,
        x: RowValues,
        pending: &Pending,
        search: &Search,
        scratch: &mut RowScratch,
        cost: &mut Cost,
    ) -> RowState {
        let end = u32::try_from(pending.end).expect("centers are numbered below 2^32");
        let mut nearest = RowState { seen: pending.before.seen.max(end), ..pending.before };
        for center in search.left() {
            cost.canonical += 1;
            let distance = distance(x, self.centers.vector(center, scratch));
            let center = u32::try_from(center).expect("centers are numbered below 2^32");
            if distance < nearest.bound || (distance == nearest.bound && center < nearest.center) {
                (nearest.bound, nearest.center) = (distance, center);
            }
        }
        nearest
    }
}

/// The columns of the centers numbered `pending` in the panel that begins with number `first`.
fn columns_of(pending: &Range<usize>, first: usize) -> Range<usize> {
    let column = |center: usize| center.clamp(first, first + PANEL) - first;
    column(pending.start)..column(pending.end)
}

/// Whether any of a panel's centers may be within the limit. One pass without branches: this is the epilogue of the product.
#[inline(always)]
fn admits_any(test: &Test, products: &[f32; PANEL], terms: &CenterTerms) -> bool {
    let CenterTerms { base, norm, error } = terms;
    let mut any = false;
    for (((product, base), norm), error) in products.iter().zip(base).zip(norm).zip(error) {
        any |= test.admits(*product, *base, *norm, *error);
    }
    any
}

impl Search {
    fn empty() -> Search {
        let operand = Operand { square: 0.0, norm: 0.0, error: 0.0 };
        let test = Test { alpha: 0.0, beta: 0.0, threshold: 0.0 };
        Search { operand, test, pending: 0..0, limit: 0.0, candidates: Vec::new() }
    }

    fn begin(&mut self, operand: Operand, pending: &Pending, interval: &Interval) {
        self.operand = operand;
        self.pending = pending.before.seen as usize..pending.end;
        self.candidates.clear();
        // Only a center strictly nearer than the bound changes anything.
        self.limit = pending.before.bound.next_down();
        self.test = interval.test(operand, self.limit);
    }

    /// Whether a center whose interval begins at `lower` may be the nearest. It may if `lower` is not a number.
    fn may_reach(&self, lower: f64) -> bool {
        lower <= self.limit || lower.is_nan()
    }

    /// The candidates that the final limit leaves.
    fn left(&self) -> impl Iterator<Item = usize> {
        self.candidates
            .iter()
            .filter(|(_, lower)| self.may_reach(*lower))
            .map(|(center, _)| *center)
    }

    /// Notes the admitted centers of a panel's `columns`. The least comes first: it lowers the limit to its upper end,
    /// and few of the others are then admitted.
    #[inline(always)]
    fn admit(
        &mut self,
        first: usize,
        columns: Range<usize>,
        products: &[f32; PANEL],
        panel: &Panel<impl Multiplier>,
        interval: &Interval,
    ) {
        let mut left = [f32::INFINITY; PANEL];
        for c in 0..PANEL {
            let terms = &panel.terms;
            left[c] = self.test.left(products[c], terms.base[c], terms.norm[c], terms.error[c]);
        }
        left[..columns.start].fill(f32::INFINITY);
        left[columns.end..].fill(f32::INFINITY);
        while let Some(c) = first_least(&left).filter(|&c| self.test.admits_left(left[c])) {
            left[c] = f32::INFINITY;
            let (lower, upper) = interval.of(self.operand, panel.operands[c], products[c]);
            if !self.may_reach(lower) {
                continue;
            }
            self.candidates.push((first + c, lower));
            if upper < self.limit {
                self.limit = upper;
                self.test = interval.test(self.operand, upper);
            }
        }
    }
}

/// Where the least value is, the first of equals; none if all are infinite.
#[inline(always)]
fn first_least(left: &[f32; PANEL]) -> Option<usize> {
    // Halves folded onto one another, all lanes at once: a fold in order would wait for each comparison.
    let mut least = *left;
    let mut width = PANEL / 2;
    while width > 0 {
        for lane in 0..width {
            let (a, b) = (least[lane], least[lane + width]);
            least[lane] = if b < a { b } else { a };
        }
        width /= 2;
    }
    if least[0] == f32::INFINITY {
        return None;
    }
    left.iter().position(|&value| value == least[0])
}
