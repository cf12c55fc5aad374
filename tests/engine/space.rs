//! Distances over a pool against plain f64 loops: range joins, and distances to given centers. The same to the bit.
//!
//! Each property is a function over a filter and is stamped onto each, so that it shows by name for every device.
#![cfg(feature = "lab")]

use farpoint::synth::{Shape, pool};
use farpoint::{Device, Element, Error, Metric, Options, Pool};
use half::{bf16, f16};

use crate::common::filter::{self, Filter, labeled_distances, min_distances, within};
use crate::common::reference::{Pairs, all_pairs, number};
use crate::common::{has_cuda, pools, reference, stamp};

/// Whether the machine has the filter.
pub fn has(filter: Filter) -> bool {
    if filter.is_cuda() {
        return has_cuda();
    }
    let pool = Pool::new(&[0.0f32], 1).unwrap();
    let answer = within(&pool, &Options::default(), &filter, &[0], 0.0, 1);
    if let Err(error) = &answer {
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        eprintln!("skipped: {error}");
    }
    answer.is_ok()
}

fn up_to(reach: f64, pairs: &Pairs) -> Pairs {
    pairs.iter().filter(|pair| pair.2 <= reach).copied().collect()
}

/// Distances that occur, their neighbours, nothing and everything.
fn reaches(pairs: &Pairs) -> Vec<f64> {
    let mut distances: Vec<f64> = pairs.iter().map(|pair| pair.2).collect();
    distances.sort_by(f64::total_cmp);
    let occurring = [0, distances.len() / 20, distances.len() / 2].map(|at| distances[at]);
    let around = |reach: f64| [reach, reach.next_down().max(0.0)];
    occurring.into_iter().flat_map(around).chain([0.0, f64::INFINITY]).collect()
}

/// The joins of `rows` at several reaches, with just enough pairs allowed and one too few.
pub fn check_joins(what: &str, pool: &Pool, options: &Options, filter: &Filter, rows: &[usize]) {
    let pairs = all_pairs(pool, options, rows);
    for reach in reaches(&pairs) {
        let expected = up_to(reach, &pairs);
        let join = |most| within(pool, options, filter, rows, reach, most).unwrap();
        let context = format!("{what}, {pool:?}, reach {reach}, {filter:?}");
        let found = join(expected.len());
        assert!(found.as_ref() == Some(&expected), "{context}: {found:?}, not {expected:?}");
        if !expected.is_empty() {
            assert_eq!(join(expected.len() - 1), None, "{context}");
        }
    }
}

type Nearest = (Vec<f64>, Vec<u32>);

/// Each row's nearest of `centers`, the first of equals; the pool rows among them, by number, are their own.
fn nearest(x: &[Vec<f64>], centers: &[Vec<f64>], own: &[usize]) -> Nearest {
    let to_nearest = |row: &Vec<f64>| {
        let distances = centers.iter().map(|center| reference::distance(row, center));
        let closer = |best: (f64, u32), (c, d)| if d < best.0 { (d, number(c)) } else { best };
        distances.enumerate().fold((f64::INFINITY, u32::MAX), closer)
    };
    let mut found: Nearest = x.iter().map(to_nearest).unzip();
    for (center, &row) in own.iter().enumerate().rev() {
        (found.0[row], found.1[row]) = (0.0, number(center));
    }
    found
}

pub fn check_nearest(
    what: &str,
    pool: &Pool,
    options: &Options,
    filter: &Filter,
    centers: &[usize],
) {
    let context = format!("{what}, {pool:?}, {options:?}, {centers:?}, {filter:?}");
    let x = reference::rows(pool, options.metric);
    let vectors = |rows: &[usize]| rows.iter().map(|&row| x[row].clone()).collect::<Vec<_>>();
    let outside = options.labeled_vectors.map_or(vec![], |v| reference::rows(v, options.metric));
    let labeled = [vectors(&options.labeled), outside].concat();
    let found = labeled_distances(pool, options, filter).unwrap();
    assert_eq!(found, nearest(&x, &labeled, &options.labeled), "labeled: {context}");
    let found = min_distances(pool, options, filter, centers).unwrap();
    assert_eq!(found, nearest(&x, &vectors(centers), centers), "{context}");
}

/// Integer values survive every dtype, others are rounded to it: each is its own pool.
fn in_dtype<T: Element>(values: &[f32], narrow: impl Fn(f32) -> T) -> Vec<T> {
    values.iter().map(|&v| narrow(v)).collect()
}

pub fn every(step: usize, n: usize) -> Vec<usize> {
    (0..n).step_by(step).collect()
}

fn joins_of_hostile_pools(filter: Filter) {
    for named in pools::hostile(150, 33) {
        let pool = Pool::new(&named.values, 33).unwrap();
        let rows = if has(filter) { every(7, 150) } else { return };
        check_joins(named.name, &pool, &Options::default(), &filter, &rows);
        // In any order, and more than once.
        let rows = [140, 3, 77, 3];
        check_joins(named.name, &pool, &Options::default(), &filter, &rows);
    }
}

/// Labeled and excluded rows are no one's neighbours, and of no matter to anyone's.
fn joins_are_of_eligible_rows(filter: Filter) {
    if !has(filter) {
        return;
    }
    for named in pools::hostile(90, 12) {
        let pool = Pool::new(&named.values, 12).unwrap();
        let far = [1e30f32; 12];
        let far = Pool::new(&far, 12).unwrap();
        let options = Options {
            labeled: every(5, 90),
            excluded: vec![1, 2, 89],
            labeled_vectors: Some(&far),
            ..Options::default()
        };
        check_joins(named.name, &pool, &options, &filter, &[3, 4, 61, 88]);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "any rounding makes a pool")]
fn every_dtype(filter: Filter) {
    let Some(filter) = has(filter).then_some(filter) else { return };
    for named in pools::hostile(80, 40) {
        let unit = named.values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
        let values: Vec<f32> = named.values.iter().map(|v| v / unit * 100.0).collect();
        let check = |pool: Pool| {
            check_joins(named.name, &pool, &Options::default(), &filter, &every(9, 80));
            check_nearest(named.name, &pool, &Options::default(), &filter, &[7, 70]);
        };
        check(Pool::new(&in_dtype(&values, f16::from_f32), 40).unwrap());
        check(Pool::new(&in_dtype(&values, bf16::from_f32), 40).unwrap());
        check(Pool::new(&in_dtype(&values, |v| v as u8), 40).unwrap());
        check(Pool::new(&in_dtype(&values, |v| v as i8), 40).unwrap());
    }
}

fn every_shape(filter: Filter) {
    let sizes = [1, 31, 32, 33, 127, 128, 129, 257];
    for n in sizes {
        for d in if has(filter) { sizes } else { return } {
            let values = pool(Shape::Integers, n, d, 3);
            let pool = Pool::new(&values, d).unwrap();
            let rows = every(if d > 33 { 5 } else { 1 }, n);
            let pairs = all_pairs(&pool, &Options::default(), &rows);
            let reach = pairs[pairs.len() / 2].2;
            let found = within(&pool, &Options::default(), &filter, &rows, reach, n * n);
            assert_eq!(found.unwrap(), Some(up_to(reach, &pairs)), "{pool:?}");
        }
    }
}

fn cosine(filter: Filter) {
    if !has(filter) {
        return;
    }
    let vectors = pool(Shape::Gaussian, 2, 20, 1);
    let vectors = Pool::new(&vectors, 20).unwrap();
    for mut named in pools::hostile(100, 20) {
        // A row of zeros has no direction.
        named.values.chunks_exact_mut(20).for_each(|row| {
            if row.iter().all(|&v| v == 0.0) {
                row[0] = 1.0;
            }
        });
        let pool = Pool::new(&named.values, 20).unwrap();
        let options = Options {
            metric: Metric::Cosine,
            labeled: vec![4, 9],
            labeled_vectors: Some(&vectors),
            ..Options::default()
        };
        check_joins(named.name, &pool, &options, &filter, &[0, 5, 50, 99]);
        check_nearest(named.name, &pool, &options, &filter, &[9, 50, 51]);
    }
}

/// Excluded rows have distances too; labeled rows may be centers, and centers lie in one place.
fn nearest_centers(filter: Filter) {
    if !has(filter) {
        return;
    }
    for named in pools::hostile(160, 20) {
        let pool = Pool::new(&named.values, 20).unwrap();
        let vectors: Vec<f32> = named.values[..60].iter().map(|v| v * 1.5).collect();
        let vectors = Pool::new(&vectors, 20).unwrap();
        for labeled in [vec![], vec![7], vec![159, 0, 8]] {
            for labeled_vectors in [None, Some(&vectors)] {
                let excluded = vec![1, 2, 3];
                let options = Options {
                    labeled: labeled.clone(),
                    labeled_vectors,
                    excluded,
                    ..Options::default()
                };
                let centers = [vec![], vec![5], vec![1, 8, 158, 0, 1], every(3, 160)];
                let centers = &centers[if labeled_vectors.is_some() { 2..3 } else { 0..4 }];
                for centers in centers {
                    check_nearest(named.name, &pool, &options, &filter, centers);
                }
            }
        }
    }
}

/// More pairs than a GPU holds at once, and more rows asked about than there are.
fn every_pair_of_a_pool(filter: Filter) {
    let values = pool(Shape::Integers, 150, 9, 5);
    let pool = Pool::new(&values, 9).unwrap();
    let rows: Vec<usize> = (0..if has(filter) { 300 } else { return }).map(|at| at % 150).collect();
    let pairs = all_pairs(&pool, &Options::default(), &rows);
    let join =
        |most| within(&pool, &Options::default(), &filter, &rows, f64::INFINITY, most).unwrap();
    assert_eq!(join(pairs.len() - 1), None);
    assert!(join(pairs.len()) == Some(pairs));
}

/// A GPU tries 16,384 rows of the pool at a time, at most.
fn a_pool_of_several_blocks(filter: Filter) {
    let values: Vec<f32> = (0..16_500u16).map(|row| f32::from(row % 1000)).collect();
    let Some(pool) = has(filter).then(|| Pool::new(&values, 1).unwrap()) else { return };
    let options = Options { excluded: vec![0, 5, 16_000], ..Options::default() };
    let pairs = all_pairs(&pool, &options, &[16_499, 7]);
    let found = within(&pool, &options, &filter, &[16_499, 7], 3.0, 1000).unwrap();
    assert_eq!(found, Some(up_to(3.0, &pairs)));
}

fn every_thread_count(filter: Filter) {
    let values = pool(Shape::Mixture, 3000, 40, 5);
    let Some(pool) = has(filter).then(|| Pool::new(&values, 40).unwrap()) else { return };
    let join = |threads, reach| {
        let options = Options { threads, ..Options::default() };
        within(&pool, &options, &filter, &every(9, 3000), reach, usize::MAX).unwrap()
    };
    let reach = farpoint::distance(&values[..40], &values[40..80]);
    for reach in [reach, reach / 2.0] {
        assert!(join(1, reach) == join(3, reach), "the pairs depend on the number of threads");
    }
}

fn a_wider_interval_changes_nothing(filter: Filter) {
    let wide = filter.with_width(100.0);
    for named in pools::hostile(100, 33) {
        let rows = if has(filter) { every(7, 100) } else { return };
        let pool = Pool::new(&named.values, 33).unwrap();
        check_joins(named.name, &pool, &Options::default(), &wide, &rows);
    }
}

/// The interval is what makes the answer right: without it, at least one of these pools goes wrong.
fn no_interval_is_caught(filter: Filter) {
    let none = filter.with_width(0.0);
    let rows = if has(filter) { every(3, 300) } else { return };
    let goes_wrong = |named: &pools::Named| {
        let pool = Pool::new(&named.values, 33).unwrap();
        let pairs = all_pairs(&pool, &Options::default(), &rows);
        let wrong = |&reach: &f64| {
            let found = within(&pool, &Options::default(), &none, &rows, reach, usize::MAX);
            found.unwrap() != Some(up_to(reach, &pairs))
        };
        reaches(&pairs).iter().any(wrong)
    };
    let wrong = pools::hostile(300, 33).iter().any(goes_wrong);
    assert!(wrong, "an interval of no width went unnoticed");
}

/// Rows asked about are packed up to a number of bytes at once.
fn more_rows_than_are_packed_at_once(filter: Filter) {
    let values = pool(Shape::Text, 30, 4000, 5);
    let Some(pool) = has(filter).then(|| Pool::new(&values, 4000).unwrap()) else { return };
    let rows: Vec<usize> = (0..6000).map(|at| at * 7 % 30).collect();
    let pairs = all_pairs(&pool, &Options::default(), &every(1, 30));
    let reach = pairs[pairs.len() / 2].2;
    let of = |row: usize| pairs.iter().filter(move |pair| pair.0 == number(row) && pair.2 <= reach);
    let each = rows.iter().enumerate();
    let expected: Pairs = each
        .flat_map(|(slot, &row)| of(row).map(move |pair| (number(slot), pair.1, pair.2)))
        .collect();
    let join = |most| within(&pool, &Options::default(), &filter, &rows, reach, most);
    assert!(join(expected.len()).unwrap() == Some(expected.clone()));
    assert_eq!(join(expected.len() - 1).unwrap(), None);
}

fn joins_of_staged_pools_are_refused(filter: Filter) {
    let pool = Pool::new(&[0.0f32, 1.0], 1).unwrap();
    if has_cuda() {
        let answer = within(&pool, &Options::default(), &filter, &[0], 1.0, 9);
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::Unsupported { device: Device::Cuda(0), .. }), "{error}");
        assert!(error.to_string().contains("--device cpu"), "{error}");
    }
}

#[test]
fn a_row_without_a_direction_is_refused() {
    let pool = Pool::new(&[0.0f32, 0.0], 1).unwrap();
    let options = Options { metric: Metric::Cosine, ..Options::default() };
    let answer = within(&pool, &options, &filter::CPU_F32, &[0], 1.0, 9);
    assert!(answer.unwrap_err().to_string().contains("all zeros"));
}

stamp! {
    cpu_f32: filter::CPU_F32;
    cpu_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_amx: filter::CPU_AMX;
    cuda: filter::CUDA;
    cuda_portable: filter::CUDA_PORTABLE;;
    (
        joins_of_hostile_pools
        joins_are_of_eligible_rows
        every_dtype
        every_shape
        cosine
        nearest_centers
        every_pair_of_a_pool
        a_pool_of_several_blocks
        every_thread_count
        a_wider_interval_changes_nothing
        no_interval_is_caught
    )
}

// Too much for the test bed, which is not fast.
stamp! {
    cpu_large_f32: filter::CPU_F32;
    cpu_large_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_large_amx: filter::CPU_AMX;;
    (more_rows_than_are_packed_at_once)
}

// A pool that does not fit the device: its distances to given centers are settled as ever, joins are refused.
stamp! {
    cuda_staged: filter::CUDA_STAGED;;
    (nearest_centers joins_of_staged_pools_are_refused)
}
