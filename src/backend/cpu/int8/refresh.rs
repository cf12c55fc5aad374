//! Apply pending centers to rows: products of int8 values in blocks, and from each an interval. No row is read in full.

use std::ops::Range;

use super::super::kernels::int8::passing::{RowSide, left, set_bits};
use super::super::kernels::int8::{Int8Multiplier, Tested};
use super::super::kernels::prefetch::prefetch;
use super::super::kernels::{Buffer, PANEL};
use super::copy::Int8Rows;
use super::measure::{CLOSED, Int8Operand, Measure};
use super::nearest::MOST;
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

/// What was found of one row.
pub struct FoundOfRow {
    /// How near it is to its nearest center at least, if that is nearer than before.
    pub nearer: Option<f64>,
    /// Whether more centers can be its nearest than are kept.
    pub is_any: bool,
    /// The end of its part of the centers found.
    pub end: usize,
}

/// What was found of the rows of a tile.
pub struct Found {
    pub rows: Vec<FoundOfRow>,
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
    /// Whether these were too many: any pending center may be the nearest then.
    is_any: bool,
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
            let nearer = (search.limit < pending.limit).then_some(search.limit);
            FoundOfRow { nearer, is_any: search.is_any, end: centers.len() }
        };
        let rows = tile.iter().zip(&scratch.searches).map(take).collect();
        Found { rows, centers, pairs }
    }

    fn gather(&self, tile: &[Pending], scratch: &mut Scratch) {
        let Scratch { rows, products, sides, passing, searches } = scratch;
        let depth = self.panels.depth();
        let count = tile.len().next_multiple_of(K::ROWS);
        rows.resize(count * depth);
        products.resize(count * PANEL);
        passing.resize(count, 0);
        searches.resize_with(tile.len(), Search::empty);
        for (i, pending) in tile.iter().enumerate() {
            if let Some(ahead) = tile.get(i + AHEAD) {
                prefetch(self.rows.stored(ahead.row));
            }
            let out = &mut rows.as_mut_slice()[i * depth..][..depth];
            let operand = self.rows.gather(pending.row, K::FLIP, out, self.quantizer);
            searches[i].begin(operand, pending, self.end, self.measure);
        }
        sides.clear();
        sides.extend(searches.iter().map(|search| search.test));
        sides.resize(count, CLOSED);
    }

    /// Test the tile's rows against the centers of a panel from number `start` on. Returns the pairs computed.
    fn panel(&self, number: usize, start: usize, scratch: &mut Scratch) -> u64 {
        let Scratch { rows, products, sides, passing, searches } = scratch;
        let (first, panel) = (number * PANEL, self.panels.get(number));
        let columns = columns_of(&(start..self.end), first);
        let pairs = searches.len() * columns.len();
        let tested = Tested { rows: sides, passing };
        let (rows, depth) = (rows.as_slice(), self.panels.depth());
        self.multiplier.multiply_and_test(
            rows,
            depth,
            panel.as_seen(),
            columns,
            tested,
            products.as_mut_slice(),
        );
        let products = products.as_slice().as_chunks::<PANEL>().0;
        for (i, search) in searches.iter_mut().enumerate() {
            let passing = passing[i] & bits_of(columns_of(&search.pending, first));
            if passing != 0 {
                search.try_centers(passing, first, panel, &products[i], self.measure);
                sides[i] = search.test;
            }
        }
        pairs as u64
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
        Search { operand, test, pending: 0..0, limit: 0.0, found: Vec::new(), is_any: false }
    }

    fn begin(&mut self, operand: Int8Operand, pending: &Pending, end: usize, measure: &Measure) {
        self.operand = operand;
        self.pending = pending.seen..end.max(pending.seen);
        self.limit = pending.limit;
        self.test = measure.test(&operand, pending.limit);
        self.found.clear();
        self.is_any = false;
    }

    /// Notes those centers of a panel, which begins with number `first`, that passed and may be within the limit.
    fn try_centers(
        &mut self,
        passing: u128,
        first: usize,
        panel: &Int8Panel,
        products: &[i32; PANEL],
        measure: &Measure,
    ) {
        // The nearest comes first: it lowers the limit to its upper end, and few of the others then pass.
        let left = |test: RowSide, c: usize| left(test, panel.side(c), products[c]);
        let nearest = match passing.count_ones() {
            1 => passing.trailing_zeros() as usize,
            _ => {
                let lefts = set_bits(passing).map(|c| (left(self.test, c), c));
                lefts.min_by(|a, b| a.0.total_cmp(&b.0)).expect("some passed").1
            }
        };
        let others = set_bits(passing & !(1 << nearest));
        for c in std::iter::once(nearest).chain(others) {
            if c == nearest || left(self.test, c) <= self.test.threshold {
                let (lower, upper) = measure.of(&self.operand, &panel.operands[c], products[c]);
                self.try_center(first + c, lower, upper, measure);
            }
        }
    }

    /// Notes center number `number`, whose distance lies between these, if it may be within the limit.
    fn try_center(&mut self, number: usize, lower: f64, upper: f64, measure: &Measure) {
        // If it is not a number, the center may be within the limit.
        if lower > self.limit {
            return;
        }
        let number = u32::try_from(number).expect("centers are numbered below 2^32");
        match measure {
            Measure::Integers { .. } => self.note_nearest(number, lower),
            Measure::Interval(_) => self.note(number, lower),
        }
        if upper < self.limit {
            self.limit = upper;
            self.test = measure.test(&self.operand, upper);
        }
    }

    /// Keeps a center, for as long as there are not too many.
    fn note(&mut self, center: u32, lower: f64) {
        if self.is_any {
            return;
        }
        self.found.push((center, lower));
        if self.found.len() > MOST {
            let limit = self.limit;
            self.found.retain(|&(_, lower)| lower <= limit);
            self.is_any = self.found.len() > MOST;
        }
        if self.is_any {
            self.found.clear();
        }
    }

    /// Keeps a center whose distance is known, if it is the nearest so far, the first of equally near ones.
    fn note_nearest(&mut self, center: u32, distance: f64) {
        match self.found.first_mut() {
            Some(first) if distance == first.1 => first.0 = first.0.min(center),
            Some(first) if distance > first.1 => {}
            _ => {
                self.found.clear();
                self.found.push((center, distance));
            }
        }
    }
}
