//! The squares that canonical distances are the roots of, to the bit, by AVX-512: eight rows of many values beside one center. Compilers
//! make vectors of the sums or of their folding, not of both.

use std::arch::x86_64::{
    __m512d, __mmask8, _mm256_loadu_ps, _mm256_maskz_loadu_ps, _mm512_add_pd, _mm512_cvtps_pd,
    _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_mask_storeu_pd, _mm512_maskz_loadu_pd,
    _mm512_permutexvar_pd, _mm512_set_epi64, _mm512_setzero_pd, _mm512_shuffle_f64x2,
    _mm512_sub_pd, _mm512_unpackhi_pd, _mm512_unpacklo_pd,
};

use crate::values::Value;

/// Partial sums of the contract.
const SUMS: usize = 32;
/// Values of a vector, and rows whose sums are folded together.
pub const EIGHT: usize = 8;

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512Squares(());

/// A value that eight of are loaded at a time.
pub trait Loaded: Value {
    /// # Safety
    /// The machine has AVX-512 F and VL, and eight values lie at `from`.
    unsafe fn load(from: *const Self) -> __m512d;

    /// The values of `mask`, and 0 in the place of the others, which are not read.
    ///
    /// # Safety
    /// The machine has AVX-512 F and VL, and the values of `mask` lie at `from`.
    unsafe fn load_some(mask: __mmask8, from: *const Self) -> __m512d;
}

impl Loaded for f32 {
    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn load(from: *const f32) -> __m512d {
        // SAFETY: eight values lie there, which the caller promised.
        _mm512_cvtps_pd(unsafe { _mm256_loadu_ps(from) })
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn load_some(mask: __mmask8, from: *const f32) -> __m512d {
        // SAFETY: the values of the mask lie there, which the caller promised, and no other is read.
        _mm512_cvtps_pd(unsafe { _mm256_maskz_loadu_ps(mask, from) })
    }
}

impl Loaded for f64 {
    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn load(from: *const f64) -> __m512d {
        // SAFETY: eight values lie there, which the caller promised.
        unsafe { _mm512_loadu_pd(from) }
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn load_some(mask: __mmask8, from: *const f64) -> __m512d {
        // SAFETY: the values of the mask lie there, which the caller promised, and no other is read.
        unsafe { _mm512_maskz_loadu_pd(mask, from) }
    }
}

impl Avx512Squares {
    /// The instructions, if this machine has them.
    pub fn detect() -> Option<Avx512Squares> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
        has.then_some(Avx512Squares(()))
    }

    /// The squares of `rows`, `(m, d)`, beside a center, into `out`, `(m,)`. `filled`: the center's values, and zeros up to a multiple of
    /// eight.
    pub fn of_rows<V: Loaded>(self, rows: &[V], d: usize, filled: &[f64], out: &mut [f64]) {
        assert_eq!((rows.len(), filled.len()), (out.len() * d, d.next_multiple_of(EIGHT)));
        let all = match (d % SUMS).div_ceil(EIGHT) {
            0 => squares::<V, 0>,
            1 => squares::<V, 1>,
            2 => squares::<V, 2>,
            3 => squares::<V, 3>,
            _ => squares::<V, 4>,
        };
        // SAFETY: `self` exists, so the machine has the features (`detect`). `rows` are as many rows of d values as `out` has, `filled` has
        // d values filled up to whole vectors (asserted above), and the function is the one for d.
        unsafe { all(rows, d, filled, out) };
    }
}

/// `REST`: vectors of values behind the last 32, the last of which may not be whole.
///
/// # Safety
/// The machine has the features; `rows` are `(out.len(), d)`, `c` is `(8 ceil(d / 8),)`, and `REST` is `ceil(d mod 32 / 8)`.
#[target_feature(enable = "avx512f,avx512vl")]
unsafe fn squares<V: Loaded, const REST: usize>(rows: &[V], d: usize, c: &[f64], out: &mut [f64]) {
    let mask = u8::MAX >> (c.len() - d);
    for (eight, out) in out.chunks_mut(EIGHT).enumerate() {
        let mut sums = [_mm512_setzero_pd(); EIGHT];
        for (row, sum) in sums.iter_mut().enumerate().take(out.len()) {
            let x = &rows[(eight * EIGHT + row) * d..][..d];
            // SAFETY: `x` has d values, and `c` and REST are as the caller promised; the mask has the values that d leaves of a vector.
            *sum = unsafe { sum_of::<V, REST>(x, c, mask) };
        }
        let stored = u8::MAX >> (EIGHT - out.len());
        // SAFETY: `out` has as many values as `stored` has bits; no other is written.
        unsafe { _mm512_mask_storeu_pd(out.as_mut_ptr(), stored, fold(&sums)) };
    }
}

/// The partial sums of one row, folded to eight.
///
/// # Safety
/// As [`squares`], `x` being one row; `mask` has the values that d leaves of the last vector.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
unsafe fn sum_of<V: Loaded, const REST: usize>(x: &[V], c: &[f64], mask: __mmask8) -> __m512d {
    let whole = x.len() / SUMS * SUMS;
    let mut partial = [_mm512_setzero_pd(); SUMS / EIGHT];
    for at in (0..whole).step_by(SUMS) {
        for (v, partial) in partial.iter_mut().enumerate() {
            // SAFETY: at + 32 <= d: both vectors end within x and c.
            let t = unsafe {
                let at = at + v * EIGHT;
                _mm512_sub_pd(V::load(x.as_ptr().add(at)), _mm512_loadu_pd(c.as_ptr().add(at)))
            };
            *partial = _mm512_fmadd_pd(t, t, *partial);
        }
    }
    for (v, partial) in partial.iter_mut().enumerate().take(REST) {
        let at = whole + v * EIGHT;
        // SAFETY: the vectors before the last are whole, and the mask leaves d - at values of that; c is filled up.
        let t = unsafe {
            let x = match v + 1 == REST {
                true => V::load_some(mask, x.as_ptr().add(at)),
                false => V::load(x.as_ptr().add(at)),
            };
            _mm512_sub_pd(x, _mm512_loadu_pd(c.as_ptr().add(at)))
        };
        *partial = _mm512_fmadd_pd(t, t, *partial);
    }
    let [a, b, c, d] = partial;
    _mm512_add_pd(_mm512_add_pd(a, c), _mm512_add_pd(b, d))
}

/// Eight sums of eight numbers each: 4 are added, then 2, then 1 apart.
#[inline]
#[target_feature(enable = "avx512f")]
fn fold(sums: &[__m512d; EIGHT]) -> __m512d {
    let [a, b, c, d, e, f, g, h] = *sums;
    let (abcd, efgh) = (twos(fours(a, b), fours(c, d)), twos(fours(e, f), fours(g, h)));
    let sums = _mm512_add_pd(_mm512_unpacklo_pd(abcd, efgh), _mm512_unpackhi_pd(abcd, efgh));
    // They are in the order a, e, b, f, c, g, d, h.
    _mm512_permutexvar_pd(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), sums)
}

/// Of `a` the first half and the second added up, then of `b`.
#[inline]
#[target_feature(enable = "avx512f")]
fn fours(a: __m512d, b: __m512d) -> __m512d {
    _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(a, b), _mm512_shuffle_f64x2::<0xee>(a, b))
}

/// Of each half of `ab` and `cd` the first quarter and the second added up.
#[inline]
#[target_feature(enable = "avx512f")]
fn twos(ab: __m512d, cd: __m512d) -> __m512d {
    _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(ab, cd), _mm512_shuffle_f64x2::<0xdd>(ab, cd))
}
