//! The promise of int8 values, tested alone: the interval holds the canonical distance, and the test admits every center within the
//! limit, for rows of any magnitude, whatever sample the quantizer's scale was made of.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::super::bulk::Bulk;
use super::super::containment::{Case, cases};
use super::super::kernels::int8::passing::left;
use super::measure::{Int8Operand, Measure};
use super::quantize::{Int8Numbers, Quantizer};
use super::state::ERROR_FACTOR;
use super::whole::Whole;
use crate::backend::interval::{Interval, scale_for_bulk};
use crate::distance::{distance, distance_to_point};
use crate::values::RowValues;

/// Int8 values, each XORed with this.
const FLIP: u8 = 0x80;

fn quantize(quantizer: &Quantizer, x: RowValues, d: usize) -> (Vec<i32>, Int8Operand) {
    let mut values = vec![0; d];
    let numbers = quantizer.quantize(x, FLIP, &mut Vec::new(), &mut values);
    let value = |byte: &u8| i32::from((byte ^ FLIP).cast_signed());
    (values.iter().map(value).collect(), quantizer.operand(numbers))
}

/// `misjudged`: how far the sample's reach was from the pool's.
fn holds(case: &Case, misjudged: f64, width: f64) -> bool {
    let (x, c) = (case.rows.row(0, case.d), case.rows.row(1, case.d));
    let canonical = distance(x, c);
    let to_middle = |x| distance_to_point(x, &case.middle);
    let reach = to_middle(x).max(to_middle(c)) * (1.0 + 1e-6);
    let bulk = Bulk { middle: case.middle.clone(), reach: reach * misjudged };
    let mut quantizer = Quantizer::new(&bulk, width);
    let (scale, d) = (scale_for_bulk(reach * case.bulk), case.d);
    // As in a run: rows are quantized before the scale of the intervals is known.
    let unscaled = quantize(&quantizer, x, d).0;
    quantizer.rescale(scale);
    let ((x_values, x), (c_values, c)) = (quantize(&quantizer, x, d), quantize(&quantizer, c, d));
    assert_eq!(unscaled, x_values);
    let product = x_values.iter().zip(&c_values).map(|(x, c)| x * c).sum();
    let measure = Measure::Interval(Interval::new(scale, d, ERROR_FACTOR, width));
    let (lower, upper) = measure.of(&x, &c, product);
    let test = measure.test(&x, canonical);
    let admitted = left(test, measure.center_side(&c), product) <= test.threshold;
    lower <= canonical && canonical <= upper && admitted
}

const MISJUDGED: [f64; 4] = [1.0, 1.0 / (1u64 << 20) as f64, (1u64 << 20) as f64, 0.0];

#[test]
fn int8_contains() {
    proptest!(ProptestConfig::with_cases(3000), |(case in cases())| {
        for misjudged in MISJUDGED {
            prop_assert!(holds(&case, misjudged, 1.0));
            prop_assert!(holds(&case, misjudged, 100.0));
        }
    });
}

/// If intervals of no width were not caught, the property above would prove nothing.
#[test]
fn int8_without_width_is_caught() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let missed = (0..1000).filter(|_| {
        let case = cases().new_tree(&mut runner).unwrap().current();
        !holds(&case, 1.0, 0.0)
    });
    assert!(missed.count() > 100);
}

/// Rows of whole numbers are their int8 values: the distance is exact, whatever its size, and a center as far as the limit is admitted.
#[test]
#[expect(clippy::cast_possible_truncation, reason = "whole numbers of few bits")]
fn whole_numbers_are_exact() {
    proptest!(ProptestConfig::with_cases(2000), |(
        pairs in prop::collection::vec((any::<u8>(), any::<u8>()), 1..300),
        near in any::<bool>(),
        exponent in prop_oneof![Just(0), -100i32..=88],
        shift in prop_oneof![Just(0i16), Just(-128), -3000i16..3000],
    )| {
        let (d, unit) = (pairs.len(), f64::from(exponent).exp2());
        let value = |byte: u8| (f64::from(i16::from(byte) + shift) * unit) as f32;
        let x: Vec<f32> = pairs.iter().map(|pair| value(pair.0)).collect();
        let c: Vec<f32> = pairs.iter().map(|pair| value(if near { pair.0.saturating_add(pair.1 & 1) } else { pair.1 })).collect();
        let whole = Whole::of_rows(2, |row, look| look(RowValues::F32([&x, &c][row]))).unwrap();
        let quantizer = Quantizer::of_whole(&whole, d, 1.0);
        let take = |x: &[f32]| {
            let mut values = vec![0; d];
            assert!(whole.quantize(RowValues::F32(x), FLIP, &mut values));
            let operand = quantizer.operand(Int8Numbers::of_integers(&values, FLIP));
            let value = |byte: &u8| i32::from((byte ^ FLIP).cast_signed());
            (values.iter().map(value).collect::<Vec<i32>>(), operand)
        };
        let ((x_values, x_operand), (c_values, c_operand)) = (take(&x), take(&c));
        let product = x_values.iter().zip(&c_values).map(|(x, c)| x * c).sum();
        let canonical = distance(RowValues::F32(&x), RowValues::F32(&c));
        let measure = Measure::Integers { unit: whole.unit };
        let (lower, upper) = measure.of(&x_operand, &c_operand, product);
        prop_assert_eq!((lower, upper), (canonical, canonical));
        let side = measure.center_side(&c_operand);
        let admits = |limit: f64| {
            let test = measure.test(&x_operand, limit);
            left(test, side, product) <= test.threshold
        };
        prop_assert!(admits(canonical) && admits(canonical.next_up()) && admits(2.0 * canonical));
        // Far beyond a limit the test says so: it is of use.
        prop_assert!(canonical < 100.0 * whole.unit || !admits(canonical * 0.9));
    });
}
