//! int8 products by AVX-512's `vpdpbusd`, which does not saturate: four multiply-adds a lane, unsigned rows by signed centers.

use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_storeu_si512,
};
use std::ops::Range;

use super::super::PANEL;
use super::quads::{self, BLOCK_COLUMNS, QUAD};
use super::{Int8Multiplier, UNSIGNED, checked_rows};

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512Vnni(());

impl Avx512Vnni {
    /// The multiplier, if this machine has it.
    pub fn detect() -> Option<Avx512Vnni> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        has.then_some(Avx512Vnni(()))
    }
}

impl Int8Multiplier for Avx512Vnni {
    /// With two vectors of columns: 16 sums hide the instruction's latency, and 10 loads feed 16 of it.
    const ROWS: usize = 8;
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
        let pair = 2 * BLOCK_COLUMNS;
        for column in (columns.start / pair * pair..columns.end).step_by(pair) {
            for row in (0..count).step_by(Self::ROWS) {
                let (a, b) = (&rows[row * depth..], &panel[column * depth..]);
                let (start, out) = (&start[column..], &mut out[row * PANEL + column..]);
                // SAFETY: `self` exists, so the machine has the features (`detect`). `checked_rows` found count a multiple
                // of ROWS, depth of 4, and columns.end <= PANEL, a multiple of 32: `a` holds ROWS rows of depth bytes, `b`
                // two blocks of 16 columns of depth bytes, `start` 32 numbers, and `out` 32 in each of ROWS rows.
                unsafe {
                    block(a.as_ptr(), b.as_ptr(), depth, start.as_ptr(), out.as_mut_ptr());
                }
            }
        }
    }
}

/// Eight rows by 32 columns. Reads `8 depth` bytes of `a`, `32 depth` of `b` and 32 numbers of `start`; writes 32 numbers of
/// each of 8 rows of `out`.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn block(a: *const u8, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
    // SAFETY: 32 numbers, which the caller promised.
    let start: [__m512i; 2] = unsafe {
        [_mm512_loadu_si512(start.cast()), _mm512_loadu_si512(start.add(BLOCK_COLUMNS).cast())]
    };
    let mut sums = [start; Avx512Vnni::ROWS];
    for quad in 0..depth / QUAD {
        // SAFETY: quad < depth / 4: the two vectors end at 64 (quad + 1) <= 16 depth in their block of 16 depth bytes, and
        // the broadcasts read bytes 4 quad to 4 quad + 3 of rows 0 to 7, as the caller promised.
        unsafe {
            let left = b.add(quad * BLOCK_COLUMNS * QUAD);
            let right = _mm512_loadu_si512(left.add(BLOCK_COLUMNS * depth).cast());
            let left = _mm512_loadu_si512(left.cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                let x = a.add(row * depth + QUAD * quad).cast::<i32>().read_unaligned();
                let x = _mm512_set1_epi32(x);
                sum[0] = _mm512_dpbusd_epi32(sum[0], x, left);
                sum[1] = _mm512_dpbusd_epi32(sum[1], x, right);
            }
        }
    }
    for (row, sum) in sums.iter().enumerate() {
        // SAFETY: 32 numbers from row * PANEL on, which the caller promised.
        unsafe {
            _mm512_storeu_si512(out.add(row * PANEL).cast(), sum[0]);
            _mm512_storeu_si512(out.add(row * PANEL + BLOCK_COLUMNS).cast(), sum[1]);
        }
    }
}
