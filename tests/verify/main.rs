//! `verify` accepts what `select` makes, and refuses every pick and radius that is not greedy's. In files of their own: certificates, and
//! the bound on the loss.

mod alone;
mod bound;
mod certificate;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod slips;

use farpoint::synth::{self, Shape};
use farpoint::{First, Metric, Options, Pool, Selection, Verdict, select, verify};

/// A pool, a budget and options under a name.
struct Case<'a> {
    name: &'static str,
    pool: Pool<'a>,
    budget: usize,
    options: Options<'a>,
}

const N: usize = 150;
const D: usize = 5;

fn values(shape: Shape) -> Vec<f32> {
    synth::pool(shape, N, D, 11)
}

/// Integers without the zero row that cosine refuses.
fn directions() -> Vec<f32> {
    let mut values = values(Shape::Integers);
    for row in values.chunks_exact_mut(D) {
        if row.iter().all(|&v| v == 0.0) {
            row[0] = 1.0;
        }
    }
    values
}

fn weights() -> Vec<f32> {
    (0..N).map(|row| [0.0, 0.5, 1.0, 3.0][row % 4]).collect()
}

fn cases<'a>(values: &'a [f32], vectors: &'a Pool<'a>) -> Vec<Case<'a>> {
    let labeled = Options { labeled: vec![3, 140, 17], ..Options::default() };
    let excluded = Options { excluded: (0..40).collect(), ..Options::default() };
    let first = |first| Options { first, seed: 5, ..Options::default() };
    let options = [
        ("plain", Options::default()),
        ("given first", first(First::Row(77))),
        ("mean first", first(First::Mean)),
        ("far from the mean first", first(First::FarthestFromMean)),
        ("farthest pair first", first(First::FarthestPair)),
        ("loneliest first", first(First::Loneliest)),
        ("random first", first(First::Random)),
        ("labeled", labeled.clone()),
        ("labeled vectors", Options { labeled_vectors: Some(vectors), ..labeled.clone() }),
        ("vectors alone", Options { labeled_vectors: Some(vectors), ..Options::default() }),
        ("excluded", excluded.clone()),
        ("weights", Options { weights: Some(weights()), ..Options::default() }),
        ("heaviest first", Options { weights: Some(weights()), ..first(First::Heaviest) }),
        ("weights, labeled", Options { weights: Some(weights()), ..labeled.clone() }),
        ("cosine", Options { metric: Metric::Cosine, ..Options::default() }),
        (
            "everything",
            Options {
                metric: Metric::Cosine,
                labeled_vectors: Some(vectors),
                weights: Some(weights()),
                labeled: vec![9, 50],
                ..excluded
            },
        ),
    ];
    options
        .map(|(name, options)| Case {
            name,
            pool: Pool::new(values, D).unwrap(),
            budget: 70,
            options,
        })
        .into()
}

fn each_case(mut check: impl FnMut(&Case, &Selection)) {
    let vectors = synth::pool(Shape::Gaussian, 4, D, 2);
    let vectors = Pool::new(&vectors, D).unwrap();
    for values in [values(Shape::Gaussian), values(Shape::Mixture), directions()] {
        for case in cases(&values, &vectors) {
            let selection = select(&case.pool, case.budget, &case.options).unwrap();
            check(&case, &selection);
        }
    }
}

#[test]
fn right_selections_are_accepted() {
    each_case(|case, selection| {
        let verdict =
            verify(&case.pool, &selection.centers, Some(&selection.radii), &case.options).unwrap();
        let Verdict::Right(cover) = &verdict else { panic!("{}: {verdict}", case.name) };
        assert_eq!(cover.initial_radius, selection.initial_radius, "{}", case.name);
        assert_eq!(cover.radii, selection.radii, "{}", case.name);
        assert_eq!(cover.lower_bounds, selection.lower_bounds, "{}", case.name);
        assert_eq!(cover.farthest, selection.farthest, "{}", case.name);
    });
}

/// Weights whose largest ratio changes with nearly every pick, and with the row farthest from them.
#[test]
fn lower_bounds_are_the_same_at_every_budget() {
    let values = values(Shape::Gaussian);
    let pool = Pool::new(&values, D).unwrap();
    for exponent in [-30.0f32, -3.0, 3.0, 30.0] {
        let weights = (0..N).map(|row| (row as f32 / N as f32 + 1.0).powf(exponent)).collect();
        let options = Options { weights: Some(weights), ..Options::default() };
        for budget in 1..40 {
            let selection = select(&pool, budget, &options).unwrap();
            let verdict = verify(&pool, &selection.centers, None, &options).unwrap();
            let Verdict::Right(cover) = &verdict else { panic!("{exponent}: {verdict}") };
            assert_eq!(cover.lower_bounds, selection.lower_bounds, "{exponent}, {budget}");
        }
    }
}

/// Changing any one pick is found at that pick, and the row named is the one that was there.
#[test]
fn a_wrong_pick_is_found_where_it_is() {
    each_case(|case, selection| {
        let right = &selection.centers;
        for position in 0..right.len() {
            let Some(stranger) = stranger(case, right, position) else { continue };
            let mut wrong = right.clone();
            wrong[position] = stranger;
            let verdict = verify(&case.pool, &wrong, None, &case.options).unwrap();
            match verdict {
                Verdict::Wrong { position: at, chosen, expected, .. } => assert_eq!(
                    (at, chosen, expected),
                    (position, stranger, right[position]),
                    "{}",
                    case.name
                ),
                other => panic!("{} at {position}: {other:?}", case.name),
            }
        }
    });
}

/// A row that may be chosen but is not, the highest or lowest such by turns: among integers it often has the pick's own key.
fn stranger(case: &Case, right: &[usize], position: usize) -> Option<usize> {
    let free = |row: &usize| {
        !right.contains(row)
            && !case.options.labeled.contains(row)
            && !case.options.excluded.contains(row)
    };
    if position.is_multiple_of(2) { (0..N).rev().find(free) } else { (0..N).find(free) }
}

#[test]
fn swapped_neighbours_are_found() {
    each_case(|case, selection| {
        for position in 0..selection.centers.len() - 1 {
            let mut wrong = selection.centers.clone();
            wrong.swap(position, position + 1);
            let verdict = verify(&case.pool, &wrong, None, &case.options).unwrap();
            let Verdict::Wrong { position: at, expected, .. } = verdict else {
                panic!("{} at {position}: {verdict:?}", case.name)
            };
            assert_eq!((at, expected), (position, selection.centers[position]), "{}", case.name);
        }
    });
}

#[test]
fn a_wrong_radius_is_found_where_it_is() {
    each_case(|case, selection| {
        for position in 0..selection.radii.len() {
            let mut radii = selection.radii.clone();
            radii[position] = radii[position].next_up();
            let verdict =
                verify(&case.pool, &selection.centers, Some(&radii), &case.options).unwrap();
            assert_eq!(
                verdict,
                Verdict::Radius {
                    position,
                    given: radii[position],
                    exact: selection.radii[position]
                },
                "{}",
                case.name
            );
        }
    });
}

/// Picks and radii of f64 pools are held to the values as they are: a unit in a radius' last place, and two picks exchanged, are found.
#[test]
fn f64_pools_are_checked_as_they_are() {
    for named in common::pools::hostile_f64(N, D) {
        let pool = Pool::new(&named.values, D).unwrap();
        for first in [First::Lowest, First::Mean] {
            let options = Options { first, labeled: vec![], ..Options::default() };
            let Selection { mut centers, mut radii, .. } = select(&pool, 40, &options).unwrap();
            let verdict = verify(&pool, &centers, Some(&radii), &options).unwrap();
            assert!(verdict.is_right(), "{}: {verdict}", named.name);
            radii[20] = radii[20].next_up();
            let verdict = verify(&pool, &centers, Some(&radii), &options).unwrap();
            assert!(matches!(verdict, Verdict::Radius { position: 20, .. }), "{}", named.name);
            centers.swap(30, 31);
            let verdict = verify(&pool, &centers, None, &options).unwrap();
            assert!(matches!(verdict, Verdict::Wrong { position: 30, .. }), "{}", named.name);
        }
    }
}

/// Among rows of equal key the lowest is greedy's, also when every key is 0.
#[test]
fn of_equal_keys_the_lower_row_must_come_first() {
    let pool = Pool::new(&[0.0f32, 5.0, -5.0, 0.0, 5.0], 1).unwrap();
    let options = Options::default();
    assert!(verify(&pool, &[0, 1, 2, 3, 4], None, &options).unwrap().is_right());
    let tie = verify(&pool, &[0, 2], None, &options).unwrap();
    assert_eq!(
        tie,
        Verdict::Wrong { position: 1, chosen: 2, chosen_key: 5.0, expected: 1, expected_key: 5.0 }
    );
    let zeros = verify(&pool, &[0, 1, 2, 4, 3], None, &options).unwrap();
    assert!(matches!(zeros, Verdict::Wrong { position: 3, chosen: 4, expected: 3, .. }));
}

/// The earliest wrong pick is reported, whichever block of rows shows it.
#[test]
fn the_first_wrong_pick_is_the_one_reported() {
    let values = synth::pool(Shape::Integers, 900, 3, 1);
    let pool = Pool::new(&values, 3).unwrap();
    let right = select(&pool, 40, &Options::default()).unwrap().centers;
    for position in 0..30 {
        let mut wrong = right.clone();
        wrong[position..].reverse();
        let verdict = verify(&pool, &wrong, None, &Options::default()).unwrap();
        let Verdict::Wrong { position: at, expected, .. } = verdict else { panic!("{verdict:?}") };
        assert_eq!((at, expected), (position, right[position]));
    }
}

#[test]
fn picks_that_may_not_be_chosen_are_named() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1).unwrap();
    let options = Options { labeled: vec![0], excluded: vec![2], ..Options::default() };
    let refused = |centers: &[usize]| match verify(&pool, centers, None, &options).unwrap() {
        Verdict::Ineligible { position, row, reason } => (position, row, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[0]), (0, 0, "is labeled"));
    assert_eq!(refused(&[4, 2]), (1, 2, "is excluded"));
    assert_eq!(refused(&[4, 4]), (1, 4, "is chosen before"));
    assert_eq!(refused(&[4, 5]), (1, 5, "is not in the pool"));
}

#[test]
fn the_stop_radius_is_respected() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1).unwrap();
    let options = Options { stop_radius: Some(2.0), ..Options::default() };
    let selection = select(&pool, 5, &options).unwrap();
    assert_eq!(selection.centers, [0, 4]);
    assert!(verify(&pool, &[0, 4], Some(&selection.radii), &options).unwrap().is_right());
    assert_eq!(
        verify(&pool, &[0, 4, 2], None, &options).unwrap(),
        Verdict::PastStop { position: 2, radius: 2.0, stop_radius: 2.0 }
    );
}

/// The labeled rows may be enough, and then no pick at all is right.
#[test]
fn no_picks_can_be_right() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0], 1).unwrap();
    let options = Options { labeled: vec![1], stop_radius: Some(1.0), ..Options::default() };
    let selection = select(&pool, 1, &options).unwrap();
    let verdict = verify(&pool, &selection.centers, Some(&selection.radii), &options).unwrap();
    let Verdict::Right(cover) = verdict else { panic!("{verdict}") };
    assert_eq!((cover.initial_radius, cover.radius()), (1.0, 1.0));
}

#[test]
fn an_interrupted_run_has_one_radius_fewer() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1).unwrap();
    let check = |radii: &[f64]| verify(&pool, &[0, 4], Some(radii), &Options::default()).unwrap();
    assert!(check(&[10.0]).is_right());
    assert_eq!(check(&[]), Verdict::RadiusCount { radii: 0, centers: 2 });
    assert_eq!(check(&[10.0, 2.0, 0.0]), Verdict::RadiusCount { radii: 3, centers: 2 });
}

/// Weights of 0 everywhere leave nothing to cover: the rows come in order, from the first center on.
#[test]
fn zero_weights_choose_the_lowest_rows() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0], 1).unwrap();
    let options =
        Options { weights: Some(vec![0.0; 4]), first: First::Row(2), ..Options::default() };
    let selection = select(&pool, 4, &options).unwrap();
    assert_eq!(selection.centers, [2, 0, 1, 3]);
    assert!(
        verify(&pool, &selection.centers, Some(&selection.radii), &options).unwrap().is_right()
    );
}

#[test]
fn threads_do_not_change_the_verdict() {
    let values = synth::pool(Shape::Text, 400, 33, 3);
    let pool = Pool::new(&values, 33).unwrap();
    let right = select(&pool, 50, &Options::default()).unwrap();
    for threads in [1, 2, 5] {
        let options = Options { threads, ..Options::default() };
        assert!(verify(&pool, &right.centers, Some(&right.radii), &options).unwrap().is_right());
    }
}

/// Greedy with one canonical distance for each pair, and nothing ruled out: its picks and radii.
fn plain(values: &[f32], d: usize, budget: usize) -> (Vec<usize>, Vec<f64>) {
    let row = |row: usize| &values[row * d..(row + 1) * d];
    let mut nearest = vec![f64::INFINITY; values.len() / d];
    let (mut centers, mut radii) = (vec![0], vec![]);
    loop {
        let center = *centers.last().unwrap();
        for (at, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(farpoint::distance(row(at), row(center)));
        }
        let of_picks = |row: &usize| !centers.contains(row);
        let farthest = (0..nearest.len())
            .filter(of_picks)
            .rev()
            .max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]));
        radii.push(nearest[farthest.unwrap()]);
        if centers.len() == budget {
            return (centers, radii);
        }
        centers.push(farthest.unwrap());
    }
}

/// Values that f32 sums overflow, lose to subnormals or cannot tell apart; more rows than a block has, more picks than a tile.
#[test]
fn it_is_the_plain_loop_at_any_magnitude() {
    let d = 20;
    for (name, scale, shift) in [
        ("usual", 1.0, 0.0),
        ("huge", 5e37, 0.0),
        ("overflowing", 1e19, 0.0),
        ("tiny", 1e-24, 0.0),
        ("subnormal", 1e-42, 0.0),
        ("far away", 1e-3, 1000.0),
    ] {
        let mut values = synth::pool(Shape::Gaussian, 1100, d, 2);
        values.iter_mut().for_each(|value| *value = *value * scale + shift);
        values.copy_within(0..200 * d, 900 * d);
        let pool = Pool::new(&values, d).unwrap();
        let (centers, radii) = plain(&values, d, 100);
        let verdict = verify(&pool, &centers, Some(&radii), &Options::default()).unwrap();
        assert!(verdict.is_right(), "{name}: {verdict}");
        let mut wrong = radii.clone();
        wrong[70] = wrong[70].next_down();
        let verdict = verify(&pool, &centers, Some(&wrong), &Options::default()).unwrap();
        assert!(matches!(verdict, Verdict::Radius { position: 70, .. }), "{name}: {verdict}");
    }
}

/// So long that not all picks are kept in memory.
#[test]
fn it_is_the_plain_loop_on_long_rows() {
    let d = 70_000;
    let values = synth::pool(Shape::Unit, 112, d, 3);
    let (centers, radii) = plain(&values, d, 105);
    let pool = Pool::new(&values, d).unwrap();
    let verdict = verify(&pool, &centers, Some(&radii), &Options::default()).unwrap();
    assert!(verdict.is_right(), "{verdict}");
}

/// Every row is told of once.
#[test]
fn all_rows_are_told_of() {
    let values = synth::pool(Shape::Gaussian, 1300, 3, 1);
    let pool = Pool::new(&values, 3).unwrap();
    let right = select(&pool, 5, &Options::default()).unwrap();
    let told = std::sync::atomic::AtomicUsize::new(0);
    let add = |rows| {
        told.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    };
    let verdict = farpoint::verify_with(&pool, &right.centers, None, &Options::default(), &add);
    assert!(verdict.unwrap().is_right());
    assert_eq!(told.into_inner(), 1300);
}

/// The radius without a center is infinite, so the first center is made even if no row weighs anything.
#[test]
fn a_stop_radius_does_not_stop_the_first_center() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0], 1).unwrap();
    for weights in [vec![0.0; 4], vec![0.0, 1.0, 1.0, 1.0]] {
        let options =
            Options { weights: Some(weights), stop_radius: Some(20.0), ..Options::default() };
        let selection = select(&pool, 4, &options).unwrap();
        assert_eq!(selection.centers, [0]);
        let verdict = verify(&pool, &[0], Some(&selection.radii), &options).unwrap();
        assert!(verdict.is_right(), "{verdict}");
    }
}
