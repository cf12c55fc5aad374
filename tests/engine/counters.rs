//! A plain loop must not pass: what the engine does is counted.

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::tuning::{Filter, Tuning, select_tuned};
use farpoint::{Device, Options, Pool, Statistics};

use crate::common::{has_cuda, reference};

fn count(pool: &Pool, budget: usize, tuning: Tuning) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    let options = Options { device: Device::Cpu, ..Options::default() };
    select_tuned(pool, budget, &options, &tuning, &mut watch).unwrap().statistics
}

fn assert_lazy(pool: &Pool, budget: usize, filter: Filter) -> Statistics {
    let counts = count(pool, budget, Tuning { filter, ..Tuning::default() });
    let (n, k) = (pool.rows() as f64, budget as f64);
    let evaluations = (counts.refresh_evaluations + counts.pick_evaluations) as f64;
    assert!(counts.refresh_evaluations as f64 <= 0.6 * n * k, "{counts:?}");
    assert!(evaluations <= 0.75 * n * k, "{counts:?}");
    assert!(counts.row_reads as f64 <= 5.0 * n, "{counts:?}");
    assert!(counts.rounds * 10 <= budget, "{counts:?}");
    counts
}

fn assert_few_refines(counts: &Statistics) {
    let canonical = counts.refresh_canonical + counts.pick_canonical;
    assert!(canonical <= 2 * counts.refreshed_rows, "{counts:?}");
}

#[test]
fn text_like_pool() {
    let values = pool(Shape::Text, 20_000, 64, 42);
    let pool = Pool::new(&values, 64).unwrap();
    let counts = assert_lazy(&pool, 1000, Filter::F32);
    assert_few_refines(&counts);
    assert_lazy(&pool, 1000, Filter::Auto);
}

/// The GPU is as lazy as the CPU: with frontiers of one size the rounds are the same, and the pairs they need nearly so. A row
/// that leaves a round before its distance is settled sees some of the round's picks again.
#[test]
fn cuda() {
    if !has_cuda() {
        return;
    }
    let values = pool(Shape::Text, 6000, 32, 42);
    let text = Pool::new(&values, 32).unwrap();
    assert_few_refines(&assert_lazy(&text, 600, Filter::Cuda));
    let digits = Pool::open("data/digits.npy").unwrap();
    for (pool, budget, frontier) in [(&text, 300, 700), (&digits, 400, 200), (&digits, 100, 40)] {
        let count =
            |filter| count(pool, budget, Tuning { filter, frontier: Some(frontier), width: 1.0 });
        let (gpu, cpu) = (count(Filter::Cuda), count(Filter::F32));
        assert_eq!(gpu.rounds, cpu.rounds);
        let off = gpu.refresh_evaluations.abs_diff(cpu.refresh_evaluations);
        assert!(50 * off <= cpu.refresh_evaluations, "{gpu:?}, {cpu:?}");
        assert!(10 * gpu.pick_canonical <= cpu.pick_canonical, "{gpu:?}, {cpu:?}");
        assert!(gpu.row_reads <= cpu.row_reads + 2 * frontier as u64, "{gpu:?}, {cpu:?}");
        assert_few_refines(&gpu);
    }
}

#[test]
fn digits() {
    let pool = Pool::open("data/digits.npy").unwrap();
    for budget in [100, 400] {
        let counts = assert_lazy(&pool, budget, Filter::F32);
        assert_few_refines(&counts);
        assert_lazy(&pool, budget, Filter::Auto);
    }
}

#[test]
fn digits_match_the_oracle() {
    let pool = Pool::open("data/digits.npy").unwrap();
    let options = Options { assign: true, device: Device::Cpu, ..Options::default() };
    let expected = reference::select(&pool, 300, &options);
    let found = farpoint::select(&pool, 300, &options).unwrap();
    assert_eq!(found.centers, expected.centers);
    assert_eq!(found.radii, expected.radii);
    assert_eq!(found.assignment.unwrap(), expected.assignment);
}

/// The real text pool, where a checkout has it beside the project.
#[test]
fn text_embeddings() {
    let Ok(pool) = Pool::open("../shared/data/text-embeddings-20k.npy") else { return };
    let counts = assert_lazy(&pool, 1000, Filter::F32);
    assert_few_refines(&counts);
    assert_lazy(&pool, 2000, Filter::Auto);
}

/// Counts do not depend on threads, nor do they hide work: every pair a settled run applies is counted.
#[test]
fn settled_runs_apply_every_pair() {
    let values = pool(Shape::Gaussian, 500, 16, 1);
    let pool = Pool::new(&values, 16).unwrap();
    let options =
        |threads| Options { threads, assign: true, device: Device::Cpu, ..Options::default() };
    let counts = |threads| farpoint::select(&pool, 50, &options(threads)).unwrap().statistics;
    let (one, two) = (counts(1), counts(2));
    assert_eq!(one.refresh_evaluations, two.refresh_evaluations);
    assert_eq!((one.rounds, one.row_reads), (two.rounds, two.row_reads));
    // Every row that is no center, and every center but the first, which is applied before the first round.
    assert!(one.refresh_evaluations + one.pick_evaluations >= 450 * 49, "{one:?}");
}
