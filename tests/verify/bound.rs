//! The bound on the loss: worked out by hand, and what must hold of it.

use farpoint::synth::{self, Shape};
use farpoint::{Bound, BoundInputs, Coverage, Error, Metric, Options, Pool, bound, coverage};

use crate::common::reference;

fn inputs() -> BoundInputs {
    BoundInputs {
        loss_lipschitz: 0.5,
        regression_lipschitz: 0.25,
        loss_bound: 2.0,
        classes: 10,
        gamma: (-2.0f64).exp(),
        rows: 100,
        radius: 0.125,
        uncovered: 0,
    }
}

fn of(change: impl FnOnce(&mut BoundInputs)) -> Bound {
    let mut inputs = inputs();
    change(&mut inputs);
    bound(&inputs).unwrap()
}

/// Within a few units in the last place of what a hand works out.
#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{found} {expected}");
}

/// `ln(1/γ)` is 2, so the last term is `sqrt(4 * 2 / 200)`.
#[test]
fn the_papers_formula() {
    let bound = of(|_| ());
    assert_eq!((bound.radius, bound.uncovered), (0.125, 0));
    assert_eq!(
        (bound.covering_term, bound.uncovered_term),
        (0.125 * (0.5 + 0.25 * 2.0 * 10.0), 0.0)
    );
    near(bound.hoeffding_term, 0.2);
    near(bound.total, 0.6875 + 0.2);
    assert!(!bound.vacuous);
}

#[test]
fn rows_left_uncovered() {
    let bound = of(|inputs| inputs.uncovered = 25);
    assert_eq!((bound.covering_term, bound.uncovered_term), (0.75 * 0.6875, 0.25 * 2.0));
    near(bound.total, 0.515_625 + 0.5 + 0.2);
    let all = of(|inputs| inputs.uncovered = 100);
    assert_eq!((all.covering_term, all.uncovered_term, all.vacuous), (0.0, 2.0, true));
}

#[test]
fn each_term_grows_with_what_it_is_of() {
    let plain = of(|inputs| inputs.uncovered = 3);
    let larger = |change: fn(&mut BoundInputs), grown: [bool; 3]| {
        let bound = of(|inputs| {
            inputs.uncovered = 3;
            change(inputs);
        });
        let terms =
            |bound: &Bound| [bound.covering_term, bound.uncovered_term, bound.hoeffding_term];
        for (at, (now, before)) in terms(&bound).into_iter().zip(terms(&plain)).enumerate() {
            assert_eq!(now > before, grown[at], "{now} {before}");
            assert!(grown[at] || now == before, "{now} {before}");
        }
        assert!(bound.total > plain.total);
    };
    larger(|inputs| inputs.loss_lipschitz *= 2.0, [true, false, false]);
    larger(|inputs| inputs.regression_lipschitz *= 2.0, [true, false, false]);
    larger(|inputs| inputs.classes += 1, [true, false, false]);
    larger(|inputs| inputs.radius *= 2.0, [true, false, false]);
    larger(|inputs| inputs.loss_bound *= 2.0, [true, true, true]);
    larger(|inputs| inputs.gamma /= 2.0, [false, false, true]);
    let fewer = of(|inputs| (inputs.rows, inputs.uncovered) = (50, 0));
    assert!(fewer.hoeffding_term > plain.hoeffding_term);
}

/// No loss exceeds L, so a bound that reaches it says nothing.
#[test]
fn a_bound_that_says_nothing_says_so() {
    assert!(!of(|inputs| inputs.radius = 0.32).vacuous);
    assert!(of(|inputs| inputs.radius = 0.33).vacuous);
    assert!(of(|inputs| inputs.radius = 1e308).vacuous);
    assert!(of(|inputs| (inputs.rows, inputs.gamma) = (1, 1e-9)).vacuous);
    let nothing = of(|inputs| (inputs.loss_bound, inputs.loss_lipschitz) = (0.0, 0.0));
    assert_eq!((nothing.total, nothing.vacuous), (0.0, true));
}

#[test]
fn no_term_is_a_nan() {
    let steep = |uncovered| {
        of(|inputs| {
            (inputs.loss_lipschitz, inputs.radius, inputs.uncovered) = (1e308, 1e308, uncovered);
        })
    };
    assert_eq!((steep(0).total, steep(100).covering_term), (f64::INFINITY, 0.0));
    let high = of(|inputs| (inputs.loss_bound, inputs.regression_lipschitz) = (1e300, 0.0));
    near(high.hoeffding_term, 1e299);
}

#[track_caller]
fn refused(change: impl FnOnce(&mut BoundInputs), expected: &str) {
    let mut inputs = inputs();
    change(&mut inputs);
    let error = bound(&inputs).unwrap_err();
    assert!(matches!(error, Error::Bound { .. }), "{error:?}");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn numbers_that_will_not_do_are_named() {
    let finite = "is not a finite number of at least 0";
    refused(|inputs| inputs.loss_lipschitz = -1.0, &format!("loss_lipschitz -1 {finite}"));
    refused(
        |inputs| inputs.regression_lipschitz = f64::NAN,
        &format!("regression_lipschitz NaN {finite}"),
    );
    refused(|inputs| inputs.loss_bound = f64::INFINITY, &format!("loss_bound inf {finite}"));
    refused(|inputs| inputs.radius = -0.5, &format!("radius -0.5 {finite}"));
    let probability = "is not a probability between 0 and 1, both left out";
    for gamma in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
        refused(|inputs| inputs.gamma = gamma, &format!("gamma {gamma} {probability}"));
    }
    refused(|inputs| inputs.classes = 0, "classes 0 is not at least 1");
    refused(|inputs| inputs.rows = 0, "rows 0 is not at least 1");
    refused(|inputs| inputs.uncovered = 101, "uncovered 101 is not at most the number of rows");
    refused(
        |inputs| (inputs.regression_lipschitz, inputs.loss_bound) = (1e200, 1e200),
        "loss_lipschitz + regression_lipschitz * loss_bound * classes inf is not a finite number: give smaller constants",
    );
}

fn covered(pool: &Pool, centers: &[usize], options: &Options) -> Coverage {
    coverage(pool, centers, options).unwrap()
}

/// The distances of greedy's picks, from the definition.
#[test]
fn coverage_is_the_oracles() {
    let vectors = synth::pool(Shape::Gaussian, 3, 5, 2);
    let vectors = Pool::new(&vectors, 5).unwrap();
    let labeled_vectors = Some(&vectors);
    let (labeled, excluded) = (vec![9, 140, 17], vec![17, 3, 5]);
    let values = synth::pool(Shape::Mixture, 150, 5, 7);
    let pool = Pool::new(&values, 5).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        for options in [
            Options::default(),
            Options { labeled: labeled.clone(), excluded: excluded.clone(), ..Options::default() },
            Options { labeled_vectors, labeled: labeled.clone(), ..Options::default() },
            Options { labeled_vectors, excluded: excluded.clone(), ..Options::default() },
        ] {
            let options = Options { metric, ..options };
            let selection = reference::select(&pool, 12, &options);
            let coverage = covered(&pool, &selection.centers, &options);
            let settled = selection.min_distances.iter().enumerate();
            let mut expected: Vec<f64> = settled
                .filter(|(row, _)| !options.excluded.contains(row))
                .map(|(_, &distance)| distance)
                .collect();
            expected.sort_by(f64::total_cmp);
            assert_eq!(coverage.distances(), expected);
            assert_eq!(coverage.quantile(1000), selection.radii[11]);
            let threads = Options { threads: 3, ..options };
            assert_eq!(covered(&pool, &selection.centers, &threads), coverage);
        }
    }
}

/// A quantile is the least distance that covers so many rows.
#[test]
fn quantiles_cover_what_they_say() {
    for n in [1, 2, 3, 9, 10, 11, 99, 100, 1000, 1003] {
        let values = synth::pool(Shape::Integers, n, 2, 3);
        let pool = Pool::new(&values, 2).unwrap();
        let coverage = covered(&pool, &[0], &Options::default());
        for thousandths in (0..=1000).chain([1, 999]) {
            let quantile = coverage.quantile(thousandths);
            let within = |radius: f64| 1000 * (n - coverage.uncovered(radius));
            assert!(within(quantile) >= thousandths * n, "{n}, {thousandths}");
            let less = quantile.next_down();
            assert!(quantile == 0.0 || within(less) < thousandths.max(1) * n, "{n}, {thousandths}");
        }
    }
}

#[test]
fn uncovered_rows_are_those_farther() {
    let pool = Pool::new(&[0.0f32, 1.0, 1.0, 3.0], 1).unwrap();
    let coverage = covered(&pool, &[0], &Options::default());
    let uncovered = [0.0, 0.5, 1.0, 2.9, 3.0, 9.0].map(|radius| coverage.uncovered(radius));
    assert_eq!(uncovered, [3, 3, 1, 1, 0, 0]);
    let bound = coverage.bound(1.0, &inputs()).unwrap();
    assert_eq!((bound.radius, bound.uncovered, bound.uncovered_term), (1.0, 1, 0.25 * 2.0));
}

/// No radius at all does better than the one found: neither a distance, nor one between two, nor one beyond.
#[test]
fn the_least_bound_is_the_least() {
    let mut uncovered = 0;
    for (seed, slope) in (0..60).zip([0.001, 0.01, 0.1, 1.0].into_iter().cycle()) {
        let shape = [Shape::Integers, Shape::Gaussian, Shape::Mixture][seed % 3];
        let values = synth::pool(shape, 80, 2, seed as u64);
        let pool = Pool::new(&values, 2).unwrap();
        let coverage = covered(&pool, &[3, 40, 7], &Options::default());
        let constants =
            BoundInputs { loss_lipschitz: slope, regression_lipschitz: slope, ..inputs() };
        let least = coverage.least_bound(&constants).unwrap();
        assert_eq!(coverage.bound(least.radius, &constants).unwrap(), least);
        for &distance in coverage.distances() {
            for radius in [distance, distance.next_down().max(0.0), distance * 1.01] {
                let bound = coverage.bound(radius, &constants).unwrap();
                assert!(bound.total >= least.total, "{seed}: {bound:?} {least:?}");
            }
        }
        uncovered += least.uncovered;
    }
    assert!(uncovered > 0, "no least bound leaves a row out: the test is too easy");
}

/// Where covering costs nothing, all rows are covered.
#[test]
fn of_equal_bounds_the_one_that_covers_most() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0], 1).unwrap();
    let coverage = covered(&pool, &[0], &Options::default());
    let free = BoundInputs { loss_lipschitz: 0.0, loss_bound: 0.0, ..inputs() };
    let least = coverage.least_bound(&free).unwrap();
    assert_eq!((least.radius, least.uncovered, least.total), (9.0, 0, 0.0));
}

#[test]
fn centers_that_are_none_are_refused() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0], 1).unwrap();
    let options = Options { labeled: vec![1], excluded: vec![2], ..Options::default() };
    let message =
        |centers: &[usize], options| coverage(&pool, centers, options).unwrap_err().to_string();
    assert_eq!(message(&[4], &options), "chosen row 4 is not in the pool, whose rows are 0 to 3");
    assert_eq!(message(&[0, 0], &options), "chosen row 0 is given twice");
    assert_eq!(message(&[1], &options), "chosen row 1 is labeled, excluded or left out");
    assert_eq!(message(&[0, 2], &options), "chosen row 2 is labeled, excluded or left out");
    assert_eq!(
        message(&[], &Options::default()),
        "there is no center: give chosen or labeled rows"
    );
    assert_eq!(covered(&pool, &[], &options).distances(), [0.0, 1.0, 8.0]);
}
