//! From a row to int8 values: `x - m` over a step of its own, rounded, and how far that is from the row.

use crate::backend::interval::scale_for;
use crate::simd::widest;

use super::measure::Int8Operand;
use crate::backend::interval::Operand;
use crate::values::{RowValues, Value};

/// The largest int8 value made; -128 is not.
const LARGEST: f64 = 127.0;
/// Sums kept side by side, so that they vectorise.
const LANES: usize = 16;

/// What is known of a row's int8 values `q`, in units of the quantizer's scale: 12 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Int8Numbers {
    /// The row is near `m + step q`.
    step: f32,
    /// `||q||^2`
    square: u32,
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
    /// `m`: a vector near the mean.
    mean: Vec<f64>,
    /// A power of two that brings the rows near 1, so that steps and errors fit f32.
    scale: f64,
    /// The scale of the intervals over `scale`, a power of two; 1 until [`Quantizer::rescale`].
    rescale: f64,
    /// 1; tests widen the intervals or narrow them to nothing.
    width: f64,
}

impl Quantizer {
    /// `reach`: about the largest `||x - mean||`, any number that is not far below it.
    pub fn new(mean: Vec<f64>, reach: f64, width: f64) -> Quantizer {
        Quantizer { mean, scale: scale_for(reach), rescale: 1.0, width }
    }

    /// For pools of int8 or uint8 values, which are exact.
    pub fn of_integers(mean: Vec<f64>, width: f64) -> Quantizer {
        Quantizer { scale: 1.0, ..Quantizer::new(mean, 1.0, width) }
    }

    /// Operands are in units of `scale` from now on.
    pub fn rescale(&mut self, scale: f64) {
        self.rescale = scale / self.scale;
    }

    /// The int8 values of `x`, `(d,)`. `centered` is memory to work in.
    pub fn quantize(&self, x: RowValues, centered: &mut Vec<f64>, out: &mut [i8]) -> Int8Numbers {
        match x {
            RowValues::F32(x) => self.quantize_values(x, centered, out),
            RowValues::F64(x) => self.quantize_values(x, centered, out),
        }
    }

    fn quantize_values<X: Value>(
        &self,
        x: &[X],
        centered: &mut Vec<f64>,
        out: &mut [i8],
    ) -> Int8Numbers {
        centered.resize(x.len(), 0.0);
        widest(
            #[inline(always)]
            || self.round(x, centered, out),
        )
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the roundings meant; sums of squares are small"
    )]
    fn round<X: Value>(&self, x: &[X], centered: &mut [f64], out: &mut [i8]) -> Int8Numbers {
        let largest = center(x, &self.mean, self.scale, centered);
        let mut step = (largest / LARGEST) as f32;
        // A step of no use leaves all of the row to the error.
        let inverse = 1.0 / f64::from(step);
        if !(step.is_finite() && inverse.is_finite()) {
            step = 0.0;
        }
        let inverse = if step == 0.0 { 0.0 } else { inverse };
        let (mut square, mut residual) = ([0i32; LANES], [0.0f64; LANES]);
        for (z, out) in centered.chunks(LANES).zip(out.chunks_mut(LANES)) {
            for lane in 0..z.len() {
                let q = (z[lane] * inverse).round_ties_even().clamp(-LARGEST, LARGEST);
                let left = z[lane] - q * f64::from(step);
                out[lane] = q as i8;
                square[lane] += i32::from(out[lane]) * i32::from(out[lane]);
                residual[lane] += left * left;
            }
        }
        let square = square.iter().map(|&s| i64::from(s)).sum::<i64>() as u32;
        let norm = f64::from(step) * f64::from(square).sqrt();
        // Centering and subtracting round once each, and sums of squares `d + 8` times at most.
        let ulps = (x.len() + 8) as f64 * f64::EPSILON;
        let error = residual.iter().sum::<f64>().sqrt() * (1.0 + ulps) + 4.0 * f64::EPSILON * norm;
        Int8Numbers { step, square, error: up(error) }
    }

    /// The operand of a row of these numbers, in units of the intervals' scale.
    pub fn operand(&self, numbers: Int8Numbers) -> Int8Operand {
        let step = f64::from(numbers.step) * self.rescale;
        let square = f64::from(numbers.square);
        let norm = step * square.sqrt() * (1.0 + 4.0 * f64::EPSILON);
        let error = f64::from(numbers.error) * self.rescale * self.width;
        Int8Operand {
            step,
            integer_square: numbers.square,
            operand: Operand { square: step * step * square, norm, error },
        }
    }
}

/// `scale (x - mean)`, and the largest size among them.
#[inline(always)]
fn center<X: Value>(x: &[X], mean: &[f64], scale: f64, out: &mut [f64]) -> f64 {
    let mut largest = [0.0f64; LANES];
    let blocks = x.chunks(LANES).zip(mean.chunks(LANES)).zip(out.chunks_mut(LANES));
    for ((x, mean), out) in blocks {
        for lane in 0..x.len() {
            out[lane] = (x[lane].widen() - mean[lane]) * scale;
            largest[lane] =
                if out[lane].abs() > largest[lane] { out[lane].abs() } else { largest[lane] };
        }
    }
    largest.iter().copied().fold(0.0, f64::max)
}

/// To f32, never below.
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn up(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) < value { nearest.next_up() } else { nearest }
}
