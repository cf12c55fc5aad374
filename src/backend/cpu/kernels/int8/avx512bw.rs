//! `vpmaddwd` of AVX-512, 512 bits wide: for processors that have AVX-512 without VNNI.

use std::arch::x86_64::{
    __m512i, _mm256_loadu_si256, _mm512_add_epi32, _mm512_cvtepi8_epi16, _mm512_loadu_si512,
    _mm512_madd_epi16, _mm512_permutex2var_epi32, _mm512_set1_epi64, _mm512_setr_epi32,
    _mm512_setzero_si512, _mm512_storeu_si512,
};

use super::super::PANEL;
use super::quads::{BLOCK_COLUMNS, QUAD};
use super::widened::{Madd, ROWS};

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512Bw(());

impl Avx512Bw {
    /// The instructions, if this machine has them.
    pub fn detect() -> Option<Avx512Bw> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        has.then_some(Avx512Bw(()))
    }
}

impl Madd for Avx512Bw {
    const COLUMNS: usize = BLOCK_COLUMNS;

    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(a: *const i16, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
        // A column has two sums, side by side, which are added at the end.
        let mut sums: [[__m512i; 2]; ROWS] = [[_mm512_setzero_si512(); 2]; ROWS];
        for quad in 0..depth / QUAD {
            // SAFETY: quad < depth / 4: bytes 64 quad to 64 quad + 63 of `b` and values 4 quad to 4 quad + 3 of each row, as
            // the caller promised.
            unsafe {
                let b = b.add(quad * BLOCK_COLUMNS * QUAD);
                let left = _mm512_cvtepi8_epi16(_mm256_loadu_si256(b.cast()));
                let right = _mm512_cvtepi8_epi16(_mm256_loadu_si256(b.add(8 * QUAD).cast()));
                for (row, sum) in sums.iter_mut().enumerate() {
                    let x = a.add(row * depth + QUAD * quad).cast::<i64>().read_unaligned();
                    let x = _mm512_set1_epi64(x);
                    sum[0] = _mm512_add_epi32(sum[0], _mm512_madd_epi16(x, left));
                    sum[1] = _mm512_add_epi32(sum[1], _mm512_madd_epi16(x, right));
                }
            }
        }
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        for (row, sum) in sums.iter().enumerate() {
            let sum = _mm512_add_epi32(
                _mm512_permutex2var_epi32(sum[0], even, sum[1]),
                _mm512_permutex2var_epi32(sum[0], odd, sum[1]),
            );
            // SAFETY: 16 numbers of `start`, and 16 of `out` from row * PANEL on, which the caller promised.
            unsafe {
                let start = _mm512_loadu_si512(start.cast());
                _mm512_storeu_si512(out.add(row * PANEL).cast(), _mm512_add_epi32(start, sum));
            }
        }
    }
}
