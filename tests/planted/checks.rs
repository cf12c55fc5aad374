//! What is run over a bed with a bug: ignored tests, each in a process of its own, that pass without it.

use std::ops::ControlFlow;
use std::time::Duration;

use farpoint::cuda::{Batch, BatchOptions, DevicePool, Stream};
use farpoint::synth::{self, Shape};
use farpoint::{Dtype, First, Metric, Options, Pool, Selection, Statistics};

use crate::bug::Check;
use crate::common::filter::{self, Filter, select_tuned, within};
use crate::common::{bed, pools, reference};

pub const ENGINE: Check = Check::Test("checks::engine_matches_the_oracle");
pub const LAZINESS: Check = Check::Test("checks::few_distances_are_settled");
pub const PORTABLE: Check = Check::Test("checks::portable_matches_the_oracle");
pub const INT8: Check = Check::Test("checks::int8_matches_the_oracle");
pub const INT8_LAZINESS: Check = Check::Test("checks::few_rows_are_settled");
pub const FRONTIER: Check = Check::Test("checks::frontier_matches_the_oracle");
pub const NARROWING: Check = Check::Test("checks::narrowing_matches_the_oracle");
pub const FALLING: Check = Check::Test("checks::falling_matches_the_oracle");
pub const PANEL: Check = Check::Test("checks::panel_matches_the_oracle");
pub const JOIN: Check = Check::Test("checks::joins_match_the_oracle");
pub const MEAN: Check = Check::Test("checks::means_match_the_oracle");
pub const BATCH: Check = Check::Test("checks::batch_matches_the_oracle");
pub const GPUS: Check = Check::Test("checks::several_gpus_match_the_oracle");
pub const REGIONS: Check = Check::Test("checks::regions_are_kept");

/// One multiprocessor: blocks have several tiles each.
#[test]
#[ignore = "run over beds with bugs"]
fn engine_matches_the_oracle() {
    all_agree(filter::CUDA);
}

/// The row nearest the mean, of numbers over three blocks, and of a pool whose mean depends on the order of its sums.
#[test]
#[ignore = "run over beds with bugs"]
fn means_match_the_oracle() {
    end_within(90);
    bed::load().unwrap();
    let options = Options { first: First::Mean, ..Options::default() };
    let ascending: Vec<f32> = (0..3000u16).map(f32::from).collect();
    agree(filter::CUDA, &ascending, 1, 2, &options, 300);
    agree(filter::CUDA, &pools::summed_in_blocks(), 1, 2, &options, 300);
}

/// The same by the instructions of every device.
#[test]
#[ignore = "run over beds with bugs"]
fn portable_matches_the_oracle() {
    all_agree(filter::CUDA_PORTABLE);
}

fn all_agree(filter: Filter) {
    end_within(90);
    let bed = bed::load().unwrap();
    bed.set_limit("multiprocessors", 1);
    let sorts = |n, d| pools::hostile(n, d).into_iter().map(|named| (named.name, named.values));
    let named = |name: &str, n, d| sorts(n, d).find(|(each, _)| *each == name).unwrap().1;
    let plain = Options::default();
    let excluded = Options {
        excluded: (0..40).map(|i| 7 * i).collect(),
        labeled: vec![1, 299],
        weights: Some((0..300).map(|i| [1.0, 0.5, 2.0][i % 3]).collect()),
        ..Options::default()
    };
    agree(filter, &synth::pool(Shape::Text, 300, 70, 1), 70, 290, &plain, 280);
    agree(filter, &synth::pool(Shape::Integers, 300, 20, 2), 20, 150, &plain, 31);
    agree(filter, &synth::pool(Shape::Integers, 300, 2, 4), 2, 150, &plain, 64);
    agree(filter, &synth::pool(Shape::Integers, 300, 1, 5), 1, 30, &plain, 64);
    agree(filter, &synth::pool(Shape::Integers, 1500, 2, 6), 2, 90, &plain, 1300);
    agree(filter, &synth::pool(Shape::Gaussian, 300, 20, 3), 20, 150, &excluded, 64);
    agree(filter, &named("near duplicates", 300, 20), 20, 100, &plain, 40);
    agree(filter, &named("offset by 1e4", 300, 33), 33, 150, &plain, 40);
    // A CPU's filter goes by most rows, and needs far fewer canonical distances there.
    for name in ["one outlier", "magnitudes"] {
        answer_agrees(filter, &named(name, 300, 33), 33, 150, &plain, 40);
    }
    let (twins, labeled) = twins();
    agree(filter, &twins, 33, 20, &labeled, 64);
    bed.set_limit("fail_allocation", 1);
    let cosine = Options { metric: Metric::Cosine, ..Options::default() };
    agree(filter, &synth::pool(Shape::Text, 300, 20, 1), 20, 60, &cosine, 64);
}

/// Two centers that are almost equally far from every row: what the filter allows for decides who is looked at.
fn twins() -> (Vec<f32>, Options<'static>) {
    let mut twins = synth::pool(Shape::Gaussian, 300, 33, 8);
    for j in 0..33 {
        twins[33 + j] = twins[j] + 1e-4;
    }
    (twins, Options { labeled: vec![0, 1], ..Options::default() })
}

/// On int8 values, rows on the device and on the host: of a length that leaves half a slice, of many magnitudes, of near ties, and more
/// than are settled at once.
#[test]
#[ignore = "run over beds with bugs"]
fn int8_matches_the_oracle() {
    end_within(300);
    let bed = bed::load().unwrap();
    bed.set_limit("multiprocessors", 1);
    let sorts = |n, d| pools::hostile(n, d).into_iter().map(|named| (named.name, named.values));
    let plain = Options::default();
    let excluded = Options {
        excluded: (0..40).map(|i| 7 * i).collect(),
        labeled: vec![1, 299],
        weights: Some((0..300).map(|i| [1.0, 0.5, 2.0][i % 3]).collect()),
        ..Options::default()
    };
    let cosine = Options { metric: Metric::Cosine, ..Options::default() };
    let mut narrow = synth::pool(Shape::Gaussian, 1200, 9, 3);
    for (row, values) in narrow.chunks_exact_mut(9).enumerate() {
        let middle = [1.0, -1.0, 3.0][row % 3];
        values.iter_mut().for_each(|value| *value = middle + *value * 1e-5);
    }
    let many = Options { labeled: (0..300).collect(), ..Options::default() };
    for filter in [filter::CUDA_INT8, filter::CUDA_INT8_STAGED] {
        answer_agrees(filter, &synth::pool(Shape::Text, 700, 70, 1), 70, 200, &plain, 600);
        answer_agrees(filter, &synth::pool(Shape::Gaussian, 300, 20, 3), 20, 150, &excluded, 64);
        answer_agrees(filter, &synth::pool(Shape::Text, 300, 20, 1), 20, 60, &cosine, 64);
        for (_, values) in sorts(200, 33) {
            answer_agrees(filter, &values, 33, 100, &plain, 40);
        }
        let (twins, labeled) = twins();
        answer_agrees(filter, &twins, 33, 20, &labeled, 64);
        // More centers may be a row's nearest than are listed, of more live rows than are settled at once.
        answer_agrees(filter, &narrow, 9, 50, &many, 1000);
        // Rows of few values are off by all of their error, or nearly.
        for d in 2..5 {
            answer_agrees(filter, &synth::pool(Shape::Gaussian, 900, d, 4), d, 300, &plain, 64);
        }
    }
}

/// A pool on two devices and on the host beside three, with sweeps.
#[test]
#[ignore = "run over beds with bugs"]
fn several_gpus_match_the_oracle() {
    end_within(120);
    let bed = bed::load().unwrap();
    bed.set_limit("multiprocessors", 1);
    bed.have_devices(3);
    let excluded = Options {
        excluded: (0..40).map(|i| 7 * i).collect(),
        labeled: vec![1, 299],
        weights: Some((0..300).map(|i| [1.0, 0.5, 2.0][i % 3]).collect()),
        ..Options::default()
    };
    for filter in [filter::cuda_2_gpus(), filter::cuda_3_gpus_staged()] {
        answer_agrees(filter, &synth::pool(Shape::Gaussian, 300, 20, 3), 20, 150, &excluded, 64);
        answer_agrees(
            filter,
            &synth::pool(Shape::Text, 300, 20, 1),
            20,
            60,
            &Options::default(),
            31,
        );
        let line = synth::pool(Shape::Gaussian, 600, 1, 5);
        let swept = answer_agrees(filter, &line, 1, 40, &Options::default(), 2);
        assert!(swept.sweeps > 0, "{swept:?}");
    }
}

/// On int8 values few rows are made exact for a pick.
#[test]
#[ignore = "run over beds with bugs"]
fn few_rows_are_settled() {
    end_within(60);
    bed::load().unwrap();
    let values = synth::pool(Shape::Text, 1500, 32, 1);
    let pool = Pool::new(&values, 32).unwrap();
    let filter = filter::CUDA_INT8.with_frontier(400);
    let mut watch = |_| ControlFlow::Continue(());
    let found = select_tuned(&pool, 200, &Options::default(), &filter, &mut watch).unwrap();
    assert!(found.statistics.settled_rows <= 5 * 200, "{:?}", found.statistics);
}

/// The threshold has to be found, where most rows are at one distance to the row.
#[test]
#[ignore = "run over beds with bugs"]
fn frontier_matches_the_oracle() {
    end_within(90);
    bed::load().unwrap().set_limit("multiprocessors", 2);
    let two_values: Vec<f32> = (0..10000).map(|row| (row > 0).into()).collect();
    agree(filter::CUDA, &two_values, 1, 2, &Options::default(), 300);
    // As many far rows as a frontier has: the first row outside is of another kind.
    let far = |row: u16| f32::from(if row % 30 == 7 { 1000 + row / 30 } else { row % 64 });
    agree(filter::CUDA, &(0..9000).map(far).collect::<Vec<f32>>(), 1, 20, &Options::default(), 300);
}

/// Keys that differ in their later digits alone: many threads have a part in the narrowing.
#[test]
#[ignore = "run over beds with bugs"]
fn narrowing_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    let spread = |row: u16| if row > 0 { 1.0 + f32::from(row) / 9000.0 } else { 0.0 };
    agree(
        filter::CUDA,
        &(0..9000).map(spread).collect::<Vec<f32>>(),
        1,
        2,
        &Options::default(),
        300,
    );
}

/// A last ceiling that says little: all rows but one are thousands of times nearer than it was.
#[test]
#[ignore = "run over beds with bugs"]
fn falling_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    let near = |row: u16| if row == 5000 { 1e6 } else { f32::from(row) / 9000.0 };
    agree(filter::CUDA, &(0..9000).map(near).collect::<Vec<f32>>(), 1, 6, &Options::default(), 300);
}

/// More live rows than are picked at once.
#[test]
#[ignore = "run over beds with bugs"]
fn panel_matches_the_oracle() {
    end_within(120);
    let bed = bed::load().unwrap();
    let close = |row: u16| 100.0 + f32::from(row % 181 * 97 % 50) / 64.0;
    let values: Vec<f32> = (0..9000).map(|row| if row == 0 { 0.0 } else { close(row) }).collect();
    answer_agrees(filter::CUDA, &values, 1, 4, &Options::default(), 8000);
    let ring = |row: u16| (f32::from(row) * 0.37).sin_cos();
    let ring = (0..6000).flat_map(|row| {
        let (x, y) = ring(row);
        if row == 0 { [0.0, 0.0] } else { [x, y] }
    });
    answer_agrees(filter::CUDA, &ring.collect::<Vec<f32>>(), 2, 30, &Options::default(), 5000);
    assert!(bed.kernel_launches("panel_rank") > 5, "panels of too few rounds");
}

/// Pools in one launch: a block each, several blocks each, and with centers given.
#[test]
#[ignore = "run over beds with bugs"]
fn batch_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap();
    batch_agrees(&synth::pool(Shape::Integers, 200, 40, 2), 40, 60, 199);
    // More values than one block is given: four have 33 rows each, or fewer.
    let many: Vec<f32> = synth::pool(Shape::Text, 130, 2100, 3).iter().map(|v| v + 0.1).collect();
    batch_agrees(&many, 2100, 9, 129);
    let labeled = vec![129, 3, 66];
    let cosine = Options { metric: Metric::Cosine, labeled, assign: true, ..Options::default() };
    at_once_agrees(&many, 2100, 3, &cosine);
    let vectors = synth::pool(Shape::Gaussian, 7, 40, 4);
    let vectors = Pool::new(&vectors, 40).unwrap();
    let labeled_vectors = Some(&vectors);
    let given = Options { labeled: vec![5, 190, 66], labeled_vectors, ..Options::default() };
    let given = Options { assign: true, ..given };
    at_once_agrees(&synth::pool(Shape::Gaussian, 200, 40, 3), 40, 30, &given);
}

/// With ties at the reach; then all pairs, which do not fit a launch, of more rows than are packed at once.
#[test]
#[ignore = "run over beds with bugs"]
fn joins_match_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &[3, 149, 8], Some(40));
    join_agrees(&synth::pool(Shape::Text, 300, 70, 1), 70, &every(300)[..300], Some(9));
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &every(150), None);
}

/// Every region between pages that nothing may touch: rounds, joins whose pairs do not fit, and pools in one launch.
#[test]
#[ignore = "run over beds with bugs"]
fn regions_are_kept() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    bed::guard_regions();
    let integers = synth::pool(Shape::Integers, 300, 20, 2);
    answer_agrees(filter::CUDA, &integers, 20, 150, &Options::default(), 64);
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &every(150), None);
    batch_agrees(&synth::pool(Shape::Integers, 200, 40, 2), 40, 60, 199);
}

/// The rows of a pool, each twice.
fn every(n: usize) -> Vec<usize> {
    (0..2 * n).map(|at| at % n).collect()
}

/// Up to the distance of the first row's neighbour of that rank, or without end.
fn join_agrees(values: &[f32], d: usize, rows: &[usize], rank: Option<usize>) {
    let pool = Pool::new(values, d).unwrap();
    let mut expected = reference::all_pairs(&pool, &Options::default(), rows);
    let reach = rank.map_or(f64::INFINITY, |rank| expected[rank].2);
    expected.retain(|pair| pair.2 <= reach);
    let found = within(&pool, &Options::default(), &filter::CUDA, rows, reach, usize::MAX).unwrap();
    assert!(found == Some(expected));
}

/// Of the rows that a pick comes nearer to, few are ever the farthest, or the answer's.
#[test]
#[ignore = "run over beds with bugs"]
fn few_distances_are_settled() {
    end_within(30);
    bed::load().unwrap();
    let values = synth::pool(Shape::Text, 1500, 32, 1);
    let pool = Pool::new(&values, 32).unwrap();
    let count = |filter: Filter| {
        let filter = filter.with_frontier(400);
        let mut watch = |_| ControlFlow::Continue(());
        let found = select_tuned(&pool, 200, &Options::default(), &filter, &mut watch);
        found.unwrap().statistics
    };
    let (gpu, cpu) = (count(filter::CUDA), count(filter::CPU_F32));
    assert_eq!(gpu.rounds, cpu.rounds);
    assert!(10 * gpu.pick_canonical <= cpu.pick_canonical, "{gpu:?}, {cpu:?}");
}

fn at_once_agrees(values: &[f32], d: usize, budget: usize, options: &Options) {
    let pool = Pool::new(values, d).unwrap();
    let mut watch = |_| ControlFlow::Continue(());
    let found = select_tuned(&pool, budget, options, &filter::CUDA_AT_ONCE, &mut watch).unwrap();
    let expected = reference::select(&pool, budget, options);
    assert_eq!((found.centers, found.radii), (expected.centers, expected.radii));
    assert_eq!(found.min_distances.unwrap(), expected.min_distances);
    assert_eq!(found.assignment.unwrap(), expected.assignment);
}

/// One pool in one launch; then stopped at the radius that half the picks leave.
fn batch_agrees(values: &[f32], d: usize, budget: usize, first: usize) {
    let pool = Pool::new(values, d).unwrap();
    let one = Options { first: First::Row(first), ..Options::default() };
    let expected = reference::select(&pool, budget, &one);
    let stream = Stream::new(0).unwrap();
    let lent = DevicePool::upload(&pool, &stream).unwrap();
    for picks in [budget, budget / 2] {
        let stop_radius = (picks < budget).then_some(expected.radii[picks - 1]);
        let first = Some(vec![first]);
        let options = BatchOptions { stop_radius, first, ..BatchOptions::default() };
        let offsets = [0, pool.rows()];
        let mut batch = Batch::new(&stream, Dtype::F32, d, &offsets, &[budget], &options).unwrap();
        batch.queue(&lent, &stream).unwrap();
        let found = batch.fetch(&lent, &stream).unwrap().remove(0);
        let reached = |radius: &f64| stop_radius.is_some_and(|stop| *radius <= stop);
        let end = expected.radii.iter().position(reached).map_or(budget, |at| at + 1);
        assert_eq!(found.centers, expected.centers[..end]);
        assert_eq!(found.radii, expected.radii[..end]);
    }
}

/// A bug may keep rounds from ending: this is thirty times what the check takes.
fn end_within(seconds: u64) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(seconds));
        eprintln!("it does not end");
        std::process::exit(1);
    });
}

/// The oracle's answer, and as few canonical distances as the CPU needs.
fn agree(
    filter: Filter,
    values: &[f32],
    d: usize,
    budget: usize,
    options: &Options,
    frontier: usize,
) {
    let gpu = answer_agrees(filter, values, d, budget, options, frontier);
    let pool = Pool::new(values, d).unwrap();
    let options = Options { assign: true, ..options.clone() };
    let cpu = selected(&pool, budget, &options, frontier, filter::CPU_F32).statistics;
    // A row that leaves a round before its distance is settled sees some of the round's picks again.
    assert!(gpu.refresh_evaluations <= 3 * cpu.refresh_evaluations, "{gpu:?}, {cpu:?}");
    // A sweep spares a CPU some rounds: never more than find its next pick, of all rows.
    let spared = cpu.sweeps * pool.rows().div_ceil(frontier);
    assert!(4 * gpu.rounds <= 5 * (cpu.rounds + spared) + 4, "{gpu:?}, {cpu:?}");
    let canonical = [&gpu, &cpu].map(|s| s.refresh_canonical + s.pick_canonical);
    assert!(canonical[0] <= 2 * canonical[1], "canonical distances {canonical:?}");
}

fn answer_agrees(
    filter: Filter,
    values: &[f32],
    d: usize,
    budget: usize,
    options: &Options,
    frontier: usize,
) -> Statistics {
    let pool = Pool::new(values, d).unwrap();
    let options = Options { assign: true, ..options.clone() };
    let found = selected(&pool, budget, &options, frontier, filter);
    let answer = reference::Answer {
        centers: found.centers,
        radii: found.radii,
        initial_radius: found.initial_radius,
        min_distances: found.min_distances.unwrap(),
        assignment: found.assignment.unwrap(),
    };
    assert_eq!(answer, reference::select(&pool, budget, &options));
    found.statistics
}

fn selected(
    pool: &Pool,
    budget: usize,
    options: &Options,
    frontier: usize,
    filter: Filter,
) -> Selection {
    let filter = filter.with_frontier(frontier);
    select_tuned(pool, budget, options, &filter, &mut |_| ControlFlow::Continue(())).unwrap()
}
