//! Sixteen neighbouring parts of the order, cells or groups of cells, side by side.

use super::lanes::{CellValue, LANES};
use super::rows::ABSENT;
use crate::backend::Candidate;

/// Pending centers that a cell holds at most.
pub const MOST_PENDING: usize = 8;

/// The boxes of sixteen parts and what is known of their rows. Parts past the last have no row.
#[derive(Clone)]
#[repr(align(64))]
pub struct Group<V, const D: usize> {
    /// No square of a row is larger.
    pub most: [f64; LANES],
    /// The least and the largest of the rows' values, by dimension.
    pub low: [[V; LANES]; D],
    pub high: [[V; LANES]; D],
    /// The largest key, and the lowest row that has it.
    pub key: [f64; LANES],
    pub row: [u32; LANES],
}

impl<V: CellValue, const D: usize> Group<V, D> {
    pub fn empty() -> Group<V, D> {
        Group {
            most: [-1.0; LANES],
            low: [[V::default(); LANES]; D],
            high: [[V::default(); LANES]; D],
            key: [-1.0; LANES],
            row: [ABSENT; LANES],
        }
    }

    pub fn set_box(&mut self, lane: usize, of: ([V; D], [V; D])) {
        for j in 0..D {
            (self.low[j][lane], self.high[j][lane]) = (of.0[j], of.1[j]);
        }
    }

    /// The box around the parts that there are: those before the first without a row.
    pub fn around(&self) -> ([V; D], [V; D]) {
        let parts = self.most.iter().take_while(|&&most| most >= 0.0).count();
        let (low, high) = (self.low.map(|low| low[0]), self.high.map(|high| high[0]));
        (1..parts).fold((low, high), |(low, high), lane| {
            let lower = |j: usize| least(low[j], self.low[j][lane]);
            let higher = |j: usize| largest(high[j], self.high[j][lane]);
            (std::array::from_fn(lower), std::array::from_fn(higher))
        })
    }

    #[inline(always)]
    pub fn set(&mut self, lane: usize, most: f64, best: Candidate) {
        self.most[lane] = most;
        self.key[lane] = best.key;
        self.row[lane] = u32::try_from(best.row).expect("rows are numbered below 2^32");
    }

    /// The largest square, and the row of largest key.
    #[inline(always)]
    pub fn summary(&self) -> (f64, Candidate) {
        let mut most = -1.0;
        let mut best = Candidate { key: -1.0, row: ABSENT as usize };
        for lane in 0..LANES {
            most = largest(most, self.most[lane]);
            let row = Candidate { key: self.key[lane], row: self.row[lane] as usize };
            best = if row.precedes(best) { row } else { best };
        }
        (most, best)
    }
}

/// What of sixteen cells is not in their [`Group`]: the rows of largest key, and the centers that are pending because they do not come
/// nearer to these.
#[derive(Clone)]
#[repr(align(64))]
pub struct Tips<V, const D: usize> {
    /// Of the row of largest key: its square and its values.
    pub squares: [f64; LANES],
    pub values: [[V; LANES]; D],
    pub pending: [[u32; MOST_PENDING]; LANES],
    pub count: [u8; LANES],
}

impl<V: CellValue, const D: usize> Tips<V, D> {
    pub fn empty() -> Tips<V, D> {
        Tips {
            squares: [-1.0; LANES],
            values: [[V::default(); LANES]; D],
            pending: [[0; MOST_PENDING]; LANES],
            count: [0; LANES],
        }
    }

    /// One more pending center of a cell. Returns whether the cell can hold no more.
    #[inline(always)]
    pub fn push(&mut self, lane: usize, number: u32) -> bool {
        let count = self.count[lane] as usize;
        self.pending[lane][count] = number;
        self.count[lane] += 1;
        count + 1 == MOST_PENDING
    }

    /// The pending centers of a cell, and how many they are; it has none any more.
    #[inline(always)]
    pub fn take(&mut self, lane: usize) -> ([u32; MOST_PENDING], usize) {
        (self.pending[lane], std::mem::take(&mut self.count[lane]) as usize)
    }

    #[inline(always)]
    pub fn set(&mut self, lane: usize, square: f64, values: [V; D]) {
        self.squares[lane] = square;
        for (of_cells, value) in self.values.iter_mut().zip(values) {
            of_cells[lane] = value;
        }
    }
}

pub fn least<V: PartialOrd>(a: V, b: V) -> V {
    if b < a { b } else { a }
}

pub fn largest<V: PartialOrd>(a: V, b: V) -> V {
    if b > a { b } else { a }
}
