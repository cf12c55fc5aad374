//! Turns weights in floating point into a proof in integers, if they are one.

use super::held::Held;
use crate::certificate::Dual;

/// The integer for a weight of 1: fine enough for every bound that rounding does not decide.
const ONE: f64 = (1u64 << 40) as f64;

/// The proof that `weights` on pool rows are, if they are one: no `budget` centers leave all but `outliers` rows within
/// `radius`. The proof is stated for `next`, the least distance above `radius` that occurs, since it holds for every
/// radius below that.
pub fn prove(
    weights: &[(u32, f64)],
    held: &Held,
    (radius, next): (f64, f64),
    budget: usize,
    outliers: usize,
) -> Option<Dual> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "weights are from 0 to 1"
    )]
    let whole = |weight: f64| (weight.clamp(0.0, 1.0) * ONE) as u64;
    let mut weights: Vec<(usize, u64)> =
        weights.iter().map(|&(row, weight)| (row as usize, whole(weight))).collect();
    weights.retain(|&(_, weight)| weight > 0);
    weights.sort_unstable();
    let denominator = held.heaviest(&weights, radius);
    let divisor = weights.iter().fold(denominator, |divisor, &(_, weight)| gcd(divisor, weight));
    let sum: u128 = weights.iter().map(|&(_, weight)| u128::from(weight)).sum();
    let most = weights.iter().map(|&(_, weight)| u128::from(weight)).max()?;
    if sum <= outliers as u128 * most + budget as u128 * u128::from(denominator) {
        return None;
    }
    weights.iter_mut().for_each(|(_, weight)| *weight /= divisor);
    Some(Dual { radius: next, denominator: denominator / divisor, weights })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
