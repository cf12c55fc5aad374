//! What a product of int8 values says of a distance: an interval that holds it, or, between rows that are their int8 values,
//! the distance itself.

use super::super::kernels::PANEL;
use crate::backend::interval::{Interval, Operand, Test};

/// A row or center as int8 values `q`: how long it is, and how near `m + step q` is to it.
#[derive(Debug, Clone, Copy)]
pub struct Int8Operand {
    pub step: f64,
    /// `||q||^2`
    pub integer_square: u32,
    /// Of `step q`.
    pub operand: Operand,
}

impl Int8Operand {
    pub const NONE: Int8Operand = Int8Operand {
        step: 0.0,
        integer_square: 0,
        operand: Operand { square: f64::INFINITY, norm: 0.0, error: 0.0 },
    };
}

/// From a product to a distance.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// Rows are near their int8 values.
    Interval(Interval),
    /// Rows are their int8 values: `S` is a whole number, and the canonical distance is its root.
    Integers,
}

/// The longest rows whose `S` and its parts fit 32 bits with a sign: `d 255^2 < 2^31`.
pub const MOST_INTEGERS: usize = 33_025;

impl Measure {
    /// The interval of the canonical distance of `x` and `c`, whose int8 values have this product.
    pub fn of(&self, x: &Int8Operand, c: &Int8Operand, product: i32) -> (f64, f64) {
        match self {
            Measure::Interval(interval) => {
                let product = f64::from(product) * x.step * c.step;
                interval.around(x.operand, c.operand, product)
            }
            Measure::Integers => {
                let squares = i64::from(x.integer_square) + i64::from(c.integer_square);
                let distance = ((squares - 2 * i64::from(product)) as f64).sqrt();
                (distance, distance)
            }
        }
    }

    /// The test that no center within `limit` of `x` fails.
    pub fn test(&self, x: &Int8Operand, limit: f64) -> Int8Test {
        match self {
            Measure::Interval(interval) => {
                Int8Test { test: interval.test(x.operand, limit), step: narrow(x.step), integer: 0 }
            }
            Measure::Integers => {
                Int8Test { integer: integer_threshold(x, limit), ..Int8Test::CLOSED }
            }
        }
    }

    /// About how far the upper end of an interval of `x` lies above the distance.
    pub fn gap(&self, x: &Int8Operand) -> f64 {
        match self {
            Measure::Interval(interval) => 2.0 * x.operand.error * interval.inverse,
            Measure::Integers => 0.0,
        }
    }

    pub fn is_exact(&self) -> bool {
        matches!(self, Measure::Integers)
    }
}

/// The largest whole `S` within `limit`, less `||q||^2`.
#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn integer_threshold(x: &Int8Operand, limit: f64) -> i32 {
    let mut most = (limit * limit).round();
    if most.sqrt() > limit {
        most -= 1.0;
    }
    (most - f64::from(x.integer_square)).clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32
}

/// One row's test against many centers.
#[derive(Debug, Clone, Copy)]
pub struct Int8Test {
    pub test: Test,
    pub step: f32,
    /// Of whole numbers: a center can be within the limit only if `||q_c||^2 - 2 product <= integer`.
    pub integer: i32,
}

impl Int8Test {
    /// Admits nothing.
    pub const CLOSED: Int8Test = Int8Test {
        test: Test { alpha: 0.0, beta: 0.0, threshold: f32::NEG_INFINITY },
        step: 0.0,
        integer: i32::MIN,
    };
}

/// The centers' side of the test, for a panel.
#[derive(Clone)]
pub struct Int8Terms {
    pub twice_step: [f32; PANEL],
    pub base: [f32; PANEL],
    pub norm: [f32; PANEL],
    pub error: [f32; PANEL],
    /// `||q||^2`; so large for a column without a center that nothing admits it.
    pub square: [i32; PANEL],
    /// The largest of `norm` and of `error`.
    pub peak: (f32, f32),
}

impl Int8Terms {
    pub fn new() -> Int8Terms {
        Int8Terms {
            twice_step: [0.0; PANEL],
            base: [f32::INFINITY; PANEL],
            norm: [0.0; PANEL],
            error: [0.0; PANEL],
            square: [i32::MAX; PANEL],
            peak: (0.0, 0.0),
        }
    }

    pub fn set(&mut self, column: usize, center: &Int8Operand, measure: &Measure) {
        let CenterTerms { twice_step, base, norm, error, square } =
            CenterTerms::new(center, measure);
        self.twice_step[column] = twice_step;
        self.square[column] = square;
        (self.base[column], self.norm[column], self.error[column]) = (base, norm, error);
        self.peak = (self.peak.0.max(norm), self.peak.1.max(error));
    }

    /// Whether any of the panel's centers may be within the limit. One pass without branches: this is the epilogue of the product.
    #[inline(always)]
    pub fn admits_any(&self, test: &Int8Test, products: &[i32; PANEL], measure: &Measure) -> bool {
        if measure.is_exact() {
            return self.any_within(test.integer, products);
        }
        let threshold = test.test.loosened(self.peak.0, self.peak.1);
        let mut any = false;
        for ((product, base), twice) in products.iter().zip(&self.base).zip(&self.twice_step) {
            any |= admits(base - test.step * (twice * *product as f32), threshold);
        }
        any
    }

    #[inline(always)]
    fn any_within(&self, threshold: i32, products: &[i32; PANEL]) -> bool {
        let mut any = false;
        for (product, square) in products.iter().zip(&self.square) {
            any |= square.wrapping_sub(2 * product) <= threshold;
        }
        any
    }

    /// The test's left side for every center of the panel; infinite for those that fail it.
    #[inline(always)]
    pub fn left(
        &self,
        test: &Int8Test,
        products: &[i32; PANEL],
        measure: &Measure,
    ) -> [f32; PANEL] {
        let mut left = [f32::INFINITY; PANEL];
        for c in 0..PANEL {
            left[c] = if measure.is_exact() {
                let value = self.square[c].wrapping_sub(2 * products[c]);
                if value <= test.integer { value as f32 } else { f32::INFINITY }
            } else {
                let product = 0.5 * test.step * (self.twice_step[c] * products[c] as f32);
                let value = test.test.left(product, self.base[c], self.norm[c], self.error[c]);
                if test.test.admits_left(value) { value } else { f32::INFINITY }
            };
        }
        left
    }
}

/// One center's side of the test.
#[derive(Debug, Clone, Copy)]
pub struct CenterTerms {
    pub twice_step: f32,
    pub base: f32,
    pub norm: f32,
    pub error: f32,
    pub square: i32,
}

impl CenterTerms {
    pub fn new(center: &Int8Operand, measure: &Measure) -> CenterTerms {
        let (base, norm, error) = match measure {
            Measure::Interval(interval) => interval.center(center.operand),
            Measure::Integers => (0.0, 0.0, 0.0),
        };
        let square = i32::try_from(center.integer_square).unwrap_or(i32::MAX);
        CenterTerms { twice_step: 2.0 * narrow(center.step), base, norm, error, square }
    }
}

/// Whether a left side passes. What is not a number must be admitted, in one comparison.
#[inline(always)]
#[expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "what is not a number must be admitted, in one comparison"
)]
pub fn admits(left: f32, threshold: f32) -> bool {
    !(left > threshold)
}

#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}
