//! Apply pending centers to rows: products of int8 values in blocks, and from each an interval. No row is read in full.

use std::ops::Range;

use super::super::kernels::int8::Int8Multiplier;
use super::super::kernels::prefetch::prefetch;
use super::super::kernels::{Buffer, PANEL};
use super::copy::Int8Rows;
use super::measure::{Int8Operand, Int8Test, Measure};
use super::panels::{Int8Panel, Int8Panels};
use super::quantize::Quantizer;
use crate::simd::widest;

/// How many rows ahead of the one worked on memory is asked for a row.
const AHEAD: usize = 4;

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

/// A thread's memory, reused from tile to tile.
pub struct Scratch {
    rows: Buffer<u8>,
    products: Buffer<i32>,
    searches: Vec<Search>,
}

/// The search for the centers that can be a row's nearest among its pending ones.
pub struct Search {
    operand: Int8Operand,
    test: Int8Test,
    /// The numbers of the centers to be applied.
    pending: Range<usize>,
    /// The row is not farther from its nearest center than this.
    pub limit: f64,
    /// Centers within the limit there was when they were found, each with the lower end of its interval.
    pub found: Vec<(u32, f64)>,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch { rows: Buffer::new(), products: Buffer::new(), searches: Vec::new() }
    }
}

impl<K: Int8Multiplier> Refresh<'_, K> {
    /// Searches for each row of `tile` among its pending centers, for as long as `go_on` says so; then what is found may be anything.
    /// Second value: the pairs computed.
    pub fn tile<'s>(
        &self,
        tile: &[Pending],
        scratch: &'s mut Scratch,
        go_on: impl Fn() -> bool,
    ) -> (&'s mut [Search], u64) {
        self.gather(tile, scratch);
        let start = tile.iter().map(|row| row.seen).min().unwrap_or(self.end);
        let mut pairs = 0;
        for panel in (start / PANEL..self.end.div_ceil(PANEL)).take_while(|_| go_on()) {
            pairs += self.panel(panel, start, scratch);
        }
        (&mut scratch.searches, pairs)
    }

    fn gather(&self, tile: &[Pending], scratch: &mut Scratch) {
        let Scratch { rows, products, searches } = scratch;
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
        let Scratch { rows, products, searches } = scratch;
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
        widest(
            #[inline(always)]
            || {
                let products = products.as_slice().as_chunks::<PANEL>().0;
                for (search, products) in searches.iter_mut().zip(products) {
                    if found.terms.admits_any(&search.test, products, self.measure) {
                        search.admit(first, products, found, self.measure);
                    }
                }
            },
        );
        (searches.len() * columns.len()) as u64
    }
}

/// The columns of the centers numbered `pending` in the panel that begins with number `first`.
fn columns_of(pending: &Range<usize>, first: usize) -> Range<usize> {
    let column = |center: usize| center.clamp(first, first + PANEL) - first;
    column(pending.start)..column(pending.end)
}

impl Search {
    fn empty() -> Search {
        let (operand, test) = (Int8Operand::NONE, Int8Test::CLOSED);
        Search { operand, test, pending: 0..0, limit: 0.0, found: Vec::new() }
    }

    fn begin(&mut self, operand: Int8Operand, pending: &Pending, end: usize, measure: &Measure) {
        self.operand = operand;
        self.pending = pending.seen..end.max(pending.seen);
        self.limit = pending.limit;
        self.test = measure.test(&operand, pending.limit);
        self.found.clear();
    }

    /// Notes the centers of a panel that may be within the limit. The least comes first: it lowers the limit to its upper end, and
    /// few of the others are then admitted.
    #[inline(always)]
    fn admit(
        &mut self,
        first: usize,
        products: &[i32; PANEL],
        panel: &Int8Panel,
        measure: &Measure,
    ) {
        let columns = columns_of(&self.pending, first);
        let mut left = panel.terms.left(&self.test, products, measure);
        left[..columns.start].fill(f32::INFINITY);
        left[columns.end..].fill(f32::INFINITY);
        while let Some(c) = first_least(&left) {
            let key = left[c];
            left[c] = f32::INFINITY;
            if !measure.is_exact() && !self.test.test.admits_left(key) {
                break;
            }
            let (lower, upper) = measure.of(&self.operand, &panel.operands[c], products[c]);
            // If it is not a number, the center may be within the limit.
            if lower > self.limit {
                continue;
            }
            let number = u32::try_from(first + c).expect("centers are numbered below 2^32");
            self.found.push((number, lower));
            if upper < self.limit {
                self.limit = upper;
                self.test = measure.test(&self.operand, upper);
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
