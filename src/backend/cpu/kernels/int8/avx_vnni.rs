//! int8 products by AVX-VNNI's `vpdpbusd`, 256 bits wide: on processors that have it and no AVX-512.

use std::arch::x86_64::{
    __m256i, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_si256,
};
use std::ops::Range;

use super::super::PANEL;
use super::quads::{self, BLOCK_COLUMNS, QUAD};
use super::{Int8Multiplier, UNSIGNED, checked_rows};

/// Columns a vector holds.
const LANES: usize = BLOCK_COLUMNS / 2;

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct AvxVnni(());

impl AvxVnni {
    /// The multiplier, if this machine has it.
    pub fn detect() -> Option<AvxVnni> {
        let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni");
        has.then_some(AvxVnni(()))
    }
}

/// Rows whose sums are in registers: with two vectors of columns, 12 sums, 2 loads and a broadcast fit the 16 registers.
const MOST: usize = 6;

impl Int8Multiplier for AvxVnni {
    /// Blocks of `MOST` rows, and a smaller one at the end.
    const ROWS: usize = 2;
    const FLIP: u8 = UNSIGNED;

    fn depth(d: usize) -> usize {
        quads::depth(d, QUAD)
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
            for row in (0..count).step_by(MOST) {
                let (a, b) = (&rows[row * depth..], &panel[column * depth..]);
                let (start, out) = (&start[column..], &mut out[row * PANEL + column..]);
                let (a, b) = (a.as_ptr(), b.as_ptr());
                let (start, out) = (start.as_ptr(), out.as_mut_ptr());
                // SAFETY: `self` exists, so the machine has the features (`detect`). `checked_rows` found count even, depth a
                // multiple of 4, and columns.end <= PANEL, a multiple of 16: from `row` on, `a` holds 2, 4 or at least 6 rows
                // of depth bytes and `out` as many of PANEL; `b` holds a block of 16 columns of depth bytes, `start` 16
                // numbers, and each row of `out` 16 from `column` on.
                unsafe {
                    match count - row {
                        2 => block::<2>(a, b, depth, start, out),
                        4 => block::<4>(a, b, depth, start, out),
                        _ => block::<MOST>(a, b, depth, start, out),
                    }
                }
            }
        }
    }
}

/// `R` rows by 16 columns. Reads `R depth` bytes of `a`, `16 depth` of `b` and 16 numbers of `start`; writes 16 numbers of each of
/// `R` rows of `out`.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn block<const R: usize>(
    a: *const u8,
    b: *const i8,
    depth: usize,
    start: *const i32,
    out: *mut i32,
) {
    // SAFETY: 16 numbers, which the caller promised.
    let start: [__m256i; 2] =
        unsafe { [_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(LANES).cast())] };
    let mut sums = [start; R];
    for quad in 0..depth / QUAD {
        // SAFETY: quad < depth / 4: the two vectors end at 64 (quad + 1) <= 16 depth, and the broadcasts read bytes 4 quad to
        // 4 quad + 3 of each row, as the caller promised.
        unsafe {
            let left = b.add(quad * BLOCK_COLUMNS * QUAD);
            let right = _mm256_loadu_si256(left.add(LANES * QUAD).cast());
            let left = _mm256_loadu_si256(left.cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                let x = a.add(row * depth + QUAD * quad).cast::<i32>().read_unaligned();
                let x = _mm256_set1_epi32(x);
                sum[0] = _mm256_dpbusd_avx_epi32(sum[0], x, left);
                sum[1] = _mm256_dpbusd_avx_epi32(sum[1], x, right);
            }
        }
    }
    for (row, sum) in sums.iter().enumerate() {
        // SAFETY: 16 numbers from row * PANEL on, which the caller promised.
        unsafe {
            _mm256_storeu_si256(out.add(row * PANEL).cast(), sum[0]);
            _mm256_storeu_si256(out.add(row * PANEL + LANES).cast(), sum[1]);
        }
    }
}
