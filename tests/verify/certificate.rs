//! `verify_certificate` accepts every true proof and no other: held to a slow check from the definition.

use farpoint::{
    Certificate, CertificateVerdict, Dual, Interval, LowerBy, Metric, Options, Pool, select, synth,
    verify_certificate,
};

use crate::certificates::{Case, Random, mutants, proves};

/// Ties and twins, labeled rows and vectors, excluded rows, cosine, up to two outliers.
#[test]
fn it_agrees_with_the_definition_on_certificates_and_mutants() {
    let (mut refused, mut right, mut proofs, mut optimal, mut fractions) = (0, 0, 0, 0, 0);
    for seed in 0..250 {
        let mut random = Random(seed);
        let case = Case::small(&mut random);
        let (pool, options) = (case.pool(), Options { threads: 1, ..case.options() });
        let certificate = case.certificate(&mut random);
        assert!(proves(&pool, &certificate, &options), "seed {seed}: {certificate:?}");
        let verdict = verify_certificate(&pool, &certificate, &options).unwrap();
        let CertificateVerdict::Right(interval) = verdict else {
            panic!("seed {seed}: {verdict}: {certificate:?}")
        };
        optimal += usize::from(interval.is_optimal() && interval.upper > 0.0);
        proofs += usize::from(certificate.dual.radius > 0.0);
        fractions += usize::from(certificate.dual.denominator > 1);
        for (name, mutant) in mutants(&certificate, pool.rows()) {
            let proves = proves(&pool, &mutant, &options);
            let verdict = verify_certificate(&pool, &mutant, &options).unwrap();
            assert_eq!(verdict.is_right(), proves, "seed {seed}, {name}: {verdict}: {mutant:?}");
            *if proves { &mut right } else { &mut refused } += 1;
        }
    }
    // Enough of each kind that agreement means something.
    assert!(refused > 20_000 && right > 2_000, "{refused} refused, {right} right");
    assert!(proofs > 80 && optimal > 40 && fractions > 40, "{proofs}, {optimal}, {fractions}");
}

/// More rows than a block, more centers than a tile; whichever threads find what.
#[test]
fn large_pools_and_any_number_of_threads() {
    for (metric, outliers) in [(Metric::Euclidean, 0), (Metric::Euclidean, 3), (Metric::Cosine, 2)]
    {
        let case = large(metric, outliers);
        let (pool, options) = (case.pool(), case.options());
        let certificate = packed(&case);
        let check = |certificate: &Certificate, threads| {
            verify_certificate(&pool, certificate, &Options { threads, ..options.clone() }).unwrap()
        };
        let verdict = check(&certificate, 1);
        assert!(verdict.is_right(), "{verdict}");
        for (name, mutant) in mutants(&certificate, pool.rows()).into_iter().step_by(67) {
            let verdict = check(&mutant, 1);
            let right = proves(&pool, &mutant, &options);
            assert_eq!(verdict.is_right(), right, "{name}: {verdict}");
            for threads in [2, 5] {
                assert_eq!(format!("{:?}", check(&mutant, threads)), format!("{verdict:?}"));
            }
        }
    }
}

fn large(metric: Metric, outliers: usize) -> Case {
    let (n, d) = (230, 3);
    let mut values = synth::pool(synth::Shape::Integers, n, d, 8);
    values.chunks_exact_mut(d).for_each(|row| row[0] += 0.5);
    let outside = Pool::new(&[1.0f32, 2.0, 3.0, -4.0, 0.0, 1.0], d).unwrap();
    Case {
        values,
        d,
        outside: Some(outside),
        labeled: vec![200, 7, 66],
        excluded: (90..130).collect(),
        metric,
        budget: 40,
        outliers,
    }
}

/// Greedy's first `budget + outliers + 1` picks are far apart: nothing is near two of them.
fn packed(case: &Case) -> Certificate {
    let (pool, options) = (case.pool(), Options { assign: true, ..case.options() });
    let Case { budget, outliers, .. } = *case;
    let more = select(&pool, budget + outliers + 1, &options).unwrap();
    let selection = select(&pool, budget, &options).unwrap();
    let distances = selection.min_distances.unwrap();
    let counted = |row: &usize| !case.excluded.contains(row);
    let mut counted: Vec<f64> =
        (0..pool.rows()).filter(counted).map(|row| distances[row]).collect();
    counted.sort_by(f64::total_cmp);
    let upper = counted[counted.len() - 1 - outliers];
    let beyond = |row: &usize| distances[*row] > upper && !case.excluded.contains(row);
    let mut weights: Vec<(usize, u64)> = more.centers.iter().map(|&row| (row, 7)).collect();
    weights.sort_unstable();
    let radius = more.radii[budget + outliers - 1] * 0.49;
    Certificate {
        budget,
        outliers,
        centers: selection.centers,
        upper,
        uncovered: (0..pool.rows()).filter(beyond).collect(),
        lower: radius,
        lower_by: LowerBy::Dual,
        dual: Dual { radius, denominator: 7, weights },
    }
}

const LINE: [f32; 9] = [0.0, 1.0, 2.0, 9.0, 10.0, 30.0, 50.0, 31.0, 100.0];

fn line_options() -> Options<'static> {
    Options { labeled: vec![5], excluded: vec![6], ..Options::default() }
}

/// Two centers and one outlier: 1 is optimal.
fn line() -> Certificate {
    Certificate {
        budget: 2,
        outliers: 1,
        centers: vec![3, 1],
        upper: 1.0,
        uncovered: vec![8],
        lower: 1.0,
        lower_by: LowerBy::Dual,
        dual: Dual { radius: 1.0, denominator: 3, weights: vec![(0, 3), (2, 3), (4, 3), (7, 3)] },
    }
}

/// The verdict on `line` once it is changed.
fn spoiled(change: impl Fn(&mut Certificate)) -> CertificateVerdict {
    let mut certificate = line();
    change(&mut certificate);
    let pool = Pool::new(&LINE, 1).unwrap();
    let verdict = verify_certificate(&pool, &certificate, &line_options()).unwrap();
    assert_eq!(verdict.is_right(), proves(&pool, &certificate, &line_options()), "{verdict}");
    verdict
}

#[track_caller]
fn refused(change: impl Fn(&mut Certificate), line: &str) {
    assert_eq!(spoiled(change).to_string(), line);
}

#[test]
fn what_is_proven_is_said_in_a_line() {
    assert_eq!(spoiled(|_| ()).to_string(), "optimal: radius 1 proven");
    let wider = |c: &mut Certificate| (c.centers, c.upper) = (vec![3, 0], 2.0);
    assert_eq!(spoiled(wider).to_string(), "between 1 (proven) and 2");
    let searched = spoiled(|c| {
        wider(c);
        (c.lower, c.lower_by) = (1.5, LowerBy::BranchAndBound);
    });
    let interval = Interval { lower: 1.5, checked_lower: 1.0, upper: 2.0 };
    assert_eq!(searched, CertificateVerdict::Right(interval));
    assert_eq!(
        searched.to_string(),
        "between 1 (proven; 1.5 by branch and bound, not checked here) and 2"
    );
    let closed = spoiled(|c| {
        wider(c);
        (c.lower, c.lower_by) = (2.0, LowerBy::BranchAndBound);
    });
    assert_eq!(
        closed.to_string(),
        "between 1 (proven; 2 by branch and bound, not checked here) and 2"
    );
    // What the search adds nothing to is proven whatever is named.
    let same = spoiled(|c| c.lower_by = LowerBy::BranchAndBound);
    assert_eq!(same.to_string(), "optimal: radius 1 proven");
    let nothing = spoiled(|c| {
        c.lower = 0.0;
        c.dual = Dual { radius: 0.0, denominator: 0, weights: vec![] };
    });
    assert_eq!(nothing.to_string(), "between 0 (proven) and 1");
}

#[test]
fn numbers_that_are_no_radius_are_named() {
    let tail = "which is not a finite number of at least 0";
    refused(|c| c.upper = f64::NAN, &format!("upper is NaN, {tail}"));
    refused(|c| c.upper = f64::INFINITY, &format!("upper is inf, {tail}"));
    refused(|c| c.lower = -1.0, &format!("lower is -1, {tail}"));
    refused(|c| c.dual.radius = -0.0, &format!("dual.radius is -0, {tail}"));
}

#[test]
fn sizes_are_possible() {
    refused(|c| c.budget = 0, "the budget is 0, and 7 rows may be chosen");
    refused(|c| c.budget = 8, "the budget is 8, and 7 rows may be chosen");
    refused(|c| c.outliers = 7, "7 outliers leave nothing to cover of 7 rows");
    refused(
        |c| c.outliers = usize::MAX,
        &format!("{} outliers leave nothing to cover of 7 rows", usize::MAX),
    );
}

#[test]
fn the_cover_is_checked() {
    refused(|c| c.centers = vec![3, 1, 0], "there are 3 centers, and at most 2 may be");
    refused(|c| c.centers[1] = 9, "center 2 is row 9, which is not in the pool");
    refused(|c| c.centers[1] = 6, "center 2 is row 6, which is excluded");
    refused(|c| c.centers[0] = 5, "center 1 is row 5, which is labeled");
    refused(|c| c.centers[1] = 3, "center 2 is row 3, which is chosen before");
    let missing = "is at 70 from its nearest center, beyond 1, and not among the uncovered";
    refused(|c| c.uncovered.clear(), &format!("row 8 {missing}"));
    refused(
        |c| c.uncovered = vec![7],
        "row 7 is among the uncovered, and at 1 from its nearest center, within 1",
    );
    refused(|c| c.uncovered = vec![7, 8], "there are 2 uncovered rows, and at most 1 may be");
    refused(|c| c.uncovered = vec![6], "uncovered row 1 is row 6, which is excluded");
    refused(|c| c.uncovered = vec![5], "uncovered row 1 is row 5, which is labeled");
    refused(
        |c| (c.outliers, c.uncovered) = (2, vec![8, 8]),
        "uncovered row 2 is row 8, which does not come after the one before it",
    );
    refused(|c| c.upper = 1.5, "the radius reached is 1, not 1.5");
    refused(
        |c| (c.upper, c.lower_by, c.lower, c.dual.radius) = (0.5, LowerBy::Dual, 0.5, 0.5),
        "row 0 is at 1 from its nearest center, beyond 0.5, and not among the uncovered",
    );
}

#[test]
fn the_lower_bound_is_what_it_rests_on() {
    refused(
        |c| (c.lower, c.lower_by) = (1.5, LowerBy::BranchAndBound),
        "the lower bound 1.5 is above the radius reached, 1",
    );
    refused(
        |c| c.lower = 0.5,
        "the lower bound 0.5 is said to rest on weights, which are of radius 1",
    );
    refused(
        |c| (c.lower, c.lower_by) = (0.5, LowerBy::BranchAndBound),
        "the lower bound 0.5 is below the radius of the weights, 1",
    );
}

#[test]
fn the_weights_are_checked() {
    refused(
        |c| (c.dual.radius, c.lower) = (0.0, 0.0),
        "there are 4 weights at radius 0, and at most 0 may be",
    );
    refused(|c| c.dual.weights[1].0 = 6, "weighted row 2 is row 6, which is excluded");
    refused(|c| c.dual.weights[2].0 = 5, "weighted row 3 is row 5, which is labeled");
    refused(
        |c| c.dual.weights.swap(0, 1),
        "weighted row 2 is row 0, which does not come after the one before it",
    );
    refused(|c| c.dual.weights[1].1 = 0, "row 2 weighs 0, and a weight is 1 to 3");
    refused(|c| c.dual.weights[1].1 = 4, "row 2 weighs 4, and a weight is 1 to 3");
    refused(|c| c.dual.denominator = 0, "row 0 weighs 3, and a weight is 1 to 0");
    let tail = "which 2 centers of 3 and 1 outliers of 3 may account for";
    refused(|c| _ = c.dual.weights.remove(0), &format!("the weights sum to 9, {tail}"));
    refused(
        |c| c.dual.weights.clear(),
        "the weights sum to 0, which 2 centers of 3 and 1 outliers of 0 may account for",
    );
}

/// All that is at the radius exactly: nearer is another thing than as near.
#[test]
fn ties_at_the_radius() {
    // Row 7 is at 1 from a labeled center, rows 0 and 2 at 1 from row 1: strictly nearer than 1 there is nothing.
    assert!(spoiled(|_| ()).is_right());
    let next = 1.0f64.next_up();
    let wider = |c: &mut Certificate| {
        (c.centers, c.upper) = (vec![3, 0], 2.0);
        (c.dual.radius, c.lower) = (next, next);
    };
    assert_eq!(spoiled(wider), CertificateVerdict::Labeled { row: 7, distance: 1.0, radius: next });
    // Row 8 is at 70 from it, and may weigh as much.
    let elsewhere = spoiled(|c| {
        wider(c);
        c.dual.weights[3].0 = 8;
    });
    let heavy = CertificateVerdict::Neighbours { row: 1, radius: next, weight: 6, denominator: 3 };
    assert_eq!(elsewhere, heavy);
    assert_eq!(
        heavy.to_string(),
        "the rows nearer than 1.0000000000000002 to row 1 weigh 6, more than 3"
    );
}

/// Neighbours may weigh 1 together, and weights accounted for to the last unit prove nothing.
#[test]
fn ties_of_sums() {
    // Rows 0 and 2 are neighbours of row 1.
    let weights = |outliers: usize, [a, b, c, d]: [u64; 4]| {
        spoiled(move |certificate| {
            let radius = 1.5;
            *certificate = Certificate {
                outliers,
                centers: vec![1, 8],
                upper: 9.0,
                uncovered: vec![],
                lower: radius,
                dual: Dual {
                    radius,
                    denominator: 8,
                    weights: vec![(0, a), (2, b), (4, c), (8, d)],
                },
                ..line()
            };
        })
    };
    assert!(weights(0, [4, 4, 1, 8]).is_right());
    assert!(weights(1, [4, 4, 7, 7]).to_string().starts_with("the weights sum to 22, "));
    assert!(matches!(weights(0, [3, 4, 1, 8]), CertificateVerdict::Total { total: 16, .. }));
    assert!(matches!(weights(0, [5, 4, 1, 8]), CertificateVerdict::Neighbours { weight: 9, .. }));
    assert!(matches!(weights(1, [4, 4, 8, 8]), CertificateVerdict::Total { total: 24, .. }));
    assert!(matches!(weights(1, [4, 5, 8, 8]), CertificateVerdict::Neighbours { weight: 9, .. }));
}

/// Weights near 2^64 are added, not wrapped.
#[test]
fn no_sum_overflows() {
    let large = |denominator: u64, first: u64| {
        spoiled(move |c| {
            c.dual.denominator = denominator;
            c.dual.weights.iter_mut().for_each(|(_, weight)| *weight = denominator);
            c.dual.weights[0].1 = first;
        })
    };
    assert!(large(u64::MAX, u64::MAX).is_right());
    assert!(large(u64::MAX, 1).is_right());
    let twins = spoiled(|c| {
        c.dual.denominator = u64::MAX;
        c.dual.weights = vec![(0, u64::MAX), (1, u64::MAX), (2, u64::MAX), (4, u64::MAX)];
        (c.centers, c.upper, c.dual.radius, c.lower) = (vec![3, 0], 2.0, 1.5, 1.5);
    });
    let weight = 2 * u128::from(u64::MAX);
    assert!(
        matches!(twins, CertificateVerdict::Neighbours { row: 0, weight: w, .. } if w == weight),
        "{twins}"
    );
}

/// Every row is within 0 of its twin.
#[test]
fn a_radius_of_zero_needs_no_weights() {
    let pool = Pool::new(&[3.0f32, 3.0, 5.0, 3.0, 5.0], 1).unwrap();
    let certificate = Certificate {
        budget: 2,
        outliers: 0,
        centers: vec![4, 1],
        upper: 0.0,
        uncovered: vec![],
        lower: 0.0,
        lower_by: LowerBy::Dual,
        dual: Dual { radius: 0.0, denominator: 1, weights: vec![] },
    };
    let verdict = verify_certificate(&pool, &certificate, &Options::default()).unwrap();
    assert_eq!(verdict.to_string(), "optimal: radius 0 proven");
}

/// No center at all covers what the labeled ones do, and nothing where there are none.
#[test]
fn no_centers_can_be_enough() {
    let far = spoiled(|c| {
        (c.centers, c.upper) = (vec![], 30.0);
    });
    assert!(far.is_right(), "{far}");
    let pool = Pool::new(&LINE, 1).unwrap();
    let certificate = Certificate { centers: vec![], uncovered: vec![], ..line() };
    let verdict = verify_certificate(&pool, &certificate, &Options::default()).unwrap();
    assert_eq!(
        verdict.to_string(),
        "row 0 is at inf from its nearest center, beyond 1, and not among the uncovered"
    );
}

#[test]
fn options_without_a_part_in_it_are_refused() {
    let pool = Pool::new(&LINE, 1).unwrap();
    let refused = |options: Options, told: &str| {
        let error = verify_certificate(&pool, &line(), &options).unwrap_err();
        assert_eq!(error.to_string(), told);
    };
    let base = line_options;
    let takes_no = |what: &str| format!("a robust selection takes no {what}, nor does its proof");
    refused(Options { weights: Some(vec![1.0; 9]), ..base() }, &takes_no("weights"));
    refused(Options { stop_radius: Some(1.0), ..base() }, &takes_no("stop radius"));
    refused(Options { resume: vec![1], ..base() }, &takes_no("picks to resume from"));
    refused(
        Options { labeled: vec![9], ..base() },
        "labeled row 9 is not in the pool, whose rows are 0 to 8",
    );
    refused(
        Options { labeled: (0..6).chain(7..9).collect(), ..base() },
        "budget 1 exceeds the 0 rows that are neither labeled, excluded nor left out",
    );
}
