//! Which products pass a test: what follows the products, in vectors, for each of the ways that a machine has.
//!
//! A pair of a row and a center passes if `base - step (twice_step product) - alpha norm - beta error <= threshold`, where `step`,
//! `alpha`, `beta` and `threshold` are the row's, and `twice_step`, `base`, `norm` and `error` the center's. All are numbers.

use std::ops::Range;

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

/// Of each of `rows`, a bit for each of the panel's `columns` that passes; other bits may be anything. `products` is `[row][PANEL]`.
pub fn passing(
    rows: &[RowSide],
    centers: &Sides,
    columns: Range<usize>,
    products: &[i32],
    out: &mut [u128],
) {
    let products = products.as_chunks::<PANEL>().0;
    assert!(rows.len() <= products.len() && rows.len() == out.len() && columns.end <= PANEL);
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found.
            return unsafe { avx512::passing(rows, centers, columns, products, out) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features were just found.
            return unsafe { avx2::passing(rows, centers, columns, products, out) };
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
pub fn set_bits(mut bits: u128) -> impl Iterator<Item = usize> {
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

/// The functions for one width of vectors: what loads, broadcasts, computes and compares.
#[cfg(target_arch = "x86_64")]
macro_rules! vectors {
    ($name:ident, $features:literal, $lanes:literal, $vector:ty, $integers:ty, $load:ident, $load_i32:ident, $set:ident,
     $convert:ident, $mul:ident, $fnmadd:ident, $mask:expr) => {
        pub(super) mod $name {
            use std::arch::x86_64::*;

            use super::{CenterSide, PANEL, Range, RowSide, Sides};

            const LANES: usize = $lanes;

            /// As many sides as a vector has lanes, by the names that centers have for them.
            #[derive(Clone, Copy)]
            pub struct SideVectors {
                step: $vector,
                base: $vector,
                norm: $vector,
                error: $vector,
            }

            impl SideVectors {
                /// The sides from column `at` on, a multiple of the lanes. The machine must have the features.
                #[inline]
                #[target_feature(enable = $features)]
                pub fn load(sides: &Sides, at: usize) -> SideVectors {
                    let lanes = |numbers: &[f32; PANEL]| {
                        let lanes = &numbers.as_chunks::<LANES>().0[at / LANES];
                        // SAFETY: an array of as many lanes.
                        unsafe { $load(lanes.as_ptr()) }
                    };
                    SideVectors {
                        step: lanes(&sides.step),
                        base: lanes(&sides.base),
                        norm: lanes(&sides.norm),
                        error: lanes(&sides.error),
                    }
                }

                /// The same row in every lane. The machine must have the features.
                #[inline]
                #[target_feature(enable = $features)]
                pub fn of_row(row: RowSide) -> SideVectors {
                    SideVectors {
                        step: $set(row.step),
                        base: $set(row.threshold),
                        norm: $set(row.alpha),
                        error: $set(row.beta),
                    }
                }

                /// The same center in every lane. The machine must have the features.
                #[inline]
                #[target_feature(enable = $features)]
                fn of_center(center: CenterSide) -> SideVectors {
                    SideVectors {
                        step: $set(center.twice_step),
                        base: $set(center.base),
                        norm: $set(center.norm),
                        error: $set(center.error),
                    }
                }
            }

            /// A bit for each lane whose pair passes. The machine must have the features.
            #[inline]
            #[target_feature(enable = $features)]
            pub fn passes(row: &SideVectors, center: &SideVectors, product: $integers) -> u32 {
                let product = $mul(center.step, $convert(product));
                let left = $fnmadd(row.norm, center.norm, $fnmadd(row.step, product, center.base));
                $mask($fnmadd(row.error, center.error, left), row.base)
            }

            /// The products from column `at` on, a multiple of the lanes. The machine must have the features.
            #[inline]
            #[target_feature(enable = $features)]
            fn load_products(products: &[i32; PANEL], at: usize) -> $integers {
                let lanes = &products.as_chunks::<LANES>().0[at / LANES];
                // SAFETY: an array of as many lanes.
                unsafe { $load_i32(lanes.as_ptr().cast()) }
            }

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            pub fn passing(
                rows: &[RowSide],
                centers: &Sides,
                columns: Range<usize>,
                products: &[[i32; PANEL]],
                out: &mut [u128],
            ) {
                let first = columns.start / LANES * LANES;
                for ((&row, products), out) in rows.iter().zip(products).zip(out) {
                    let row = SideVectors::of_row(row);
                    *out = 0;
                    for at in (first..columns.end).step_by(LANES) {
                        let centers = SideVectors::load(centers, at);
                        let bits = passes(&row, &centers, load_products(products, at));
                        *out |= u128::from(bits) << at;
                    }
                }
            }

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            pub fn passing_rows(rows: &Sides, center: CenterSide, products: &[i32; PANEL]) -> u128 {
                let center = SideVectors::of_center(center);
                (0..PANEL).step_by(LANES).fold(0, |bits, at| {
                    let rows = SideVectors::load(rows, at);
                    let passing = passes(&rows, &center, load_products(products, at));
                    bits | u128::from(passing) << at
                })
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vectors!(
    avx512,
    "avx512f",
    16,
    __m512,
    __m512i,
    _mm512_loadu_ps,
    _mm512_loadu_si512,
    _mm512_set1_ps,
    _mm512_cvtepi32_ps,
    _mm512_mul_ps,
    _mm512_fnmadd_ps,
    |left, threshold| u32::from(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(left, threshold))
);
#[cfg(target_arch = "x86_64")]
vectors!(
    avx2,
    "avx2,fma",
    8,
    __m256,
    __m256i,
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
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;

    /// Numbers of any size and sign, by their position.
    fn number(seed: usize) -> f32 {
        let bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (bits as f32 / 8192.0 - 1024.0) * [1.0, 1e-3, 1e3][seed % 3]
    }

    fn row(i: usize) -> RowSide {
        let (step, alpha) = (number(i).abs(), number(i + 7).abs());
        RowSide { step, alpha, beta: number(i + 9).abs(), threshold: number(i + 3) }
    }

    fn center(c: usize) -> CenterSide {
        let (twice_step, base) = (number(c).abs(), number(c + 1));
        CenterSide { twice_step, base, norm: number(c + 2).abs(), error: number(c + 5).abs() }
    }

    /// The left side less the threshold, and what rounding may change of it.
    fn margin(row: RowSide, center: CenterSide, product: i32) -> (f64, f64) {
        let [step, alpha, beta] = [row.step, row.alpha, row.beta].map(f64::from);
        let [twice_step, base, norm, error] =
            [center.twice_step, center.base, center.norm, center.error].map(f64::from);
        let parts = [base, -step * twice_step * f64::from(product), -alpha * norm, -beta * error];
        let size: f64 = parts.iter().map(|part| part.abs()).sum();
        (parts.iter().sum::<f64>() - f64::from(row.threshold), 1e-6 * size)
    }

    #[test]
    fn columns_of_a_row_pass_as_a_plain_sum_says() {
        let mut centers = Sides::of_no_centers();
        (0..100).for_each(|c| centers.set_center(c, center(c)));
        let rows: Vec<RowSide> = (0..41).map(|i| row(i * 31)).collect();
        let products: Vec<i32> = (0..41 * PANEL).map(|i| number(i) as i32).collect();
        let (mut passed, mut some) = (0, 0);
        for columns in [0..PANEL, 0..1, 15..17, 37..100, 96..PANEL, 5..5] {
            let mut found = vec![0; rows.len()];
            passing(&rows, &centers, columns.clone(), &products, &mut found);
            for (i, c) in (0..rows.len()).flat_map(|i| columns.clone().map(move |c| (i, c))) {
                let is_set = found[i] >> c & 1 == 1;
                if c >= 100 {
                    assert!(!is_set, "row {i}: there is no center in column {c}");
                    continue;
                }
                let (margin, rounding) = margin(rows[i], center(c), products[i * PANEL + c]);
                if margin.abs() > rounding {
                    assert_eq!(is_set, margin < 0.0, "row {i}, column {c}: {margin}");
                    passed += u32::from(is_set);
                    some += 1;
                }
            }
        }
        assert!(
            passed > some / 10 && passed < some * 9 / 10,
            "{passed} of {some} pass: the test says little"
        );
    }

    #[test]
    fn rows_that_a_center_passes_are_those_a_plain_sum_says() {
        let mut lanes = Sides::of_no_rows();
        (0..100).for_each(|lane| lanes.set_row(lane, row(lane)));
        let mut passed = 0;
        for i in 0..50 {
            let products: [i32; PANEL] =
                std::array::from_fn(|lane| number(i * PANEL + lane) as i32);
            let found = passing_rows(&lanes, center(i), &products);
            assert_eq!(found >> 100, 0, "lanes without a row pass");
            for (lane, product) in products.into_iter().enumerate().take(100) {
                let (margin, rounding) = margin(row(lane), center(i), product);
                if margin.abs() > rounding {
                    assert_eq!(
                        found >> lane & 1 == 1,
                        margin < 0.0,
                        "center {i}, lane {lane}: {margin}"
                    );
                    passed += u32::from(margin < 0.0);
                }
            }
        }
        assert!((500..4500).contains(&passed), "{passed} of 5,000 pass: the test says little");
    }
}
