//! The lower bounds that greedy picks prove, from their definition and roundings in docs/contract.md.
//!
//! The engine computes them with code of its own, in one pass while it picks. Nothing here calls that: a slip there is found here.

use super::asked::Asked;

/// For each radius, the radius that no choice of as many new centers can be below. `farthest` is the row farthest from
/// all `centers`.
pub(super) fn lower_bounds(
    asked: &Asked,
    centers: &[usize],
    farthest: Option<usize>,
    radii: &[f64],
) -> Vec<f64> {
    let Some(weights) = &asked.options.weights else {
        return radii.iter().map(|radius| radius * 0.5).collect();
    };
    let in_order: Vec<f32> =
        centers.iter().copied().chain(farthest).map(|row| weights[row]).collect();
    let ratios = largest_ratios(&in_order);
    // The row after pick t counts for radius t. Without one, every row is a center and the radius 0.
    let ratio = |t: usize| ratios.get(t + 1).copied().unwrap_or(1.0);
    radii.iter().enumerate().map(|(t, &radius)| over_one_more(radius, ratio(t))).collect()
}

/// For each weight, the largest ratio of a weight up to it to an earlier one, rounded up. `-inf` before there are two.
fn largest_ratios(weights: &[f32]) -> Vec<f64> {
    let (mut least, mut most) = (None, f64::NEG_INFINITY);
    let mut up_to = |&weight: &f32| {
        // The least earlier weight makes the largest ratio.
        if let Some(least) = least {
            most = most.max(ratio(weight, least));
        }
        least = Some(least.map_or(weight, |least: f32| least.min(weight)));
        most
    };
    weights.iter().map(&mut up_to).collect()
}

/// `weight / earlier`, a step up unless it is exactly 1; infinite over 0.
fn ratio(weight: f32, earlier: f32) -> f64 {
    match f64::from(weight) / f64::from(earlier) {
        _ if weight == earlier => 1.0,
        _ if earlier == 0.0 => f64::INFINITY,
        quotient => quotient.next_up(),
    }
}

/// `radius / (1 + a)`, never above it: the sum a step up, the quotient a step down; exactly half where `a` is 1.
fn over_one_more(radius: f64, a: f64) -> f64 {
    if a == 1.0 || radius == 0.0 {
        return radius * 0.5;
    }
    let quotient = radius / (1.0 + a).next_up();
    if quotient > 0.0 { quotient.next_down() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights that repeat, are 0, or are far apart.
    fn weights(seed: u32) -> Vec<f32> {
        let some = [1.0, 3.0, 0.1, 1e-30, 7e20, 0.0, -0.0, 0.3];
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            some[(state >> 24) as usize % (2 + seed as usize % 7)]
        };
        (0..12).map(|_| draw()).collect()
    }

    /// Over all pairs, as the contract has it.
    #[test]
    fn ratios_are_the_largest_over_all_pairs() {
        for seed in 0..100 {
            let weights = weights(seed);
            let ratios = largest_ratios(&weights);
            assert_eq!(ratios.len(), weights.len());
            for (t, &found) in ratios.iter().enumerate() {
                let pairs = (0..=t).flat_map(|j| (0..j).map(move |i| (i, j)));
                let most = pairs
                    .map(|(i, j)| ratio(weights[j], weights[i]))
                    .fold(f64::NEG_INFINITY, f64::max);
                assert_eq!(found, most, "{weights:?} up to {t}");
            }
        }
    }

    /// `bound * (1 + w_j / w_i) <= radius`, multiplied by `w_i`, but for the roundings of the test's own operations; nor far below it.
    #[test]
    fn no_bound_is_above_what_it_is_of() {
        let room = |steps: f64| 1.0 + steps * f64::EPSILON;
        for (earlier, later) in [(1.0f32, 3.0f32), (3.0, 1.0), (0.1, 0.3), (7e20, 0.1), (0.3, 0.3)]
        {
            for radius in [1.0, 0.1, 3.7e200, 1e-300] {
                let bound = over_one_more(radius, ratio(later, earlier));
                let (i, j) = (f64::from(earlier), f64::from(later));
                let (covered, reached) = (bound * (i + j), radius * i);
                assert!(covered <= reached * room(2.0), "{earlier} {later} {radius}");
                assert!(covered >= reached * room(-8.0), "{earlier} {later} {radius}");
            }
        }
        assert_eq!(over_one_more(5.0, 1.0), 2.5);
        assert_eq!(over_one_more(5.0, f64::INFINITY), 0.0);
        assert_eq!(over_one_more(0.0, 3.0).to_bits(), 0);
    }
}
