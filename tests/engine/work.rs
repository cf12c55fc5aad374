//! No pool takes much more work than a plain loop: of pools of every kind and size, drawn at random, what the engine counts is held to
//! what one pass a pick counts.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::{Options, Pool, Statistics};

use crate::common::drawn::{KINDS, Kind, Random, values};
use crate::common::filter::{self, Filter, select_tuned};

/// A pool to select from, and what is asked.
#[derive(Debug)]
struct Drawn {
    kind: Kind,
    n: usize,
    d: usize,
    budget: usize,
    labeled: Vec<usize>,
    weights: Option<Vec<f32>>,
}

fn draw(kind: Kind, random: &mut Random) -> (Drawn, Vec<f32>) {
    let d = random.size(1, 130);
    let n = random.size(2, (1 << 20) / d).min(40_000);
    let budget = random.size(1, n);
    let labeled =
        if random.index(4) == 0 { (0..n).step_by(1 + n / 5).collect() } else { Vec::new() };
    let weights = (random.index(4) == 0).then(|| (0..n).map(|_| random.share() as f32).collect());
    let budget = budget.min(n - labeled.len()).max(1);
    (Drawn { kind, n, d, budget, labeled, weights }, values(kind, n, d, random))
}

fn counts(drawn: &Drawn, values: &[f32], filter: &Filter) -> Statistics {
    let pool = Pool::new(values, drawn.d).unwrap();
    let options = Options {
        labeled: drawn.labeled.clone(),
        weights: drawn.weights.clone(),
        threads: 1,
        ..Options::default()
    };
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(&pool, drawn.budget, &options, filter, &mut watch).unwrap().statistics
}

#[test]
fn table() {
    for seed in 0..6 {
        for kind in KINDS {
            let random = &mut Random::new(seed * 100);
            let (drawn, values) = draw(kind, random);
            for (name, filter) in
                [("auto", filter::CPU), ("f32", filter::CPU_F32), ("int8", filter::CPU_INT8)]
            {
                let started = std::time::Instant::now();
                let s = counts(&drawn, &values, &filter);
                let nk = drawn.n as f64 * (drawn.budget + drawn.labeled.len()) as f64;
                println!(
                    "{:<24} {:>6} x {:>3}, {:>6} {}{} {name:<5} pairs {:6.3} picks {:6.3} canonical {:7.3} bounds {:7.3} reads {:7.2} {:7.3} s",
                    format!("{kind:?}"),
                    drawn.n,
                    drawn.d,
                    drawn.budget,
                    if drawn.labeled.is_empty() { ' ' } else { 'L' },
                    if drawn.weights.is_some() { 'W' } else { ' ' },
                    s.refresh_evaluations as f64 / nk,
                    s.pick_evaluations as f64 / nk,
                    (s.refresh_canonical + s.pick_canonical) as f64 / nk,
                    (s.rounds * drawn.n) as f64 / nk,
                    s.row_reads as f64 / drawn.n as f64,
                    started.elapsed().as_secs_f64()
                );
            }
        }
    }
}
