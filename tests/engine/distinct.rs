//! Pools with many equal rows, of which the engine holds one each: the answers are those of all rows.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{Element, First, Metric, Options, Pool, Statistics};
use half::{bf16, f16};

use crate::common::filter::{CPU, CPU_DISTINCT, CPU_DISTINCT_F32, CPU_F32, Filter, select_tuned};
use crate::common::pools;
use crate::select::check;

/// `n` rows, each one of the `count` of `d` values, in no order; two neighbours are equal now and then.
fn copies<T: Copy>(of: &[T], d: usize, n: usize) -> Vec<T> {
    let count = of.len() / d;
    let row = |at: usize| (at * at / 3 + at / 7) % count;
    (0..n).flat_map(|at| of[row(at) * d..][..d].iter().copied()).collect()
}

fn count(pool: &Pool, budget: usize, options: &Options, filter: &Filter) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(pool, budget, options, filter, &mut watch).unwrap().statistics
}

/// Weights of few sizes, 0 among them.
fn weights(n: usize) -> Vec<f32> {
    (0..n).map(|row| [1.0, 0.5, 0.0, 2.0, 1.0, -0.0, 0.25][row * 5 % 7]).collect()
}

const N: usize = 1500;

/// All roles that rows may have, each alone and together.
fn every_option(what: &str, pool: &Pool, filter: &Filter) {
    let n = pool.rows();
    let roles = [
        Options::default(),
        Options { weights: Some(weights(n)), ..Options::default() },
        Options { weights: Some(vec![0.0; n]), ..Options::default() },
        Options { labeled: vec![n - 1, 3, 4, 5, 77], ..Options::default() },
        Options { excluded: (0..n).filter(|row| row % 5 < 2).collect(), ..Options::default() },
        Options {
            weights: Some(weights(n)),
            labeled: vec![9, 2, 900],
            excluded: (20..300).collect(),
            ..Options::default()
        },
    ];
    for options in roles {
        for first in [First::Lowest, First::Mean, First::Heaviest, First::Row(444)] {
            let options = Options { first, labeled: vec![], ..options.clone() };
            check(what, pool, 130, &options, filter);
        }
        check(what, pool, 5, &options, filter);
        check(what, pool, 130, &options, filter);
    }
}

#[test]
fn every_role_of_rows() {
    let d = 12;
    for named in pools::hostile(40, d) {
        let values = copies(&named.values, d, N);
        let pool = Pool::new(&values, d).unwrap();
        every_option(named.name, &pool, &CPU_DISTINCT.with_frontier(60));
    }
}

/// By the way that the engine takes by itself, too.
#[test]
fn every_type() {
    fn check_all<T: Element>(values: &[f32], narrow: impl Fn(f32) -> T) {
        let narrowed: Vec<T> = values.iter().map(|&value| narrow(value)).collect();
        for n in [N, 30_000] {
            let values = copies(&narrowed, 16, n);
            let pool = Pool::new(&values, 16).unwrap();
            for budget in [15, 25, 80] {
                check("copies", &pool, budget, &Options::default(), &CPU);
                check("copies", &pool, budget, &Options::default(), &CPU_DISTINCT);
            }
            let options = Options { weights: Some(weights(n)), ..Options::default() };
            check("weighted copies", &pool, 40, &options, &CPU);
            let options = Options { metric: Metric::Cosine, labeled: vec![8], ..options };
            check("directions", &pool, 40, &options, &CPU);
        }
    }
    let values: Vec<f32> =
        pool(Shape::Gaussian, 60, 16, 31).iter().map(|v| (v * 20.0).clamp(-90.0, 90.0)).collect();
    check_all(&values, |v| v);
    check_all(&values, |v| f64::from(v) * 1e-3);
    check_all(&values, f16::from_f32);
    check_all(&values, bf16::from_f32);
    #[expect(clippy::cast_possible_truncation, reason = "any rounding makes a pool")]
    check_all(&values, |v| v as i8);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
    check_all(&values, |v| (v.abs() + 1.0) as u8);
}

/// Rows at distance 0 whose bytes differ: zeros of both signs, and f64 values whose squared differences underflow.
#[test]
fn different_rows_at_distance_0() {
    let zeros: Vec<f32> = (0..24)
        .map(|at| if at * 7 % 5 < 2 { -0.0 } else { f32::from(u8::from(at > 20)) })
        .collect();
    let tiny: Vec<f64> = (0..24).map(|at| f64::from(at * 11 % 8) * 1e-165).collect();
    let (zeros, tiny) = (copies(&zeros, 3, N), copies(&tiny, 3, N));
    every_option("zeros", &Pool::new(&zeros, 3).unwrap(), &CPU_DISTINCT_F32);
    every_option("tiny", &Pool::new(&tiny, 3).unwrap(), &CPU_DISTINCT_F32);
    let zeros = Pool::new(&zeros, 3).unwrap();
    let vectors = [0.0, -0.0, 0.0, 1.0, 1.0, 1.0];
    let vectors = Pool::new(&vectors, 3).unwrap();
    let options = Options { labeled_vectors: Some(&vectors), ..Options::default() };
    every_option("zeros", &zeros, &CPU_DISTINCT);
    check("equal vectors", &zeros, 60, &options, &CPU_DISTINCT);
    check(
        "equal vectors",
        &zeros,
        60,
        &Options { weights: Some(weights(N)), ..options },
        &CPU_DISTINCT,
    );
}

#[test]
fn every_prefix_is_gone_on_from() {
    let d = 6;
    let values = copies(&pool(Shape::Integers, 50, d, 32), d, N);
    let pool = Pool::new(&values, d).unwrap();
    for weights in [None, Some(weights(N))] {
        let options = Options { weights, assign: true, ..Options::default() };
        let mut watch = |_| ControlFlow::Continue(());
        let all = select_tuned(&pool, 120, &options, &CPU_F32, &mut watch).unwrap();
        for cut in [1, 2, 30, 48, 52, 100, 119, 120] {
            let resume = all.centers[..cut].to_vec();
            let options = Options { resume, ..options.clone() };
            let filter = CPU_DISTINCT.with_frontier(20);
            let found = select_tuned(&pool, 120, &options, &filter, &mut watch).unwrap();
            assert_eq!((&found.centers, &found.radii), (&all.centers, &all.radii), "{cut}");
            assert_eq!(found.min_distances, all.min_distances, "{cut}");
            assert_eq!(found.assignment, all.assignment, "{cut}");
        }
    }
}

#[test]
fn a_stop_radius_ends_among_and_after_distinct_rows() {
    let values = copies(&pool(Shape::Gaussian, 30, 9, 33), 9, N);
    let pool = Pool::new(&values, 9).unwrap();
    let all = farpoint::select(&pool, 40, &Options::default()).unwrap();
    for stop in [all.radii[10], all.radii[28] / 2.0, 0.0] {
        for weights in [None, Some(weights(N))] {
            let options = Options { stop_radius: Some(stop), weights, ..Options::default() };
            check("stop", &pool, 700, &options, &CPU_DISTINCT);
        }
    }
}

/// Of 60,000 rows of 100 kinds the engine reads each once, and works on the hundred.
#[test]
fn equal_rows_are_found_by_the_engine() {
    let n = 60_000;
    let values = copies(&pool(Shape::Gaussian, 100, 20, 34), 20, n);
    let pool = Pool::new(&values, 20).unwrap();
    for threads in [1, 2, 3] {
        let options = Options { threads, assign: true, ..Options::default() };
        let counts = count(&pool, 90, &options, &CPU);
        assert_eq!(counts.distinct_rows, Some(100));
        assert!(counts.row_reads <= (n + 90 * 100) as u64, "{counts:?}");
        assert!(counts.refresh_evaluations + counts.pick_evaluations <= 2 * 90 * 100, "{counts:?}");
        check("copies", &pool, 120, &options, &CPU);
    }
}

/// Where a sample shows no equal rows, where there are few picks, and where a way is asked for, none are looked for.
#[test]
fn other_pools_are_held_whole() {
    let d = 20;
    let all = |n| pool(Shape::Gaussian, n, d, 35);
    let (n, none) = (40_000, Options::default());
    let values = [
        all(n),
        copies(&all(n / 2), d, n),
        (0..n * d).map(|at| if at / d % 2 == 0 { 0.0 } else { at as f32 }).collect(),
    ];
    for values in &values {
        assert_eq!(count(&Pool::new(values, d).unwrap(), 50, &none, &CPU).distinct_rows, None);
    }
    let values = copies(&all(30), d, n);
    let pool = Pool::new(&values, d).unwrap();
    assert_eq!(count(&pool, 2, &none, &CPU).distinct_rows, None);
    assert_eq!(count(&pool, 20, &none, &CPU_F32).distinct_rows, None);
    assert_eq!(count(&pool, 50, &none, &CPU).distinct_rows, Some(30));
}

/// A sample of which many are equal, and yet most rows differ: all are held, after one read.
#[test]
fn a_sample_that_misleads_costs_one_read() {
    let (n, d) = (40_000, 8);
    let mut values = pool(Shape::Gaussian, n, d, 36);
    // Of thirty kinds there are as many rows as no sample takes for much.
    for row in (0..n).filter(|row| row % 20 < 12) {
        let kind = row * 7 % 30;
        values[row * d..][..d].fill(kind as f32 / 8.0);
    }
    let wide: Vec<f32> = values.chunks(d).flat_map(|x| [x, x].concat()).collect();
    let pool = Pool::new(&wide, 2 * d).unwrap();
    check("misleading", &pool, 60, &Options::default(), &CPU);
    assert_eq!(count(&pool, 60, &Options::default(), &CPU).distinct_rows, None);
}
