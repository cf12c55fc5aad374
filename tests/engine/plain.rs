//! The plain loop: what other properties do not ask of it, since they ask for assignments, and where the engine takes it.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{Metric, Options, Pool, Selection};
use half::f16;

use crate::common::filter::{CPU, CPU_F32, CPU_PLAIN, Filter, select_tuned};
use crate::common::{pools, reference};

fn selected(pool: &Pool, budget: usize, options: &Options, filter: &Filter) -> Selection {
    select_tuned(pool, budget, options, filter, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Without assignments, neither the bounds of the last pass nor nearest centers are kept.
fn check(what: &str, pool: &Pool, budget: usize, options: &Options) {
    let expected = reference::select(pool, budget, options);
    for threads in [1, 3] {
        let options = Options { threads, ..options.clone() };
        let found = selected(pool, budget, &options, &CPU_PLAIN);
        let context = format!("{what}, {pool:?}, {budget} picks, {threads} threads");
        assert_eq!(found.centers, expected.centers, "centers: {context}");
        assert_eq!(found.radii, expected.radii, "radii: {context}");
        assert_eq!(found.initial_radius, expected.initial_radius, "{context}");
        assert_eq!(found.statistics.filter, "plain loop");
    }
}

fn options(n: usize) -> [Options<'static>; 5] {
    let plain = Options::default();
    let weights = Some((0..n).map(|row| [1.0, 0.5, 0.0, 2.0, 1.0][row * 7 % 5]).collect());
    let weighted = Options { weights, ..plain.clone() };
    let labeled = Options { labeled: vec![n - 1, 2], ..plain.clone() };
    let excluded = Options { excluded: (0..n / 3).collect(), ..plain.clone() };
    let roles = Options { labeled: vec![1, 5], excluded: vec![0, 2, n - 2], ..weighted.clone() };
    [plain, weighted, labeled, excluded, roles]
}

#[test]
fn hostile_pools_of_every_dimension() {
    let n = 90;
    for d in (1..=9).chain([31, 32, 33, 65]) {
        for (at, named) in pools::hostile(n, d).iter().enumerate() {
            let pool = Pool::new(&named.values, d).unwrap();
            for (way, options) in options(n).iter().enumerate() {
                for budget in [1, 2, 7, n / 2] {
                    if (at + way + budget + d) % 3 == 0 {
                        check(named.name, &pool, budget, options);
                    }
                }
            }
        }
    }
}

/// Pools of several blocks, in every type, whose farthest rows are anywhere.
#[test]
fn pools_of_many_blocks() {
    for (n, d) in [(2500, 1), (2049, 2), (1500, 3), (3000, 7), (400, 40), (70, 700)] {
        let values = pool(Shape::Gaussian, n, d, 5);
        let wide: Vec<f64> = values.iter().map(|&value| f64::from(value) * 1.1).collect();
        let half: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
        #[expect(clippy::cast_possible_truncation, reason = "any rounding makes a pool")]
        let bytes: Vec<i8> = values.iter().map(|&value| (value * 9.0) as i8).collect();
        for options in options(n) {
            check("f32", &Pool::new(&values, d).unwrap(), 3, &options);
            check("f64", &Pool::new(&wide, d).unwrap(), 3, &options);
            check("f16", &Pool::new(&half, d).unwrap(), 3, &options);
            check("i8", &Pool::new(&bytes, d).unwrap(), 5, &options);
            let cosine = Options { metric: Metric::Cosine, ..options };
            check("cosine", &Pool::new(&values, d).unwrap(), 3, &cosine);
        }
    }
}

/// Of equal keys the lowest row is next, in whichever blocks they lie.
#[test]
fn ties_across_blocks() {
    let n = 5000;
    let values: Vec<f32> = (0..n).map(|row| [0.0, 7.0, -7.0, 7.0][row % 1300 % 4]).collect();
    let pool = Pool::new(&values, 1).unwrap();
    for options in options(n) {
        check("ties", &pool, 4, &options);
    }
    let stop = Options { stop_radius: Some(7.0), ..Options::default() };
    check("stop", &pool, 9, &stop);
}

/// A pool that rounds would be chosen for if more were picked.
#[test]
fn few_picks_from_many_rows_are_plain() {
    for d in [1, 2, 24] {
        let values = pool(Shape::Gaussian, 60_000, d, 2);
        let pool = Pool::new(&values, d).unwrap();
        for budget in [1, 2] {
            let one = selected(&pool, budget, &Options::default(), &CPU);
            assert_eq!(one.statistics.filter, "plain loop", "{budget} picks, d = {d}");
            assert_eq!(one.statistics.row_reads, budget as u64 * 60_000, "one read a pick");
            let other = selected(&pool, budget, &Options::default(), &CPU_F32);
            assert_ne!(other.statistics.filter, "plain loop");
            assert_eq!((one.centers, one.radii), (other.centers, other.radii));
        }
        let many = selected(&pool, 3000, &Options::default(), &CPU);
        assert_ne!(many.statistics.filter, "plain loop");
    }
}

/// Rows far beyond the others are told of, whether their bounds are kept or not.
#[test]
fn rows_beyond_are_told() {
    let mut values = pool(Shape::Gaussian, 20_000, 3, 4);
    values[3 * 777] = 1e9;
    let pool = Pool::new(&values, 3).unwrap();
    for (budget, assign, threads) in [(1, false, 1), (2, false, 2), (2, true, 1), (1, true, 2)] {
        let options = Options { assign, threads, ..Options::default() };
        let told = selected(&pool, budget, &options, &CPU_PLAIN).statistics.beyond.unwrap();
        assert_eq!((told.rows, told.row), (1, 777));
        values_are_told_of_alike(&pool, budget, &options);
    }
}

fn values_are_told_of_alike(pool: &Pool, budget: usize, options: &Options) {
    let [one, other] = [CPU_PLAIN, CPU_F32].map(|way| selected(pool, budget, options, &way));
    assert_eq!(one.statistics.beyond, other.statistics.beyond);
}
