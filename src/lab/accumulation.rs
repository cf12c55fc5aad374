//! How exact a device's products are, measured: what it does to operands made to lose the most.

use half::f16;

use crate::backend::cuda::accumulation::error_factor;
use crate::backend::cuda::probe::{Multiplier, Prober};
use crate::error::Result;
use crate::limits::LEAST_NORMAL_BITS;

/// Of halves, the least normal number.
const LEAST_NORMAL: f64 = 1.0 / (1 << LEAST_NORMAL_BITS) as f64;

/// The largest error of any product of [`hostile`] operands, as a share of what [`error_factor`] allows.
pub fn largest_share(prober: &mut Prober, multiplier: Multiplier, depth: usize) -> Result<f64> {
    let (rows, columns) = prober.tile(multiplier);
    let (rows, columns) = (hostile(rows, depth, 7.0), hostile(columns, depth, 6.0));
    let bits = |operand: &[f16]| operand.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let products = prober.products(multiplier, &bits(&rows), &bits(&columns), depth)?;
    let pairs = rows.chunks(depth).flat_map(|x| columns.chunks(depth).map(move |c| (x, c)));
    Ok(pairs.zip(products).map(|((x, c), product)| share(x, c, product)).fold(0.0, f64::max))
}

/// The error of one product, as a share.
fn share(x: &[f16], c: &[f16], product: f32) -> f64 {
    let terms = || x.iter().zip(c).map(|(x, c)| x.to_f64() * c.to_f64());
    let seen = |factor: &f16| factor.to_f64().abs().max(LEAST_NORMAL);
    let sum: f64 = terms().sum();
    let size: f64 = x.iter().zip(c).map(|(x, c)| seen(x) * seen(c)).sum();
    if !product.is_finite() {
        return f64::INFINITY;
    }
    (sum - f64::from(product)).abs() / (error_factor(x.len()) * size)
}

/// Rows of eight kinds, in turn. A first value of 2^`first` before ones whose products are just below what is cut beside it; the
/// same with the first value last; all bits set; signs that alternate; pairs that cancel; numbers below half's normal ones;
/// the largest; and pseudo-random ones.
fn hostile(rows: usize, depth: usize, first: f64) -> Vec<f16> {
    let lost = 0.998 * 2f64.powi(-5);
    let mut state = 1u64;
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 30) as f64 - 1.0
    };
    let mut value = |kind: usize, j: usize| match kind {
        0 if j == 0 => first.exp2(),
        1 if j == depth - 1 => first.exp2(),
        0 | 1 => lost,
        2 => 1.0 + 1023.0 / 1024.0,
        3 => [1.0, -1.0][j % 2] * (1.0 + (j % 1024) as f64 / 1024.0),
        4 => [3.0, -3.0, 1e3, -1e3][j % 4],
        5 => (1 + j % 1023) as f64 * 2f64.powi(-24),
        6 => 32_000.0,
        _ => random(),
    };
    (0..rows * depth).map(|i| f16::from_f64(value(i / depth % 8, i % depth))).collect()
}
