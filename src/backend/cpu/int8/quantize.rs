//! From a row to int8 values: `x - m` over a step of its own, rounded, and how far that is from the row.

use crate::backend::interval::{Operand, is_within_range, scale_for, up};
use crate::simd::widest;

use super::super::bulk::Bulk;
use super::measure::Int8Operand;
use super::whole::Whole;
use crate::values::{RowValues, Value};

/// The largest int8 value made; -128 is not.
const LARGEST: f32 = 127.0;
/// What most rows are brought to, so that those far beyond them fit f32.
const BULK: f64 = 1.0 / (1 << 20) as f64;
/// Sums kept side by side, so that they vectorise.
const LANES: usize = 16;

/// What is known of a row's int8 values `q`, in units of the quantizer's scale: 12 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Int8Numbers {
    /// The row is near `m + step q`.
    step: f32,
    /// `||q||^2`
    pub square: u32,
    /// At least `||x - m - step q||`.
    error: f32,
}

impl Int8Numbers {
    pub const ZERO: Int8Numbers = Int8Numbers { step: 0.0, square: 0, error: 0.0 };

    /// Of rows that are their int8 values: those of `bytes`, each XORed with `flip`.
    pub fn of_integers(bytes: &[u8], flip: u8) -> Int8Numbers {
        let square = widest(
            #[inline(always)]
            || {
                let value = |byte: &u8| i32::from((byte ^ flip).cast_signed());
                bytes.iter().map(|byte| (value(byte) * value(byte)) as u32).sum()
            },
        );
        Int8Numbers { step: 1.0, square, error: 0.0 }
    }
}

/// How rows become int8 values.
pub struct Quantizer {
    /// `m`: a vector near the middle of most rows.
    middle: Vec<f64>,
    /// The same in f32, if it is that to the bit.
    narrow_middle: Option<Vec<f32>>,
    /// A power of two that brings most rows to a size where steps and errors fit f32.
    scale: f32,
    /// The scale of the intervals over `scale`, a power of two; 1 until [`Quantizer::rescale`].
    rescale: f64,
    /// 1; tests widen the intervals or narrow them to nothing.
    width: f64,
}

impl Quantizer {
    /// For rows most of which are of this bulk.
    pub fn new(bulk: &Bulk, width: f64) -> Quantizer {
        let middle = bulk.middle.clone();
        let scale = narrow((scale_for(bulk.reach) * BULK).clamp(2f64.powi(-100), 2f64.powi(100)));
        let is_narrow = middle.iter().all(|&m| f64::from(narrow(m)) == m);
        let narrow_middle = is_narrow.then(|| middle.iter().map(|&m| narrow(m)).collect());
        Quantizer { middle, narrow_middle, scale, rescale: 1.0, width }
    }

    /// For rows that are their int8 values; others have int8 values near them.
    pub fn of_whole(whole: &Whole, d: usize, width: f64) -> Quantizer {
        let bulk = Bulk { middle: vec![whole.middle(); d], reach: 0.0 };
        Quantizer { scale: narrow(1.0 / whole.unit), ..Quantizer::new(&bulk, width) }
    }

    /// `m`
    pub fn middle(&self) -> &[f64] {
        &self.middle
    }

    /// Operands are in units of `scale` from now on.
    pub fn rescale(&mut self, scale: f64) {
        self.rescale = scale / f64::from(self.scale);
    }

    /// The int8 values of `x`, `(d,)`, each XORed with `flip`. `centered` is memory to work in.
    pub fn quantize(
        &self,
        x: RowValues,
        flip: u8,
        centered: &mut Vec<f32>,
        out: &mut [u8],
    ) -> Int8Numbers {
        centered.resize(out.len(), 0.0);
        let scale = f64::from(self.scale);
        widest(
            #[inline(always)]
            || {
                let largest = match (x, &self.narrow_middle) {
                    (RowValues::F32(x), Some(middle)) => {
                        center(x, middle, centered, |x, m| (x - m) * self.scale)
                    }
                    (RowValues::F32(x), None) => {
                        center(x, &self.middle, centered, |x, m| from_f64(x.widen(), m, scale))
                    }
                    (RowValues::F64(x), _) => {
                        center(x, &self.middle, centered, |x, m| from_f64(x, m, scale))
                    }
                };
                round_row(largest, flip, centered, out)
            },
        )
    }

    /// The operand of a row of these numbers, in units of the intervals' scale.
    pub fn operand(&self, numbers: Int8Numbers) -> Int8Operand {
        let step = f64::from(numbers.step) * self.rescale;
        let integer_square = numbers.square;
        let square = step * step * f64::from(integer_square);
        let error = f64::from(numbers.error) * self.rescale;
        if !is_within_range(square.sqrt(), error) {
            let operand = Operand::beyond(square.sqrt(), error, self.width);
            return Int8Operand { step: 0.0, integer_square, operand };
        }
        let norm = square.sqrt() * (1.0 + 4.0 * f64::EPSILON);
        let operand = Operand { square, norm, error: error * self.width };
        Int8Operand { step, integer_square, operand }
    }
}

/// To f32.
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// At least `||scale (x - mean) - step q||`, of which `residual` is about the square.
///
/// Centering and subtracting round once each, relatively: that is within `2^-22 ||step q||` and as much of the residual. The residual's
/// squares and their sum round `d + 8` times at most. What underflows is below `2^-149` a square.
fn error(d: usize, step: f32, square: u32, residual: f32) -> f32 {
    let d = d as f64;
    let norm = f64::from(step) * f64::from(square).sqrt();
    let residual = f64::from(residual).sqrt() * (1.0 + (d + 16.0) * 2f64.powi(-23));
    up(residual + norm * 2f64.powi(-22) + d.sqrt() * 2f64.powi(-73))
}

/// `scale (x - m)`, rounded to f32 at the end, where it is below f32's range or none of its numbers.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn from_f64(x: f64, m: f64, scale: f64) -> f32 {
    ((x - m) * scale) as f32
}

/// `scale (x - mean)` by `one`, and the largest size among them, or infinity.
#[inline(always)]
fn center<X: Copy, Y: Copy>(
    x: &[X],
    mean: &[Y],
    out: &mut [f32],
    one: impl Fn(X, Y) -> f32,
) -> f32 {
    for ((x, mean), out) in x.iter().zip(mean).zip(out.iter_mut()) {
        *out = one(*x, *mean);
    }
    let mut largest = [0.0f32; LANES];
    let (blocks, rest) = out.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            let size = block[lane].abs();
            largest[lane] = if size > largest[lane] { size } else { largest[lane] };
        }
    }
    largest.iter().copied().chain(rest.iter().map(|z| z.abs())).fold(0.0, f32::max)
}

/// The int8 values of a centered row whose largest value has this size.
#[inline(always)]
fn round_row(largest: f32, flip: u8, centered: &mut [f32], out: &mut [u8]) -> Int8Numbers {
    let mut step = largest / LARGEST;
    if !largest.is_finite() {
        out.fill(flip);
        return Int8Numbers { step: 0.0, square: 0, error: f32::INFINITY };
    }
    // A step that is not normal has few bits: all of the row is then left to the error.
    if !step.is_normal() {
        step = 0.0;
    }
    let (square, residual) = round(centered, step, flip, out);
    Int8Numbers { step, square, error: error(out.len(), step, square, residual) }
}

/// Added to a number of few bits, it leaves the nearest whole number in the lowest bits, ties to even.
const WHOLE: f32 = 1.5 * (1u32 << 23) as f32;

/// The whole numbers nearest `z / step`, which are at most 127 in size, each XORed with `flip`. Returns the sums of their
/// squares and of `(z - step q)^2`; `z` becomes `z - step q`.
#[inline(always)]
fn round(z: &mut [f32], step: f32, flip: u8, out: &mut [u8]) -> (u32, f32) {
    let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
    for (z, out) in z.iter_mut().zip(out.iter_mut()) {
        let (q, left) = round_one(*z, inverse, step);
        (*out, *z) = (q.cast_unsigned(), left);
    }
    let square = |q: &u8| i32::from(q.cast_signed()) * i32::from(q.cast_signed());
    let square = out.iter().map(square).sum::<i32>();
    out.iter_mut().for_each(|q| *q ^= flip);
    (square.cast_unsigned(), sum_of_squares(z))
}

/// In any order.
#[inline(always)]
fn sum_of_squares(values: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            sums[lane] += block[lane] * block[lane];
        }
    }
    sums.iter().copied().chain(rest.iter().map(|value| value * value)).sum()
}

/// `q`, and `z - step q`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are the number")]
fn round_one(z: f32, inverse: f32, step: f32) -> (i8, f32) {
    let whole = z * inverse + WHOLE;
    (whole.to_bits() as i8, (-step).mul_add(whole - WHOLE, z))
}
