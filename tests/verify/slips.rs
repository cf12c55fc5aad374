//! Answers as an engine with one slip would give them, right in everything else, are refused where the slip is.

use farpoint::synth::{self, Shape};
use farpoint::{First, Options, Pool, Selection, Verdict, select, verify};

use crate::common::pools;

/// A selection of 10 as `slipped` options make it, checked as one by `options`.
fn verdict(pool: &Pool, slipped: &Options, options: &Options) -> (Selection, Verdict) {
    let answer = select(pool, 10, slipped).unwrap();
    let verdict = verify(pool, &answer.centers, Some(&answer.radii), options).unwrap();
    (answer, verdict)
}

/// Greedy from `right` is accepted, and greedy from `wrong` refused for its first center.
fn begins(pool: &Pool, options: &Options, right: usize, wrong: usize) {
    let from = |row| Options { first: First::Row(row), ..options.clone() };
    let (answer, found) = verdict(pool, &from(right), options);
    assert_eq!(select(pool, 10, options).unwrap().centers, answer.centers);
    assert!(found.is_right(), "{right}: {found}");
    let (_, found) = verdict(pool, &from(wrong), options);
    let Verdict::Wrong { position: 0, chosen, expected, .. } = found else {
        panic!("{wrong}: {found}")
    };
    assert_eq!((chosen, expected), (wrong, right));
}

fn line(values: &[f32]) -> Pool<'_> {
    Pool::new(values, 1).unwrap()
}

fn options(first: First) -> Options<'static> {
    Options { first, ..Options::default() }
}

/// `0, 1, 2, ...`
fn numbers(n: u16) -> Vec<f32> {
    (0..n).map(f32::from).collect()
}

#[test]
fn another_row_than_the_lowest_or_the_given_one() {
    let values = numbers(30);
    let excluded = Options { excluded: vec![0, 1], ..Options::default() };
    begins(&line(&values), &options(First::Lowest), 0, 1);
    begins(&line(&values), &excluded, 2, 29);
    begins(&line(&values), &options(First::Row(7)), 7, 0);
    begins(&line(&values), &options(First::Row(7)), 7, 8);
}

#[test]
fn the_lowest_of_rows_that_may_not_be_chosen() {
    let values = numbers(30);
    let excluded = Options { excluded: vec![0, 1], ..Options::default() };
    let (_, found) = verdict(&line(&values), &Options::default(), &excluded);
    assert_eq!(found, Verdict::Ineligible { position: 0, row: 0, reason: "is excluded" });
}

/// The mean of 0 to 30 is 15. With 20 to 30 excluded it is 9.5, between rows of the same distance.
#[test]
fn a_row_not_nearest_the_mean() {
    let values = numbers(31);
    begins(&line(&values), &options(First::Mean), 15, 16);
    let excluded = Options { excluded: (20..31).collect(), ..options(First::Mean) };
    begins(&line(&values), &excluded, 9, 10);
    // As if excluded rows counted.
    begins(&line(&values), &excluded, 9, 15);
}

#[test]
fn a_row_not_farthest_from_the_mean() {
    let values = numbers(31);
    // 0 and 30 are as far from 15.
    begins(&line(&values), &options(First::FarthestFromMean), 0, 30);
    let excluded = Options { excluded: vec![0, 1], ..options(First::FarthestFromMean) };
    // The mean is 16 then, of which 2 and 30 are as far; 0 would be farther.
    begins(&line(&values), &excluded, 2, 30);
}

#[test]
fn a_row_that_has_no_farthest_partner() {
    let mut values = numbers(30);
    begins(&line(&values), &options(First::FarthestPair), 0, 29);
    begins(&line(&values), &Options { excluded: vec![0], ..options(First::FarthestPair) }, 1, 29);
    values.swap(4, 29);
    values.swap(2, 0);
    begins(&line(&values), &options(First::FarthestPair), 2, 4);
}

/// 40 has none within 11; all others are 1 from a neighbour, or 0.
#[test]
fn a_row_with_another_near_it() {
    let mut values = numbers(30);
    (values[20], values[21], values[22]) = (40.0, 3.0, 3.0);
    begins(&line(&values), &options(First::Loneliest), 20, 29);
    begins(&line(&values), &Options { excluded: vec![20], ..options(First::Loneliest) }, 0, 3);
}

#[test]
fn a_mean_summed_otherwise_than_in_blocks() {
    begins(&line(&pools::summed_in_blocks()), &options(First::Mean), 1200, 1201);
}

#[test]
fn a_row_that_is_not_the_heaviest() {
    let values = numbers(30);
    let mut weights = vec![1.0; 30];
    (weights[3], weights[11], weights[20]) = (9.0, 5.0, 5.0);
    let heaviest = Options { weights: Some(weights), ..options(First::Heaviest) };
    begins(&line(&values), &heaviest, 3, 0);
    begins(&line(&values), &heaviest, 3, 11);
    // Of equally heavy ones the lowest.
    begins(&line(&values), &Options { excluded: vec![3], ..heaviest }, 11, 20);
    // Without weights all are as heavy.
    begins(&line(&values), &options(First::Heaviest), 0, 29);
}

/// The first draws from seed 0 are 16294208416658607535, which is 883 of 1,000, and one that is 431.
#[test]
fn a_row_not_drawn() {
    let values = numbers(1000);
    let pool = line(&values);
    begins(&pool, &options(First::Random), 883, 431);
    // As if the draw were reduced by division.
    begins(&pool, &options(First::Random), 883, 535);
    // As if from another seed, whose own rows these are.
    for (seed, row) in [(1, 566), (2, 591), (12345, 133), (u64::MAX, 893)] {
        begins(&pool, &options(First::Random), 883, row);
        begins(&pool, &Options { seed, ..options(First::Random) }, row, 883);
    }
    // As if over all rows: of 500 eligible ones it draws the one after 441.
    let excluded = Options { excluded: (0..500).collect(), ..options(First::Random) };
    begins(&pool, &excluded, 941, 883);
}

/// Weights a slip away: another row's, none, squared, not 0 where they are.
fn slipped(weights: &[f32]) -> [(&'static str, Vec<f32>); 5] {
    let each = |change: fn(&f32) -> f32| weights.iter().map(change).collect::<Vec<f32>>();
    let mut rotated = weights.to_vec();
    rotated.rotate_left(1);
    [
        ("another row's", rotated),
        ("none", vec![1.0; weights.len()]),
        ("squared", each(|w| w * w)),
        ("not 0", each(|w| if *w == 0.0 { 9.0 } else { *w })),
        ("inverse", each(|w| 1.0 / (w + 0.5))),
    ]
}

#[test]
fn keys_by_other_weights() {
    let weights: Vec<f32> = (0..150).map(|row| [0.0, 3.0, 0.5, 0.25][row % 4]).collect();
    let values = synth::pool(Shape::Gaussian, 150, 5, 3);
    let pool = Pool::new(&values, 5).unwrap();
    for labeled in [vec![], vec![4, 9]] {
        let weighted = |weights| Options {
            weights: Some(weights),
            labeled: labeled.clone(),
            ..Options::default()
        };
        let right = weighted(weights.clone());
        assert!(verdict(&pool, &right, &right).1.is_right());
        for (slip, weights) in slipped(&weights) {
            let (_, found) = verdict(&pool, &weighted(weights), &right);
            let is_named = matches!(found, Verdict::Wrong { .. } | Verdict::Radius { .. });
            assert!(is_named, "{slip}: {found}");
        }
    }
}

/// The picks are the right ones, and every radius is off.
#[test]
fn keys_scaled_alike() {
    let values = synth::pool(Shape::Gaussian, 150, 5, 3);
    let pool = Pool::new(&values, 5).unwrap();
    let weights = |weight: f32| Options { weights: Some(vec![weight; 150]), ..Options::default() };
    for (slipped, right) in [(2.0, 1.0), (1.0, 2.0), (3.0, 9.0)] {
        let (answer, found) = verdict(&pool, &weights(slipped), &weights(right));
        let exact = answer.radii[0] / f64::from(slipped) * f64::from(right);
        let Verdict::Radius { position: 0, given, exact: found } = found else { panic!("{found}") };
        assert_eq!(given, answer.radii[0]);
        assert!((found / exact - 1.0).abs() < 1e-12);
    }
}
