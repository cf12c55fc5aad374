//! How rows are packed for the multiplier: how many at a time, and to what scale.

use super::abi as kernel;
use super::abi::number;
use super::accumulation::{INT8_ERROR_FACTOR, error_factor};
use super::driver::Pointer;
use crate::backend::interval::{Interval, scale_for};
use crate::limits::{INT8_SLICE, MMA_TILE, MOST_SLOTS, SLICE};

/// Four such bytes are an f32 above what any row's test lets pass: of a center that is not there.
pub const ABOVE_ALL: u8 = 0x7f;
/// Values a frontier's packed rows hold at most: 32 MB.
const MOST_VALUES: usize = 16 << 20;
/// The farthest row is brought below this. Half precision loses bits below 2^-14: with 1 here, rows a thousand times nearer to the
/// mean than the farthest would be rounded to few bits, or none.
const LARGEST: f64 = (1 << 15) as f64;
/// Rows sampled for the mean: anything near it serves.
pub const SAMPLE: usize = 1024;

/// Values that a packed row of `d` takes.
pub fn depth(d: usize) -> usize {
    d.next_multiple_of(SLICE as usize)
}

/// Int8 values that a row of `d` takes.
pub fn int8_depth(d: usize) -> usize {
    d.next_multiple_of(INT8_SLICE as usize)
}

/// The quantizer of rows that lie at most about `reach` from `mean`: any number that is not far below it.
pub fn quantizer(d: usize, reach: f64, mean: Pointer<u8>) -> kernel::Quantizer {
    let scale = scale_for(reach).clamp(2f64.powi(-100), 2f64.powi(100));
    kernel::Quantizer { mean, scale, d: number(d), depth: number(int8_depth(d)) }
}

/// The intervals of int8 rows of `d` values that lie at most `reach` from the mean.
pub fn int8_interval(d: usize, reach: f64, width: f64) -> Interval {
    Interval::new(scale_for(reach), d, INT8_ERROR_FACTOR, width)
}

/// Packed rows that are worked on at a time, of `n` that take `depth` values each.
pub fn capacity(n: usize, depth: usize) -> usize {
    (MOST_VALUES / depth).clamp(MMA_TILE as usize, MOST_SLOTS as usize).min(n.next_multiple_of(32))
}

/// The packing for rows of `d` values that lie at most `reach` from `mean`.
pub fn packing(d: usize, reach: f64, mean: Pointer<u8>, width: f64) -> kernel::Packing {
    let scale = scale_for(reach) * LARGEST;
    let (post, post_again) = halves(scale.max(1.0));
    kernel::Packing {
        interval: Interval::new(scale, d, error_factor(d), width),
        mean,
        pre: narrow(scale.min(1.0)),
        post,
        post_again,
        d: number(d),
        depth: number(depth(d)),
    }
}

/// A power of two of at least 1 as a product of two that fit f32.
fn halves(power: f64) -> (f32, f32) {
    let exponent = power.log2().round();
    let half = (exponent / 2.0).floor();
    (narrow(half.exp2()), narrow((exponent - half).exp2()))
}

/// A power of two in f32's range, subnormals included.
#[expect(clippy::cast_possible_truncation, reason = "exact")]
fn narrow(power: f64) -> f32 {
    let narrowed = power as f32;
    assert_eq!(f64::from(narrowed), power, "a power of two within f32");
    narrowed
}
