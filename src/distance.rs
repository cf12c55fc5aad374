//! The canonical distance: the one evaluation that decides.
//!
//! Everything cheaper is a filter. Two machines agree on a selection because they agree on these bits: 32 partial
//! sums in f64, each by fused multiply-add in increasing dimension, folded 16, 8, 4, 2, 1, then a correctly
//! rounded square root.

use crate::simd::widest;

/// Partial sums; dimension `j` goes to sum `j mod LANES`. One warp, or four AVX-512 vectors.
const LANES: usize = 32;

/// The canonical distance between two rows: euclidean, in f64, the same bits on every machine.
///
/// `x` and `c` are `(d,)`. `O(d)`; the caller's floating-point environment must round to nearest with denormals on,
/// which [`crate::select`] sees to on its own threads.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// assert_eq!(farpoint::distance(&[0.0, 3.0], &[4.0, 0.0]), 5.0);
/// ```
pub fn distance(x: &[f32], c: &[f32]) -> f64 {
    from(x, c, f64::from)
}

/// The canonical distance from a row to a point held in f64, such as the pool's mean.
pub(crate) fn distance_to_point(x: &[f32], point: &[f64]) -> f64 {
    from(x, point, |c| c)
}

/// The canonical norm: the canonical distance from the origin.
pub(crate) fn norm(x: &[f32]) -> f64 {
    from(x, x, |_| 0.0)
}

/// The canonical distance of `x` from `c`, each value of which is widened by `widen`. FMA is dispatched at run time; where the
/// machine has none, `mul_add` computes the same bits slowly.
fn from<C: Copy>(x: &[f32], c: &[C], widen: impl Fn(C) -> f64 + Copy) -> f64 {
    assert_eq!(x.len(), c.len(), "rows of different dimension");
    widest(
        #[inline(always)]
        || sum_of_squares(x, c, widen).sqrt(),
    )
}

#[inline(always)]
fn sum_of_squares<C: Copy>(x: &[f32], c: &[C], widen: impl Fn(C) -> f64 + Copy) -> f64 {
    let mut partial = [0.0f64; LANES];
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let (c_blocks, c_rest) = c.as_chunks::<LANES>();
    for (x, c) in x_blocks.iter().zip(c_blocks) {
        for lane in 0..LANES {
            let t = f64::from(x[lane]) - widen(c[lane]);
            partial[lane] = t.mul_add(t, partial[lane]);
        }
    }
    for (lane, (&x, &c)) in x_rest.iter().zip(c_rest).enumerate() {
        let t = f64::from(x) - widen(c);
        partial[lane] = t.mul_add(t, partial[lane]);
    }
    fold(partial)
}

#[inline(always)]
fn fold(mut partial: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            partial[lane] += partial[lane + width];
        }
        width /= 2;
    }
    partial[0]
}
