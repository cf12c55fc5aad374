//! The filter's promise: from one cheap product, an interval that holds the canonical distance.
//!
//! Notation, as in docs/contract.md. `m` is a vector near the mean and `s` a power of two; `q` is what the multiplier sees of
//! `s (x - m)`; `N = ||q||^2`; `e >= ||s (x - m) - q||`. Since scaling and shifting both rows alike changes no distance but by
//! `s`, the triangle inequality gives `|s D - ||q_x - q_c||| <= e_x + e_c`. The computed
//! `P = N_x + N_c - 2 q_x.q_c` is within `2 g ||q_x|| ||q_c|| + SLACK (N_x + N_c) + tiny` of `||q_x - q_c||^2`, where `g` is
//! the multiplier's error factor. The canonical distance is within a factor `1 +- rho` of the true one.

use crate::limits::SLACK_BITS;

const SLACK: f64 = 1.0 / (1 << SLACK_BITS) as f64;

/// A packed row's or center's numbers for its intervals.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Operand {
    /// `N`, the squared norm of `q`.
    pub square: f64,
    /// `||q||`.
    pub norm: f64,
    /// `e`.
    pub error: f64,
}

/// The constants of one run's intervals.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Interval {
    /// `s`.
    pub scale: f64,
    /// `1 / s`, exact.
    pub inverse: f64,
    /// `2 g`.
    pub product_error: f64,
    pub slack: f64,
    pub tiny: f64,
    pub rho: f64,
    /// 1; tests widen the interval or narrow it to nothing.
    pub width: f64,
}

/// The test of one row against many centers: a center can be within the row's limit only if
/// `base - 2 product - alpha norm - beta error <= threshold`.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    pub alpha: f32,
    pub beta: f32,
    pub threshold: f32,
}

/// The exponent of the largest scale. Where squares of f64 differences underflow, the canonical distance is off by up to `2^-537 sqrt(d)`
/// beside `rho`; by no scale does that come near `tiny`. Only f64 rows that all lie within `2^-200` of one another would have a larger
/// scale: of their products the filter says nothing.
const MOST_EXPONENT: i32 = 200;

/// The largest power of two that keeps `scale * reach` below 1, up to `2^200`.
pub fn scale_for(reach: f64) -> f64 {
    scale_to(0, reach)
}

/// The largest power of two that keeps `scale * reach` below `2^below`, up to `2^200`.
fn scale_to(below: i32, reach: f64) -> f64 {
    if reach == 0.0 {
        return 2f64.powi(below);
    }
    // frexp: reach is in [2^(exponent - 1), 2^exponent). Normal in f64, since no root of an f64 is less than 2^-537.
    let exponent = (reach.to_bits() >> 52) as i32 - 1022;
    2f64.powi((below - exponent).min(MOST_EXPONENT))
}

/// How far below 1 the bulk's reach is brought: squares and products of f32 then keep all their bits for rows from `2^-20` of that reach on,
/// and fit up to `2^100` times it.
const BULK_EXPONENT: i32 = -40;
/// Of rows whose `||q||` is larger, products and sides of the test might not fit f32.
const MOST_NORM: f64 = (1u64 << 60) as f64;
/// So many times as far as the bulk reaches, rows are still within range, with room for those that no sample showed.
pub const RANGE: f64 = (1u128 << 90) as f64;
/// No center's base is larger.
const MOST_BASE: f64 = (1u128 << 124) as f64;

/// The scale for pools most of whose rows lie at most `reach` from `m`.
pub fn scale_for_bulk(reach: f64) -> f64 {
    scale_to(BULK_EXPONENT, reach)
}

/// Whether a row of this `||q||` and `e` fits the filter.
pub fn is_within_range(norm: f64, error: f64) -> bool {
    norm.max(error) <= MOST_NORM
}

impl Operand {
    /// Of a row out of range, which lies `norm` from `m` but for `error`. Its `q` is 0.
    ///
    /// Let `r` be `norm`. Of a row `x` within range, `|s D - r| <= ||q_x|| + e_x + error`, and `sqrt(N_x + r^2)` is between `r` and
    /// `r + ||q_x||`: they differ by no more than `e_x` and this operand's error. Between two rows out of range nothing is known.
    pub fn beyond(norm: f64, error: f64, width: f64) -> Operand {
        let error = (2.0 * MOST_NORM + error) * width;
        Operand { square: norm * norm, norm: f64::INFINITY, error }
    }

    fn is_beyond(&self) -> bool {
        self.norm == f64::INFINITY
    }
}

impl Interval {
    pub fn new(scale: f64, d: usize, error_factor: f64, width: f64) -> Interval {
        let d = d as f64;
        Interval {
            scale,
            inverse: 1.0 / scale,
            product_error: 2.0 * error_factor * width,
            slack: SLACK * width,
            tiny: (4.0 * d + 64.0) * 2f64.powi(-126),
            // In units of 2^-53, `S` is off by two for the rounding of `t`, d / 32 for a partial sum and 5 for folding, rounded up. The root
            // halves that and is rounded itself: d / 64 + 5 in all.
            rho: (d / 32.0 + 16.0) * 2f64.powi(-53),
            width,
        }
    }

    /// The operand of a row with these exact sums: `square` of `q`, `residual` of `(s (x - m) - q)^2`.
    pub fn operand(&self, square: f64, residual: f64, d: usize) -> Operand {
        let ulps = (d + 8) as f64 * f64::EPSILON;
        let error = residual.sqrt() * (1.0 + ulps) + f64::EPSILON * square.sqrt() * 2.0;
        Operand { square, norm: square.sqrt() * (1.0 + ulps), error: error * self.width }
    }

    /// The interval of the canonical distance between operands whose product is `product`; everything if that is not finite.
    pub fn of(&self, x: Operand, c: Operand, product: f32) -> (f64, f64) {
        if !product.is_finite() {
            return (0.0, f64::INFINITY);
        }
        self.around(x, c, f64::from(product))
    }

    /// As [`Interval::of`], of a product that is a number.
    pub fn around(&self, x: Operand, c: Operand, product: f64) -> (f64, f64) {
        let sum = x.square + c.square;
        let p = sum - 2.0 * product;
        let of_product = match (x.is_beyond(), c.is_beyond()) {
            (true, true) => return (0.0, f64::INFINITY),
            (false, false) => self.product_error * x.norm * c.norm,
            _ => 0.0,
        };
        let err = of_product + self.slack * sum + self.tiny;
        let e = x.error + c.error;
        let lower =
            ((p - err).max(0.0).sqrt() - e).max(0.0) * self.inverse * (1.0 - 2.0 * self.rho);
        let upper = ((p + err).max(0.0).sqrt() + e) * self.inverse * (1.0 + 2.0 * self.rho);
        (lower, upper)
    }

    /// The test that no center within `limit` (a canonical distance) of `x` fails.
    ///
    /// `s D <= s limit (1 + rho)` and `||q_x - q_c|| <= s D + e_x + e_c` give, with `b = s limit (1 + rho) + e_x`,
    /// `N_c - e_c^2 - 2 q_x.q_c - 2 b e_c <= b^2 - N_x`; the rest is room for rounding.
    #[inline]
    pub fn test(&self, x: Operand, limit: f64) -> Test {
        if x.is_beyond() {
            return Test { alpha: 0.0, beta: 0.0, threshold: f32::MAX };
        }
        let b = limit * self.scale * (1.0 + 2.0 * self.rho) + x.error;
        let room = 1.0 + SLACK;
        let threshold =
            b * b * (1.0 + 8.0 * f64::EPSILON) - x.square * (1.0 - self.slack) + self.tiny;
        let [alpha, beta] = [self.product_error * x.norm * room, 2.0 * b * room].map(up);
        Test { alpha, beta: beta.min(f32::MAX), threshold: up(threshold).min(f32::MAX) }
    }

    /// A center's side of the test: `base`, `norm`, `error`. All are numbers, and a lane without a row admits none of them.
    pub fn center(&self, c: Operand) -> (f32, f32, f32) {
        let base = c.square * (1.0 - self.slack) - c.error * c.error * (1.0 + f64::EPSILON);
        let base = (-up(-base.min(MOST_BASE))).max(-f32::MAX);
        let norm = if c.is_beyond() { 0.0 } else { up(c.norm) };
        (base, norm, up(c.error).min(f32::MAX))
    }
}

impl Test {
    /// The test's left side for a center; below all others if it is not a number.
    #[inline(always)]
    pub fn left(&self, product: f32, base: f32, norm: f32, error: f32) -> f32 {
        let left = base - 2.0 * product - self.alpha * norm - self.beta * error;
        if left.is_nan() { f32::NEG_INFINITY } else { left }
    }

    /// The test's threshold for `base - 2 product` alone, of centers whose norm and error are at most these: it admits more, never
    /// less. Not a number, which admits everything, where an infinite limit meets no error.
    pub fn loosened(&self, norm: f32, error: f32) -> f32 {
        let [alpha, beta, threshold] = [self.alpha, self.beta, self.threshold].map(f64::from);
        up(threshold + alpha * f64::from(norm) + beta * f64::from(error))
    }

    /// Whether a center of this left side may be within the limit.
    #[inline(always)]
    #[expect(
        clippy::neg_cmp_op_on_partial_ord,
        reason = "what is not a number must be admitted, in one comparison"
    )]
    pub fn admits_left(&self, left: f32) -> bool {
        !(left > self.threshold)
    }

    /// Whether this center may be within the limit.
    #[inline(always)]
    pub fn admits(&self, product: f32, base: f32, norm: f32, error: f32) -> bool {
        self.admits_left(base - 2.0 * product - self.alpha * norm - self.beta * error)
    }
}

/// To f32, never below.
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
pub fn up(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) < value { nearest.next_up() } else { nearest }
}
