//! Which products pass a test: what follows the products, in vectors, for each of the ways that a machine has.
//!
//! A pair of a row and a center passes if `base - step (twice_step product) - alpha norm - beta error <= threshold`, where `step`,
//! `alpha`, `beta` and `threshold` are the row's, and `twice_step`, `base`, `norm` and `error` the center's. All are numbers.

use super::super::PANEL;

/// A row's side of the test.
#[derive(Debug, Clone, Copy)]
pub struct RowSide {
    pub step: f32,
    pub alpha: f32,
    pub beta: f32,
    pub threshold: f32,
}

/// A center's side of the test.
#[derive(Debug, Clone, Copy)]
pub struct CenterSide {
    pub twice_step: f32,
    pub base: f32,
    pub norm: f32,
    pub error: f32,
}

/// The sides of a panel of centers, or, by the names that rows have for them, of a panel of rows.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Sides {
    /// `twice_step`, or `step`.
    pub step: [f32; PANEL],
    /// `base`, or `threshold`.
    pub base: [f32; PANEL],
    /// `norm`, or `alpha`.
    pub norm: [f32; PANEL],
    /// `error`, or `beta`.
    pub error: [f32; PANEL],
}

impl Sides {
    pub fn of_no_centers() -> Sides {
        Sides {
            step: [0.0; PANEL],
            base: [f32::INFINITY; PANEL],
            norm: [0.0; PANEL],
            error: [0.0; PANEL],
        }
    }

    pub fn of_no_rows() -> Sides {
        Sides { base: [f32::NEG_INFINITY; PANEL], ..Sides::of_no_centers() }
    }

    pub fn set_center(&mut self, column: usize, center: CenterSide) {
        (self.step[column], self.base[column]) = (center.twice_step, center.base);
        (self.norm[column], self.error[column]) = (center.norm, center.error);
    }

    pub fn center(&self, column: usize) -> CenterSide {
        let (twice_step, base) = (self.step[column], self.base[column]);
        CenterSide { twice_step, base, norm: self.norm[column], error: self.error[column] }
    }

    pub fn set_row(&mut self, lane: usize, row: RowSide) {
        (self.step[lane], self.base[lane]) = (row.step, row.threshold);
        (self.norm[lane], self.error[lane]) = (row.alpha, row.beta);
    }

    fn row(&self, lane: usize) -> RowSide {
        let (step, threshold) = (self.step[lane], self.base[lane]);
        RowSide { step, alpha: self.norm[lane], beta: self.error[lane], threshold }
    }
}

/// The test's left side.
#[inline(always)]
pub fn left(row: RowSide, center: CenterSide, product: i32) -> f32 {
    let product = row.step * (center.twice_step * product as f32);
    center.base - product - row.alpha * center.norm - row.beta * center.error
}

/// For each of `rows`, whose products with a panel's `centers` are `products`: bit `c` says whether center `c` passes.
pub fn passing_centers(rows: &[RowSide], centers: &Sides, products: &[i32], out: &mut [u128]) {
    let products = products.as_chunks::<PANEL>().0;
    assert!(products.len() >= rows.len() && out.len() == rows.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found.
            return unsafe { avx512::passing_centers(rows, centers, products, out) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features were just found.
            return unsafe { avx2::passing_centers(rows, centers, products, out) };
        }
    }
    for ((row, products), out) in rows.iter().zip(products).zip(out) {
        *out = bits(|c| left(*row, centers.center(c), products[c]) <= row.threshold);
    }
}

/// Of a panel of `rows`, whose products with `center` are `products`: bit `lane` says whether the center passes for that row.
pub fn passing_rows(rows: &Sides, center: CenterSide, products: &[i32; PANEL]) -> u128 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found.
            return unsafe { avx512::passing_rows(rows, center, products) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features were just found.
            return unsafe { avx2::passing_rows(rows, center, products) };
        }
    }
    bits(|lane| left(rows.row(lane), center, products[lane]) <= rows.row(lane).threshold)
}

/// The positions of the bits that are set, the lowest first.
pub fn columns(mut bits: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let column = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            column
        })
    })
}

fn bits(passes: impl Fn(usize) -> bool) -> u128 {
    (0..PANEL).fold(0, |bits, c| bits | u128::from(passes(c)) << c)
}

/// The two functions for one width of vectors: what loads, broadcasts, computes and compares.
#[cfg(target_arch = "x86_64")]
macro_rules! vectors {
    ($name:ident, $features:literal, $lanes:literal, $load:ident, $load_i32:ident, $set:ident, $convert:ident, $mul:ident,
     $fnmadd:ident, $mask:expr) => {
        mod $name {
            use std::arch::x86_64::*;

            use super::{CenterSide, PANEL, RowSide, Sides};

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            pub fn passing_centers(
                rows: &[RowSide],
                centers: &Sides,
                products: &[[i32; PANEL]],
                out: &mut [u128],
            ) {
                for ((row, products), out) in rows.iter().zip(products).zip(out) {
                    let (step, alpha, beta) = ($set(row.step), $set(row.alpha), $set(row.beta));
                    let threshold = $set(row.threshold);
                    let mut bits = 0;
                    for at in (0..PANEL).step_by($lanes) {
                        // SAFETY: at + lanes <= PANEL, the length of every array.
                        let (product, twice_step, base, norm, error) = unsafe {
                            (
                                $load_i32(products.as_ptr().add(at).cast()),
                                $load(centers.step.as_ptr().add(at)),
                                $load(centers.base.as_ptr().add(at)),
                                $load(centers.norm.as_ptr().add(at)),
                                $load(centers.error.as_ptr().add(at)),
                            )
                        };
                        let product = $mul(twice_step, $convert(product));
                        let left = $fnmadd(alpha, norm, $fnmadd(step, product, base));
                        let left = $fnmadd(beta, error, left);
                        bits |= u128::from($mask(left, threshold)) << at;
                    }
                    *out = bits;
                }
            }

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            pub fn passing_rows(rows: &Sides, center: CenterSide, products: &[i32; PANEL]) -> u128 {
                let (twice_step, base) = ($set(center.twice_step), $set(center.base));
                let (norm, error) = ($set(center.norm), $set(center.error));
                let mut bits = 0;
                for at in (0..PANEL).step_by($lanes) {
                    // SAFETY: at + lanes <= PANEL, the length of every array.
                    let (product, step, threshold, alpha, beta) = unsafe {
                        (
                            $load_i32(products.as_ptr().add(at).cast()),
                            $load(rows.step.as_ptr().add(at)),
                            $load(rows.base.as_ptr().add(at)),
                            $load(rows.norm.as_ptr().add(at)),
                            $load(rows.error.as_ptr().add(at)),
                        )
                    };
                    let product = $mul(twice_step, $convert(product));
                    let left = $fnmadd(alpha, norm, $fnmadd(step, product, base));
                    let left = $fnmadd(beta, error, left);
                    bits |= u128::from($mask(left, threshold)) << at;
                }
                bits
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vectors!(
    avx512,
    "avx512f",
    16,
    _mm512_loadu_ps,
    _mm512_loadu_si512,
    _mm512_set1_ps,
    _mm512_cvtepi32_ps,
    _mm512_mul_ps,
    _mm512_fnmadd_ps,
    |left, threshold| _mm512_cmp_ps_mask::<_CMP_LE_OQ>(left, threshold)
);
#[cfg(target_arch = "x86_64")]
vectors!(
    avx2,
    "avx2,fma",
    8,
    _mm256_loadu_ps,
    _mm256_loadu_si256,
    _mm256_set1_ps,
    _mm256_cvtepi32_ps,
    _mm256_mul_ps,
    _mm256_fnmadd_ps,
    |left, threshold| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(left, threshold))
        .cast_unsigned()
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of any size and sign, by their position.
    fn number(seed: usize) -> f32 {
        let bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (bits as f32 / 8192.0 - 1024.0) * [1.0, 1e-3, 1e3][seed % 3]
    }

    #[test]
    fn every_way_of_a_machine_passes_the_same_but_for_rounding() {
        let mut centers = Sides::of_no_centers();
        let mut lanes = Sides::of_no_rows();
        let row = |i: usize| RowSide {
            step: number(i).abs(),
            alpha: number(i + 7).abs(),
            beta: number(i + 9).abs(),
            threshold: number(i + 3),
        };
        let center = |c: usize| CenterSide {
            twice_step: number(c).abs(),
            base: number(c + 1),
            norm: number(c + 2).abs(),
            error: number(c + 5).abs(),
        };
        (0..100).for_each(|c| centers.set_center(c, center(c)));
        (0..100).for_each(|lane| lanes.set_row(lane, row(lane)));
        let rows: Vec<RowSide> = (0..50).map(|i| row(i * 31)).collect();
        let products: Vec<i32> = (0..50 * PANEL).map(|i| number(i) as i32).collect();
        let products_of = |i: usize| products.as_chunks::<PANEL>().0[i];
        let mut found = vec![0; rows.len()];
        passing_centers(&rows, &centers, &products, &mut found);
        let mut passed = 0;
        for (i, &bits) in found.iter().enumerate() {
            assert_eq!(bits >> 100, 0, "columns without a center pass");
            let by_row = passing_rows(&lanes, center(i), &products_of(i));
            assert_eq!(by_row >> 100, 0, "lanes without a row pass");
            for c in 0..100 {
                let product = products_of(i)[c];
                for (bits, row, center) in [(bits, rows[i], center(c)), (by_row, row(c), center(i))]
                {
                    let exact = f64::from(center.base)
                        - f64::from(row.step) * f64::from(center.twice_step) * f64::from(product)
                        - f64::from(row.alpha) * f64::from(center.norm)
                        - f64::from(row.beta) * f64::from(center.error);
                    let size = f64::from(row.step)
                        * f64::from(center.twice_step)
                        * f64::from(product).abs()
                        + exact.abs();
                    let margin = exact - f64::from(row.threshold);
                    if margin.abs() > 1e-6 * size + 1e-3 {
                        assert_eq!(
                            bits >> c & 1 == 1,
                            margin < 0.0,
                            "row {i}, column {c}: {margin}"
                        );
                        passed += u32::from(margin < 0.0);
                    }
                }
            }
        }
        assert!(
            (1000..9000).contains(&passed),
            "{passed} of 10,000 pairs pass: the test says little"
        );
    }
}
