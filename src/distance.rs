//! The canonical distance: the one evaluation that decides every comparison.
//!
//! Everything cheaper is a filter. Two machines agree on a selection because they agree on these bits. There are 32
//! partial sums in f64, each by fused multiply-add in increasing dimension. They are folded 16, 8, 4, 2, 1; then comes
//! a correctly rounded square root.

use crate::simd::widest;
use crate::values::{RowValues, Value};

/// Partial sums; dimension `j` goes to sum `j mod LANES`. One warp, or four AVX-512 vectors.
const LANES: usize = 32;
/// Of those, a vector of AVX-512.
const EIGHT: usize = 8;

/// The canonical distance between two rows: euclidean, in f64, the same bits on every machine.
///
/// `x` and `c` are `(d,)`. `O(d)`. The caller's floating-point environment must round to nearest with denormals on;
/// [`crate::select`] sets that on its own threads.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// assert_eq!(farpoint::distance(&[0.0, 3.0], &[4.0, 0.0]), 5.0);
/// ```
pub fn distance_f32(x: &[f32], c: &[f32]) -> f64 {
    between(x, c)
}

/// As [`crate::distance`], between rows of f64 values.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// assert_eq!(farpoint::distance_f64(&[5e6, 0.0], &[5e6 + 0.125, 0.0]), 0.125);
/// ```
pub fn distance_f64(x: &[f64], c: &[f64]) -> f64 {
    between(x, c)
}

/// The canonical distance between two rows as they are seen. A value of f32 is the same value in f64, so it does not matter
/// in which of the two types it comes.
pub(crate) fn distance(x: RowValues, c: RowValues) -> f64 {
    match (x, c) {
        (RowValues::F32(x), RowValues::F32(c)) => between(x, c),
        (RowValues::F64(x), RowValues::F64(c)) => between(x, c),
        (RowValues::F32(x), RowValues::F64(c)) => between(x, c),
        (RowValues::F64(x), RowValues::F32(c)) => between(x, c),
    }
}

/// Dimensions between two comparisons of the sum with the limit.
const LOOK: usize = 4 * LANES;

/// The canonical distance, or none if it is above `limit`. In the second case it mostly does not look at all
/// dimensions: partial sums only grow, and rounding keeps their order, so a distance that has passed the limit stays
/// above it.
pub(crate) fn distance_within(x: RowValues, c: RowValues, limit: f64) -> Option<f64> {
    match (x, c) {
        (RowValues::F32(x), RowValues::F32(c)) => within(x, c, limit),
        (RowValues::F64(x), RowValues::F64(c)) => within(x, c, limit),
        (RowValues::F32(x), RowValues::F64(c)) => within(x, c, limit),
        (RowValues::F64(x), RowValues::F32(c)) => within(x, c, limit),
    }
}

fn within<X: Value, C: Value>(x: &[X], c: &[C], limit: f64) -> Option<f64> {
    assert_eq!(x.len(), c.len(), "rows of different dimension");
    widest(
        #[inline(always)]
        || {
            let mut partial = [0.0; LANES];
            let mut distance = 0.0;
            for (x, c) in x.chunks(LOOK).zip(c.chunks(LOOK)) {
                add_squares(&mut partial, x, c);
                distance = fold(partial).sqrt();
                if distance > limit {
                    return None;
                }
            }
            Some(distance)
        },
    )
}

/// The canonical distance from a row to a point held in f64, such as the pool's mean.
pub(crate) fn distance_to_point(x: RowValues, point: &[f64]) -> f64 {
    distance(x, RowValues::F64(point))
}

/// The canonical norm: the canonical distance from the origin.
pub(crate) fn norm(x: RowValues) -> f64 {
    match x {
        RowValues::F32(x) => from_origin(x),
        RowValues::F64(x) => from_origin(x),
    }
}

fn from_origin<X: Value>(x: &[X]) -> f64 {
    // Takes no memory.
    between(x, &vec![Zero; x.len()])
}

/// A value of the origin.
#[derive(Clone, Copy)]
struct Zero;

impl Value for Zero {
    #[inline(always)]
    fn widen(self) -> f64 {
        0.0
    }
}

/// The canonical distance. FMA is chosen at run time; on a machine without
/// it `mul_add` computes the same bits slowly.
fn between<X: Value, C: Value>(x: &[X], c: &[C]) -> f64 {
    assert_eq!(x.len(), c.len(), "rows of different dimension");
    widest(
        #[inline(always)]
        || sum_of_squares(x, c).sqrt(),
    )
}

/// `S`, which a canonical distance is the root of. To be called inside [`widest`].
#[inline(always)]
pub(crate) fn sum_of_squares<X: Value, C: Value>(x: &[X], c: &[C]) -> f64 {
    let mut partial = [0.0; LANES];
    add_squares(&mut partial, x, c);
    fold(partial)
}

/// Adds squared differences to the partial sums. The first values of `x` and `c` go to the first sum.
#[inline(always)]
fn add_squares<X: Value, C: Value>(partial: &mut [f64; LANES], x: &[X], c: &[C]) {
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let (c_blocks, c_rest) = c.as_chunks::<LANES>();
    for (x, c) in x_blocks.iter().zip(c_blocks) {
        for lane in 0..LANES {
            let t = x[lane].widen() - c[lane].widen();
            partial[lane] = t.mul_add(t, partial[lane]);
        }
    }
    // The rest by vectors too, as far as it fills some.
    let (x_blocks, x_rest) = x_rest.as_chunks::<EIGHT>();
    let (c_blocks, c_rest) = c_rest.as_chunks::<EIGHT>();
    let (lanes, lanes_rest) = partial.split_at_mut(x_blocks.len() * EIGHT);
    for ((x, c), lanes) in x_blocks.iter().zip(c_blocks).zip(lanes.as_chunks_mut::<EIGHT>().0) {
        for lane in 0..EIGHT {
            let t = x[lane].widen() - c[lane].widen();
            lanes[lane] = t.mul_add(t, lanes[lane]);
        }
    }
    for ((&x, &c), lane) in x_rest.iter().zip(c_rest).zip(lanes_rest) {
        let t = x.widen() - c.widen();
        *lane = t.mul_add(t, *lane);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_limit_it_is_the_same_distance_and_beyond_it_none() {
        for d in [1, 31, 32, 33, 127, 128, 129, 500] {
            let values = |seed: usize| -> Vec<f32> {
                (0..d).map(|j| ((j * 7919 + seed * 104_729) % 1013) as f32 / 64.0 - 8.0).collect()
            };
            let (x, c) = (values(1), values(2));
            let (x, c) = (RowValues::F32(&x), RowValues::F32(&c));
            let exact = distance(x, c);
            for limit in [exact, exact.next_up(), f64::INFINITY] {
                assert_eq!(distance_within(x, c, limit).map(f64::to_bits), Some(exact.to_bits()));
            }
            for limit in [exact.next_down(), exact / 2.0, 0.0] {
                assert_eq!(distance_within(x, c, limit), None, "d = {d}, limit {limit}");
            }
        }
    }
}
