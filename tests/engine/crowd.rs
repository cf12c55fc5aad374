//! Rounds that begin on int8 values and go on on floats, since keys lie closer together than int8 values tell apart.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{First, Metric, Options, Pool, Statistics};

use super::select::check;
use crate::common::filter::{CPU_INT8, CPU_INT8_PORTABLE, Filter, select_tuned};

const D: usize = 128;

/// Rows near the unit vectors, about as far from each other as those are.
fn crowd(n: usize, seed: u64) -> Vec<f32> {
    let mut values = pool(Shape::Gaussian, n, D, seed);
    for (at, value) in values.iter_mut().enumerate() {
        let is_axis = at % D == (at / D) % D;
        *value = *value * 1e-3 + if is_axis { 1.0 } else { 0.0 };
    }
    values
}

fn statistics(pool: &Pool, budget: usize, options: &Options, filter: &Filter) -> Statistics {
    let mut watch = |_| ControlFlow::Continue(());
    select_tuned(pool, budget, options, filter, &mut watch).unwrap().statistics
}

#[test]
fn the_answer_is_the_reference_answer() {
    let (n, k) = (1500, 300);
    let values = crowd(n, 3);
    let pool = Pool::new(&values, D).unwrap();
    let vectors = crowd(20, 4);
    let vectors = Pool::new(&vectors, D).unwrap();
    let weights: Vec<f32> = (0..n).map(|row| [1.0, 0.999, 1.002][row % 3]).collect();
    let plain = Options::default();
    let excluded = (0..n).filter(|row| row % 7 == 2).collect();
    let cases = [
        ("a crowd", plain.clone()),
        ("by one thread", Options { threads: 1, ..plain.clone() }),
        ("weights", Options { weights: Some(weights), ..plain.clone() }),
        ("excluded", Options { excluded, ..plain.clone() }),
        (
            "labeled",
            Options {
                labeled: (0..20).map(|at| 7 * at).collect(),
                labeled_vectors: Some(&vectors),
                ..plain.clone()
            },
        ),
        ("cosine", Options { metric: Metric::Cosine, ..plain.clone() }),
        ("from the mean", Options { first: First::Mean, ..plain }),
    ];
    for (what, options) in &cases {
        let counts = statistics(&pool, k, options, &CPU_INT8);
        assert_eq!(counts.filter, "int8, floats", "{what}: {counts:?}");
        check(what, &pool, k, options, &CPU_INT8);
        check(what, &pool, k, options, &CPU_INT8.with_frontier(100));
    }
}

#[test]
fn all_rows_that_may_be_chosen_are_chosen() {
    let n = 700;
    let values = crowd(n, 3);
    let pool = Pool::new(&values, D).unwrap();
    check("all of a crowd", &pool, n, &Options::default(), &CPU_INT8);
    let stop = Options { stop_radius: Some(1.2), ..Options::default() };
    check("a stop radius", &pool, n, &stop, &CPU_INT8);
}

#[test]
fn named_instructions_make_all_rounds() {
    let values = crowd(1500, 3);
    let pool = Pool::new(&values, D).unwrap();
    let counts = statistics(&pool, 300, &Options::default(), &CPU_INT8_PORTABLE);
    assert_eq!(counts.filter, "int8", "{counts:?}");
}

#[test]
fn rows_that_int8_values_tell_apart_stay_on_them() {
    let values = pool(Shape::Text, 3000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let counts = statistics(&pool, 400, &Options::default(), &CPU_INT8);
    assert_eq!(counts.filter, "int8", "{counts:?}");
}
