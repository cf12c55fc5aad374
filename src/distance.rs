//! The canonical distance: the one evaluation that decides.
//!
//! Everything cheaper is a filter. Two machines agree on a selection because they agree on these bits: 32 partial
//! sums in f64, each by fused multiply-add in increasing dimension, folded 16, 8, 4, 2, 1, then a correctly
//! rounded square root.

use pulp::Arch;

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
    assert_eq!(x.len(), c.len(), "rows of different dimension");
    Arch::new()
        .dispatch(
            #[inline(always)]
            || sum_of_squares(x.len(), x, |j| f64::from(c[j])),
        )
        .sqrt()
}

/// The canonical distance from a row to a point held in f64, such as the pool's mean.
pub(crate) fn distance_to_point(x: &[f32], point: &[f64]) -> f64 {
    assert_eq!(x.len(), point.len(), "rows of different dimension");
    Arch::new()
        .dispatch(
            #[inline(always)]
            || sum_of_squares(x.len(), x, |j| point[j]),
        )
        .sqrt()
}

/// The canonical norm: the canonical distance from the origin.
pub(crate) fn norm(x: &[f32]) -> f64 {
    Arch::new()
        .dispatch(
            #[inline(always)]
            || sum_of_squares(x.len(), x, |_| 0.0),
        )
        .sqrt()
}

#[inline(always)]
fn sum_of_squares(d: usize, x: &[f32], c: impl Fn(usize) -> f64) -> f64 {
    let mut partial = [0.0f64; LANES];
    let whole = d - d % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            let t = f64::from(x[start + lane]) - c(start + lane);
            partial[lane] = t.mul_add(t, partial[lane]);
        }
    }
    for j in whole..d {
        let t = f64::from(x[j]) - c(j);
        partial[j % LANES] = t.mul_add(t, partial[j % LANES]);
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
