//! Every int8 multiplier of this machine against a plain sum in 64 bits.
//!
//! What catches which slip:
//! - 32-bit sums that saturate (`vpdpbusds`): sums that begin at the ends of i32, and one that passes 2^31 and comes back;
//! - 16-bit sums (`vpmaddubsw`): extreme values, of which two products together leave 16 bits;
//! - a sign mistaken or a start forgotten: extreme values, since rows and columns of one sign meet those of the other;
//! - a value beside its place, or padding that counts: random values at every remainder of the depth.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::{Buffer, PANEL};
use super::Int8Multiplier;
use super::portable::{PortableInt8, multiply_plainly};

/// Rows and `PANEL` centers of `d` values each, and what each column's sum has beside its product.
struct Case {
    rows: Vec<Vec<i8>>,
    centers: Vec<Vec<i8>>,
    beside: [i32; PANEL],
}

impl Case {
    /// Values by row or column, and place.
    fn of(
        d: usize,
        rows: usize,
        mut x: impl FnMut(usize, usize) -> i8,
        mut c: impl FnMut(usize, usize) -> i8,
    ) -> Case {
        Case {
            rows: (0..rows).map(|row| (0..d).map(|t| x(row, t)).collect()).collect(),
            centers: (0..PANEL).map(|column| (0..d).map(|t| c(column, t)).collect()).collect(),
            beside: [0; PANEL],
        }
    }

    fn random(d: usize, rows: usize) -> Case {
        let (mut x, mut c) = (bytes(1), bytes(2));
        Case::of(d, rows, |_, _| x(), |_, _| c())
    }

    /// Every kind of extreme row with every kind of extreme column.
    fn extreme(d: usize, rows: usize) -> Case {
        Case::of(d, rows, extreme, extreme)
    }

    /// With sums that begin anywhere, at the ends of i32 too.
    fn beside(mut self) -> Case {
        let starts = [i32::MAX, i32::MIN, 0, i32::MAX - 1, i32::MIN + 1, 1 << 30, -5];
        self.beside = std::array::from_fn(|column| starts[column % starts.len()]);
        self
    }

    fn depth<M: Int8Multiplier>(&self) -> usize {
        M::depth(self.rows[0].len())
    }

    fn packed_rows<M: Int8Multiplier>(&self) -> Buffer<u8> {
        let depth = self.depth::<M>();
        let mut packed = Buffer::new();
        packed.resize(self.rows.len() * depth);
        packed.as_mut_slice().fill(M::FLIP);
        for (packed, row) in packed.as_mut_slice().chunks_exact_mut(depth).zip(&self.rows) {
            for (byte, q) in packed.iter_mut().zip(row) {
                *byte = q.cast_unsigned() ^ M::FLIP;
            }
        }
        packed
    }

    fn panel<M: Int8Multiplier>(&self) -> (Buffer<i8>, [i32; PANEL]) {
        let depth = self.depth::<M>();
        let (mut panel, mut start) = (Buffer::new(), self.beside);
        panel.resize(PANEL * depth);
        for (column, center) in self.centers.iter().enumerate() {
            let mut padded = center.clone();
            padded.resize(depth, 0);
            M::place(panel.as_mut_slice(), column, &padded);
            start[column] = start[column].wrapping_add(M::start(&padded));
        }
        (panel, start)
    }

    /// Multiplied, and held to plain sums.
    fn check<M: Int8Multiplier>(&self, multiplier: M, columns: Range<usize>) {
        let (rows, (panel, start)) = (self.packed_rows::<M>(), self.panel::<M>());
        let depth = self.depth::<M>();
        let mut out = vec![0x5a5a_5a5a; self.rows.len() * PANEL];
        let wanted = columns.clone();
        multiplier.multiply(rows.as_slice(), depth, panel.as_slice(), &start, wanted, &mut out);
        for (row, (x, out)) in self.rows.iter().zip(out.chunks_exact(PANEL)).enumerate() {
            for column in columns.clone() {
                let expected = wrap(i64::from(self.beside[column]) + dot(x, &self.centers[column]));
                let d = x.len();
                assert_eq!(
                    out[column], expected,
                    "d {d}, row {row}, column {column} of {columns:?}"
                );
            }
        }
    }
}

fn dot(x: &[i8], c: &[i8]) -> i64 {
    x.iter().zip(c).map(|(&x, &c)| i64::from(i32::from(x) * i32::from(c))).sum()
}

#[expect(clippy::cast_possible_truncation, reason = "the wrapping meant")]
fn wrap(sum: i64) -> i32 {
    sum as i32
}

/// Any bytes, by a seed.
fn bytes(seed: u64) -> impl FnMut() -> i8 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state.to_le_bytes()[6].cast_signed()
    }
}

/// Constant rows of each sign, and alternating ones, each the other's opposite.
fn extreme(row: usize, place: usize) -> i8 {
    let turn = |a, b| if place.is_multiple_of(2) { a } else { b };
    match row % 8 {
        0 => i8::MIN,
        1 => i8::MAX,
        2 => turn(i8::MIN, i8::MAX),
        3 => turn(i8::MAX, i8::MIN),
        4 => turn(0, i8::MIN),
        5 => turn(i8::MAX, 0),
        6 => -1,
        _ => 1,
    }
}

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
    for blocks in [0, 1, 2, 3, 7] {
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

/// The portable multiplier as it is where the machine has no AVX2.
#[derive(Clone, Copy)]
struct Plain;

impl Int8Multiplier for Plain {
    const ROWS: usize = PortableInt8::ROWS;
    const FLIP: u8 = PortableInt8::FLIP;

    fn depth(d: usize) -> usize {
        PortableInt8::depth(d)
    }

    fn place(panel: &mut [i8], column: usize, center: &[i8]) {
        PortableInt8::place(panel, column, center);
    }

    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        super::checked_rows::<Self>(rows, depth, panel, &columns, out);
        multiply_plainly(rows, depth, panel, start, columns, out);
    }
}

/// Every property, for one multiplier. Where the machine lacks it, the tests have nothing to do.
macro_rules! multiplier {
    ($name:ident, $detect:expr, $($property:ident)*) => {
        mod $name {
            $(#[test]
            fn $property() {
                if let Some(multiplier) = $detect {
                    super::$property(multiplier);
                }
            })*
        }
    };
    ($name:ident, $detect:expr) => {
        multiplier!($name, $detect, every_depth long_rows extremes every_count_of_rows every_range sums_wrap refusals);
    };
}

multiplier!(portable, Some(super::PortableInt8));
multiplier!(plain, Some(super::Plain));
#[cfg(target_arch = "x86_64")]
multiplier!(avx512_vnni, super::super::avx512_vnni::Avx512Vnni::detect());
#[cfg(target_arch = "x86_64")]
multiplier!(avx_vnni, super::super::avx_vnni::AvxVnni::detect());
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
multiplier!(
    amx_int8,
    super::super::amx_int8::AmxInt8::detect()
        .or_else(|| Some(super::super::amx_emulated::emulated()))
);
#[cfg(target_arch = "aarch64")]
multiplier!(neon_dot, super::super::neon_dot::NeonDot::detect());
