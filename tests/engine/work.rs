//! No pool takes much more work than a plain loop: of pools of every kind and size, drawn at random, what the engine counts is held to
//! what one pass a pick counts.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::{Options, Pool, Statistics};

use crate::common::drawn::{KINDS, Kind, Random, values};
use crate::common::filter::{self, Filter, select_tuned};

/// The work of the engine over that of a plain loop, at most.
const MOST: f64 = 1.15;
/// Pairs that any selection may take beside that: of a panel of live rows, and a panel of centers.
const FEW: f64 = 2.0 * 128.0 * 128.0;
/// Values times picks of the largest selections.
const LARGEST: usize = 1 << 28;
/// Pools of each kind.
const POOLS: u64 = 12;

/// A pool to select from, and what is asked.
#[derive(Debug)]
struct Drawn {
    kind: Kind,
    seed: u64,
    n: usize,
    d: usize,
    budget: usize,
    labeled: Vec<usize>,
    is_weighted: bool,
}

fn draw(kind: Kind, seed: u64) -> (Drawn, Vec<f32>, Option<Vec<f32>>) {
    let random = &mut Random::new(seed);
    let d = random.size(1, 130);
    let n = random.size(2, (1 << 20) / d).min(60_000);
    let few = if random.index(4) == 0 { n / 5 } else { 0 };
    let labeled: Vec<usize> = (0..few.min(3)).map(|label| label * (n / 3)).collect();
    let most = (n - labeled.len()).min(LARGEST / (n * d)).max(1);
    let budget = random.size(1, most);
    let is_weighted = random.index(4) == 0;
    let weights = is_weighted.then(|| (0..n).map(|_| random.share() as f32).collect());
    let values = values(kind, n, d, random);
    (Drawn { kind, seed, n, d, budget, labeled, is_weighted }, values, weights)
}

/// What is counted, in values: a pair of a row and a center takes `d`, whether by the filter or canonically, a bound that is looked at 1.
/// Pairs of rows in cells are looked at once, canonically.
fn work(counts: &Statistics, n: usize, d: usize) -> f64 {
    let is_filtered = counts.filter != "cells";
    let canonical = counts.refresh_canonical + counts.pick_canonical;
    let pairs = n as u64
        + counts.refresh_evaluations
        + counts.pick_evaluations
        + if is_filtered { canonical } else { 0 };
    let bounds = if is_filtered { counts.rounds * n } else { 0 };
    pairs as f64 * d as f64 + bounds as f64
}

/// The same of a loop that applies each center to all rows and then looks at all bounds.
fn work_of_a_plain_loop(drawn: &Drawn) -> f64 {
    let centers = drawn.budget + drawn.labeled.len();
    (drawn.n * centers) as f64 * (drawn.d + 1) as f64
}

fn check(filter: Filter) {
    let mut beyond = Vec::new();
    for (kind, seed) in KINDS.iter().flat_map(|kind| (0..POOLS).map(move |seed| (*kind, seed))) {
        let (drawn, values, weights) = draw(kind, seed);
        let pool = Pool::new(&values, drawn.d).unwrap();
        let labeled = drawn.labeled.clone();
        let options = Options { labeled, weights, threads: 1, ..Options::default() };
        let mut watch = |_| ControlFlow::Continue(());
        let selection = select_tuned(&pool, drawn.budget, &options, &filter, &mut watch).unwrap();
        let counts = selection.statistics;
        let allowed = MOST * work_of_a_plain_loop(&drawn) + FEW * drawn.d as f64;
        let share = work(&counts, drawn.n, drawn.d) / allowed;
        if share > 1.0 {
            beyond.push(format!("{share:.2} of what is allowed: {drawn:?}, {counts:?}"));
        }
    }
    assert!(beyond.is_empty(), "{} pools:\n{}", beyond.len(), beyond.join("\n"));
}

#[test]
fn what_the_engine_takes_by_itself() {
    check(filter::CPU);
}

#[test]
fn floats() {
    check(filter::CPU_F32);
}

#[test]
fn int8_values() {
    check(filter::CPU_INT8);
}
