//! Cells of near rows: shapes that the other properties do not have, and how little work they are.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{Error, Metric, Options, Pool, Statistics};

use crate::common::filter::{CPU, CPU_CELLS, Filter, select_tuned};
use crate::common::pools;
use crate::select::check;

fn weights(n: usize) -> Vec<f32> {
    (0..n).map(|row| [1.0, 0.5, 0.0, 2.0, 1.0][row * 7 % 5]).collect()
}

/// Values of rows: the sizes that cells are made for, and those that zeros fill up.
const DIMENSIONS: [usize; 13] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 31, 32];

#[test]
fn every_dimension() {
    for d in DIMENSIONS {
        for n in [1, 7, 8, 9, 31, 32, 33, 255, 256, 257, 2049] {
            let values = pool(Shape::Gaussian, n, d, 3);
            let pool = Pool::new(&values, d).unwrap();
            check("shape", &pool, n.div_ceil(2).min(300), &Options::default(), &CPU_CELLS);
        }
    }
}

#[test]
fn hostile_pools_of_every_dimension() {
    let n = 300;
    let plain = Options::default();
    let weighted = Options { weights: Some(weights(n)), ..Options::default() };
    let roles = Options { labeled: vec![5, 2], excluded: (40..90).collect(), ..weighted.clone() };
    for d in DIMENSIONS {
        for (at, named) in pools::hostile(n, d).iter().enumerate() {
            let pool = Pool::new(&named.values, d).unwrap();
            check(named.name, &pool, 200, [&plain, &weighted, &roles][(at + d) % 3], &CPU_CELLS);
        }
        for (at, named) in pools::hostile_f64(n, d).iter().enumerate() {
            let pool = Pool::new(&named.values, d).unwrap();
            check(named.name, &pool, 200, [&roles, &plain, &weighted][(at + d) % 3], &CPU_CELLS);
        }
    }
}

/// Whole numbers below `side`, each point once, in an order that has nothing to do with where they are.
fn lattice(side: usize, d: u32) -> Vec<f32> {
    let n = side.pow(d);
    let step = (1..).map(|k| n / 2 + 7 * k).find(|step| is_coprime(*step, n)).unwrap();
    let digits = |row: usize| (0..d).map(move |j| (row * step % n / side.pow(j) % side) as f32);
    (0..n).flat_map(digits).collect()
}

fn is_coprime(a: usize, b: usize) -> bool {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[test]
fn lattices_full_of_ties() {
    for (side, d) in [(1500, 1), (40, 2), (12, 3), (6, 4), (4, 5), (3, 7), (2, 8)] {
        let values = lattice(side, d);
        let pool = Pool::new(&values, d as usize).unwrap();
        let n = pool.rows();
        let few: Vec<f32> = (0..n).map(|row| (row % 3) as f32).collect();
        check("lattice", &pool, n.min(400), &Options::default(), &CPU_CELLS);
        let options = Options { weights: Some(few), ..Options::default() };
        check("weighted lattice", &pool, n.min(300), &options, &CPU_CELLS);
    }
}

/// Many rows of few points: after these every key is 0, and the lowest rows are picked.
#[test]
fn duplicates_by_the_hundred() {
    let points = pool(Shape::Gaussian, 20, 3, 5);
    let copies = (0..4000).flat_map(|row| points[row * 31 % 20 * 3..][..3].iter().copied());
    let values: Vec<f32> = copies.collect();
    let pool = Pool::new(&values, 3).unwrap();
    for budget in [19, 20, 21, 700] {
        check("duplicates", &pool, budget, &Options::default(), &CPU_CELLS);
        let options =
            Options { excluded: vec![0, 21, 22], labeled: vec![40], ..Options::default() };
        check("duplicates", &pool, budget, &options, &CPU_CELLS.with_frontier(50));
    }
    let options = Options { weights: Some(vec![0.0; 4000]), ..Options::default() };
    check("weights of 0", &pool, 300, &options, &CPU_CELLS.with_frontier(64));
}

/// So many rows that several threads apply one center.
#[test]
fn pools_that_threads_share() {
    let uniform = pool(Shape::Gaussian, 90_000, 3, 8);
    for (name, values) in [("uniform", uniform), ("lattice", lattice(44, 3))] {
        let pool = Pool::new(&values, 3).unwrap();
        for threads in [1, 2, 3] {
            let options = Options { threads, ..Options::default() };
            check(name, &pool, 12, &options, &CPU_CELLS);
            let excluded = (0..20_000).collect();
            check(name, &pool, 5, &Options { excluded, ..options }, &CPU_CELLS);
        }
    }
}

/// Cells in groups of groups of groups.
#[test]
fn many_cells() {
    let values = pool(Shape::Mixture, 20_000, 2, 9);
    check("clusters", &Pool::new(&values, 2).unwrap(), 700, &Options::default(), &CPU_CELLS);
    let options = Options { metric: Metric::Cosine, ..Options::default() };
    check("directions", &Pool::new(&values, 2).unwrap(), 300, &options, &CPU_CELLS);
}

/// Rows of `d` values that are sums of `rank` directions, in buckets and cells.
fn of_rank(n: usize, d: usize, rank: usize) -> Vec<f32> {
    let (parts, directions) =
        (pool(Shape::Gaussian, n, rank, 1), pool(Shape::Gaussian, d, rank, 2));
    let value = |row: &[f32], of: &[f32]| row.iter().zip(of).map(|(a, b)| a * b).sum();
    let row = |row| directions.chunks(rank).map(move |of| value(row, of));
    parts.chunks(rank).flat_map(row).collect()
}

/// Pools of low rank are put into cells where there are picks enough, those of full rank are not.
#[test]
fn low_rank_is_found_out() {
    let plain = Options::default();
    for (d, rank) in [(16, 3), (12, 2), (32, 3)] {
        let values = of_rank(40_000, d, rank);
        let low = Pool::new(&values, d).unwrap();
        check("low rank", &low, 90, &plain, &CPU);
        assert_eq!(count(&low, 90, &CPU).filter, "cells");
        assert_ne!(count(&low, 4, &CPU).filter, "cells");
        let values = pool(Shape::Gaussian, 40_000, d, 1);
        assert_ne!(count(&Pool::new(&values, d).unwrap(), 90, &CPU).filter, "cells");
    }
}

/// The rows that are sampled lie near a line, and the others anywhere: the same answer, and no more work than the plain loop's.
#[test]
fn a_sample_that_misleads() {
    let (n, d, budget) = (40_000, 16, 60);
    let mut values = pool(Shape::Gaussian, n, d, 7);
    for (at, row) in values.chunks_mut(d).enumerate().step_by(n.div_ceil(1024)) {
        row.fill(at as f32 / n as f32);
    }
    let pool = Pool::new(&values, d).unwrap();
    let counts = count(&pool, budget, &CPU);
    assert_eq!(counts.filter, "cells");
    let pairs = counts.refresh_evaluations + counts.pick_evaluations;
    assert!(pairs as f64 <= 1.15 * (n * budget) as f64, "{counts:?}");
    check("misled", &pool, budget, &Options::default(), &CPU);
    let weighted =
        Options { weights: Some(weights(n)), labeled: vec![39, 3], ..Options::default() };
    check("misled, weighted", &pool, budget, &weighted, &CPU);
}

/// More rows than a bucket holds: where half of them are equal, where all lie in few places, and where a bucket gets none.
#[test]
fn buckets_of_every_size() {
    let n = 70_000;
    let uniform = pool(Shape::Gaussian, n, 3, 8);
    let half_equal = (0..3 * n).map(|at| if at / 3 % 2 == 0 { 0.0 } else { uniform[at] });
    let few_places = (0..3 * n).map(|at| (at / 3 % 40 * (at % 3 + 1) % 7) as f32);
    // The sample has rows that no other row is near.
    let sampled = |row: usize| row.is_multiple_of(n / 128);
    let far = (0..3 * n).map(|at| uniform[at] + if sampled(at / 3) { 100.0 } else { 0.0 });
    let pools: [Vec<f32>; 3] = [half_equal.collect(), few_places.collect(), far.collect()];
    for values in pools {
        let pool = Pool::new(&values, 3).unwrap();
        for threads in [1, 2] {
            let options = Options { threads, ..Options::default() };
            check("buckets", &pool, 50, &options, &CPU_CELLS);
            let roles = Options { excluded: (100..60_000).collect(), labeled: vec![7], ..options };
            check("buckets", &pool, 30, &roles, &CPU_CELLS);
        }
    }
}

/// The distances of picks to resume from are found among few pairs.
#[test]
fn resuming_costs_little() {
    let values = pool(Shape::Gaussian, 20_000, 3, 6);
    let pool = Pool::new(&values, 3).unwrap();
    let mut watch = |_| ControlFlow::Continue(());
    let full = select_tuned(&pool, 4_001, &Options::default(), &CPU_CELLS, &mut watch).unwrap();
    let options = Options { resume: full.centers[..4_000].to_vec(), ..Options::default() };
    let resumed = select_tuned(&pool, 4_001, &options, &CPU_CELLS, &mut watch).unwrap();
    assert_eq!((resumed.centers, resumed.radii), (full.centers, full.radii));
    let pairs = resumed.statistics.replay_evaluations;
    assert!(0 < pairs && pairs < 4_000 * 500, "{pairs} pairs");
}

fn count(pool: &Pool, budget: usize, filter: &Filter) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(pool, budget, &Options::default(), filter, &mut watch).unwrap().statistics
}

/// Few rows are looked at for a pick, boxes counted as rows, and each row of the pool is read once, a pick once more.
#[test]
fn few_rows_are_looked_at() {
    for (n, budget, most) in [(20_000, 10_000, 450), (50_000, 2_000, 2500), (50_000, 20, 30_000)] {
        let values = pool(Shape::Gaussian, n, 3, 6);
        let pool = Pool::new(&values, 3).unwrap();
        let counts = count(&pool, budget, &CPU_CELLS);
        let pairs = counts.refresh_evaluations + counts.pick_evaluations;
        assert!(pairs <= (most * budget + n) as u64, "{counts:?}");
        assert!(counts.row_reads <= (n + budget) as u64, "{counts:?}");
        let taken = count(&pool, budget, &CPU);
        match budget {
            20 => assert_eq!(taken.filter, "plain loop"),
            _ => assert_eq!(taken.pick_evaluations, counts.pick_evaluations),
        }
    }
}

#[test]
fn rows_of_many_values_have_no_cells() {
    let values = pool(Shape::Gaussian, 10, 33, 6);
    let pool = Pool::new(&values, 33).unwrap();
    let mut watch = |_| ControlFlow::Continue(());
    let refused = select_tuned(&pool, 2, &Options::default(), &CPU_CELLS, &mut watch);
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("at most 32 values, not 33"), "{error}");
}
