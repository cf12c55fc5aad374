//! The engine against the oracle: the same rows, radii, distances and nearest centers, to the bit.
//!
//! Each property is a function over a filter and is stamped onto each, so that it shows by name for every device.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::{Device, Element, Error, First, Metric, Options, Pool, Selection};
use half::{bf16, f16};

use crate::common::filter::{self, Filter, select_tuned};
use crate::common::{has_cuda, has_gpus, pools, reference, stamp};

/// The engine's answer, or `None` where the machine lacks the filter.
pub fn engine(pool: &Pool, budget: usize, options: &Options, filter: &Filter) -> Option<Selection> {
    if !has_gpus(filter.gpus()) {
        return None;
    }
    match select_tuned(pool, budget, options, filter, &mut |_| ControlFlow::Continue(())) {
        Ok(selection) => Some(selection),
        Err(error @ Error::Unsupported { device: Device::Cpu, .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

pub fn check(what: &str, pool: &Pool, budget: usize, options: &Options, filter: &Filter) {
    let options = Options { assign: true, ..options.clone() };
    let expected = reference::select(pool, budget, &options);
    let Some(found) = engine(pool, budget, &options, filter) else { return };
    let context = format!("{what}, {pool:?}, budget {budget}, {filter:?}");
    assert_eq!(found.centers, expected.centers, "centers: {context}");
    assert_eq!(found.radii, expected.radii, "radii: {context}");
    assert_eq!(found.initial_radius, expected.initial_radius, "initial radius: {context}");
    assert_eq!(found.min_distances.unwrap(), expected.min_distances, "distances: {context}");
    assert_eq!(found.assignment.unwrap(), expected.assignment, "assignment: {context}");
    assert!(!found.interrupted, "{context}");
}

fn tuned(filter: Filter, frontier: usize) -> Filter {
    filter.with_frontier(frontier)
}

/// Integer values survive every dtype, others are rounded to it: each is its own pool.
fn in_dtype<T: Element>(values: &[f32], narrow: impl Fn(f32) -> T) -> Vec<T> {
    values.iter().map(|&v| narrow(v)).collect()
}

/// Sizes of frontiers to try. On the test bed a round takes milliseconds: the way that a GPU takes by itself tries sizes of every kind
/// there, and the others, which go through the same rounds, a few. So each size meets each pool, and each way meets each pool.
fn frontiers<'a>(
    filter: Filter,
    cpu: &'a [usize],
    cuda: &'a [usize],
    other_cuda: &'a [usize],
) -> &'a [usize] {
    match filter {
        _ if !filter.is_cuda() => cpu,
        _ if filter.is_usual() => cuda,
        _ => other_cuda,
    }
}

fn hostile_pools_at_every_frontier(filter: Filter) {
    let d = filter.values(33);
    let all = [1, 2, 3, 7, 64, 149, 150, 1000];
    for named in pools::hostile(150, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        for &frontier in frontiers(filter, &all, &all, &[2, 64, 1000]) {
            check(named.name, &pool, 60, &Options::default(), &tuned(filter, frontier));
        }
        check(named.name, &pool, 150, &Options::default(), &filter);
    }
}

fn every_small_frontier_size(filter: Filter) {
    let all: Vec<usize> = (1..=71).collect();
    let every_kind = [1, 2, 3, 5, 8, 13, 21, 34, 55, 70, 71];
    for named in pools::hostile(70, 3) {
        let pool = Pool::new(&named.values, 3).unwrap();
        for &frontier in frontiers(filter, &all, &every_kind, &[1, 2, 7, 64]) {
            check(named.name, &pool, 60, &Options::default(), &tuned(filter, frontier));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "any rounding makes a pool")]
fn every_dtype(filter: Filter) {
    let d = filter.values(40);
    let tuning = tuned(filter, 50);
    for named in pools::hostile(200, d) {
        let unit = named.values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
        let values: Vec<f32> = named.values.iter().map(|v| v / unit * 100.0).collect();
        let weights = Some((0..200).map(|i| [1.0, 0.5, 2.0][i % 3]).collect());
        let check = |pool: Pool| {
            check(named.name, &pool, 80, &Options::default(), &tuning);
            for first in [First::Row(7), First::Mean, First::Heaviest] {
                let options = Options {
                    first,
                    weights: weights.clone(),
                    labeled: vec![],
                    ..Options::default()
                };
                check(named.name, &pool, 20, &options, &tuning);
            }
            let options =
                Options { labeled: vec![3, 9], excluded: vec![0, 1], ..Options::default() };
            check(named.name, &pool, 20, &options, &tuning);
        };
        check(Pool::new(&in_dtype(&values, f16::from_f32), d).unwrap());
        check(Pool::new(&in_dtype(&values, bf16::from_f32), d).unwrap());
        check(Pool::new(&in_dtype(&values, |v| v as u8), d).unwrap());
        check(Pool::new(&in_dtype(&values, |v| v as i8), d).unwrap());
    }
}

fn every_shape(filter: Filter) {
    let sizes = [1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257];
    for n in sizes {
        for d in sizes.map(|d| filter.values(d)) {
            let values = farpoint::synth::pool(farpoint::synth::Shape::Gaussian, n, d, 3);
            let pool = Pool::new(&values, d).unwrap();
            check("shape", &pool, n.div_ceil(2), &Options::default(), &tuned(filter, 40));
        }
    }
}

fn every_thread_count(filter: Filter) {
    let d = filter.values(40);
    for named in pools::hostile(600, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        let options = Options { assign: true, ..Options::default() };
        let Some(one) =
            engine(&pool, 90, &Options { threads: 1, ..options.clone() }, &tuned(filter, 200))
        else {
            return;
        };
        for threads in 2..=8 {
            let many = Options { threads, ..options.clone() };
            let many = engine(&pool, 90, &many, &tuned(filter, 200)).unwrap();
            let statistics = one.statistics.clone();
            assert_eq!(Selection { statistics, ..many }, one, "{}, {threads} threads", named.name);
        }
    }
}

fn labeled(filter: Filter) {
    let d = filter.values(20);
    for named in pools::hostile(160, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        let vectors: Vec<f32> = named.values[..3 * d]
            .iter()
            .map(|v| v * 1.5)
            .chain(named.values[40 * d..42 * d].iter().copied())
            .collect();
        let vectors = Pool::new(&vectors, d).unwrap();
        let many: Vec<usize> = (0..100).map(|i| (i * 37 + 5) % 160).collect();
        for rows in [vec![], vec![7], vec![159, 0], many] {
            for labeled_vectors in [None, Some(&vectors)] {
                let options =
                    Options { labeled: rows.clone(), labeled_vectors, ..Options::default() };
                check(named.name, &pool, 50, &options, &tuned(filter, 30));
            }
        }
    }
}

fn far_outside_vectors(filter: Filter) {
    let values = farpoint::synth::pool(farpoint::synth::Shape::Gaussian, 100, 8, 4);
    let pool = Pool::new(&values, 8).unwrap();
    for scale in [1e-30f32, 1e6, 1e30] {
        let far = [scale; 8];
        let far = Pool::new(&far, 8).unwrap();
        let options = Options { labeled_vectors: Some(&far), ..Options::default() };
        check("far vector", &pool, 40, &options, &tuned(filter, 16));
    }
}

fn every_policy_and_option(filter: Filter) {
    let d = filter.values(17);
    for named in pools::hostile(170, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        let some: Vec<f32> = (0..170).map(|i| [0.0, 0.5, 1.0, 3.0][i * 7 % 4]).collect();
        let excluded: Vec<usize> = (0..170).filter(|i| i % 5 == 0).collect();
        for first in [First::Lowest, First::Row(33), First::Mean, First::Heaviest] {
            for weights in [None, Some(some.clone()), Some(vec![1.0; 170]), Some(vec![0.0; 170])] {
                for excluded in [vec![], excluded.clone()] {
                    let options =
                        Options { first, weights: weights.clone(), excluded, ..Options::default() };
                    check(named.name, &pool, 70, &options, &tuned(filter, 40));
                }
            }
        }
    }
}

fn cosine(filter: Filter) {
    let d = filter.values(31);
    for named in pools::hostile(150, d) {
        let values: Vec<f32> = named.values.iter().map(|v| v + f32::MIN_POSITIVE).collect();
        let pool = Pool::new(&values, d).unwrap();
        let vectors = Pool::new(&values[..2 * d], d).unwrap();
        for first in [First::Lowest, First::Mean] {
            let options = Options { metric: Metric::Cosine, first, ..Options::default() };
            check(named.name, &pool, 60, &options, &tuned(filter, 32));
        }
        let options = Options {
            metric: Metric::Cosine,
            labeled: vec![4],
            labeled_vectors: Some(&vectors),
            ..Options::default()
        };
        check(named.name, &pool, 60, &options, &tuned(filter, 32));
    }
}

fn stop_radius(filter: Filter) {
    let values = farpoint::synth::pool(farpoint::synth::Shape::Integers, 200, 6, 9);
    let pool = Pool::new(&values, 6).unwrap();
    let Some(full) = engine(&pool, 200, &Options::default(), &tuned(filter, 30)) else { return };
    for &radius in full.radii.iter().step_by(9) {
        for stop in [radius, radius.next_up(), radius.next_down().max(0.0)] {
            for labeled in [vec![], vec![3, 8]] {
                let options = Options { stop_radius: Some(stop), labeled, ..Options::default() };
                check("stop radius", &pool, 190, &options, &tuned(filter, 30));
            }
        }
    }
    let options = Options { stop_radius: Some(1e9), labeled: vec![1], ..Options::default() };
    let none = engine(&pool, 10, &options, &tuned(filter, 30)).unwrap();
    assert_eq!((none.centers.len(), none.radii.len()), (0, 0));
    assert_eq!(none.radius(), none.initial_radius);
}

fn budgets_are_prefixes(filter: Filter) {
    let d = filter.values(9);
    for named in pools::hostile(120, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        let Some(full) = engine(&pool, 120, &Options::default(), &tuned(filter, 25)) else {
            return;
        };
        for budget in [1, 2, 17, 63, 119] {
            let part = engine(&pool, budget, &Options::default(), &tuned(filter, 50)).unwrap();
            assert_eq!(part.centers, full.centers[..budget], "{}", named.name);
            assert_eq!(part.radii, full.radii[..budget], "{}", named.name);
        }
        let mut sorted = full.centers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..120).collect::<Vec<_>>(), "{}", named.name);
        assert!(full.radii.is_sorted_by(|a, b| a >= b), "{}", named.name);
        assert_eq!(full.radii[119], 0.0);
    }
}

fn continuation_and_resume(filter: Filter) {
    let d = filter.values(12);
    for named in pools::hostile(140, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        for labeled in [vec![], vec![9, 2]] {
            let base = Options { labeled, assign: true, ..Options::default() };
            let Some(full) = engine(&pool, 90, &base, &tuned(filter, 25)) else { return };
            for cut in [1, 2, 40, 89, 90] {
                let resume = full.centers[..cut].to_vec();
                let resumed = Options { resume, ..base.clone() };
                let resumed = engine(&pool, 90, &resumed, &tuned(filter, 33)).unwrap();
                let statistics = full.statistics.clone();
                assert_eq!(Selection { statistics, ..resumed }, full, "{} at {cut}", named.name);
            }
            for cut in [1, 40, 89] {
                let labeled = [&base.labeled[..], &full.centers[..cut]].concat();
                let continued = Options { labeled, ..base.clone() };
                let continued = engine(&pool, 90 - cut, &continued, &tuned(filter, 33)).unwrap();
                assert_eq!(continued.centers, full.centers[cut..], "{} at {cut}", named.name);
                assert_eq!(continued.radii, full.radii[cut..], "{} at {cut}", named.name);
                assert_eq!(continued.initial_radius, full.radii[cut - 1]);
                assert_eq!(continued.min_distances, full.min_distances);
            }
        }
    }
}

fn interruption_leaves_a_prefix(filter: Filter) {
    let d = filter.values(24);
    let values = farpoint::synth::pool(farpoint::synth::Shape::Text, 600, d, 2);
    let pool = Pool::new(&values, d).unwrap();
    for labeled in [vec![], vec![5, 17]] {
        let options = Options { assign: true, labeled, ..Options::default() };
        let Some(full) = engine(&pool, 300, &options, &tuned(filter, 25)) else { return };
        for stop_at in [0, 1, 3, 9] {
            let mut calls = 0;
            let mut watch = |_| {
                calls += 1;
                if calls > stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let part = select_tuned(&pool, 300, &options, &tuned(filter, 25), &mut watch).unwrap();
            let chosen = part.centers.len();
            assert!(part.interrupted && 0 < chosen && chosen < 300);
            assert_eq!(part.centers, full.centers[..chosen]);
            assert_eq!(part.radii, full.radii[..chosen - 1]);
            assert_eq!(part.initial_radius, full.initial_radius);
            assert_eq!((part.farthest, part.min_distances, part.assignment), (None, None, None));
        }
    }
}

/// Wrong prefixes are told from right ones where it costs nothing.
fn resuming_refuses_what_greedy_did_not_choose(filter: Filter) {
    let d = filter.values(24);
    let values = farpoint::synth::pool(farpoint::synth::Shape::Text, 300, d, 2);
    let pool = Pool::new(&values, d).unwrap();
    let Some(full) = engine(&pool, 40, &Options::default(), &tuned(filter, 40)) else { return };
    let refused = |resume: Vec<usize>, options: Options| {
        let options = Options { resume, ..options };
        let mut watch = |_| ControlFlow::Continue(());
        select_tuned(&pool, 40, &options, &tuned(filter, 40), &mut watch).is_err()
    };
    let picks = |count: usize| full.centers[..count].to_vec();
    let stopping = Options { stop_radius: Some(full.radii[5]), ..Options::default() };
    assert!(!refused(picks(20), Options::default()));
    assert!(refused(vec![5], Options::default()), "another first center");
    assert!(refused(picks(20), Options { first: First::Row(9), ..Options::default() }));
    assert!(refused(picks(20), stopping), "picks past the stop radius");
    assert!(refused([&full.centers[..1], &full.centers[20..30]].concat(), Options::default()));
    let mut swapped = picks(20);
    swapped.swap(2, 19);
    assert!(refused(swapped, Options::default()), "radii that grow");
}

/// `S` differs, `D` does not: the lower row wins.
fn equal_distances_from_different_squares(filter: Filter) {
    let least = 2f32.powi(-26);
    for (values, farther) in
        [([0.0, 0.0, 1.0, 0.0, 1.0, least], 2), ([0.0, 0.0, 1.0, least, 1.0, 0.0], 1)]
    {
        let square =
            |row: usize| (0..2).map(|j| f64::from(values[2 * row + j]).powi(2)).sum::<f64>();
        assert!(square(farther) > square(3 - farther) && square(1).sqrt() == square(2).sqrt());
        let pool = Pool::new(&values, 2).unwrap();
        let Some(found) = engine(&pool, 2, &Options::default(), &tuned(filter, 3)) else { return };
        assert_eq!(found.centers, [0, 1]);
        check("equal D", &pool, 3, &Options::default(), &tuned(filter, 1));
    }
}

fn a_wider_interval_changes_nothing(filter: Filter) {
    for named in pools::hostile(150, 33) {
        let pool = Pool::new(&named.values, 33).unwrap();
        let wide = tuned(filter, 40).with_width(100.0);
        check(named.name, &pool, 60, &Options::default(), &wide);
    }
}

/// The interval is what makes the answer right: without it, at least one of these pools goes wrong.
/// Beside small frontiers, sweeps apply many centers without an interval; a frontier of all rows never needs one.
fn no_interval_is_caught(filter: Filter) {
    let wrong = |named: &pools::Named| {
        let pool = Pool::new(&named.values, 33).unwrap();
        let expected = reference::select(&pool, 150, &Options::default());
        let mut is_wrong = false;
        for frontier in [40, 300] {
            let none = tuned(filter, frontier).with_width(0.0);
            let found = engine(&pool, 150, &Options::default(), &none)?;
            is_wrong |= found.centers != expected.centers || found.radii != expected.radii;
        }
        Some(is_wrong)
    };
    let mut pools = pools::hostile(300, 33);
    // Two clusters far apart, to whose rows rounding does what they differ by.
    pools.extend(pools::beyond(300, 33).pop());
    let Some(wrong) = pools.iter().map(wrong).collect::<Option<Vec<bool>>>() else { return };
    assert!(wrong.contains(&true), "an interval of no width went unnoticed");
}

/// More rows than twice the largest frontier, so that its threshold has to be searched for: where many rows are at one distance,
/// where they differ in the last digits alone, with weights, and with rows that left the order.
fn frontiers_of_large_pools(filter: Filter) {
    let n: u16 = 9_500;
    let kinds: [fn(u16) -> f32; 4] = [
        |row| f32::from(row % 64),
        |row| if row > 0 { 1.0 + f32::from(row) / 9e3 } else { 0.0 },
        |row| f32::from(if row % 30 == 7 { 1000 + row / 30 } else { row % 64 }),
        |row| (row > 0).into(),
    ];
    let weights: Vec<f32> = (0..n).map(|row| f32::from(row % 7)).collect();
    for kind in kinds {
        let values: Vec<f32> = (0..n).map(kind).collect();
        let pool = Pool::new(&values, 1).unwrap();
        for weights in [None, Some(weights.clone())] {
            let excluded = (0..n.into()).step_by(11).collect();
            let options = Options { weights, excluded, ..Options::default() };
            check("large", &pool, 12, &options, &tuned(filter, 300));
        }
    }
}

/// A GPU picks among 4096 live rows at once, the best of those there are.
fn more_live_rows_than_are_picked_at_once(filter: Filter) {
    let value =
        |row: u16| if row > 0 { 100.0 + f32::from(row % 181 * 97 % 50) / 64.0 } else { 0.0 };
    let values: Vec<f32> = (0..9000).map(value).collect();
    let pool = Pool::new(&values, 1).unwrap();
    for weights in [None, Some((0..9000).map(|row: u16| f32::from(row % 3)).collect())] {
        let options = Options { weights, ..Options::default() };
        check("panel", &pool, 4, &options, &tuned(filter, 8000));
    }
}

/// More rows than one block of the mean's sums.
fn the_mean_is_summed_in_blocks(filter: Filter) {
    let values = farpoint::synth::pool(farpoint::synth::Shape::Gaussian, 3000, 5, 6);
    let values: Vec<f32> = values.iter().map(|v| v * 1e-3 + 1e4).collect();
    let pool = Pool::new(&values, 5).unwrap();
    for excluded in [vec![], (1000..1100).collect()] {
        let options = Options { first: First::Mean, excluded, ..Options::default() };
        check("mean", &pool, 3, &options, &tuned(filter, 300));
    }
    let values = pools::summed_in_blocks();
    let pool = Pool::new(&values, 1).unwrap();
    let options = Options { first: First::Mean, ..Options::default() };
    check("sums in blocks", &pool, 3, &options, &tuned(filter, 300));
}

/// On pools small enough to try every set, no set is better than the bound, and greedy is within twice the best.
fn lower_bounds_hold(filter: Filter) {
    let all_weights: [Option<[f32; 8]>; 4] = [
        None,
        Some([1.0, 2.0, 0.5, 3.0, 1.0, 1.0, 0.25, 4.0]),
        Some([-0.0, 1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 1.0]),
        Some([5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.1, 0.0]),
    ];
    for seed in 0..12 {
        let values = farpoint::synth::pool(farpoint::synth::Shape::Integers, 8, 2, seed);
        let pool = Pool::new(&values, 2).unwrap();
        for weights in &all_weights {
            for labeled in [vec![], vec![3]] {
                let weights = weights.map(Vec::from);
                let options = Options { weights, labeled, ..Options::default() };
                let Some(found) = engine(&pool, 4, &options, &tuned(filter, 3)) else { return };
                for (t, (&bound, &radius)) in
                    found.lower_bounds.iter().zip(&found.radii).enumerate()
                {
                    let best = best_radius(&pool, t + 1, &options);
                    assert!(
                        bound <= best,
                        "seed {seed}, {options:?}: {bound} is proven, {best} possible"
                    );
                    assert!(options.weights.is_some() || radius <= 2.0 * best);
                }
            }
        }
    }
}

/// The least radius that any `count` new centers leave, by trying all.
fn best_radius(pool: &Pool, count: usize, options: &Options) -> f64 {
    let n = pool.rows();
    let row = |i: usize| pool.row_f64(i, &mut Vec::new()).to_vec();
    let radius = |set: u32| {
        let is_center = |c: &usize| set & (1 << c) != 0 || options.labeled.contains(c);
        let key = |i: usize| {
            let to = |c: usize| reference::distance(&row(i), &row(c));
            let nearest = (0..n).filter(is_center).map(to).fold(f64::INFINITY, f64::min);
            options.weights.as_ref().map_or(1.0, |w| f64::from(w[i])) * nearest
        };
        (0..n).map(key).fold(0.0, f64::max)
    };
    (0..1u32 << n)
        .filter(|set| set.count_ones() as usize == count)
        .map(radius)
        .fold(f64::INFINITY, f64::min)
}

/// Drawn for good: the rows an independent SplitMix64 with Lemire's reduction draws.
#[test]
fn random_first_centers_are_pinned() {
    let values: Vec<f32> = (0..1000u16).map(f32::from).collect();
    let pool = Pool::new(&values, 1).unwrap();
    for (seed, row) in [(0, 883), (1, 566), (2, 591), (12345, 133), (u64::MAX, 893)] {
        let options = Options { first: First::Random, seed, ..Options::default() };
        assert_eq!(farpoint::select(&pool, 1, &options).unwrap().centers, [row]);
        // Drawn over the eligible rows, not over all: without row 0 the same draw of one fewer is a row later.
        let options = Options { excluded: vec![0], ..options };
        let without = farpoint::select(&pool, 1, &options).unwrap().centers[0];
        assert!(without == row || without == row + 1, "{without} after {row}");
    }
}

stamp! {
    cpu_f32: filter::CPU_F32;
    cpu_int8: filter::CPU_INT8;
    cpu_int8_portable: filter::CPU_INT8_PORTABLE;
    cpu_int8_avx_vnni: filter::CPU_INT8_AVX_VNNI;
    cpu_int8_avx512_vnni: filter::CPU_INT8_AVX512_VNNI;
    cpu_int8_amx: filter::CPU_INT8_AMX;
    cpu_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_amx: filter::CPU_AMX;
    cpu_cells: filter::CPU_CELLS;
    cpu_plain: filter::CPU_PLAIN;
    cpu_2_shards: filter::CPU_2_SHARDS;
    cpu_3_shards: filter::CPU_3_SHARDS;
    cpu_7_shards: filter::CPU_7_SHARDS;
    cpu_3_shards_int8: filter::CPU_3_SHARDS_INT8;
    cpu_distinct_f32: filter::CPU_DISTINCT_F32;
    cpu_distinct_int8: filter::CPU_DISTINCT_INT8;
    cpu_distinct_2_shards: filter::CPU_DISTINCT_2_SHARDS;
    cpu_distinct_cells: filter::CPU_DISTINCT_CELLS;
    cuda: filter::CUDA;
    cuda_portable: filter::CUDA_PORTABLE;
    cuda_staged: filter::CUDA_STAGED;
    cuda_lent: filter::CUDA_LENT;
    cuda_int8: filter::CUDA_INT8;
    cuda_int8_staged: filter::CUDA_INT8_STAGED;;
    (
        hostile_pools_at_every_frontier
        every_small_frontier_size
        every_dtype
        every_shape
        every_thread_count
        labeled
        far_outside_vectors
        every_policy_and_option
        cosine
        stop_radius
        budgets_are_prefixes
        continuation_and_resume
        interruption_leaves_a_prefix
        resuming_refuses_what_greedy_did_not_choose
        frontiers_of_large_pools
        more_live_rows_than_are_picked_at_once
        the_mean_is_summed_in_blocks
        lower_bounds_hold
        equal_distances_from_different_squares
    )
}

// Cells and the plain loop have no products, and no interval around any.
mod products {
    use super::*;

    stamp! {
        cpu_f32: filter::CPU_F32;
        cpu_int8: filter::CPU_INT8;
        cpu_int8_portable: filter::CPU_INT8_PORTABLE;
        cpu_int8_avx_vnni: filter::CPU_INT8_AVX_VNNI;
        cpu_int8_avx512_vnni: filter::CPU_INT8_AVX512_VNNI;
        cpu_int8_amx: filter::CPU_INT8_AMX;
        cpu_avx512_bf16: filter::CPU_AVX512_BF16;
        cpu_amx: filter::CPU_AMX;
        cpu_2_shards: filter::CPU_2_SHARDS;
        cpu_3_shards: filter::CPU_3_SHARDS;
        cpu_7_shards: filter::CPU_7_SHARDS;
        cpu_3_shards_int8: filter::CPU_3_SHARDS_INT8;
        cpu_distinct_f32: filter::CPU_DISTINCT_F32;
        cpu_distinct_int8: filter::CPU_DISTINCT_INT8;
        cpu_distinct_2_shards: filter::CPU_DISTINCT_2_SHARDS;
        cuda: filter::CUDA;
        cuda_portable: filter::CUDA_PORTABLE;
        cuda_staged: filter::CUDA_STAGED;
        cuda_lent: filter::CUDA_LENT;
        cuda_int8: filter::CUDA_INT8;
        cuda_int8_staged: filter::CUDA_INT8_STAGED;;
        (
            a_wider_interval_changes_nothing
            no_interval_is_caught
        )
    }
}

// One launch has no rounds to be interrupted between, and no products to put an interval around.
stamp! {
    cuda_at_once: filter::CUDA_AT_ONCE;;
    (
        hostile_pools_at_every_frontier
        every_dtype
        every_shape
        labeled
        far_outside_vectors
        every_policy_and_option
        cosine
        stop_radius
        budgets_are_prefixes
        continuation_and_resume
        resuming_refuses_what_greedy_did_not_choose
        the_mean_is_summed_in_blocks
        lower_bounds_hold
        equal_distances_from_different_squares
    )
}

// A part of the pool on each of several GPUs.
stamp! {
    cuda_2_gpus: filter::cuda_2_gpus();
    cuda_3_gpus: filter::cuda_3_gpus();
    cuda_3_gpus_staged: filter::cuda_3_gpus_staged();;
    (
        hostile_pools_at_every_frontier
        every_dtype
        every_shape
        labeled
        far_outside_vectors
        every_policy_and_option
        cosine
        stop_radius
        budgets_are_prefixes
        continuation_and_resume
        resuming_refuses_what_greedy_did_not_choose
        the_mean_is_summed_in_blocks
        lower_bounds_hold
        equal_distances_from_different_squares
        frontiers_of_large_pools
        no_interval_is_caught
    )
}

// The axes are independent: what two of them are together is tried where both have a part.
stamp! {
    cuda_staged_portable: filter::CUDA_STAGED_PORTABLE;;
    (
        cosine
        continuation_and_resume
        frontiers_of_large_pools
        no_interval_is_caught
    )
}

stamp! {
    cuda_int8_lent: filter::CUDA_INT8_LENT;;
    (
        every_dtype
        labeled
        far_outside_vectors
        cosine
        continuation_and_resume
        no_interval_is_caught
    )
}

stamp! {
    cuda_at_once_lent: filter::CUDA_AT_ONCE_LENT;;
    (
        every_dtype
        labeled
        far_outside_vectors
        cosine
        continuation_and_resume
        the_mean_is_summed_in_blocks
    )
}

/// What a device or a path cannot do is said, not done some other way in silence.
#[test]
fn what_a_device_lacks_is_unsupported() {
    let values: Vec<f32> = (0..5000u16).map(f32::from).collect();
    let pool = Pool::new(&values, 1).unwrap();
    let refused = |filter: Filter, reason: &str| {
        let mut watch = |_| ControlFlow::Continue(());
        let error = select_tuned(&pool, 2, &Options::default(), &filter, &mut watch).unwrap_err();
        let Error::Unsupported { device, .. } = error else { panic!("{error}") };
        assert_eq!(device, filter.device);
        assert!(error.to_string().contains(reason), "{error}");
    };
    let on_gpu = |filter: Filter| Filter { device: Device::Cuda(0), ..filter };
    let lent_to_cpu = Filter { device: Device::Cpu, ..filter::CUDA_LENT };
    if cfg!(feature = "cuda") {
        refused(lent_to_cpu, "a pool is lent on a GPU, not on cpu");
    }
    if has_cuda() {
        refused(filter::CUDA_AT_ONCE, "too large for one launch");
        refused(filter::CUDA_AT_ONCE_LENT, "too large for one launch");
        refused(on_gpu(filter::CPU_AMX), "a GPU has no Amx products");
        let long = vec![1.0; 2 << 17];
        let long = Pool::new(&long, 1 << 17).unwrap();
        let mut watch = |_| ControlFlow::Continue(());
        let none = select_tuned(&long, 1, &Options::default(), &filter::CUDA_INT8, &mut watch);
        assert!(none.unwrap_err().to_string().contains("at most 131071 values"));
        refused(on_gpu(filter::CPU_AVX512_BF16), "a GPU has no Avx512Bf16 products");
    }
}
