//! f32 products by the `gemm-f32` crate, which picks its kernel at run time: every machine has this one. The crate `gemm` in front of it would
//! bring products of four other types, which take as long to build.

use std::ops::Range;

use gemm_common::Parallelism;
use gemm_f32::gemm::f32::get_gemm_fn;

use super::{Multiplier, PANEL};

#[derive(Clone, Copy)]
pub struct Gemm;

impl Multiplier for Gemm {
    type Value = f32;
    const ROWS: usize = 1;
    const PREFERRED_FROM: f64 = f64::INFINITY;

    fn depth(d: usize) -> usize {
        d
    }

    #[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
    #[inline(always)]
    fn round(z: f64) -> (f32, f64) {
        let q = z as f32;
        (q, f64::from(q))
    }

    /// For f32 sums rounded to nearest in any order, fused or not.
    fn error_factor(d: usize) -> f64 {
        (d + 4) as f64 * 2f64.powi(-24)
    }

    fn place(panel: &mut [f32], column: usize, row: &[f32]) {
        panel[column * row.len()..][..row.len()].copy_from_slice(row);
    }

    fn multiply(
        self,
        rows: &[f32],
        depth: usize,
        panel: &[f32],
        columns: Range<usize>,
        out: &mut [f32],
    ) {
        assert!(columns.end <= PANEL, "columns {columns:?}");
        let panel = &panel[columns.start * depth..columns.end * depth];
        product(rows, panel, depth, PANEL, &mut out[columns.start..]);
    }
}

/// The products of `rows` and `columns`, both of `depth` values each: row `i`'s with column `c` goes to `out[i * stride + c]`.
pub fn product(rows: &[f32], columns: &[f32], depth: usize, stride: usize, out: &mut [f32]) {
    let (count, width) = (rows.len() / depth, columns.len() / depth);
    if count == 0 || width == 0 {
        return;
    }
    assert_eq!((rows.len(), columns.len()), (count * depth, width * depth));
    assert!(width <= stride && out.len() >= (count - 1) * stride + width);
    let signed = |values: usize| isize::try_from(values).expect("a slice's length");
    // SAFETY: `out` is written at i * stride + c for i < count and c < width, inside the length asserted; it is borrowed
    // mutably. `rows` is read at i * depth + t and `columns` at c * depth + t for t < depth, inside the lengths asserted.
    unsafe {
        // It wants the columns of what it writes to be contiguous, so this is the transposed product.
        get_gemm_fn()(
            width,
            count,
            depth,
            out.as_mut_ptr(),
            signed(stride),
            1,
            false,
            columns.as_ptr(),
            1,
            signed(depth),
            rows.as_ptr(),
            signed(depth),
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
