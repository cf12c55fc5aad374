//! How exact products of tensor cores are: what the filter's interval allows for.

/// A sum of `d` exact products by tensor cores, in f32, is off by at most this times the sum of the products' sizes.
///
/// They add 16 products, or fewer, to a sum at a time: all are cut to 24 bits below the largest of them, as is the result. With
/// u = 2^-23 the d products and d / 16 sums that are cut lose less than (17 / 16) d u times the largest, the results
/// (1 / 16) d u, and no partial sum is above the sum of the sizes: 1.125 d 2^-23 in all. This is 1.7 times as much, and
/// more than 8 products at a time lose.
///
/// The factors' exponents decide where the cut lies. A factor below the normal halves has the exponent of the least of
/// them, since its leading zeros are not shifted away: in all sizes here such a factor counts as the least of them,
/// 2^-14. So does zero, to be safe.
pub fn error_factor(d: usize) -> f64 {
    (d as f64 + 4.0) * 2f64.powi(-22)
}

/// A product of int8 values is exact. It is rounded when it becomes an f32; the steps' product is rounded, and so is what both come
/// to: three roundings of 2^-24. This is more than twice as much.
pub const INT8_ERROR_FACTOR: f64 = 1.0 / (1 << 21) as f64;
