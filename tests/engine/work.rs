//! No pool takes much more work than a plain loop: of pools of every kind and size, drawn at random, what the engine counts is held to
//! what one pass a pick counts.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::{Options, Pool, Statistics};

use crate::common::drawn::{KINDS, Kind, Random, values};
use crate::common::filter::{self, Filter, select_tuned};
use crate::sweeps::work;

/// Values times picks of the largest selections.
const LARGEST: usize = 1 << 28;
/// Canonical distances that any selection may take beside the plain loop's.
const FEW: u64 = 4096;
/// Pools of each kind.
const POOLS: u64 = 12;

/// A pool to select from, and what is asked.
struct Drawn {
    /// How it can be drawn again.
    what: String,
    n: usize,
    d: usize,
    budget: usize,
    labeled: Vec<usize>,
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
    #[expect(clippy::cast_possible_truncation, reason = "rounded as it is meant to be")]
    let weights = is_weighted.then(|| (0..n).map(|_| random.share() as f32).collect());
    let values = values(kind, n, d, random);
    let what = format!(
        "{budget} of {n} x {d}, {kind:?}, seed {seed}, labeled {labeled:?}, weighted: {is_weighted}"
    );
    (Drawn { what, n, d, budget, labeled }, values, weights)
}

/// What is wrong with a run's counts, if anything is.
fn excess(drawn: &Drawn, counts: &Statistics) -> Option<String> {
    let centers = drawn.budget + drawn.labeled.len();
    let is_filtered = counts.filter == "floats" || counts.filter == "int8";
    // Pairs of cells are looked at once, canonically.
    let unfiltered = if is_filtered { 0 } else { counts.pick_evaluations };
    let counted = Statistics {
        refresh_evaluations: counts.refresh_evaluations + unfiltered,
        pick_evaluations: counts.pick_evaluations - unfiltered,
        ..counts.clone()
    };
    let (taken, most) = work(&counted, drawn.n, drawn.d, centers);
    let canonical = counts.refresh_canonical + counts.pick_canonical;
    let pairs = (drawn.n * centers) as u64;
    let is_little = taken <= most && canonical <= pairs + FEW;
    (!is_little).then(|| {
        let shares = [taken / most, canonical as f64 / pairs as f64];
        format!(
            "{shares:.2?} of the work and of the canonical distances allowed: {}, {counts:?}",
            drawn.what
        )
    })
}

fn check(filter: Filter) {
    let mut beyond = Vec::new();
    for (at, kind) in KINDS.into_iter().enumerate() {
        for seed in 0..POOLS {
            let (drawn, values, weights) = draw(kind, seed + at as u64 * POOLS);
            let pool = Pool::new(&values, drawn.d).unwrap();
            let labeled = drawn.labeled.clone();
            let options = Options { labeled, weights, threads: 1, ..Options::default() };
            let mut watch = |_| ControlFlow::Continue(());
            let found = select_tuned(&pool, drawn.budget, &options, &filter, &mut watch).unwrap();
            beyond.extend(excess(&drawn, &found.statistics));
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
