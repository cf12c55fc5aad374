//! The worst case: whatever the pool, a selection takes little more work than the plain loop does, counted.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{Options, Pool, Statistics};

use crate::common::filter::{self, Filter, select_tuned};

/// What a pair costs beside its `d` values, and what a look at a bound costs: in values of a canonical distance (docs/worst-case.md).
const PAIR: f64 = 16.0;
const LOOK: f64 = 1.0;
/// A product of the filter costs this part of a canonical distance.
const PRODUCT: f64 = 1.0 / 8.0;

/// Whatever the pool, a first frontier may be picked from in vain: pairs of that.
const CONSTANT: f64 = 4096.0;

/// The selection's work, and the most that it may take.
pub fn work(counts: &Statistics, n: usize, d: usize, budget: usize) -> (f64, f64) {
    let (n, k) = (n as f64, budget as f64);
    let pair = d as f64 + PAIR;
    // Center 0 is applied before the rounds, where there are some.
    let refresh = (counts.refresh_evaluations as f64 + n).min(n * k);
    let pairs = refresh + PRODUCT * counts.pick_evaluations as f64;
    let plain = n * k * (pair + LOOK);
    (pairs * pair + LOOK * counts.bounds_looked_at as f64, 1.15 * plain + CONSTANT * pair)
}

struct Case {
    name: &'static str,
    values: Vec<f32>,
    d: usize,
}

/// Pools whose picks outdate most rows, and those of which every row is like every other.
fn pools(n: usize) -> Vec<Case> {
    let case = |name, values, d| Case { name, values, d };
    let uniform = |d| pool(Shape::Gaussian, n, d, 5);
    let flat = pool(Shape::Gaussian, n, 3, 6);
    let of_rank_3 =
        flat.chunks(3).flat_map(|x| (0..16).map(|j| x[j % 3] * (j as f32 - 7.5))).collect();
    let mut one_far = pool(Shape::Gaussian, n, 16, 7);
    one_far[16 * (n / 2)..][..16].fill(1e6);
    let side = 64;
    vec![
        case("a line", uniform(1), 1),
        case("a plane", uniform(2), 2),
        case("a cloud", uniform(3), 3),
        case("16 values", uniform(16), 16),
        case("16 values of rank 3", of_rank_3, 16),
        case("text-like", pool(Shape::Text, n, 64, 8), 64),
        case("clusters", pool(Shape::Mixture, n, 16, 9), 16),
        case("one far row", one_far, 16),
        case("a lattice", (0..n).flat_map(|i| [(i % side) as f32, (i / side) as f32]).collect(), 2),
        case("few distinct rows", (0..n * 8).map(|i| ((i / 8 % 50) * (i % 8)) as f32).collect(), 8),
        case("each twice as far", (0..n).map(|i| ((i % 240) as f32 - 120.0).exp2()).collect(), 1),
    ]
}

fn count(pool: &Pool, budget: usize, filter: &Filter) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(pool, budget, &Options::default(), filter, &mut watch).unwrap().statistics
}

fn assert_little_work(pool: &Pool, name: &str, budget: usize, filter: &Filter) -> Statistics {
    let counts = count(pool, budget, filter);
    let (n, d) = (pool.rows(), pool.dimensions());
    let (work, most) = work(&counts, n, d, budget);
    let tuning = filter.tuning;
    assert!(work <= most, "{name}, {budget} of {n} by {tuning:?}: {work} > {most}, {counts:?}");
    assert!(counts.refresh_evaluations <= (n * budget) as u64, "{name}, {counts:?}");
    counts
}

#[test]
fn no_pool_takes_much_more_work_than_the_plain_loop() {
    const N: usize = 3000;
    for Case { name, values, d } in pools(N) {
        let pool = Pool::new(&values, d).unwrap();
        for budget in [1, 2, 20, 300, N] {
            for filter in [
                filter::CPU,
                filter::CPU_F32,
                filter::CPU_INT8,
                filter::CPU_3_SHARDS,
                filter::CPU_3_SHARDS_INT8,
            ] {
                assert_little_work(&pool, name, budget, &filter);
            }
        }
    }
}

/// Too large for the plain loop, and too many rows for any frontier: sweeps find the picks. On floats a pick takes two rounds at most.
#[test]
fn few_picks_that_outdate_most_rows_take_a_sweep_each() {
    const N: usize = 150_000;
    for Case { name, values, d } in pools(N) {
        let pool = Pool::new(&values, d).unwrap();
        for budget in [2, 20] {
            let counts = assert_little_work(&pool, name, budget, &filter::CPU_F32);
            assert!(counts.rounds <= 2 * budget, "{name}, {counts:?}");
            assert!(counts.sweeps < budget, "{name}, {counts:?}");
            assert_little_work(&pool, name, budget, &filter::CPU_INT8);
            assert_little_work(&pool, name, budget, &filter::CPU_3_SHARDS);
        }
    }
    // A cloud's sweeps pass over most of its pairs: by the triangle inequality they need no distance.
    let cloud = &pools(N)[2];
    let counts = count(&Pool::new(&cloud.values, 3).unwrap(), 200, &filter::CPU_F32);
    assert!(counts.sweeps > 0, "{counts:?}");
    assert!(2 * counts.refresh_canonical <= counts.refresh_evaluations, "{counts:?}");
}
