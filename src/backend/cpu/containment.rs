//! The filter's promise, tested alone: the interval holds the canonical distance, and the test admits every center within the
//! limit, for operands of any magnitude.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::bulk::Bulk;
use super::kernels::gemm::Gemm;
use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::{Block, Packing};
use crate::distance::{distance, distance_to_point};
use crate::values::RowBlock;

/// Rows and centers, the kinds of magnitude that hurt: `d` values of `mantissa 2^exponent`, and centers that are far, far beyond,
/// near, or a bit away.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub d: usize,
    /// Row 0 is `x`, row 1 is `c`.
    pub rows: RowBlock,
    pub middle: Vec<f64>,
    /// How far the bulk reaches, which sets the scale, over how far these two lie from the middle.
    pub bulk: f64,
}

pub(super) fn cases() -> impl Strategy<Value = Case> {
    prop_oneof![3 => cases_f32(), 1 => cases_f64()]
}

fn cases_f32() -> impl Strategy<Value = Case> {
    let spread = prop_oneof![Just(0), Just(4), Just(40), Just(120)];
    (1usize..140, spread, -60i32..60).prop_flat_map(|(d, spread, common)| {
        let value = (-1.0f32..1.0, -spread..=0i32)
            .prop_map(move |(m, e)| m * 2f32.powi((common + e).max(-149)));
        let row = prop::collection::vec(value, d);
        let nearness = prop_oneof![Just(1.0f32), Just(1e-3), Just(1e-6), Just(0.0)];
        let centering = prop_oneof![Just(0.0f32), Just(1.0)];
        let bulk = prop_oneof![Just(0), Just(30), Just(100), Just(120), -120..0];
        let bulk = bulk.prop_map(|e| 2f64.powi(e));
        let apart =
            prop_oneof![4 => Just(1.0f32), 1 => Just(2f32.powi(60)), 1 => Just(2f32.powi(-60))];
        (row.clone(), row, nearness, centering, bulk, apart).prop_map(
            |(x, other, nearness, centering, bulk, apart)| {
                let c = x
                    .iter()
                    .zip(&other)
                    .map(|(x, o)| if nearness == 1.0 { *o } else { x + o * nearness })
                    .map(|value| value * apart);
                let middle = other.iter().map(|o| f64::from(o * centering)).collect();
                let rows = x.iter().copied().chain(c).collect();
                Case { d: x.len(), rows: RowBlock::F32(rows), middle, bulk }
            },
        )
    })
}

/// The same of f64: down to where squares underflow, and to where the last bits alone differ.
fn cases_f64() -> impl Strategy<Value = Case> {
    let spread = prop_oneof![Just(0), Just(40), Just(600)];
    (1usize..140, spread, -1000i32..60).prop_flat_map(|(d, spread, common)| {
        let value = (-1.0f64..1.0, -spread..=0i32)
            .prop_map(move |(m, e)| m * f64::from((common + e).max(-1074)).exp2());
        let row = prop::collection::vec(value, d);
        let nearness = prop_oneof![Just(1.0), Just(1e-6), Just(1e-13), Just(0.0)];
        let centering = prop_oneof![Just(0.0), Just(1.0)];
        let bulk = prop_oneof![Just(0), Just(30), Just(100), Just(120), -120..0];
        let bulk = bulk.prop_map(|e| 2f64.powi(e));
        (row.clone(), row, nearness, centering, bulk).prop_map(
            |(x, other, nearness, centering, bulk)| {
                let c = x
                    .iter()
                    .zip(&other)
                    .map(|(x, o)| if nearness == 1.0 { *o } else { x + o * nearness });
                let middle = other.iter().map(|o| o * centering).collect();
                let rows = x.iter().copied().chain(c).collect();
                Case { d: x.len(), rows: RowBlock::F64(rows), middle, bulk }
            },
        )
    })
}

/// Whether the interval of `x` and `c` holds their distance, and the test of `x` at that limit admits `c`.
fn holds<M: Multiplier>(multiplier: M, case: &Case, width: f64) -> bool {
    let (x, c) = (case.rows.row(0, case.d), case.rows.row(1, case.d));
    let canonical = distance(x, c);
    let to_middle = |x| distance_to_point(x, &case.middle);
    let reach = to_middle(x).max(to_middle(c)) * (1.0 + 1e-6);
    let bulk = Bulk { middle: case.middle.clone(), reach: reach * case.bulk };
    let packing = Packing::new::<M>(&bulk, width);
    let mut rows = Block::<M>::new(case.d);
    rows.resize(1);
    let (depth, mut center) = (rows.depth, Buffer::<M::Value>::new());
    center.resize(depth);
    let x = packing.pack::<M>(x, &mut rows.values.as_mut_slice()[..depth]);
    let c = packing.pack::<M>(c, center.as_mut_slice());
    let mut panel = Buffer::new();
    panel.resize(PANEL * depth);
    M::place(panel.as_mut_slice(), 37, center.as_slice());
    let mut products = Buffer::new();
    products.resize(M::ROWS * PANEL);
    multiplier.multiply(
        rows.values.as_slice(),
        depth,
        panel.as_slice(),
        37..38,
        products.as_mut_slice(),
    );
    let product = products.as_slice()[37];
    let (lower, upper) = packing.interval.of(x, c, product);
    let (base, norm, error) = packing.interval.center(c);
    let admitted = packing.interval.test(x, canonical).admits(product, base, norm, error);
    lower <= canonical && canonical <= upper && admitted
}

fn contains<M: Multiplier>(multiplier: Option<M>) {
    let Some(multiplier) = multiplier else { return };
    proptest!(ProptestConfig::with_cases(3000), |(case in cases())| {
        prop_assert!(holds(multiplier, &case, 1.0));
        prop_assert!(holds(multiplier, &case, 100.0));
    });
}

/// If intervals of no width were not caught, the property above would prove nothing.
fn no_width_is_caught<M: Multiplier>(multiplier: Option<M>) {
    let Some(multiplier) = multiplier else { return };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let missed = (0..1000).filter(|_| {
        let case = cases().new_tree(&mut runner).unwrap().current();
        !holds(multiplier, &case, 0.0)
    });
    assert!(missed.count() > 100);
}

#[test]
fn f32_contains() {
    contains(Some(Gemm));
}

#[test]
fn f32_without_width_is_caught() {
    no_width_is_caught(Some(Gemm));
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::super::kernels::avx512_bf16::Avx512Bf16;
    use super::*;

    #[test]
    fn avx512_bf16_contains() {
        contains(Avx512Bf16::detect());
    }

    #[test]
    fn avx512_bf16_without_width_is_caught() {
        no_width_is_caught(Avx512Bf16::detect());
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod linux {
    use super::super::kernels::amx::Amx;
    use super::*;

    #[test]
    fn amx_contains() {
        contains(Amx::detect());
    }

    #[test]
    fn amx_without_width_is_caught() {
        no_width_is_caught(Amx::detect());
    }
}
