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

#[test]
fn every_dimension() {
    for d in 1..=8 {
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
    for d in 1..=8 {
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
        assert_eq!(count(&pool, budget, &CPU).pick_evaluations, counts.pick_evaluations);
    }
}

#[test]
fn rows_of_many_values_have_no_cells() {
    let values = pool(Shape::Gaussian, 10, 9, 6);
    let pool = Pool::new(&values, 9).unwrap();
    let mut watch = |_| ControlFlow::Continue(());
    let refused = select_tuned(&pool, 2, &Options::default(), &CPU_CELLS, &mut watch);
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("at most 8 values, not 9"), "{error}");
}
