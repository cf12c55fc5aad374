//! int8 products by AVX2's `vpmaddwd`: values widened to 16 bits, two multiply-adds a lane.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi64x,
    _mm256_setzero_si256, _mm256_storeu_si256,
};
use std::ops::Range;

use super::super::PANEL;
use super::Int8Multiplier;
use super::portable::PortableInt8;
use super::quads::{BLOCK_COLUMNS, QUAD};

const ROWS: usize = PortableInt8::ROWS;
/// Columns whose sums are in registers: two vectors of four.
const COLUMNS: usize = 8;

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The instructions, if this machine has them.
    pub fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }

    /// As [`Int8Multiplier::multiply`] of the portable multiplier.
    pub fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        assert!(panel.len() == PANEL * depth && depth.is_multiple_of(QUAD));
        assert!(columns.end <= PANEL && out.len() >= rows.len() / depth * PANEL);
        let mut wide = vec![0; ROWS * depth];
        for (x, out) in rows.chunks_exact(ROWS * depth).zip(out.chunks_exact_mut(ROWS * PANEL)) {
            // SAFETY: `self` exists, so the machine has AVX2.
            unsafe { widen(x, &mut wide) };
            for column in (columns.start / COLUMNS * COLUMNS..columns.end).step_by(COLUMNS) {
                let within = column % BLOCK_COLUMNS;
                let b = &panel[(column - within) * depth + within * QUAD..];
                let (start, out) = (&start[column..], &mut out[column..]);
                // SAFETY: the machine has AVX2. `wide` holds ROWS rows of depth values. columns.end <= PANEL, a multiple of
                // 8: `b` begins inside a block of 16 columns of depth bytes, at 0 or 32 bytes, and holds 32 of each 64
                // bytes of it; `start` holds 8 numbers, and `out`, of ROWS rows of PANEL, 8 in each from `column` on.
                unsafe {
                    block(wide.as_ptr(), b.as_ptr(), depth, start.as_ptr(), out.as_mut_ptr());
                }
            }
        }
    }
}

/// The values of rows in 16 bits.
#[target_feature(enable = "avx2")]
fn widen(rows: &[u8], wide: &mut [i16]) {
    for (wide, byte) in wide.iter_mut().zip(rows) {
        *wide = i16::from(byte.cast_signed());
    }
}

/// Four rows by 8 columns. Reads `4 depth` values of `a`, the first 32 of each 64 bytes of `b`, `depth / 4` times, and 8 numbers
/// of `start`; writes 8 numbers of each of 4 rows of `out`. A column has two sums, which are added at the end.
#[target_feature(enable = "avx2")]
unsafe fn block(a: *const i16, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
    let mut sums: [[__m256i; 2]; ROWS] = [[_mm256_setzero_si256(); 2]; ROWS];
    for quad in 0..depth / QUAD {
        // SAFETY: quad < depth / 4: bytes 64 quad to 64 quad + 31 of `b` and values 4 quad to 4 quad + 3 of rows 0 to 3, as
        // the caller promised.
        unsafe {
            let b = b.add(quad * BLOCK_COLUMNS * QUAD);
            let left = _mm256_cvtepi8_epi16(_mm_loadu_si128(b.cast()));
            let right = _mm256_cvtepi8_epi16(_mm_loadu_si128(b.add(16).cast()));
            for (row, sum) in sums.iter_mut().enumerate() {
                let x = a.add(row * depth + QUAD * quad).cast::<i64>().read_unaligned();
                let x = _mm256_set1_epi64x(x);
                sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(x, left));
                sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(x, right));
            }
        }
    }
    for (row, sum) in sums.iter().enumerate() {
        // Columns 0, 1, 4, 5, then 2, 3, 6, 7; brought in order by pairs.
        const IN_ORDER: i32 = 0b11_01_10_00;
        let sum = _mm256_permute4x64_epi64::<IN_ORDER>(_mm256_hadd_epi32(sum[0], sum[1]));
        // SAFETY: 8 numbers of `start`, and 8 of `out` from row * PANEL on, which the caller promised.
        unsafe {
            let start = _mm256_loadu_si256(start.cast());
            _mm256_storeu_si256(out.add(row * PANEL).cast(), _mm256_add_epi32(start, sum));
        }
    }
}
