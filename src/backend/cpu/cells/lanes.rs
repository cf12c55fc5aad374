//! Many rows at a time: the squares that canonical distances are the roots of, to the bit. The loops are over lanes, so that the compiler
//! makes vectors of them.

use crate::values::{RowValues, Value};

/// Cells, or groups of them, side by side.
pub const LANES: usize = 16;

/// A value as cells keep it: f32, or f64 where rows are f64.
pub trait CellValue: Value + PartialOrd + Default + Send + Sync + 'static {
    /// The values of rows that are seen in this type.
    fn of(values: RowValues<'_>) -> &[Self];
}

impl CellValue for f32 {
    fn of(values: RowValues<'_>) -> &[f32] {
        match values {
            RowValues::F32(values) => values,
            RowValues::F64(_) => unreachable!("rows of f64 are kept as f64"),
        }
    }
}

impl CellValue for f64 {
    fn of(values: RowValues<'_>) -> &[f64] {
        match values {
            RowValues::F32(_) => unreachable!("rows of f32 are kept as f32"),
            RowValues::F64(values) => values,
        }
    }
}

/// A row in f64, which changes no value.
pub fn widened<const D: usize>(values: RowValues) -> [f64; D] {
    match values {
        RowValues::F32(values) => padded::<f32, D>(values).map(f64::from),
        RowValues::F64(values) => padded(values),
    }
}

/// The values of a row, and zeros after them: a difference of zeros adds nothing.
#[inline(always)]
pub fn padded<V: CellValue, const D: usize>(values: &[V]) -> [V; D] {
    <[V; D]>::try_from(values).unwrap_or_else(|_| {
        let mut row = [V::default(); D];
        row[..values.len()].copy_from_slice(values);
        row
    })
}

/// The sums `S` of rows beside `center`: what [`crate::distance`] takes the root of.
#[inline(always)]
pub fn squares<V: CellValue, const D: usize, const N: usize>(
    rows: &[[V; N]; D],
    center: &[f64; D],
) -> [f64; N] {
    let mut squares = [0.0; N];
    for (lane, out) in squares.iter_mut().enumerate() {
        *out = square(rows, lane, center);
    }
    squares
}

/// The sum of one of the rows. Dimension `j` alone is in partial sum `j`; a sum that is 0 adds nothing, so that those past `D` are left
/// out.
#[inline(always)]
pub fn square<V: CellValue, const D: usize, const N: usize>(
    rows: &[[V; N]; D],
    lane: usize,
    center: &[f64; D],
) -> f64 {
    let mut partial = [0.0; D];
    for j in 0..D {
        let t = rows[j][lane].widen() - center[j];
        partial[j] = t * t;
    }
    fold(partial)
}

/// Of each box, the least that `S` can be between `center` and a row in it, as `S` is rounded: differences, squares and sums are those of
/// [`square`], each of numbers not above them, and rounding keeps order.
#[inline(always)]
pub fn box_squares<V: CellValue, const D: usize, const N: usize>(
    low: &[[V; N]; D],
    high: &[[V; N]; D],
    center: &[f64; D],
) -> [f64; N] {
    let mut squares = [0.0; N];
    for (lane, out) in squares.iter_mut().enumerate() {
        let mut partial = [0.0; D];
        for j in 0..D {
            let below = low[j][lane].widen() - center[j];
            let above = center[j] - high[j][lane].widen();
            let t = larger(larger(below, above), 0.0);
            partial[j] = t * t;
        }
        *out = fold(partial);
    }
    squares
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Folds the first partial sums, at most 32, where the others are 0. It begins at the widest step that meets one of them: from 16 on, the
/// compiler kept the loop for rows of 3 values, which then took twice as long.
#[inline(always)]
pub fn fold<const D: usize>(mut partial: [f64; D]) -> f64 {
    let mut width = D.next_power_of_two() / 2;
    while width > 0 {
        for j in 0..width {
            if j + width < D {
                partial[j] += partial[j + width];
            }
        }
        width /= 2;
    }
    partial[0]
}

/// The lanes, a bit each, at which `a` is below `b`.
#[inline(always)]
pub fn below(a: &[f64; LANES], b: &[f64; LANES]) -> u16 {
    let mut mask = 0;
    for lane in 0..LANES {
        mask |= u16::from(a[lane] < b[lane]) << lane;
    }
    mask
}

/// The lanes of a mask, the lowest first.
#[inline(always)]
pub fn lanes(mask: u16) -> impl Iterator<Item = usize> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let lane = (left != 0).then(|| left.trailing_zeros() as usize);
        left &= left.wrapping_sub(1);
        lane
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::distance;

    /// Numbers of every size that a pool may have, and both zeros.
    fn hostile(at: usize) -> f64 {
        let sizes =
            [1.0, 1e-30, 1e30, 5e-324, 1e-160, -1e-155, 3.4e38, 1e7, -0.0, 0.0, 1e-300, -1e9];
        let step = (at * 2_654_435_761 % 1021) as f64 / 512.0 - 1.0;
        sizes[at * 7 % sizes.len()] * step
    }

    fn rows<const D: usize>(seed: usize) -> [[f64; LANES]; D] {
        std::array::from_fn(|j| std::array::from_fn(|lane| hostile(seed + 13 * j + 101 * lane)))
    }

    fn center<const D: usize>(seed: usize) -> [f64; D] {
        std::array::from_fn(|j| hostile(seed + 29 * j + 3))
    }

    fn roots_are_canonical_distances<const D: usize>() {
        for seed in 0..2000 {
            let (rows, center) = (rows::<D>(seed), center::<D>(7 * seed));
            let squares = squares(&rows, &center);
            for (lane, square) in squares.into_iter().enumerate() {
                let row = rows.map(|values| values[lane]);
                let canonical = distance(RowValues::F64(&row), RowValues::F64(&center));
                assert_eq!(square.sqrt().to_bits(), canonical.to_bits(), "{row:?}, {center:?}");
            }
        }
    }

    #[test]
    fn zeros_after_a_row_change_no_sum() {
        for seed in 0..2000 {
            let (row, center) = (rows::<9>(seed).map(|values| values[0]), center::<9>(seed));
            let wide = padded::<f64, 16>(&row).map(|value| [value; LANES]);
            let square = square(&wide, 3, &padded::<f64, 16>(&center));
            let canonical = distance(RowValues::F64(&row), RowValues::F64(&center));
            assert_eq!(square.sqrt().to_bits(), canonical.to_bits(), "{row:?}, {center:?}");
        }
    }

    /// No row of a box is nearer than the box as it is rounded, and a box of one row is as near as the row.
    fn no_row_is_nearer_than_its_box<const D: usize>() {
        for seed in 0..2000 {
            let (rows, center) = (rows::<D>(seed), center::<D>(11 * seed));
            let ends = |better: fn(f64, f64) -> f64| {
                rows.map(|values| [values.into_iter().reduce(better).unwrap(); LANES])
            };
            let around = box_squares(&ends(f64::min), &ends(f64::max), &center);
            let of_rows = squares(&rows, &center);
            for lane in 0..LANES {
                assert!(around[lane] <= of_rows[lane], "{rows:?}, {center:?}");
            }
            assert_eq!(box_squares(&rows, &rows, &center), of_rows);
        }
    }

    #[test]
    fn of_every_dimension() {
        roots_are_canonical_distances::<1>();
        roots_are_canonical_distances::<2>();
        roots_are_canonical_distances::<3>();
        roots_are_canonical_distances::<4>();
        roots_are_canonical_distances::<5>();
        roots_are_canonical_distances::<6>();
        roots_are_canonical_distances::<7>();
        roots_are_canonical_distances::<8>();
        roots_are_canonical_distances::<16>();
        roots_are_canonical_distances::<32>();
    }

    #[test]
    fn boxes_of_every_dimension() {
        no_row_is_nearer_than_its_box::<1>();
        no_row_is_nearer_than_its_box::<2>();
        no_row_is_nearer_than_its_box::<3>();
        no_row_is_nearer_than_its_box::<5>();
        no_row_is_nearer_than_its_box::<8>();
        no_row_is_nearer_than_its_box::<16>();
        no_row_is_nearer_than_its_box::<32>();
    }

    #[test]
    fn lanes_below() {
        let mut a = [1.0; LANES];
        (a[0], a[2], a[3], a[14]) = (0.0, f64::INFINITY, -0.0, 0.5);
        assert_eq!(below(&a, &[1.0; LANES]), 0b0100_0000_0000_1001);
        assert_eq!(lanes(0b1010_0001).collect::<Vec<_>>(), [0, 5, 7]);
    }
}
