//! The first center, where nothing is labeled, from the definitions in docs/contract.md.
//!
//! The engine has code of its own for each. Nothing here calls that: a slip there is found here.

use rayon::prelude::*;

use super::apart::{farthest_pair, loneliest};
use super::asked::{Asked, Role};
use crate::distance::distance_to_point;
use crate::options::First;
use crate::rows::Gather;
use crate::values::RowScratch;

/// The row that greedy begins with.
pub(super) fn first(asked: &Asked) -> usize {
    let weights = asked.options.weights.as_deref();
    let row = match asked.options.first {
        First::Row(row) => Some(row),
        First::Lowest => asked.eligible().next(),
        First::Heaviest => heaviest(asked.eligible(), weights),
        First::Mean => nearest(asked, &mean(asked)),
        First::FarthestFromMean => farthest(asked, &mean(asked)),
        First::FarthestPair => farthest_pair(asked, &mean(asked)),
        First::Loneliest => loneliest(asked),
        First::Random => asked
            .eligible()
            .nth(below(asked.eligible().count() as u64, splitmix64(asked.options.seed))),
    };
    row.expect("the options were checked: a row may be chosen")
}

/// The lowest of the rows that weigh most; without weights all weigh the same.
fn heaviest(rows: impl Iterator<Item = usize> + Clone, weights: Option<&[f32]>) -> Option<usize> {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let most = rows.clone().map(weight).fold(0.0, f32::max);
    rows.clone().find(|&row| weight(row) == most)
}

/// The eligible row nearest `point`, the lowest of equally near ones.
fn nearest(asked: &Asked, point: &[f64]) -> Option<usize> {
    let distances = distances_to(asked, point).into_iter();
    distances.min_by(|(a, low), (b, high)| a.total_cmp(b).then(low.cmp(high))).map(|(_, row)| row)
}

/// The eligible row farthest from `point`, the lowest of equally far ones.
fn farthest(asked: &Asked, point: &[f64]) -> Option<usize> {
    let distances = distances_to(asked, point).into_iter();
    distances.min_by(|(a, low), (b, high)| b.total_cmp(a).then(low.cmp(high))).map(|(_, row)| row)
}

/// Every eligible row and its distance to `point`, the lowest row first.
pub(super) fn distances_to(asked: &Asked, point: &[f64]) -> Vec<(f64, usize)> {
    let distance = |row: usize, scratch: &mut RowScratch| match asked.is_interrupted() {
        true => 0.0,
        false => distance_to_point(asked.rows.get(row, scratch), point),
    };
    (0..asked.rows.len())
        .into_par_iter()
        .filter(|&row| asked.role(row) == Role::Eligible)
        .map_init(RowScratch::new, |scratch, row| (distance(row, scratch), row))
        .collect()
}

/// Consecutive rows whose values are summed before the sums are: docs/contract.md.
const SUMMED: usize = 1024;

/// The mean of the rows that are not excluded, `(d,)`.
fn mean(asked: &Asked) -> Vec<f64> {
    let n = asked.rows.len();
    let (mut sums, mut counted) = (vec![0.0; asked.rows.dimensions()], 0);
    for start in (0..n).step_by(SUMMED) {
        let rows = start..n.min(start + SUMMED);
        let block: Vec<usize> = rows.filter(|&row| asked.role(row) != Role::Excluded).collect();
        if !block.is_empty() {
            add(&mut sums, &sum(asked, &block));
            counted += block.len();
        }
    }
    sums.iter().map(|sum| sum / counted as f64).collect()
}

fn sum(asked: &Asked, rows: &[usize]) -> Vec<f64> {
    let mut scratch = RowScratch::new();
    let mut sums = vec![0.0; asked.rows.dimensions()];
    for &row in rows.iter().take_while(|_| !asked.is_interrupted()) {
        asked.rows.get(row, &mut scratch).add_to(&mut sums);
    }
    sums
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// A number below `count`: the high half of a draw times `count`, of the first draw whose low half is not among the `2^64 mod count`
/// lowest, which would make some numbers likelier than others.
///
/// Source: Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 2019.
fn below(count: u64, draws: impl IntoIterator<Item = u64>) -> usize {
    let (draw, count) = (1u128 << 64, u128::from(count));
    let product = draws
        .into_iter()
        .map(|drawn| u128::from(drawn) * count)
        .find(|product| product % draw >= draw % count)
        .expect("draws go on");
    usize::try_from(product / draw).expect("it is below a number of rows")
}

/// Draws from `seed`: draw `t`, counted from 1, mixes `seed + t * 0x9e3779b97f4a7c15`.
///
/// Source: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
fn splitmix64(seed: u64) -> impl Iterator<Item = u64> {
    (1u64..).map(move |t| {
        let mut z = seed.wrapping_add(t.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
            z ^= z >> shift;
            z = z.wrapping_mul(factor);
        }
        z ^ (z >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that the generator's users publish for this seed.
    #[test]
    fn draws_are_the_published_ones() {
        let draws: Vec<u64> = splitmix64(1_234_567).take(5).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(draws, published);
    }

    /// One draw of the 2^64 is too many to divide them in thirds: the draw with low half 0.
    #[test]
    fn a_draw_too_many_is_passed_over() {
        assert_eq!(below(3, [0, u64::MAX]), 2);
        assert_eq!(below(3, [1, u64::MAX]), 0);
        assert_eq!(below(4, [0, u64::MAX]), 0);
        assert_eq!(below(1, [0]), 0);
    }

    #[test]
    fn of_the_heaviest_the_lowest() {
        let weights = [9.0, 1.0, 2.0, 2.0, -0.0];
        assert_eq!(heaviest(1..5, Some(&weights)), Some(2));
        assert_eq!(heaviest([4].into_iter(), Some(&weights)), Some(4));
        assert_eq!(heaviest(1..5, None), Some(1));
    }
}
