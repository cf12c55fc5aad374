//! Pools whose rows are of very different sizes, and pools of whole numbers: the answer is the oracle's, and the filter is of use.
#![cfg(feature = "lab")]

use farpoint::synth::{Shape, pool};
use farpoint::{Options, Pool};

use super::select::{check, engine};
use crate::common::filter::{self, Filter};
use crate::common::pools::{Named, beyond, whole_numbers};
use crate::common::stamp;

/// More rows than are sampled, so that every other one is not.
const ROWS: usize = 1100;

fn rows_beyond_most(filter: Filter) {
    let d = filter.values(24);
    for named in beyond(ROWS, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        check(named.name, &pool, 120, &Options::default(), &filter);
        check(named.name, &pool, 60, &Options::default(), &filter.with_frontier(37));
        let excluded = (0..ROWS).filter(|row| row % 11 > 1).collect();
        let options = Options { excluded, ..Options::default() };
        check(named.name, &pool, 90, &options, &filter);
    }
}

/// A row so far beyond the sample that nothing is known of it but itself, among few rows that may be chosen.
fn a_row_beyond_the_sample(filter: Filter) {
    let d = filter.values(24);
    let mut values = pool(Shape::Gaussian, ROWS, d, 7);
    for (row, factor) in [(1001, 1e24), (1050, 1e30), (1053, 1e37)] {
        values[row * d..][..d].iter_mut().for_each(|value| *value *= factor);
    }
    let pool = Pool::new(&values, d).unwrap();
    for excluded in [0, 900, 1000] {
        let options = Options { excluded: (0..excluded).collect(), ..Options::default() };
        check("a row beyond the sample", &pool, 70, &options, &filter);
        check("a row beyond the sample", &pool, 70, &options, &filter.with_frontier(37));
    }
}

/// Clusters far from each other, each narrower than the rounding of its rows: any center of a cluster can be a row's nearest.
fn clusters_narrower_than_rounding(filter: Filter) {
    let (n, d) = (700, filter.values(9));
    let mut values = pool(Shape::Gaussian, n, d, 3);
    for (row, values) in values.chunks_exact_mut(d).enumerate() {
        let middle = [1.0, -1.0, 3.0][row % 3];
        values.iter_mut().for_each(|value| *value = middle + *value * 1e-5);
    }
    let pool = Pool::new(&values, d).unwrap();
    for budget in [1, 150, 400] {
        check("narrow clusters", &pool, budget, &Options::default(), &filter);
    }
    let bytes: Vec<u8> = values.iter().map(|&value| if value < 0.0 { 3 } else { 200 }).collect();
    let pool = Pool::new(&bytes, d).unwrap();
    check("two points many times", &pool, 300, &Options::default(), &filter);
}

/// Whole numbers of a power of two, and pools that are that but for one value.
fn whole_numbers_and_almost(filter: Filter) {
    let d = filter.values(20);
    let vector = pool(Shape::Integers, 3, d, 5);
    let half: Vec<f32> = vector.iter().map(|value| value * 0.3).collect();
    for named in whole_numbers(ROWS, d).into_iter().chain(almost_whole_numbers(ROWS, d)) {
        let pool = Pool::new(&named.values, d).unwrap();
        check(named.name, &pool, 80, &Options::default(), &filter);
        let outside = Pool::new(&half, d).unwrap();
        let options =
            Options { labeled: vec![5], labeled_vectors: Some(&outside), ..Options::default() };
        check(named.name, &pool, 40, &options, &filter.with_frontier(50));
    }
}

/// Whole numbers but for one value, in a row that is sampled or in one that is not.
fn almost_whole_numbers(n: usize, d: usize) -> Vec<Named> {
    let with = |name, row: usize, change: fn(f32) -> f32| {
        let mut values = pool(Shape::Integers, n, d, 9);
        values[row * d + 3] = change(values[row * d + 3]);
        Named { name, values }
    };
    vec![
        with("one value off by its last bit, sampled", 300, |value| (value + 5.0).next_up()),
        with("one value off by its last bit", 301, |value| (value + 5.0).next_up()),
        with("one value beside the range, sampled", 300, |_| 300.0),
        with("one value beside the range", 301, |_| 300.0),
        with("one value far beside it", 301, |_| 1e30),
        with("one value next to nothing", 301, |_| 1e-30),
    ]
}

stamp! {
    cpu_int8: filter::CPU_INT8;
    cpu_int8_portable: filter::CPU_INT8_PORTABLE;
    cpu_f32: filter::CPU_F32;
    cpu_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_amx: filter::CPU_AMX;
    cpu_cells: filter::CPU_CELLS;
    cpu_plain: filter::CPU_PLAIN;
    cpu_2_shards: filter::CPU_2_SHARDS;
    cpu_3_shards_int8: filter::CPU_3_SHARDS_INT8;;
    (
        rows_beyond_most
        a_row_beyond_the_sample
        clusters_narrower_than_rounding
        whole_numbers_and_almost
    )
}

stamp! {
    cuda_int8: filter::CUDA_INT8;
    cuda_int8_staged: filter::CUDA_INT8_STAGED;;
    (a_row_beyond_the_sample clusters_narrower_than_rounding)
}

/// However far a few rows lie beyond the others, those are told apart by the filter. Where two clusters are narrow beside what lies
/// between them, and among rows out of the filter's range, it says little; that costs no more than a plain loop.
#[test]
fn rows_beyond_most_cost_little() {
    let (n, d, budget) = (3000, 32, 400);
    for named in beyond(n, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        for filter in [filter::CPU_F32, filter::CPU_INT8, filter::CPU_AVX512_BF16] {
            let Some(found) = engine(&pool, budget, &Options::default(), &filter) else { continue };
            let counts = found.statistics;
            let canonical = counts.refresh_canonical + counts.pick_canonical;
            let is_hard = named.name.starts_with("two ") || named.name.ends_with("of 1e37");
            let most =
                if is_hard { (n * budget) as u64 } else { 4 * (n as u64 + counts.refreshed_rows) };
            eprintln!("{}: {} of {most}", named.name, canonical);
            assert!(canonical <= most, "{}, {filter:?}: {counts:?}", named.name);
        }
    }
}

/// Whole numbers, of whichever type and size, are exact: nothing is settled. Others are, and the difference is noticed.
#[test]
fn whole_numbers_need_no_settling() {
    let d = 20;
    let settled = |named: &Named, options: &Options| {
        let pool = Pool::new(&named.values, d).unwrap();
        let found = engine(&pool, 200, options, &filter::CPU_INT8).unwrap();
        found.statistics.settled_rows + found.statistics.refresh_canonical
    };
    for named in whole_numbers(ROWS, d) {
        assert_eq!(settled(&named, &Options::default()), 0, "{}", named.name);
    }
    for named in almost_whole_numbers(ROWS, d) {
        assert!(settled(&named, &Options::default()) > 0, "{}", named.name);
    }
    let vector = Pool::new(&[0.1f32; 20], d).unwrap();
    let beside = Options { labeled_vectors: Some(&vector), ..Options::default() };
    assert!(settled(&whole_numbers(ROWS, d)[0], &beside) > 0);
}

/// Ties everywhere, and the device's own choice of arithmetic: few distances are evaluated canonically.
#[test]
fn one_hot_codes_are_resolved_in_bulk() {
    let n = 400;
    let values: Vec<f32> = (0..n * n).map(|at| f32::from(u8::from(at / n == at % n))).collect();
    let pool = Pool::new(&values, n).unwrap();
    let found = engine(&pool, n - 1, &Options::default(), &filter::CPU).unwrap();
    let counts = found.statistics;
    assert_eq!((counts.settled_rows, counts.refresh_canonical, counts.pick_canonical), (0, 0, 0));
    check("one-hot", &pool, n - 1, &Options::default(), &filter::CPU);
}

/// A run says which rows lie orders beyond the others, however it works, and says nothing where there are none or they are excluded.
#[test]
fn rows_orders_beyond_the_rest_are_told() {
    let (n, d) = (1500, 16);
    let ordinary = pool(Shape::Text, n, d, 8);
    let said = |values: &[f32], options: &Options, filter: &Filter| {
        let pool = Pool::new(values, d).unwrap();
        engine(&pool, 20, options, filter).unwrap().statistics.beyond
    };
    // The first takes the plain loop.
    for filter in [filter::CPU, filter::CPU_F32, filter::CPU_INT8, filter::CPU_2_SHARDS] {
        assert_eq!(said(&ordinary, &Options::default(), &filter), None);
        for (garbage, farthest) in [(vec![0], 0), (vec![1301], 1301), (vec![7, 900, 1301], 900)] {
            let mut values = ordinary.clone();
            for &row in &garbage {
                let factor = if row == farthest { 1e20 } else { 1e15 };
                values[row * d..][..d].iter_mut().for_each(|value| *value *= factor);
            }
            let found = said(&values, &Options::default(), &filter).unwrap();
            assert_eq!((found.rows, found.row), (garbage.len() as u64, farthest), "{filter:?}");
            assert!(found.distance > 1e17 && found.most < 1e3, "{found:?}");
            let excluded = Options { excluded: garbage, ..Options::default() };
            assert_eq!(said(&values, &excluded, &filter), None, "{filter:?}");
        }
    }
    let bytes = pool(Shape::Sift, n, d, 8);
    assert_eq!(said(&bytes, &Options::default(), &filter::CPU_INT8), None);
}
