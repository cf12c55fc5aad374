//! bf16 products by AVX-512's `vdpbf16ps`: two multiply-adds a lane where f32 has one.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_ps, _mm512_storeu_ps,
};
use std::ops::Range;
use std::sync::OnceLock;

use half::bf16;

use super::bf16_layout::{self as layout, BLOCK_COLUMNS};
use super::cpuid::cpuid;
use super::{Multiplier, PANEL};

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512Bf16(());

impl Avx512Bf16 {
    /// The multiplier, if this machine has it.
    pub fn detect() -> Option<Avx512Bf16> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16");
        has.then_some(Avx512Bf16(()))
    }

    /// Whether it is worth more than f32: measured, 1.8 times a core on AMD's Zen 5, and 0.8 times on an
    /// Intel Xeon that has AMX too.
    pub fn is_fast() -> bool {
        // Asked once a process: a virtual machine leaves for its host at each question, which takes as long as a small selection.
        static FAST: OnceLock<bool> = OnceLock::new();
        *FAST.get_or_init(|| {
            let vendor = cpuid(0, 0);
            [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat() == *b"AuthenticAMD"
        })
    }
}

impl Multiplier for Avx512Bf16 {
    type Value = bf16;
    /// With two vectors of columns: 16 sums, 8 broadcasts and 2 loads fit the 32 registers.
    const ROWS: usize = 8;
    const PREFERRED_FROM: f64 = 0.22;

    fn depth(d: usize) -> usize {
        layout::depth(d)
    }

    #[inline(always)]
    fn round(z: f64) -> (bf16, f64) {
        layout::round(z)
    }

    fn error_factor(d: usize) -> f64 {
        layout::error_factor(d)
    }

    fn place(panel: &mut [bf16], column: usize, row: &[bf16]) {
        layout::place(panel, column, row);
    }

    fn multiply(
        self,
        rows: &[bf16],
        depth: usize,
        panel: &[bf16],
        columns: Range<usize>,
        out: &mut [f32],
    ) {
        let count = rows.len() / depth;
        assert_eq!((rows.len(), panel.len()), (count * depth, PANEL * depth));
        assert!(count.is_multiple_of(Self::ROWS) && depth.is_multiple_of(2));
        assert!(columns.end <= PANEL && out.len() >= count * PANEL);
        let pair = 2 * BLOCK_COLUMNS;
        for start in (columns.start / pair * pair..columns.end).step_by(pair) {
            for row in (0..count).step_by(Self::ROWS) {
                let (a, b) = (&rows[row * depth..], &panel[start * depth..]);
                // SAFETY: `self` exists, so the machine has the features (`detect`). `a` holds ROWS rows of depth
                // values and `b` two blocks of 16 columns of depth values, since count is a multiple of ROWS and PANEL of
                // 32; `out` holds ROWS rows of PANEL from `row` on, and start + 32 <= PANEL. All asserted above.
                unsafe {
                    block(a.as_ptr(), b.as_ptr(), depth, out[row * PANEL + start..].as_mut_ptr())
                };
            }
        }
    }
}

/// Eight rows by 32 columns. Reads `8 depth` values of `a`, `32 depth` of `b`; writes 32 values of each of 8 rows of `out`.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn block(a: *const bf16, b: *const bf16, depth: usize, out: *mut f32) {
    let mut sums: [[__m512; 2]; Avx512Bf16::ROWS] = [[_mm512_setzero_ps(); 2]; Avx512Bf16::ROWS];
    for pair in 0..depth / 2 {
        // SAFETY: pair < depth / 2: the two vectors end at 32 (pair + 1) <= 16 depth in their block of 16 depth values,
        // and the broadcasts read values 2 pair and 2 pair + 1 of rows 0 to 7, as the caller promised.
        unsafe {
            let left = as_bf16(_mm512_loadu_si512(b.add(pair * 2 * BLOCK_COLUMNS).cast()));
            let right = b.add(BLOCK_COLUMNS * depth + pair * 2 * BLOCK_COLUMNS);
            let right = as_bf16(_mm512_loadu_si512(right.cast()));
            for (row, sum) in sums.iter_mut().enumerate() {
                let x = a.add(row * depth + 2 * pair).cast::<i32>().read_unaligned();
                let x = as_bf16(_mm512_set1_epi32(x));
                sum[0] = _mm512_dpbf16_ps(sum[0], x, left);
                sum[1] = _mm512_dpbf16_ps(sum[1], x, right);
            }
        }
    }
    for (row, sum) in sums.iter().enumerate() {
        // SAFETY: 32 values from row * PANEL on, which the caller promised.
        unsafe {
            _mm512_storeu_ps(out.add(row * PANEL), sum[0]);
            _mm512_storeu_ps(out.add(row * PANEL + BLOCK_COLUMNS), sum[1]);
        }
    }
}

#[target_feature(enable = "avx512f")]
fn as_bf16(bits: __m512i) -> __m512bh {
    // SAFETY: both are 512 bits without invalid values.
    unsafe { std::mem::transmute(bits) }
}
