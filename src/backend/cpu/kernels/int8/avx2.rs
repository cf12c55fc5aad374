//! `vpmaddwd` of AVX2, 256 bits wide.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi64x,
    _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::super::PANEL;
use super::quads::{BLOCK_COLUMNS, QUAD};
use super::widened::{Madd, ROWS};

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The instructions, if this machine has them.
    pub fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }
}

impl Madd for Avx2 {
    /// Two vectors of four columns: 8 sums, 2 vectors of columns and a broadcast fit the 16 registers.
    const COLUMNS: usize = 8;

    #[target_feature(enable = "avx2")]
    unsafe fn block(a: *const i16, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
        // A column has two sums, side by side, which are added at the end.
        let mut sums: [[__m256i; 2]; ROWS] = [[_mm256_setzero_si256(); 2]; ROWS];
        for quad in 0..depth / QUAD {
            // SAFETY: quad < depth / 4: bytes 64 quad to 64 quad + 31 of `b` and values 4 quad to 4 quad + 3 of each row, as
            // the caller promised.
            unsafe {
                let b = b.add(quad * BLOCK_COLUMNS * QUAD);
                let left = _mm256_cvtepi8_epi16(_mm_loadu_si128(b.cast()));
                let right = _mm256_cvtepi8_epi16(_mm_loadu_si128(b.add(4 * QUAD).cast()));
                for (row, sum) in sums.iter_mut().enumerate() {
                    let x = a.add(row * depth + QUAD * quad).cast::<i64>().read_unaligned();
                    let x = _mm256_set1_epi64x(x);
                    sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(x, left));
                    sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(x, right));
                }
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            // Columns come as 0, 1, 4, 5, 2, 3, 6, 7, and are brought in order by pairs.
            const IN_ORDER: i32 = 0b11_01_10_00;
            let sum = _mm256_permute4x64_epi64::<IN_ORDER>(_mm256_hadd_epi32(sum[0], sum[1]));
            // SAFETY: 8 numbers of `start`, and 8 of `out` from row * PANEL on, which the caller promised.
            unsafe {
                let start = _mm256_loadu_si256(start.cast());
                _mm256_storeu_si256(out.add(row * PANEL).cast(), _mm256_add_epi32(start, sum));
            }
        }
    }
}
