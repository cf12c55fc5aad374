//! What a product of int8 values says of a distance: an interval that holds it, or, between rows that are their int8 values,
//! the distance itself.

use super::super::kernels::int8::passing::{CenterSide, RowSide};
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
    /// Rows are their int8 values, in units of a number such that `S`, a whole number of squared units, is exact: the canonical distance is its
    /// root.
    Integers { unit: f64 },
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
            Measure::Integers { unit } => {
                let squares = i64::from(x.integer_square) + i64::from(c.integer_square);
                let square = (squares - 2 * i64::from(product)) as f64;
                let distance = (square * (unit * unit)).sqrt();
                (distance, distance)
            }
        }
    }

    /// The test that no center within `limit` of `x` fails.
    #[inline(always)]
    pub fn test(&self, x: &Int8Operand, limit: f64) -> RowSide {
        match self {
            Measure::Interval(interval) => {
                Measure::row_side(interval.test(x.operand, limit), x.step)
            }
            Measure::Integers { unit } => {
                RowSide { threshold: integer_threshold(x, limit / unit), ..CLOSED }
            }
        }
    }

    /// About how far the upper end of an interval of `x` lies above the distance.
    pub fn gap(&self, x: &Int8Operand) -> f64 {
        match self {
            Measure::Interval(interval) => 2.0 * x.operand.error * interval.inverse,
            Measure::Integers { .. } => 0.0,
        }
    }

    pub fn is_exact(&self) -> bool {
        matches!(self, Measure::Integers { .. })
    }
}

/// What f32 loses of whole numbers when a left side is computed: `|2 q_x.q_c| <= ||q_x||^2 + ||q_c||^2`, and three roundings.
const INTEGER_SLACK: f64 = 1.0 / (1 << 21) as f64;

/// At least the largest whole `S` within `limit`, in units, less `||q||^2`.
fn integer_threshold(x: &Int8Operand, limit: f64) -> f32 {
    let square = f64::from(x.integer_square);
    narrow((limit * limit).round() * (1.0 + INTEGER_SLACK) - square + square * INTEGER_SLACK + 1.0)
}

impl Measure {
    fn row_side(test: Test, step: f64) -> RowSide {
        let Test { alpha, beta, threshold } = test;
        RowSide { step: narrow(step), alpha, beta, threshold }
    }

    /// A center's side of the test. Of whole numbers the factors on norms and errors are 0, and the steps 1.
    pub fn center_side(&self, center: &Int8Operand) -> CenterSide {
        let twice_step = 2.0 * narrow(center.step);
        match self {
            Measure::Interval(interval) => {
                let (base, norm, error) = interval.center(center.operand);
                CenterSide { twice_step, base, norm, error }
            }
            Measure::Integers { .. } => {
                CenterSide { twice_step, base: integer_base(center), norm: 0.0, error: 0.0 }
            }
        }
    }
}

/// The side of a row that no center passes.
pub const CLOSED: RowSide =
    RowSide { step: 1.0, alpha: 0.0, beta: 0.0, threshold: f32::NEG_INFINITY };

/// `||q||^2`, less what f32 loses.
fn integer_base(center: &Int8Operand) -> f32 {
    narrow(f64::from(center.integer_square) * (1.0 - INTEGER_SLACK) - 1.0)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}
