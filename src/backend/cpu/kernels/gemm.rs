//! f32 products by the `gemm` crate, which picks its kernel at run time: every machine has this one.

use std::ops::Range;

use gemm::{Parallelism, gemm};

use super::{Multiplier, PANEL};

#[derive(Clone, Copy)]
pub struct Gemm;

impl Multiplier for Gemm {
    type Value = f32;
    const ROWS: usize = 1;

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
        let count = rows.len() / depth;
        assert_eq!((rows.len(), panel.len()), (count * depth, PANEL * depth));
        assert!(columns.end <= PANEL && out.len() >= count * PANEL);
        let panel = &panel[columns.start * depth..columns.end * depth];
        let out = &mut out[columns.start..];
        let stride = |values: usize| isize::try_from(values).expect("a slice's length");
        // SAFETY: `out` is written at row i < count, column c < columns.len(), that is at i * PANEL + c past
        // columns.start, inside the count * PANEL values asserted; it is borrowed mutably. `rows` is read at i * depth + t
        // and `panel` at c * depth + t for t < depth, inside the lengths asserted.
        unsafe {
            gemm(
                count,
                columns.len(),
                depth,
                out.as_mut_ptr(),
                1,
                stride(PANEL),
                false,
                rows.as_ptr(),
                1,
                stride(depth),
                panel.as_ptr(),
                stride(depth),
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
}
