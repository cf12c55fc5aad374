//! Apply pending centers to rows: products of int8 values in blocks, and from each an interval. No row is read in full.

use std::ops::Range;

use super::super::kernels::int8::Int8Multiplier;
use super::super::kernels::int8::passing::{Block, Columns, RowSide, Sides, set_bits};
use super::super::kernels::prefetch::prefetch;
use super::super::kernels::{Buffer, PANEL};
use super::copy::Int8Rows;
use super::measure::{CLOSED, Int8Operand, Measure};
use super::nearest::MOST;
use super::panels::{Int8Panel, Int8Panels};
use super::quantize::Quantizer;

/// How many rows ahead of the one worked on memory is asked for a row.
const AHEAD: usize = 8;

/// Panels whose products with a tile are computed together: they fit the second-level cache.
const TOGETHER: usize = 8;

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
    columns: Vec<Columns>,
    least: Vec<(f32, u32)>,
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
            columns: Vec::new(),
            least: Vec::new(),
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
        let panels = start / PANEL..self.end.div_ceil(PANEL);
        for first in panels.clone().step_by(TOGETHER).take_while(|_| go_on()) {
            pairs += self.panels(first..panels.end.min(first + TOGETHER), start, scratch);
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
        let Scratch { rows, searches, .. } = scratch;
        let depth = self.panels.depth();
        let count = tile.len().next_multiple_of(K::ROWS);
        rows.resize(count * depth);
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

    /// Test the tile's rows against the centers of some panels from number `start` on. Returns the pairs computed.
    fn panels(&self, panels: Range<usize>, start: usize, scratch: &mut Scratch) -> u64 {
        let Scratch { rows, products, sides, columns, least, passing, searches } = scratch;
        let (first, count) = (panels.start * PANEL, panels.len());
        let panels: Vec<&Int8Panel> = panels.map(|panel| self.panels.get(panel)).collect();
        let padded = searches.len().next_multiple_of(K::ROWS) * PANEL;
        products.resize(count * padded);
        let mut pairs = 0;
        for ((at, panel), out) in
            panels.iter().enumerate().zip(products.as_mut_slice().chunks_exact_mut(padded))
        {
            let columns = columns_of(&(start..self.end), first + at * PANEL);
            pairs += searches.len() * columns.len();
            let (values, start) = (panel.values.as_slice(), &panel.start);
            self.multiplier.multiply(
                rows.as_slice(),
                self.panels.depth(),
                values,
                start,
                columns,
                out,
            );
        }
        sides.clear();
        sides.extend(searches.iter().map(|search| search.test));
        columns.clear();
        columns.extend(searches.iter().map(|search| search.columns(first, count)));
        let centers: Vec<&Sides> = panels.iter().map(|panel| &panel.sides).collect();
        let block = Block { panels: &centers, products: products.as_slice() };
        let view = View {
            first,
            panels: &panels,
            products: products.as_slice(),
            padded,
            measure: self.measure,
        };
        // The least comes first: it lowers the limit to its upper end, and few of the others are then admitted.
        least.resize(sides.len(), (0.0, 0));
        block.least(sides, columns, least);
        for (row, (search, least)) in searches.iter_mut().zip(least.iter()).enumerate() {
            if least.0 <= search.test.threshold {
                search.try_center(&view, row, least.1 as usize);
                sides[row] = search.test;
            }
        }
        passing.resize(sides.len() * count, 0);
        block.passing(sides, columns, passing);
        for (row, search) in searches.iter_mut().enumerate() {
            for (panel, bits) in passing[row * count..][..count].iter().enumerate() {
                for c in set_bits(*bits)
                    .map(|c| panel * PANEL + c)
                    .filter(|&c| c != least[row].1 as usize)
                {
                    search.try_center(&view, row, c);
                }
            }
        }
        pairs as u64
    }
}

/// Some panels' products with a tile's rows.
struct View<'v> {
    /// The number of the first center.
    first: usize,
    panels: &'v [&'v Int8Panel],
    /// `[panel][row][PANEL]`
    products: &'v [i32],
    /// Products of a panel.
    padded: usize,
    measure: &'v Measure,
}

/// The columns of the centers numbered `pending` in the panel that begins with number `first`.
fn columns_of(pending: &Range<usize>, first: usize) -> Range<usize> {
    let column = |center: usize| center.clamp(first, first + PANEL) - first;
    column(pending.start)..column(pending.end)
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

    /// The columns of the pending centers, from number `first` on, in so many panels.
    fn columns(&self, first: usize, panels: usize) -> Columns {
        let column = |center: usize| {
            let column = center.clamp(first, first + panels * PANEL) - first;
            u32::try_from(column).expect("a column of a few panels")
        };
        column(self.pending.start)..column(self.pending.end)
    }

    /// Notes the center of `column` if it may be within the limit.
    fn try_center(&mut self, view: &View, row: usize, column: usize) {
        let (panel, c) = (column / PANEL, column % PANEL);
        let product = view.products[panel * view.padded + row * PANEL + c];
        let center = &view.panels[panel].operands[c];
        let (lower, upper) = view.measure.of(&self.operand, center, product);
        // If it is not a number, the center may be within the limit.
        if lower > self.limit {
            return;
        }
        let number = u32::try_from(view.first + column).expect("centers are numbered below 2^32");
        match view.measure {
            Measure::Integers { .. } => self.note_nearest(number, lower),
            Measure::Interval(_) => self.note(number, lower),
        }
        if upper < self.limit {
            self.limit = upper;
            self.test = view.measure.test(&self.operand, upper);
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
