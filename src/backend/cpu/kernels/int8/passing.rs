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

/// A block of rows and consecutive panels of centers, whose columns are counted through.
pub struct Block<'b> {
    pub panels: &'b [&'b Sides],
    /// `[panel][row][PANEL]`, of at least as many rows in each as there are.
    pub products: &'b [i32],
}

/// Of a row, the columns that are looked at.
pub type Columns = std::ops::Range<u32>;

impl Block<'_> {
    fn products(&self, panel: usize, row: usize) -> &[i32; PANEL] {
        let products = self.products.as_chunks::<PANEL>().0;
        &products[products.len() / self.panels.len() * panel + row]
    }

    /// For each of `rows`, the least left side among its columns, the first of equals, and its column; infinite if it has none.
    pub fn least(&self, rows: &[RowSide], columns: &[Columns], out: &mut [(f32, u32)]) {
        assert!(rows.len() == columns.len() && rows.len() == out.len());
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the feature was just found.
                return unsafe { avx512::least(self, rows, columns, out) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the features were just found.
                return unsafe { avx2::least(self, rows, columns, out) };
            }
        }
        for (row, (side, columns)) in rows.iter().zip(columns).enumerate() {
            out[row] = (f32::INFINITY, u32::MAX);
            for column in columns.clone() {
                let (panel, c) = (column as usize / PANEL, column as usize % PANEL);
                let left = left(*side, self.panels[panel].center(c), self.products(panel, row)[c]);
                if left < out[row].0 {
                    out[row] = (left, column);
                }
            }
        }
    }

    /// For each of `rows`, and of each panel: a bit for each of its columns that passes. `out` is `[row][panel]`.
    pub fn passing(&self, rows: &[RowSide], columns: &[Columns], out: &mut [u128]) {
        assert!(rows.len() == columns.len() && rows.len() * self.panels.len() == out.len());
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the feature was just found.
                return unsafe { avx512::passing(self, rows, columns, out) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the features were just found.
                return unsafe { avx2::passing(self, rows, columns, out) };
            }
        }
        let mut out = out.iter_mut();
        for (row, (side, columns)) in rows.iter().zip(columns).enumerate() {
            for (panel, centers) in self.panels.iter().enumerate() {
                let products = self.products(panel, row);
                let passes =
                    |c: usize| left(*side, centers.center(c), products[c]) <= side.threshold;
                *out.next().expect("one for each") = bits(passes) & of_panel(columns, panel);
            }
        }
    }
}

/// A bit for each of the columns that lie in `panel`.
fn of_panel(columns: &Columns, panel: usize) -> u128 {
    let first = panel * PANEL;
    let column = |column: u32| (column as usize).clamp(first, first + PANEL) - first;
    let below = |end: usize| if end == PANEL { u128::MAX } else { (1 << end) - 1 };
    below(column(columns.end)) & !below(column(columns.start))
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
    ($name:ident, $features:literal, $lanes:literal, $load:ident, $load_i32:ident, $set:ident, $set_i32:ident, $convert:ident, $mul:ident,
     $fnmadd:ident, $store:ident, $store_i32:ident, $mask:expr, $lanes_from:expr, $lesser:expr) => {
        mod $name {
            use std::arch::x86_64::*;

            use super::{Block, CenterSide, Columns, PANEL, RowSide, Sides, of_panel};

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            #[expect(clippy::cast_possible_truncation, reason = "columns of a few panels")]
            pub fn least(
                block: &Block,
                rows: &[RowSide],
                columns: &[Columns],
                out: &mut [(f32, u32)],
            ) {
                for (row, (side, columns)) in rows.iter().zip(columns).enumerate() {
                    let (step, alpha, beta) = ($set(side.step), $set(side.alpha), $set(side.beta));
                    let (start, end) = (
                        $set_i32(columns.start.cast_signed()),
                        $set_i32(columns.end.cast_signed()),
                    );
                    // Two, so that one need not wait for the other.
                    let mut least = [($set(f32::INFINITY), $set_i32(-1)); 2];
                    let panels =
                        columns.start as usize / PANEL..(columns.end as usize).div_ceil(PANEL);
                    for panel in panels {
                        let (centers, products) = (block.panels[panel], block.products(panel, row));
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
                            let column = $lanes_from((panel * PANEL + at) as i32);
                            let turn = &mut least[at / $lanes % 2];
                            *turn = $lesser(*turn, (left, column), (start, end));
                        }
                    }
                    let (mut values, mut at) = ([[0f32; $lanes]; 2], [[0i32; $lanes]; 2]);
                    for (turn, least) in least.iter().enumerate() {
                        // SAFETY: both hold a vector.
                        unsafe {
                            $store(values[turn].as_mut_ptr(), least.0);
                            $store_i32(at[turn].as_mut_ptr().cast(), least.1);
                        }
                    }
                    let value = values.as_flattened().iter().copied().fold(f32::INFINITY, f32::min);
                    let lanes = values.as_flattened().iter().zip(at.as_flattened());
                    let first =
                        lanes.filter(|(v, _)| **v == value).map(|(_, at)| at.cast_unsigned()).min();
                    let first = (value, first.expect("a lane has the least value"));
                    out[row] = first;
                }
            }

            /// The machine must have the features.
            #[target_feature(enable = $features)]
            pub fn passing(block: &Block, rows: &[RowSide], columns: &[Columns], out: &mut [u128]) {
                let mut out = out.iter_mut();
                for (row, (side, columns)) in rows.iter().zip(columns).enumerate() {
                    let (step, alpha, beta) = ($set(side.step), $set(side.alpha), $set(side.beta));
                    let threshold = $set(side.threshold);
                    for (panel, centers) in block.panels.iter().enumerate() {
                        let out = out.next().expect("one for each");
                        let looked_at = of_panel(columns, panel);
                        *out = 0;
                        if looked_at == 0 {
                            continue;
                        }
                        let products = block.products(panel, row);
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
                            *out |= u128::from($mask(left, threshold)) << at;
                        }
                        *out &= looked_at;
                    }
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
    _mm512_set1_epi32,
    _mm512_cvtepi32_ps,
    _mm512_mul_ps,
    _mm512_fnmadd_ps,
    _mm512_storeu_ps,
    _mm512_storeu_si512,
    |left, threshold| _mm512_cmp_ps_mask::<_CMP_LE_OQ>(left, threshold),
    |first: i32| _mm512_add_epi32(
        _mm512_set1_epi32(first),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    ),
    |least: (__m512, __m512i), other: (__m512, __m512i), columns: (__m512i, __m512i)| {
        let inside = _mm512_cmpge_epi32_mask(other.1, columns.0)
            & _mm512_cmplt_epi32_mask(other.1, columns.1);
        let is_less = _mm512_mask_cmp_ps_mask::<_CMP_LT_OQ>(inside, other.0, least.0);
        (
            _mm512_mask_mov_ps(least.0, is_less, other.0),
            _mm512_mask_mov_epi32(least.1, is_less, other.1),
        )
    }
);
#[cfg(target_arch = "x86_64")]
vectors!(
    avx2,
    "avx2,fma",
    8,
    _mm256_loadu_ps,
    _mm256_loadu_si256,
    _mm256_set1_ps,
    _mm256_set1_epi32,
    _mm256_cvtepi32_ps,
    _mm256_mul_ps,
    _mm256_fnmadd_ps,
    _mm256_storeu_ps,
    _mm256_storeu_si256,
    |left, threshold| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(left, threshold))
        .cast_unsigned(),
    |first: i32| _mm256_add_epi32(
        _mm256_set1_epi32(first),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
    ),
    |least: (__m256, __m256i), other: (__m256, __m256i), columns: (__m256i, __m256i)| {
        let outside = _mm256_cmpgt_epi32(columns.0, other.1);
        let inside = _mm256_andnot_si256(outside, _mm256_cmpgt_epi32(columns.1, other.1));
        let is_less = _mm256_cmp_ps::<_CMP_LT_OQ>(other.0, least.0);
        let is_less = _mm256_and_ps(is_less, _mm256_castsi256_ps(inside));
        let at =
            _mm256_blendv_ps(_mm256_castsi256_ps(least.1), _mm256_castsi256_ps(other.1), is_less);
        (_mm256_blendv_ps(least.0, other.0, is_less), _mm256_castps_si256(at))
    }
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

    const PANELS: usize = 3;
    const ROWS: usize = 41;

    struct Case {
        panels: Vec<Sides>,
        rows: Vec<RowSide>,
        columns: Vec<Columns>,
        products: Vec<i32>,
    }

    /// Rows whose columns begin and end anywhere; the last panel has fewer centers.
    fn case() -> Case {
        let mut panels = vec![Sides::of_no_centers(); PANELS];
        (0..PANELS * PANEL - 28).for_each(|c| panels[c / PANEL].set_center(c % PANEL, center(c)));
        let columns = |i: usize| {
            let start = (i * 37 % (2 * PANEL)) as u32;
            start..(start + (i * 101 % 250) as u32).min((PANELS * PANEL) as u32)
        };
        Case {
            panels,
            rows: (0..ROWS).map(|i| row(i * 31)).collect(),
            columns: (0..ROWS).map(columns).collect(),
            products: (0..PANELS * ROWS * PANEL).map(|i| number(i) as i32).collect(),
        }
    }

    #[test]
    fn columns_of_a_row_pass_as_a_plain_sum_says() {
        let Case { panels, rows, columns, products } = case();
        let panels: Vec<&Sides> = panels.iter().collect();
        let block = Block { panels: &panels, products: &products };
        let mut found = vec![0; ROWS * PANELS];
        block.passing(&rows, &columns, &mut found);
        let mut least = vec![(0.0, 0); ROWS];
        block.least(&rows, &columns, &mut least);
        let (mut passed, mut some) = (0, 0);
        for i in 0..ROWS {
            let margin = |c: usize| {
                margin(
                    rows[i],
                    panels[c / PANEL].center(c % PANEL),
                    block.products(c / PANEL, i)[c % PANEL],
                )
            };
            for c in 0..PANELS * PANEL {
                let is_set = found[i * PANELS + c / PANEL] >> (c % PANEL) & 1 == 1;
                let (margin, rounding) = margin(c);
                if !columns[i].contains(&(c as u32)) || c >= PANELS * PANEL - 28 {
                    assert!(!is_set, "row {i}, column {c} is none of its own");
                } else if margin.abs() > rounding {
                    assert_eq!(is_set, margin < 0.0, "row {i}, column {c}: {margin}");
                    passed += u32::from(is_set);
                    some += 1;
                }
            }
            let own = columns[i].clone().filter(|&c| (c as usize) < PANELS * PANEL - 28);
            match own.clone().count() {
                0 => assert_eq!(least[i], (f32::INFINITY, u32::MAX), "row {i}"),
                _ => {
                    assert!(columns[i].contains(&least[i].1), "row {i}: {least:?}");
                    let (value, rounding) = margin(least[i].1 as usize);
                    for c in own {
                        let (other, more) = margin(c as usize);
                        assert!(value <= other + rounding + more, "row {i}: column {c} is less");
                    }
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
