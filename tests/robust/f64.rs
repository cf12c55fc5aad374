//! Robust selections from pools of f64: what they are, not what they would be as f32.

use farpoint::Pool;

use crate::asked::Asked;
use crate::common::pools;

#[test]
fn hostile_pools_are_solved() {
    for named in pools::hostile_f64(12, 2) {
        let pool = Pool::new(&named.values, 2).unwrap();
        for (budget, outliers) in [(2, 0), (3, 2)] {
            Asked::new(named.name, &pool, budget, outliers).agrees();
        }
    }
}

/// Where squares underflow, canonical distances obey no triangle inequality: from the middle row both others are at distance 0, and
/// they are not from each other. No bound may rest on it there.
#[test]
fn no_bound_rests_on_squares_that_underflow() {
    let x = 1.5e-162;
    assert!(x * x == 0.0 && (2.0 * x) * (2.0 * x) > 0.0);
    let values = [0.0, x, 2.0 * x];
    let pool = Pool::new(&values, 1).unwrap();
    assert_eq!(Asked::new("underflow", &pool, 1, 0).agrees().upper, 0.0);
}
