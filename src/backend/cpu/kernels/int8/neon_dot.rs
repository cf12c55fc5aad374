//! int8 products by Arm's `sdot`: four multiply-adds a lane of 32 bits, signed by signed. Tests ran it in an emulator; no Arm
//! machine has run it yet.

use std::arch::aarch64::{int8x16_t, int32x4_t, vld1q_s8, vld1q_s32, vst1q_s32};
use std::arch::asm;
use std::arch::is_aarch64_feature_detected;
use std::ops::Range;

use super::super::PANEL;
use super::quads::{self, BLOCK_COLUMNS, QUAD};
use super::{Int8Multiplier, checked_rows};

/// Columns a vector holds.
const LANES: usize = 4;
/// Vectors a block of columns takes.
const VECTORS: usize = BLOCK_COLUMNS / LANES;
/// Bytes of a row that are loaded at once: four quads.
const STEP: usize = 16;

/// Exists only where the machine has the instruction.
#[derive(Clone, Copy)]
pub struct NeonDot(());

impl NeonDot {
    /// The multiplier, if this machine has it.
    pub fn detect() -> Option<NeonDot> {
        is_aarch64_feature_detected!("dotprod").then_some(NeonDot(()))
    }
}

impl Int8Multiplier for NeonDot {
    /// With a block of columns: 16 sums, 4 vectors of columns and 4 of rows fit the 32 registers.
    const ROWS: usize = 4;
    const FLIP: u8 = 0;

    fn depth(d: usize) -> usize {
        quads::depth(d, STEP)
    }

    fn place(panel: &mut [i8], column: usize, center: &[i8]) {
        quads::place(panel, column, center);
    }

    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        let count = checked_rows::<Self>(rows, depth, panel, &columns, out);
        let first = columns.start / BLOCK_COLUMNS * BLOCK_COLUMNS;
        for column in (first..columns.end).step_by(BLOCK_COLUMNS) {
            for row in (0..count).step_by(Self::ROWS) {
                let (a, b) = (&rows[row * depth..], &panel[column * depth..]);
                let (start, out) = (&start[column..], &mut out[row * PANEL + column..]);
                // SAFETY: `self` exists, so the machine has the instruction (`detect`). `checked_rows` found count a multiple
                // of ROWS, depth of 16, and columns.end <= PANEL, a multiple of 16: `a` holds ROWS rows of depth bytes, `b`
                // a block of 16 columns of depth bytes, `start` 16 numbers, and `out` 16 in each of ROWS rows.
                unsafe {
                    block(a.as_ptr().cast(), b.as_ptr(), depth, start.as_ptr(), out.as_mut_ptr());
                }
            }
        }
    }
}

/// Sums of four rows by 16 columns.
type Sums = [[int32x4_t; VECTORS]; NeonDot::ROWS];

/// Four rows by 16 columns. Reads `4 depth` bytes of `a`, `16 depth` of `b` and 16 numbers of `start`; writes 16 numbers of each
/// of 4 rows of `out`.
#[target_feature(enable = "neon,dotprod")]
unsafe fn block(a: *const i8, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
    // SAFETY: 16 numbers, which the caller promised.
    let start: [int32x4_t; VECTORS] =
        std::array::from_fn(|vector| unsafe { vld1q_s32(start.add(LANES * vector)) });
    let mut sums: Sums = [start; NeonDot::ROWS];
    for step in 0..depth / STEP {
        // SAFETY: step < depth / 16: bytes 16 step to 16 step + 15 of rows 0 to 3, and of `b` the four quads of the 16 columns
        // from byte 256 step on, which end at 256 (step + 1) <= 16 depth, as the caller promised.
        unsafe {
            let x = std::array::from_fn(|row| vld1q_s8(a.add(row * depth + STEP * step)));
            let b = b.add(step * STEP * BLOCK_COLUMNS);
            quad::<0>(&mut sums, &x, b);
            quad::<1>(&mut sums, &x, b);
            quad::<2>(&mut sums, &x, b);
            quad::<3>(&mut sums, &x, b);
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (vector, &sum) in sums.iter().enumerate() {
            // SAFETY: 16 numbers from row * PANEL on, which the caller promised.
            unsafe { vst1q_s32(out.add(row * PANEL + LANES * vector), sum) };
        }
    }
}

/// Adds the products of quad `Q` of the rows and of the columns, whose quads begin at `b`: reads 64 bytes from `64 Q` on.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn quad<const Q: usize>(sums: &mut Sums, x: &[int8x16_t; NeonDot::ROWS], b: *const i8) {
    let b = b.wrapping_add(Q * QUAD * BLOCK_COLUMNS);
    for vector in 0..VECTORS {
        // SAFETY: 16 of the bytes that the caller promised.
        let columns = unsafe { vld1q_s8(b.add(vector * LANES * QUAD)) };
        for (sums, &x) in sums.iter_mut().zip(x) {
            sums[vector] = dot::<Q>(sums[vector], columns, x);
        }
    }
}

/// To each of four sums, the four products of its column's quad and quad `Q` of `x`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot<const Q: usize>(mut sums: int32x4_t, columns: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction works on registers alone; the caller has its feature.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {columns:v}.16b, {x:v}.4b[{quad}]",
            sums = inout(vreg) sums,
            columns = in(vreg) columns,
            x = in(vreg) x,
            quad = const Q,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
