//! Apply pending centers to rows: products of int8 values in blocks, and from each an interval. No row is read in full.

use std::ops::Range;

use super::super::kernels::int8::Int8Multiplier;
use super::super::kernels::int8::passing::{RowSide, columns, left, passing_centers};
use super::super::kernels::prefetch::prefetch;
use super::super::kernels::{Buffer, PANEL};
use super::copy::Int8Rows;
use super::measure::{CLOSED, Int8Operand, Measure};
use super::panels::{Int8Panel, Int8Panels};
use super::quantize::Quantizer;

/// How many rows ahead of the one worked on memory is asked for a row.
const AHEAD: usize = 8;

/// A row, and the numbers of the centers to be applied to it.
#[derive(Debug, Clone, Copy)]
pub struct Pending {
    pub row: usize,
    pub seen: usize,
    /// No center farther than this changes the row.
    pub limit: f64,
}

/// The inputs that every tile of a refresh reads.
pub struct Refresh<'r, K: Int8Multiplier> {
    pub multiplier: K,
    pub rows: &'r Int8Rows<'r>,
    pub quantizer: &'r Quantizer,
    pub measure: &'r Measure,
    /// With every center that is to be applied.
    pub panels: &'r Int8Panels<K>,
    /// The centers below this are applied.
    pub end: usize,
}

/// What was found of the rows of a tile.
pub struct Found {
    /// Per row, how near it is to its nearest center at least, if that is nearer than before, and the end of its part of `centers`.
    pub rows: Vec<(Option<f64>, usize)>,
    /// Centers that can be a row's nearest, each with the lower end of its interval.
    pub centers: Vec<(u32, f64)>,
    /// Pairs computed.
    pub pairs: u64,
}

/// A thread's memory, reused from tile to tile.
pub struct Scratch {
    rows: Buffer<u8>,
    products: Buffer<i32>,
    sides: Vec<RowSide>,
    passing: Vec<u128>,
    searches: Vec<Search>,
}

/// The search for the centers that can be a row's nearest among its pending ones.
struct Search {
    operand: Int8Operand,
    test: RowSide,
    /// The numbers of the centers to be applied.
    pending: Range<usize>,
    /// The row is not farther from its nearest center than this.
    limit: f64,
    /// Centers within the limit there was when they were found, each with the lower end of its interval.
    found: Vec<(u32, f64)>,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch {
            rows: Buffer::new(),
            products: Buffer::new(),
            sides: Vec::new(),
            passing: Vec::new(),
            searches: Vec::new(),
        }
    }
}

impl<K: Int8Multiplier> Refresh<'_, K> {
    /// Searches for each row of `tile` among its pending centers, for as long as `go_on` says so; then what is found may be anything.
    pub fn tile(&self, tile: &[Pending], scratch: &mut Scratch, go_on: impl Fn() -> bool) -> Found {
        self.gather(tile, scratch);
        let start = tile.iter().map(|row| row.seen).min().unwrap_or(self.end);
        let mut pairs = 0;
        for panel in (start / PANEL..self.end.div_ceil(PANEL)).take_while(|_| go_on()) {
            pairs += self.panel(panel, start, scratch);
        }
        let mut centers = Vec::with_capacity(tile.len());
        let take = |(pending, search): (&Pending, &Search)| {
            centers.extend(search.found.iter().filter(|(_, lower)| *lower <= search.limit));
            ((search.limit < pending.limit).then_some(search.limit), centers.len())
        };
        let rows = tile.iter().zip(&scratch.searches).map(take).collect();
        Found { rows, centers, pairs }
    }

    fn gather(&self, tile: &[Pending], scratch: &mut Scratch) {
        let Scratch { rows, products, searches, .. } = scratch;
        let depth = self.panels.depth();
        let count = tile.len().next_multiple_of(K::ROWS);
        rows.resize(count * depth);
        products.resize(count * PANEL);
        searches.resize_with(tile.len(), Search::empty);
        for (i, pending) in tile.iter().enumerate() {
            if let Some(ahead) = tile.get(i + AHEAD) {
                prefetch(self.rows.stored(ahead.row));
            }
            let out = &mut rows.as_mut_slice()[i * depth..][..depth];
            let operand = self.rows.gather(pending.row, K::FLIP, out, self.quantizer);
            searches[i].begin(operand, pending, self.end, self.measure);
        }
    }

    /// Test the tile's rows against the centers of one panel from number `start` on. Returns the pairs computed.
    fn panel(&self, panel: usize, start: usize, scratch: &mut Scratch) -> u64 {
        let Scratch { rows, products, sides, passing, searches } = scratch;
        let first = panel * PANEL;
        let columns = columns_of(&(start..self.end), first);
        let found = self.panels.get(panel);
        self.multiplier.multiply(
            rows.as_slice(),
            self.panels.depth(),
            found.values.as_slice(),
            &found.start,
            columns.clone(),
            products.as_mut_slice(),
        );
        sides.clear();
        sides.extend(searches.iter().map(|search| search.test));
        passing.resize(sides.len(), 0);
        passing_centers(sides, &found.sides, products.as_slice(), passing);
        let products = products.as_slice().as_chunks::<PANEL>().0;
        for ((search, products), passing) in searches.iter_mut().zip(products).zip(passing.iter()) {
            if *passing != 0 {
                search.admit(first, *passing, products, found, self.measure);
            }
        }
        (searches.len() * columns.len()) as u64
    }
}

/// The columns of the centers numbered `pending` in the panel that begins with number `first`.
fn columns_of(pending: &Range<usize>, first: usize) -> Range<usize> {
    let column = |center: usize| center.clamp(first, first + PANEL) - first;
    column(pending.start)..column(pending.end)
}

/// A bit for each of these columns.
fn bits_of(columns: Range<usize>) -> u128 {
    let below = |end: usize| if end == PANEL { u128::MAX } else { (1 << end) - 1 };
    below(columns.end) & !below(columns.start)
}

impl Search {
    fn empty() -> Search {
        let (operand, test) = (Int8Operand::NONE, CLOSED);
        Search { operand, test, pending: 0..0, limit: 0.0, found: Vec::new() }
    }

    fn begin(&mut self, operand: Int8Operand, pending: &Pending, end: usize, measure: &Measure) {
        self.operand = operand;
        self.pending = pending.seen..end.max(pending.seen);
        self.limit = pending.limit;
        self.test = measure.test(&operand, pending.limit);
        self.found.clear();
    }

    /// Notes those of a panel's centers that may be within the limit, of which `passing` has a bit each. The least comes first: it
    /// lowers the limit to its upper end, and few of the others are then admitted.
    fn admit(
        &mut self,
        first: usize,
        passing: u128,
        products: &[i32; PANEL],
        panel: &Int8Panel,
        measure: &Measure,
    ) {
        let passing = passing & bits_of(columns_of(&self.pending, first));
        let left = |test: RowSide, c: usize| left(test, panel.sides.center(c), products[c]);
        let nearer =
            |a: usize, b: usize| if left(self.test, b) < left(self.test, a) { b } else { a };
        let Some(least) = columns(passing).reduce(nearer) else { return };
        self.try_center(first, least, products, panel, measure);
        for c in columns(passing & !(1 << least)) {
            if left(self.test, c) <= self.test.threshold {
                self.try_center(first, c, products, panel, measure);
            }
        }
    }

    #[inline(always)]
    fn try_center(
        &mut self,
        first: usize,
        c: usize,
        products: &[i32; PANEL],
        panel: &Int8Panel,
        measure: &Measure,
    ) {
        let (lower, upper) = measure.of(&self.operand, &panel.operands[c], products[c]);
        // If it is not a number, the center may be within the limit.
        if lower > self.limit {
            return;
        }
        let number = u32::try_from(first + c).expect("centers are numbered below 2^32");
        self.found.push((number, lower));
        if upper < self.limit {
            self.limit = upper;
            self.test = measure.test(&self.operand, upper);
        }
    }
}
