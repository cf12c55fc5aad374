//! int8 products by `vpmaddwd`, on x86 without the dot products of bytes: values are widened to 16 bits, and two multiply-adds
//! are made a lane.

use std::ops::Range;

use super::super::PANEL;
use super::portable::PortableInt8;
use super::quads::{BLOCK_COLUMNS, QUAD};
use super::{Int8Multiplier, checked_rows};
use crate::simd::widest;

/// Rows whose sums are in registers.
pub const ROWS: usize = PortableInt8::ROWS;

/// Vectors of one width. A value exists only where the machine has the instructions.
pub trait Madd: Copy {
    /// Columns whose sums are in registers: half a block or a whole one.
    const COLUMNS: usize;

    /// The products of four rows and `COLUMNS` columns, each plus what its column starts from. Reads `4 depth` values of `a`, the
    /// first `4 COLUMNS` of each 64 bytes of `b`, `depth / 4` times, and `COLUMNS` numbers of `start`; writes `COLUMNS` numbers of
    /// each of 4 rows of `out`.
    ///
    /// # Safety
    ///
    /// A value of this type exists; what is read and written is there.
    unsafe fn block(a: *const i16, b: *const i8, depth: usize, start: *const i32, out: *mut i32);
}

/// As [`Int8Multiplier::multiply`] of the portable multiplier. `_madd` shows that the machine has the instructions.
pub fn multiply<M: Madd>(
    _madd: M,
    rows: &[u8],
    depth: usize,
    panel: &[i8],
    start: &[i32; PANEL],
    columns: Range<usize>,
    out: &mut [i32],
) {
    checked_rows::<PortableInt8>(rows, depth, panel, &columns, out);
    let mut wide = vec![0; ROWS * depth];
    for (x, out) in rows.chunks_exact(ROWS * depth).zip(out.chunks_exact_mut(ROWS * PANEL)) {
        widen(x, &mut wide);
        let first = columns.start / M::COLUMNS * M::COLUMNS;
        for column in (first..columns.end).step_by(M::COLUMNS) {
            let within = column % BLOCK_COLUMNS;
            let b = &panel[(column - within) * depth + within * QUAD..];
            let (start, out) = (&start[column..], &mut out[column..]);
            // SAFETY: `_madd` exists. `wide` holds ROWS rows of depth values. columns.end <= PANEL, a multiple of COLUMNS: `b`
            // begins inside a block of 16 columns of depth bytes, at the first of 64 bytes or half of them further, and holds
            // 4 COLUMNS of each 64; `start` holds COLUMNS numbers, and `out`, of ROWS rows of PANEL, COLUMNS in each from
            // `column` on.
            unsafe { M::block(wide.as_ptr(), b.as_ptr(), depth, start.as_ptr(), out.as_mut_ptr()) };
        }
    }
}

/// The values of rows in 16 bits.
fn widen(rows: &[u8], wide: &mut [i16]) {
    widest(
        #[inline(always)]
        || {
            for (wide, byte) in wide.iter_mut().zip(rows) {
                *wide = i16::from(byte.cast_signed());
            }
        },
    );
}
