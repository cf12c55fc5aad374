//! Rows as the multiplier sees them: centered, scaled and rounded as they are needed, never stored for the whole pool.

use crate::simd::widest;

use super::bulk::Bulk;
use super::kernels::{Buffer, Multiplier};
use crate::backend::interval::{Interval, Operand, is_within_range, scale_for_bulk};
use crate::values::{RowValues, Value};

/// Sums kept side by side, so that they vectorise.
const LANES: usize = 16;

/// How rows are packed (`q = round(s (x - m))`), and the interval that this allows.
pub struct Packing {
    /// `s`, a power of two.
    scale: f64,
    /// `s m`.
    scaled_middle: Vec<f64>,
    pub interval: Interval,
}

impl Packing {
    /// For rows most of which are of this bulk; `width` is [`Interval`]'s.
    pub fn new<M: Multiplier>(bulk: &Bulk, width: f64) -> Packing {
        let (scale, d) = (scale_for_bulk(bulk.reach), bulk.middle.len());
        Packing {
            scale,
            scaled_middle: bulk.middle.iter().map(|&m| scale * m).collect(),
            interval: Interval::new(scale, d, M::error_factor(d), width),
        }
    }

    /// Pack `x` into `out`, of `depth` values, the padding zero. Of a row out of range they are 0.
    pub fn pack<M: Multiplier>(&self, x: RowValues, out: &mut [M::Value]) -> Operand {
        match x {
            RowValues::F32(x) => self.pack_values::<M, f32>(x, out),
            RowValues::F64(x) => self.pack_values::<M, f64>(x, out),
        }
    }

    fn pack_values<M: Multiplier, X: Value>(&self, x: &[X], out: &mut [M::Value]) -> Operand {
        let (head, padding) = out.split_at_mut(x.len());
        padding.fill(bytemuck::Zeroable::zeroed());
        let (square, residual) = widest(
            #[inline(always)]
            || round_row::<M, X>(x, &self.scaled_middle, self.scale, head),
        );
        if !is_within_range(square.sqrt(), 0.0) {
            head.fill(bytemuck::Zeroable::zeroed());
            return self.beyond(x);
        }
        self.interval.operand(square, residual, x.len())
    }

    /// The operand of a row out of range.
    fn beyond<X: Value>(&self, x: &[X]) -> Operand {
        let square = |(x, middle): (&X, &f64)| (x.widen() * self.scale - middle).powi(2);
        let norm = x.iter().zip(&self.scaled_middle).map(square).sum::<f64>().sqrt();
        let ulps = (x.len() + 8) as f64 * f64::EPSILON;
        Operand::beyond(norm, norm * ulps, self.interval.width)
    }
}

/// Returns the sums of `q^2` and of `(z - q)^2`.
#[inline(always)]
fn round_row<M: Multiplier, X: Value>(
    x: &[X],
    mean: &[f64],
    scale: f64,
    out: &mut [M::Value],
) -> (f64, f64) {
    let (mut square, mut residual) = ([0.0f64; LANES], [0.0f64; LANES]);
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let (mean_blocks, mean_rest) = mean.as_chunks::<LANES>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<LANES>();
    for ((x, mean), out) in x_blocks.iter().zip(mean_blocks).zip(out_blocks) {
        for lane in 0..LANES {
            let (value, q, r) = round::<M>(x[lane].widen(), mean[lane], scale);
            out[lane] = value;
            square[lane] += q * q;
            residual[lane] += r * r;
        }
    }
    for ((&x, &mean), out) in x_rest.iter().zip(mean_rest).zip(out_rest) {
        let (value, q, r) = round::<M>(x.widen(), mean, scale);
        *out = value;
        square[0] += q * q;
        residual[0] += r * r;
    }
    (square.iter().sum(), residual.iter().sum())
}

/// `q`, also in f64, and `z - q`. Centering rounds once: `scale * x` and `scale * m` are exact.
#[inline(always)]
fn round<M: Multiplier>(x: f64, mean: f64, scale: f64) -> (M::Value, f64, f64) {
    let z = x * scale - mean;
    let (value, q) = M::round(z);
    (value, q, z - q)
}

/// A block of packed rows.
pub struct Block<M: Multiplier> {
    pub depth: usize,
    pub values: Buffer<M::Value>,
    pub operands: Vec<Operand>,
}

impl<M: Multiplier> Block<M> {
    pub fn new(d: usize) -> Block<M> {
        Block { depth: M::depth(d), values: Buffer::new(), operands: Vec::new() }
    }

    /// Makes room for `rows` rows, rounded up to whole blocks of the multiplier. Padding rows keep old values, which
    /// are finite.
    pub fn resize(&mut self, rows: usize) {
        self.values.resize(rows.next_multiple_of(M::ROWS) * self.depth);
        self.operands.resize(rows, Operand { square: 0.0, norm: 0.0, error: 0.0 });
    }
}
