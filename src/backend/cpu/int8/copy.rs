//! Rows as int8: a copy of the pool that is made once, or the pool itself where its values are int8 or uint8.

use rayon::prelude::*;

use super::measure::Int8Operand;
use super::quantize::{Int8Numbers, Quantizer};
use super::whole::Whole;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::options::Metric;
use crate::pool::Dtype;
use crate::rows::{Gather, Rows};
use crate::values::{RowScratch, RowValues};

/// Rows that a thread quantizes at a time.
const CHUNK: usize = 256;

/// Every row of a pool as int8 values, and the numbers that say how near they are to the row.
pub enum Int8Rows<'p> {
    /// `d` bytes and 12 more a row.
    Copied(Copied),
    /// The pool's own bytes, which are the values up to their highest bit.
    InPlace(&'p Rows<'p>),
}

/// The copy.
pub struct Copied {
    d: usize,
    /// `(n, d)`, each XORed with the multiplier's flip.
    values: Vec<u8>,
    flip: u8,
    numbers: Vec<Int8Numbers>,
}

/// Whether the rows of a pool are int8 values, up to their highest bit.
pub fn are_integers(rows: &Rows) -> bool {
    rows.metric() == Metric::Euclidean && matches!(rows.dtype(), Dtype::U8 | Dtype::I8)
}

impl<'p> Int8Rows<'p> {
    /// The rows of `ground` near their int8 values, and the canonical distance of each to `center`. The pool is read once. `flip`: the
    /// multiplier's.
    pub fn near(
        ground: &'p HostGround,
        quantizer: &Quantizer,
        center: RowValues,
        flip: u8,
    ) -> (Int8Rows<'p>, Vec<f64>) {
        let quantize = |x: RowValues, centered: &mut Vec<f32>, values: &mut [u8]| {
            Some(quantizer.quantize(x, flip, centered, values))
        };
        Int8Rows::copy(ground, center, flip, quantize).expect("any row has int8 values near it")
    }

    /// The same of rows that are their int8 values. `None` if one is not.
    pub fn whole(
        ground: &'p HostGround,
        whole: &Whole,
        center: RowValues,
        flip: u8,
    ) -> Option<(Int8Rows<'p>, Vec<f64>)> {
        if are_integers(&ground.rows) && ground.rows.are_in_memory() {
            let mut distances = vec![0.0; ground.rows.len()];
            let chunks = distances.par_chunks_mut(CHUNK).enumerate();
            chunks.for_each_init(RowScratch::new, |scratch, (chunk, distances)| {
                for (at, out) in (chunk * CHUNK..).zip(distances) {
                    *out = first_distance(ground, at, center, scratch);
                }
            });
            return Some((Int8Rows::InPlace(&ground.rows), distances));
        }
        let quantize = |x: RowValues, _: &mut Vec<f32>, values: &mut [u8]| {
            let is_whole = whole.quantize(x, flip, values);
            is_whole.then(|| Int8Numbers::of_integers(values, flip))
        };
        Int8Rows::copy(ground, center, flip, quantize)
    }

    /// Every row by `quantize`, whose second argument is memory to work in; `None` as soon as that says so of one.
    fn copy(
        ground: &'p HostGround,
        center: RowValues,
        flip: u8,
        quantize: impl Fn(RowValues, &mut Vec<f32>, &mut [u8]) -> Option<Int8Numbers> + Sync,
    ) -> Option<(Int8Rows<'p>, Vec<f64>)> {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        let mut distances = vec![0.0; n];
        let mut copy =
            Copied { d, flip, values: vec![0; n * d], numbers: vec![Int8Numbers::ZERO; n] };
        let values = copy.values.par_chunks_mut(CHUNK * d);
        let numbers = copy.numbers.par_chunks_mut(CHUNK);
        let chunks = values.zip(numbers).zip(distances.par_chunks_mut(CHUNK)).enumerate();
        let done = chunks.try_for_each_init(
            || (RowScratch::new(), Vec::new()),
            |(scratch, centered), (chunk, ((values, numbers), distances))| {
                let rows = values.chunks_exact_mut(d).zip(numbers).zip(distances);
                for (row, ((values, numbers), out)) in (chunk * CHUNK..).zip(rows) {
                    if ground.is_interrupted() {
                        break;
                    }
                    let x = ground.rows.get(row, scratch);
                    *numbers = quantize(x, centered, values)?;
                    *out = distance(x, center);
                }
                Some(())
            },
        );
        done.map(|()| (Int8Rows::Copied(copy), distances))
    }

    /// Puts the values of `row` into `out`, each byte XORed with `flip`; what `out` has beyond them becomes `flip`, which is 0.
    pub fn gather(
        &self,
        row: usize,
        flip: u8,
        out: &mut [u8],
        quantizer: &Quantizer,
    ) -> Int8Operand {
        let (values, flip_here) = match self {
            Int8Rows::Copied(copy) => (copy.values(row), flip ^ copy.flip),
            Int8Rows::InPlace(rows) => (rows.stored(row), flip ^ sign_of(rows.dtype())),
        };
        let (head, padding) = out.split_at_mut(values.len());
        if flip_here == 0 {
            head.copy_from_slice(values);
        } else {
            head.iter_mut().zip(values).for_each(|(out, value)| *out = value ^ flip_here);
        }
        padding.fill(flip);
        match self {
            Int8Rows::Copied(copy) => quantizer.operand(copy.numbers[row]),
            Int8Rows::InPlace(_) => quantizer.operand(Int8Numbers::of_integers(head, flip)),
        }
    }

    /// Whether the rows are the pool's own.
    pub fn lie_in_place(&self) -> bool {
        matches!(self, Int8Rows::InPlace(_))
    }

    /// The largest `||q||^2`, where rows are copied.
    pub fn largest_square(&self) -> u32 {
        match self {
            Int8Rows::Copied(copy) => copy.numbers.iter().map(|n| n.square).max().unwrap_or(0),
            Int8Rows::InPlace(_) => 0,
        }
    }

    /// The bytes of `row`, to be asked for ahead.
    pub fn stored(&self, row: usize) -> &[u8] {
        match self {
            Int8Rows::Copied(copy) => copy.values(row),
            Int8Rows::InPlace(rows) => rows.stored(row),
        }
    }
}

impl Copied {
    fn values(&self, row: usize) -> &[u8] {
        &self.values[row * self.d..][..self.d]
    }
}

/// What turns stored bytes into int8 values: bytes from 0 to 255 stand for the values 128 below them.
fn sign_of(dtype: Dtype) -> u8 {
    if dtype == Dtype::U8 { 0x80 } else { 0 }
}

fn first_distance(
    ground: &HostGround,
    row: usize,
    center: RowValues,
    scratch: &mut RowScratch,
) -> f64 {
    match ground.is_interrupted() {
        true => 0.0,
        false => distance(ground.rows.get(row, scratch), center),
    }
}
