//! Every int8 multiplier of this machine against a plain sum in 64 bits.
//!
//! What catches which slip:
//! - 32-bit sums that saturate (`vpdpbusds`): sums that begin at the ends of i32, and one that passes 2^31 and comes back;
//! - 16-bit sums (`vpmaddubsw`): extreme values, of which two products together leave 16 bits;
//! - a sign mistaken or a start forgotten: extreme values, since rows and columns of one sign meet those of the other;
//! - a value beside its place, or padding that counts: random values at every remainder of the depth.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx_emulated;
mod case;
mod edge;
mod ways;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use case::Case;
use edge::at_the_edge;
use ways::Way;

use super::super::PANEL;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx_int8::AmxInt8;
#[cfg(target_arch = "aarch64")]
use super::neon_dot::NeonDot;
use super::passing::{CenterSide, RowSide, Sides};
use super::portable::{PortableInt8, multiply_plainly};
use super::{Int8Multiplier, Panel, Tested};
#[cfg(target_arch = "x86_64")]
use super::{avx_vnni::AvxVnni, avx512_vnni::Avx512Vnni};

/// Rows of a whole number of blocks, 8 at least.
fn rows<M: Int8Multiplier>() -> usize {
    8usize.next_multiple_of(M::ROWS)
}

fn every_depth<M: Int8Multiplier>(multiplier: M) {
    for d in 1..=300 {
        Case::random(d, M::ROWS).check(multiplier, 0..PANEL);
    }
}

/// Depths near 4 KiB are padded otherwise; at the longest a product comes near 2^31.
fn long_rows<M: Int8Multiplier>(multiplier: M) {
    for d in [4093, 4096, 4097, 8192, 33_025, 65_000] {
        Case::random(d, M::ROWS).check(multiplier, 30..35);
        Case::extreme(d, rows::<M>()).check(multiplier, 0..8);
    }
}

fn extremes<M: Int8Multiplier>(multiplier: M) {
    for d in [1, 2, 3, 4, 5, 63, 64, 65, 300, 768] {
        Case::extreme(d, rows::<M>()).check(multiplier, 0..PANEL);
        Case::extreme(d, rows::<M>()).beside().check(multiplier, 0..PANEL);
    }
}

fn every_count_of_rows<M: Int8Multiplier>(multiplier: M) {
    for blocks in [0, 1, 2, 3, 5, 7] {
        if blocks > 0 {
            Case::random(67, blocks * M::ROWS).beside().check(multiplier, 0..PANEL);
        } else {
            let panel = vec![0; PANEL * M::depth(67)];
            multiplier.multiply(&[], M::depth(67), &panel, &[0; PANEL], 0..PANEL, &mut []);
        }
    }
}

fn every_range<M: Int8Multiplier>(multiplier: M) {
    let case = Case::random(37, M::ROWS);
    for start in [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 96, 100, 127, 128] {
        for end in [1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 64, 65, 97, 112, 126, 127, 128] {
            case.check(multiplier, start..end.max(start));
        }
    }
}

/// Sums of unsigned rows pass 2^31 halfway, and end near 0.
fn sums_wrap<M: Int8Multiplier>(multiplier: M) {
    let d = 140_000;
    let center = |_, place| if place < d / 2 { i8::MAX } else { i8::MIN };
    Case::of(d, M::ROWS, |_, _| i8::MAX, center).check(multiplier, 0..2);
    Case::random(200, M::ROWS).beside().check(multiplier, 0..PANEL);
}

/// Arguments that do not fit each other.
fn refusals<M: Int8Multiplier>(multiplier: M) {
    let depth = M::depth(64);
    let refused = |rows: usize, depth: usize, panel: usize, columns: Range<usize>, out: usize| {
        let (rows, panel) = (vec![0; rows], vec![0; panel]);
        let mut out = vec![0; out];
        let run = || multiplier.multiply(&rows, depth, &panel, &[0; PANEL], columns, &mut out);
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    let (rows, panel, out) = (M::ROWS * depth, PANEL * depth, M::ROWS * PANEL);
    assert!(!refused(rows, depth, panel, 0..PANEL, out));
    assert!(refused(rows - 1, depth, panel, 0..PANEL, out));
    assert!(refused(rows + depth, depth, panel, 0..PANEL, out + PANEL));
    assert!(refused(rows, depth, panel - 1, 0..PANEL, out));
    assert!(refused(rows, depth, panel + 1, 0..PANEL, out));
    assert!(refused(rows, depth, panel, 0..PANEL + 1, out));
    assert!(refused(rows, depth, panel, 0..PANEL, out - 1));
    assert!(refused(M::ROWS * 2, 2, PANEL * 2, 0..PANEL, out));
    assert!(refused(0, 0, 0, 0..PANEL, 0));
}

/// Operands and products that end where the process may not read: a byte beyond ends the process.
fn nothing_beyond<M: Int8Multiplier>(multiplier: M) {
    for d in [1, 67, 128, 131] {
        let case = Case::random(d, 3 * M::ROWS);
        let (rows, (panel, start)) = (case.packed_rows::<M>(), case.panel::<M>());
        let (rows, panel) = (at_the_edge(rows.as_slice()), at_the_edge(panel.as_slice()));
        let out = at_the_edge(&vec![0; 3 * M::ROWS * PANEL]);
        multiplier.multiply(rows, M::depth(d), panel, &start, 0..PANEL, out);
        case.expect(out, 0..PANEL);
    }
}

/// The test of pairs with the products beside it, against the test of products that are known. A factor of 0 on norms and errors, steps
/// and bases that are powers of two: nothing is rounded.
fn tested_pairs<M: Int8Multiplier>(multiplier: M) {
    for (d, blocks, columns) in
        [(1, 1, 0..PANEL), (67, 3, 5..70), (300, 2, 96..PANEL), (64, 1, 9..9)]
    {
        let case = Case::random(d, blocks * M::ROWS);
        let (rows, (values, start)) = (case.packed_rows::<M>(), case.panel::<M>());
        let count = blocks * M::ROWS;
        let mut products = vec![0; count * PANEL];
        multiplier.multiply(
            rows.as_slice(),
            M::depth(d),
            values.as_slice(),
            &start,
            0..PANEL,
            &mut products,
        );
        let mut sides = Sides::of_no_centers();
        (0..PANEL).for_each(|c| {
            sides.set_center(
                c,
                CenterSide { twice_step: 2.0, base: c as f32, norm: 1.0, error: 1.0 },
            );
        });
        let side = |row: usize| RowSide { step: 0.5, alpha: 0.0, beta: 0.0, threshold: row as f32 };
        let sides_of_rows: Vec<RowSide> = (0..count).map(side).collect();
        let (mut passing, mut out) = (vec![0u128; count], vec![i32::MIN; count * PANEL]);
        let panel = Panel { values: values.as_slice(), start: &start, sides: &sides };
        let tested = Tested { rows: &sides_of_rows, passing: &mut passing };
        let mut passed = 0;
        multiplier.multiply_and_test(
            rows.as_slice(),
            M::depth(d),
            panel,
            columns.clone(),
            tested,
            &mut out,
        );
        for (row, c) in (0..count).flat_map(|row| columns.clone().map(move |c| (row, c))) {
            let product = products[row * PANEL + c];
            let [row_number, number] = [row, c].map(|at| i32::try_from(at).unwrap());
            let passes = number - product <= row_number;
            assert_eq!(passing[row] >> c & 1 == 1, passes, "row {row}, column {c}");
            if passes {
                assert_eq!(out[row * PANEL + c], product, "row {row}, column {c}");
                passed += 1;
            }
        }
        let pairs = count * columns.len();
        assert!(pairs == 0 || (passed > pairs / 4 && passed < pairs), "{passed} of {pairs} pass");
    }
}

/// Every property, for one multiplier. Where the machine lacks it, the tests have nothing to do.
macro_rules! multiplier {
    ($name:ident, $detect:expr, $($property:ident)*) => {
        mod $name {
            use super::*;

            $(#[test]
            fn $property() {
                if let Some(multiplier) = $detect {
                    super::$property(multiplier);
                }
            })*
        }
    };
    ($name:ident, $detect:expr) => {
        multiplier!(
            $name,
            $detect,
            every_depth long_rows extremes every_count_of_rows every_range sums_wrap refusals nothing_beyond
            tested_pairs
        );
    };
}

multiplier!(portable, Some(PortableInt8));
multiplier!(plain, Some(Way(multiply_plainly)));
#[cfg(target_arch = "x86_64")]
multiplier!(avx2, ways::avx2());
#[cfg(target_arch = "x86_64")]
multiplier!(avx512bw, ways::avx512bw());
#[cfg(target_arch = "x86_64")]
multiplier!(avx512_vnni, Avx512Vnni::detect());
#[cfg(target_arch = "x86_64")]
multiplier!(avx_vnni, AvxVnni::detect());
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
multiplier!(amx_int8, AmxInt8::detect().or_else(|| Some(amx_emulated::emulated())));
#[cfg(target_arch = "aarch64")]
multiplier!(neon_dot, NeonDot::detect());
