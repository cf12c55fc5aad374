//! Rows and centers, as a multiplier takes them, and what it must answer.

use std::ops::Range;

use super::super::super::{Buffer, PANEL};
use super::super::Int8Multiplier;

/// Rows and `PANEL` centers of `d` values each, and what each column's sum has beside its product.
pub struct Case {
    pub rows: Vec<Vec<i8>>,
    centers: Vec<Vec<i8>>,
    beside: [i32; PANEL],
}

impl Case {
    /// Values by row or column, and place.
    pub fn of(
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

    pub fn random(d: usize, rows: usize) -> Case {
        let (mut x, mut c) = (bytes(1), bytes(2));
        Case::of(d, rows, |_, _| x(), |_, _| c())
    }

    /// Every kind of extreme row with every kind of extreme column.
    pub fn extreme(d: usize, rows: usize) -> Case {
        Case::of(d, rows, extreme, extreme)
    }

    /// With sums that begin anywhere, at the ends of i32 too.
    pub fn beside(mut self) -> Case {
        let starts = [i32::MAX, i32::MIN, 0, i32::MAX - 1, i32::MIN + 1, 1 << 30, -5];
        self.beside = std::array::from_fn(|column| starts[column % starts.len()]);
        self
    }

    fn depth<M: Int8Multiplier>(&self) -> usize {
        M::depth(self.rows[0].len())
    }

    pub fn packed_rows<M: Int8Multiplier>(&self) -> Buffer<u8> {
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

    pub fn panel<M: Int8Multiplier>(&self) -> (Buffer<i8>, [i32; PANEL]) {
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
    pub fn check<M: Int8Multiplier>(&self, multiplier: M, columns: Range<usize>) {
        let (rows, (panel, start)) = (self.packed_rows::<M>(), self.panel::<M>());
        let depth = self.depth::<M>();
        let mut out = vec![0x5a5a_5a5a; self.rows.len() * PANEL];
        let wanted = columns.clone();
        multiplier.multiply(rows.as_slice(), depth, panel.as_slice(), &start, wanted, &mut out);
        self.expect(&out, columns);
    }

    /// Holds products to plain sums.
    pub fn expect(&self, out: &[i32], columns: Range<usize>) {
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
