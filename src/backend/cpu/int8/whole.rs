//! Pools of whole numbers: one-hot and binary codes, lattices, quantized features. Where all values are a multiple of one power of two, and
//! lie within 256 of them, rows are their int8 values, whatever type they are stored in.

use super::super::bulk::sample;
use super::copy::are_integers;
use crate::ground::HostGround;
use crate::pool::Dtype;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues, Value};

/// Rows looked at before a pool is taken to be of whole numbers. Of others, one row tells mostly.
const SAMPLE: usize = 1024;
/// Exponents of units: they are numbers of f32, and squares of whole numbers of units and sums of those are exact in f64.
const EXPONENTS: std::ops::RangeInclusive<i32> = -100..=100;
/// Values of int8.
const VALUES: f64 = 256.0;

/// What the values of a pool are whole numbers of: each is `unit (zero + q)`, `q` from -128 to 127.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Whole {
    /// A power of two.
    pub unit: f64,
    zero: f64,
}

impl Whole {
    /// What the rows of `ground` are whole numbers of, as far as a sample of them tells.
    pub fn of_sample(ground: &HostGround) -> Option<Whole> {
        let rows = &ground.rows;
        if are_integers(rows) {
            let zero = if rows.dtype() == Dtype::U8 { 128.0 } else { 0.0 };
            return Some(Whole { unit: 1.0, zero });
        }
        Whole::of_rows(rows.len(), |row, look| look(rows.get(row, &mut RowScratch::new())))
    }

    /// What `n` rows, of which `show` shows one, are whole numbers of, as far as a sample of them tells.
    pub fn of_rows(n: usize, show: impl Fn(usize, &mut dyn FnMut(RowValues))) -> Option<Whole> {
        let mut grid = Grid::default();
        let mut fits = |at: usize| {
            let mut fits = true;
            show(at, &mut |x| match x {
                RowValues::F32(values) => fits = grid.take(values),
                RowValues::F64(values) => fits = grid.take(values),
            });
            fits
        };
        sample(n, SAMPLE).all(&mut fits).then(|| grid.whole())
    }

    /// The value that int8 value 0 stands for.
    pub fn middle(&self) -> f64 {
        self.unit * self.zero
    }

    /// Puts the int8 values of `x` into `out`, each XORed with `flip`. False if it has other values.
    pub fn quantize(&self, x: RowValues, flip: u8, out: &mut [u8]) -> bool {
        match x {
            RowValues::F32(x) => self.quantize_values(x, flip, out),
            RowValues::F64(x) => self.quantize_values(x, flip, out),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "what is not an int8 value is found out")]
    fn quantize_values<X: Value>(&self, x: &[X], flip: u8, out: &mut [u8]) -> bool {
        let inverse = 1.0 / self.unit;
        let mut are_whole = true;
        for (out, x) in out.iter_mut().zip(x) {
            let q = (x.widen() * inverse - self.zero) as i8;
            // The difference may have been rounded; this sum and product are exact.
            are_whole &= (f64::from(q) + self.zero) * self.unit == x.widen();
            *out = q.cast_unsigned() ^ flip;
        }
        are_whole
    }
}

/// What some values have in common.
#[derive(Debug)]
struct Grid {
    /// The exponent of the largest power of two that all are multiples of.
    exponent: i32,
    least: f64,
    largest: f64,
}

impl Default for Grid {
    fn default() -> Grid {
        Grid { exponent: i32::MAX, least: f64::INFINITY, largest: f64::NEG_INFINITY }
    }
}

impl Grid {
    /// Takes in the values of a row. False if together they are no whole numbers of so small a range.
    fn take<X: Value>(&mut self, values: &[X]) -> bool {
        for value in values.iter().map(|value| value.widen()) {
            self.exponent = self.exponent.min(lowest_bit(value));
            self.least = self.least.min(value);
            self.largest = self.largest.max(value);
        }
        self.exponent == i32::MAX
            || (EXPONENTS.contains(&self.exponent)
                && (self.largest - self.least) * self.inverse() < VALUES)
    }

    fn inverse(&self) -> f64 {
        f64::from(-self.exponent).exp2()
    }

    /// The int8 values nearest to the numbers themselves; where those are no int8 values, such that there is room on both sides: the sample
    /// has not the least value, nor the largest.
    fn whole(&self) -> Whole {
        if self.exponent == i32::MAX {
            // All are 0.
            return Whole { unit: 1.0, zero: 0.0 };
        }
        let [least, largest] = [self.least, self.largest].map(|value| value * self.inverse());
        let zero = match () {
            () if least >= -128.0 && largest <= 127.0 => 0.0,
            () if least >= 0.0 && largest <= 255.0 => 128.0,
            () => ((least + largest + 1.0) / 2.0).floor(),
        };
        Whole { unit: f64::from(self.exponent).exp2(), zero }
    }
}

/// The exponent of the lowest bit that is set; the largest there is of 0.
fn lowest_bit(value: f64) -> i32 {
    if value == 0.0 {
        return i32::MAX;
    }
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (significand, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    exponent + significand.trailing_zeros().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(values: &[f32]) -> Option<Whole> {
        let n = values.len().div_ceil(2);
        Whole::of_rows(n, |row, look| {
            look(RowValues::F32(values.chunks(2).nth(row).unwrap()));
        })
    }

    #[test]
    fn a_grid_is_found_where_there_is_one() {
        let unit = |unit: f64, zero: f64| Some(Whole { unit, zero });
        assert_eq!(whole(&[0.0, 1.0]), unit(1.0, 0.0));
        assert_eq!(whole(&[0.0, -0.0, 0.0]), unit(1.0, 0.0));
        assert_eq!(whole(&[0.0, 255.0, 3.0]), unit(1.0, 128.0));
        assert_eq!(whole(&[-128.0, 127.0]), unit(1.0, 0.0));
        assert_eq!(whole(&[1000.0, 1255.0]), unit(1.0, 1128.0));
        assert_eq!(whole(&[1.0, 1f32.next_up()]), unit(2f64.powi(-23), 2f64.powi(23) + 1.0));
        assert_eq!(whole(&[1000.0, 1001.0]), unit(1.0, 1001.0));
        assert_eq!(whole(&[-1255.0, -1000.0]), unit(1.0, -1127.0));
        assert_eq!(whole(&[0.75, -0.5, 4.0]), unit(0.25, 0.0));
        assert_eq!(whole(&[0.0, 2f32.powi(-100)]), unit(2f64.powi(-100), 0.0));
        assert_eq!(whole(&[2f32.powi(100), 2f32.powi(101)]), unit(2f64.powi(100), 0.0));
    }

    #[test]
    fn and_none_where_there_is_none() {
        assert_eq!(whole(&[0.0, 256.0, 1.0]), None);
        assert_eq!(whole(&[0.1, 0.2]), None);
        assert_eq!(whole(&[1.0, 1f32.next_up(), 2.0]), None);
        assert_eq!(whole(&[1.0, 1e30]), None);
        assert_eq!(whole(&[0.0, 2f32.powi(-101)]), None);
    }

    #[test]
    fn rows_off_the_grid_are_told() {
        let whole = Whole { unit: 0.5, zero: 10.0 };
        let mut out = [0; 2];
        assert!(whole.quantize(RowValues::F32(&[5.0, -59.0]), 0x80, &mut out));
        assert_eq!(out.map(|q| (q ^ 0x80).cast_signed()), [0, -128]);
        assert!(whole.quantize(RowValues::F64(&[5.0, 68.5]), 0, &mut out));
        assert_eq!(out.map(u8::cast_signed), [0, 127]);
        for off in [5.25, 69.0, -59.5, 5.0f64.next_up(), 1e300] {
            assert!(!whole.quantize(RowValues::F64(&[5.0, off]), 0, &mut out), "{off}");
        }
        let bytes = Whole { unit: 1.0, zero: 128.0 };
        assert!(bytes.quantize(RowValues::F64(&[5.0, 255.0]), 0, &mut out));
        for off in [5f64.next_up(), 1e-30, -1.0, 256.0] {
            assert!(!bytes.quantize(RowValues::F64(&[5.0, off]), 0, &mut out), "{off}");
        }
    }
}
