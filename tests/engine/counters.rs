//! A plain loop must not pass: what the engine does is counted.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::lab::Tuning;
use farpoint::synth::{Shape, pool};
use farpoint::{Device, Options, Pool, Statistics};

use crate::common::filter::{self, Filter, select_tuned};
use crate::common::{has_cuda, reference};

fn count(pool: &Pool, budget: usize, filter: Filter) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(pool, budget, &Options::default(), &filter, &mut watch).unwrap().statistics
}

fn assert_lazy(pool: &Pool, budget: usize, filter: Filter) -> Statistics {
    let counts = count(pool, budget, filter);
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
    let counts = assert_lazy(&pool, 1000, filter::CPU_F32);
    assert_few_refines(&counts);
    assert_lazy(&pool, 1000, filter::CPU);
}

/// The GPU is as lazy as the CPU: with frontiers of one size rounds and pairs are nearly the same. A row that leaves a round before its
/// distance is settled sees some of the round's picks again. A sweep spares a CPU rounds that come to nothing.
#[test]
fn cuda() {
    if !has_cuda() {
        return;
    }
    let values = pool(Shape::Text, 6000, 32, 42);
    let text = Pool::new(&values, 32).unwrap();
    assert_few_refines(&assert_lazy(&text, 600, filter::CUDA));
    let digits = Pool::open("data/digits.npy").unwrap();
    for (pool, budget, frontier) in [(&text, 300, 700), (&digits, 400, 200), (&digits, 100, 40)] {
        let count = |filter: Filter| count(pool, budget, filter.with_frontier(frontier));
        let (gpu, cpu) = (count(filter::CUDA), count(filter::CPU_F32));
        assert!(gpu.rounds <= 1 + cpu.rounds || cpu.sweeps > 0, "{gpu:?}, {cpu:?}");
        assert!(cpu.rounds <= 1 + gpu.rounds + cpu.sweeps, "{gpu:?}, {cpu:?}");
        let off = gpu.refresh_evaluations.abs_diff(cpu.refresh_evaluations);
        let part = if cpu.sweeps > 0 { 10 } else { 50 };
        assert!(part * off <= cpu.refresh_evaluations, "{gpu:?}, {cpu:?}");
        assert!(10 * gpu.pick_canonical <= cpu.pick_canonical, "{gpu:?}, {cpu:?}");
        assert!(gpu.row_reads <= cpu.row_reads + 2 * frontier as u64, "{gpu:?}, {cpu:?}");
        assert_few_refines(&gpu);
    }
}

#[test]
fn digits() {
    let pool = Pool::open("data/digits.npy").unwrap();
    for budget in [100, 400] {
        let counts = assert_lazy(&pool, budget, filter::CPU_F32);
        assert_few_refines(&counts);
        assert_lazy(&pool, budget, filter::CPU_INT8);
    }
}

/// A small pool is selected from by the plain loop, on one thread, and by nothing else.
#[test]
fn few_picks_of_a_small_pool_take_the_plain_loop() {
    let pool = Pool::open("data/digits.npy").unwrap();
    let counts = count(&pool, 7, filter::CPU);
    assert_eq!(counts.refresh_evaluations, 1797 * 7, "{counts:?}");
    assert_eq!((counts.rounds, counts.row_reads), (1, 1797), "{counts:?}");
    assert_lazy(&pool, 400, filter::CPU);
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
    let counts = assert_lazy(&pool, 1000, filter::CPU_F32);
    assert_few_refines(&counts);
    assert_lazy(&pool, 2000, filter::CPU);
}

/// On int8 values a pool is read once, and then few rows again: those that are about to be picked.
#[test]
fn int8_rounds_read_few_rows() {
    if let Ok(pool) = Pool::open("../shared/data/text-embeddings-20k.npy") {
        assert_few_reads(&pool, 2000);
    }
    let values = pool(Shape::Text, 20_000, 64, 42);
    assert_few_reads(&Pool::new(&values, 64).unwrap(), 2000);
}

/// So it is on a GPU, where live rows are settled before the first is picked.
#[test]
fn cuda_int8() {
    if !has_cuda() {
        return;
    }
    let (n, budget) = (10_000, 500);
    let values = pool(Shape::Text, n, 64, 42);
    let text = Pool::new(&values, 64).unwrap();
    let count = |filter: Filter| count(&text, budget, filter.with_frontier(1000));
    let counts = count(filter::CUDA_INT8_STAGED);
    assert!(counts.settled_rows as f64 <= 5.0 * budget as f64, "{counts:?}");
    assert!(counts.row_reads as f64 <= 1.4 * n as f64, "{counts:?}");
    assert!(counts.refresh_evaluations as f64 <= 0.5 * (n * budget) as f64, "{counts:?}");
    assert!(counts.rounds * 10 <= budget, "{counts:?}");
    let staged = count(filter::CUDA_STAGED);
    assert!(5 * (counts.row_reads - n as u64) <= staged.row_reads - n as u64, "{staged:?}");
    // The sample that is the mean's is not the same.
    let resident = count(filter::CUDA_INT8);
    assert!(10 * resident.settled_rows.abs_diff(counts.settled_rows) <= counts.settled_rows);
}

fn assert_few_reads(pool: &Pool, budget: usize) {
    let (n, k) = (pool.rows() as f64, budget as f64);
    let counts = assert_lazy(pool, budget, filter::CPU_INT8);
    assert!(counts.settled_rows as f64 <= 4.0 * k, "{counts:?}");
    assert!(counts.distinct_settled_rows as f64 <= 0.30 * n, "{counts:?}");
    assert!(counts.distinct_settled_rows >= budget as u64 - 1, "{counts:?}");
    assert_eq!(counts.row_reads, pool.rows() as u64 + counts.settled_rows, "{counts:?}");
    // Sweeps settle the rows that may be next.
    assert!(counts.refresh_canonical <= counts.settled_rows, "{counts:?}");
}

/// Whole numbers are exact as int8 values: no canonical distance is evaluated, nothing is settled, and nothing is copied.
#[test]
fn integers_are_not_refined() {
    let pool = Pool::open("data/digits.npy").unwrap();
    let counts = assert_lazy(&pool, 400, filter::CPU_INT8);
    assert_eq!((counts.refresh_canonical, counts.pick_canonical), (0, 0), "{counts:?}");
    assert_eq!(counts.settled_rows, 0, "{counts:?}");
    assert_eq!(count(&pool, 400, filter::CPU).settled_rows, 0);
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

/// Several holders of the rows do together what one does: the same rounds, the same rows refreshed, the same pairs. Where the edge of a
/// frontier is told by marks, of more than 256 rows, it is nearly so.
#[test]
fn shards_do_the_work_of_one() {
    let values = pool(Shape::Text, 6000, 32, 42);
    let text = Pool::new(&values, 32).unwrap();
    let digits = Pool::open("data/digits.npy").unwrap();
    let work = |counts: &Statistics| {
        let pairs = [counts.refresh_evaluations, counts.pick_evaluations];
        [counts.rounds as u64, counts.refreshed_rows, pairs[0], pairs[1], counts.row_reads]
    };
    for (pool, budget, frontier) in [(&text, 300, 700), (&digits, 400, 200), (&digits, 1797, 64)] {
        let one = count(pool, budget, filter::CPU_F32.with_frontier(frontier));
        assert_eq!(
            (one.exchanges, one.exchange_bytes),
            (0, 0),
            "nothing is exchanged with oneself"
        );
        for shards in [2, 3, 7] {
            let shards =
                Filter { tuning: Tuning { shards, ..filter::CPU_F32.tuning }, ..filter::CPU_F32 };
            let several = count(pool, budget, shards.with_frontier(frontier));
            // One more asks for a frontier and finds that no row is left.
            assert!(several.exchanges <= 2 * several.rounds as u64 + 1, "{several:?}");
            match frontier <= 256 {
                true => assert_eq!(work(&several), work(&one), "{shards:?}"),
                false => assert_near(work(&several), work(&one)),
            }
        }
        // Without a frontier's size given, it adapts to nearly the same counts.
        let several = count(pool, budget, filter::CPU_7_SHARDS);
        assert_near(work(&several), work(&count(pool, budget, filter::CPU_F32)));
    }
}

/// Within a tenth, or two rounds.
#[track_caller]
fn assert_near(found: [u64; 5], wanted: [u64; 5]) {
    let is_near = |(found, wanted): (u64, u64)| found.abs_diff(wanted) <= (wanted / 10).max(2);
    assert!(found.into_iter().zip(wanted).all(is_near), "{found:?} {wanted:?}");
}

/// What crosses between shards and picks in a round is some rows of the frontier, whatever the pool's size.
#[test]
fn what_crosses_in_a_round_does_not_grow_with_the_pool() {
    const D: usize = 32;
    let (budget, frontier, shards) = (200, 300, 3);
    for n in [3_000, 12_000] {
        let values = pool(Shape::Text, n, D, 42);
        let pool = Pool::new(&values, D).unwrap();
        let counts = count(&pool, budget, filter::CPU_3_SHARDS.with_frontier(frontier));
        let (row, state, mark, said) = (4 * D + 16, 16, 16, 1024);
        let a_round = shards * (257 * mark + said) + frontier * (row + 2 * state);
        let centers = (1 + shards) * budget * row;
        let most = counts.rounds * a_round + centers;
        assert!(counts.exchange_bytes <= most as u64, "{most} bytes, {counts:?}");
        // Every shard takes every center, each of which a shard lent before.
        let least = (1 + shards) * (budget - 1) * 4 * D;
        assert!(counts.exchange_bytes >= least as u64, "{least} bytes, {counts:?}");
    }
}
