//! Pools of whole numbers: one-hot and binary codes, lattices, quantized features. Where all values are a multiple of one number, and lie
//! within 256 of it, rows are their int8 values, whatever type they are stored in. That number, the unit, is a power of two mostly; it may be
//! any of few bits, as in codes of 0 and 0.3.

use super::super::bulk::sample;
use super::copy::are_integers;
use crate::ground::HostGround;
use crate::pool::Dtype;
use crate::rows::Gather;
use crate::simd::widest;
use crate::values::{RowScratch, RowValues, Value};

/// Rows looked at before a pool is taken to be of whole numbers. Of others, one row tells mostly.
const SAMPLE: usize = 1024;
/// Exponents of units' lowest bits: units are numbers of f32, and their squares are numbers of f64.
const EXPONENTS: std::ops::RangeInclusive<i32> = -100..=100;
/// Bits of a unit at most, as f32 has. Squares then have 48.
const UNIT_BITS: i32 = 24;
/// The largest multiple of a unit that is no power of two.
const FAR: f64 = (1u32 << 20) as f64;
/// Bits of f64.
const BITS: i32 = 53;
/// Values of int8.
const VALUES: f64 = 256.0;
/// Added to a number of few bits, it leaves the nearest whole number in the lowest bits.
const WHOLE: f64 = 1.5 * (1u64 << 52) as f64;

/// What the values of a pool are whole numbers of: each is `unit (zero + q)`, `q` from -128 to 127.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Whole {
    /// A number of at most 24 bits.
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
        let whole =
            Whole::of_rows(rows.len(), |row, look| look(rows.get(row, &mut RowScratch::new())));
        // Beside labeled vectors intervals take over, which are in units that are powers of two.
        whole.filter(|whole| ground.outside.is_none() || whole.is_of_power_of_two())
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

    pub fn is_of_power_of_two(&self) -> bool {
        bits(self.unit) == 1
    }

    /// The largest `S` in squared units up to which all are exact, with all sums on the way.
    pub fn most_exact(&self) -> f64 {
        f64::from(BITS - 2 * bits(self.unit)).exp2()
    }

    /// Puts the int8 values of `x` into `out`, each XORed with `flip`. False if it has other values.
    pub fn quantize(&self, x: RowValues, flip: u8, out: &mut [u8]) -> bool {
        match x {
            RowValues::F32(x) => self.quantize_values(x, flip, out),
            RowValues::F64(x) => self.quantize_values(x, flip, out),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits hold the int8 value")]
    fn quantize_values<X: Value>(&self, x: &[X], flip: u8, out: &mut [u8]) -> bool {
        let inverse = 1.0 / self.unit;
        widest(
            #[inline(always)]
            || {
                let mut are_whole = true;
                for (out, x) in out.iter_mut().zip(x) {
                    let sum = (x.widen() * inverse - self.zero) + WHOLE;
                    let q = sum - WHOLE;
                    // The difference may have been rounded; this sum and product are exact.
                    are_whole &= (q + self.zero) * self.unit == x.widen();
                    are_whole &= (q + 0.5).abs() < 128.0;
                    *out = sum.to_bits() as u8 ^ flip;
                }
                are_whole
            },
        )
    }
}

/// What some values have in common.
#[derive(Debug)]
struct Grid {
    /// The largest number that all are multiples of; 0 if all are 0.
    unit: f64,
    least: f64,
    largest: f64,
}

impl Default for Grid {
    fn default() -> Grid {
        Grid { unit: 0.0, least: f64::INFINITY, largest: f64::NEG_INFINITY }
    }
}

impl Grid {
    /// Takes in the values of a row. False if together they are no whole numbers of so small a range.
    fn take<X: Value>(&mut self, values: &[X]) -> bool {
        values.iter().all(|value| self.take_value(value.widen()))
    }

    fn take_value(&mut self, value: f64) -> bool {
        // Mostly it is a multiple already, which takes no remainder to see.
        if (value / self.unit).round_ties_even() * self.unit != value {
            self.unit = common_divisor(self.unit, value.abs());
        }
        self.least = self.least.min(value);
        self.largest = self.largest.max(value);
        self.unit == 0.0 || (self.is_fit() && self.largest - self.least < VALUES * self.unit)
    }

    fn is_fit(&self) -> bool {
        let bits = bits(self.unit);
        let is_near = self.largest.max(-self.least) <= FAR * self.unit;
        EXPONENTS.contains(&lowest_bit(self.unit)) && (bits == 1 || (bits <= UNIT_BITS && is_near))
    }

    /// The int8 values nearest to the numbers themselves; where those are no int8 values, such that there is room on both sides: the sample
    /// has not the least value, nor the largest.
    fn whole(&self) -> Whole {
        if self.unit == 0.0 {
            // All are 0.
            return Whole { unit: 1.0, zero: 0.0 };
        }
        let unit = self.unit;
        let [least, largest] = [self.least, self.largest].map(|value| (value / unit).round());
        let zero = match () {
            () if least >= -128.0 && largest <= 127.0 => 0.0,
            () if least >= 0.0 && largest <= 255.0 => 128.0,
            () => ((least + largest + 1.0) / 2.0).floor(),
        };
        Whole { unit, zero }
    }
}

/// The largest number that both are multiples of, by Euclid: remainders of floats are exact.
fn common_divisor(mut a: f64, mut b: f64) -> f64 {
    while b > 0.0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The bits from the highest to the lowest that is set, of a number above 0.
fn bits(value: f64) -> i32 {
    let fraction = value.to_bits() & ((1 << 52) - 1);
    BITS - fraction.trailing_zeros().min(52).cast_signed()
}

/// The exponent of the lowest bit that is set, of a number above 0.
fn lowest_bit(value: f64) -> i32 {
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
        assert_eq!(whole(&[0.0, 255.0, 3.0, 2.0]), unit(1.0, 128.0));
        assert_eq!(whole(&[-128.0, 127.0]), unit(1.0, 0.0));
        assert_eq!(whole(&[1000.0, 1255.0, 1001.0]), unit(1.0, 1128.0));
        assert_eq!(whole(&[1.0, 1f32.next_up()]), unit(2f64.powi(-23), 2f64.powi(23) + 1.0));
        assert_eq!(whole(&[1000.0, 1001.0]), unit(1.0, 1001.0));
        assert_eq!(whole(&[-1255.0, -1000.0, -1001.0]), unit(1.0, -1127.0));
        assert_eq!(whole(&[0.75, -0.5, 4.0]), unit(0.25, 0.0));
        assert_eq!(whole(&[0.0, 2f32.powi(-100)]), unit(2f64.powi(-100), 0.0));
        assert_eq!(whole(&[2f32.powi(100), 2f32.powi(101)]), unit(2f64.powi(100), 0.0));
    }

    #[test]
    fn units_may_be_any_numbers_of_few_bits() {
        let of = |value: f32| f64::from(value);
        assert_eq!(whole(&[0.0, 0.3]), Some(Whole { unit: of(0.3), zero: 0.0 }));
        assert_eq!(whole(&[0.2, -0.1]), Some(Whole { unit: of(0.1), zero: 0.0 }));
        assert_eq!(whole(&[1.5, 4.5]), Some(Whole { unit: 1.5, zero: 0.0 }));
        assert_eq!(whole(&[300.0, 597.0]), Some(Whole { unit: 3.0, zero: 128.0 }));
        assert_eq!(Whole { unit: 1.5, zero: 0.0 }.most_exact(), 2f64.powi(49));
        assert_eq!(Whole { unit: 0.25, zero: 0.0 }.most_exact(), 2f64.powi(51));
        let mut out = [0; 3];
        let tenths = Whole { unit: of(0.1), zero: 0.0 };
        assert!(tenths.quantize(RowValues::F32(&[0.1, -0.2, 0.4]), 0, &mut out));
        assert_eq!(out.map(u8::cast_signed), [1, -2, 4]);
        assert!(!tenths.quantize(RowValues::F64(&[0.1, -0.2, 0.4]), 0, &mut out));
    }

    #[test]
    fn and_none_where_there_is_none() {
        assert_eq!(whole(&[0.0, 256.0, 1.0]), None);
        assert_eq!(whole(&[0.1, 0.3]), None);
        assert_eq!(whole(&[6_291_456.0, 6_291_459.0]), None);
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
