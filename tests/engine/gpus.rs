//! A pool split over several GPUs: the cases that its being split brings about.
#![cfg(all(feature = "lab", feature = "cuda"))]

#[path = "../shards/threads.rs"]
#[allow(dead_code, reason = "tests of shards by messages lose some")]
mod threads;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use farpoint::cuda::{DevicePool, Stream, serve};
use farpoint::shards::{Message, Reply, Settled, Transport, coordinate};
use farpoint::synth::{Shape, pool};
use farpoint::{
    Device, Error, First, Metric, Options, Pool, Result, Selection, select, select_with,
};

use crate::common::filter::{self, Filter};
use crate::common::{has_cuda, has_gpus};
use crate::select::{check, engine};
use threads::{Kept, Part, Threads, Values};

fn device(numbers: &[usize]) -> Device {
    Device::of_gpus(numbers).unwrap()
}

fn on(
    device: Device,
    pool: &Pool,
    budget: usize,
    options: &Options,
) -> farpoint::Result<Selection> {
    select(pool, budget, &Options { device, assign: true, ..options.clone() })
}

/// Everything but where it was computed.
fn assert_same(found: &Selection, expected: &Selection) {
    let statistics = expected.statistics.clone();
    assert_eq!(Selection { statistics, ..found.clone() }, *expected);
}

/// As a user asks for them: shards begin at blocks of the mean's, and the number of GPUs makes no difference.
#[test]
fn pools_are_split_by_blocks() {
    if !has_gpus(4) {
        return;
    }
    let d = 12;
    for n in [1025, 2048, 2049, 5000] {
        let values = pool(Shape::Text, n, d, 4);
        let pool = Pool::new(&values, d).unwrap();
        for (metric, first) in [(Metric::Euclidean, First::Mean), (Metric::Cosine, First::Lowest)] {
            let options = Options { metric, first, excluded: vec![0, n - 1], ..Options::default() };
            let expected = on(Device::Cpu, &pool, 70, &options).unwrap();
            for gpus in [&[0, 1][..], &[2, 0], &[1, 2, 3]] {
                let found = on(device(gpus), &pool, 70, &options).unwrap();
                assert_same(&found, &expected);
                let blocks = n.div_ceil(1024);
                let said = &found.statistics.device;
                assert_eq!(said.split(", ").count(), gpus.len().min(blocks), "{n}: {said}");
                assert!(said.starts_with(&format!("cuda:{}, cuda:", gpus.iter().min().unwrap())));
            }
        }
    }
}

#[test]
fn one_block_goes_to_the_first_gpu_alone() {
    if !has_gpus(3) {
        return;
    }
    let values = pool(Shape::Gaussian, 1024, 8, 4);
    let pool = Pool::new(&values, 8).unwrap();
    let expected = on(Device::Cpu, &pool, 30, &Options::default()).unwrap();
    let found = on(device(&[2, 1]), &pool, 30, &Options::default()).unwrap();
    assert_same(&found, &expected);
    assert_eq!((&*found.statistics.device, found.statistics.exchanges), ("cuda:1", 0));
}

#[test]
fn all_gpus_are_those_that_there_are() {
    if !has_gpus(3) {
        return;
    }
    let values = pool(Shape::Gaussian, 5000, 8, 4);
    let pool = Pool::new(&values, 8).unwrap();
    let found = on(Device::CudaAll, &pool, 30, &Options::default()).unwrap();
    assert_same(&found, &on(Device::Cpu, &pool, 30, &Options::default()).unwrap());
    assert!(found.statistics.device.starts_with("cuda:0, cuda:1, cuda:2"));
}

#[test]
fn a_gpu_that_is_not_there_is_named() {
    if !has_cuda() {
        return;
    }
    let pool = Pool::new(&[0.0f32, 1.0, 2.0], 1).unwrap();
    let error = on(device(&[0, 60]), &pool, 1, &Options::default()).unwrap_err();
    let Error::Unavailable { device: 60, .. } = error else { panic!("{error}") };
    assert!(error.to_string().starts_with("cuda:60: there is no GPU number 60"), "{error}");
}

/// Clusters far from each other, each on a GPU of its own: centers come from beyond all rows there, and the filter still tells them apart.
#[test]
fn centers_from_far_beyond_a_shards_rows_are_filtered() {
    let (n, d, budget) = (900, 24, 120);
    let mut values = pool(Shape::Gaussian, n, d, 11);
    for (row, x) in values.chunks_exact_mut(d).enumerate() {
        let cluster = row / (n / 3);
        x[cluster] += [0.0, 1e3, 3e4][cluster];
    }
    let pool = Pool::new(&values, d).unwrap();
    for filter in [filter::cuda_3_gpus(), filter::cuda_3_gpus_staged()] {
        let options = Options::default();
        check("clusters", &pool, budget, &options, &filter);
        let Some(found) = engine(&pool, budget, &options, &filter) else { return };
        let counts = found.statistics;
        let one = engine(&pool, budget, &options, &filter::CUDA).unwrap().statistics;
        assert!(counts.refresh_canonical < one.refresh_canonical, "{counts:?}, on one {one:?}");
    }
}

/// Picks that outdate more rows than a frontier holds: every GPU brings all rows up to date that may be next.
#[test]
fn sweeps_find_the_next_pick() {
    let line = pool(Shape::Gaussian, 1500, 1, 5);
    let cloud = pool(Shape::Gaussian, 1500, 3, 6);
    let weights: Vec<f32> =
        (0..1500u16).map(|row| [1.0, 0.5, 0.0, 2.0][usize::from(row) % 4]).collect();
    for (values, d) in [(line, 1), (cloud, 3)] {
        let pool = Pool::new(&values, d).unwrap();
        for weights in [None, Some(weights.clone())] {
            let options = Options { weights, excluded: vec![3, 700], ..Options::default() };
            for filter in [filter::cuda_2_gpus(), filter::cuda_3_gpus_staged()] {
                let filter: Filter = filter.with_frontier(2);
                check("swept", &pool, 40, &options, &filter);
                let Some(found) = engine(&pool, 40, &options, &filter) else { return };
                assert!(found.statistics.sweeps > 0, "{:?}", found.statistics);
            }
        }
    }
}

/// Rows of zeros have no direction, and are named by their number in the pool, the lowest first.
#[test]
fn a_bad_row_is_named_by_its_number_in_the_pool() {
    if !has_gpus(2) {
        return;
    }
    let mut values = pool(Shape::Gaussian, 5000, 4, 9);
    for row in [4990, 4999] {
        values[4 * row..][..4].fill(0.0);
    }
    let pool = Pool::new(&values, 4).unwrap();
    let options = Options { metric: Metric::Cosine, ..Options::default() };
    let error = on(device(&[0, 1]), &pool, 5, &options).unwrap_err();
    let expected = on(Device::Cpu, &pool, 5, &options).unwrap_err();
    assert_eq!(error.to_string(), expected.to_string());
    assert!(matches!(error, Error::ZeroRow { row: 4990, .. }), "{error}");
}

#[test]
fn a_run_ends_when_it_is_told() {
    if !has_gpus(2) {
        return;
    }
    let values = pool(Shape::Gaussian, 3000, 8, 9);
    let pool = Pool::new(&values, 8).unwrap();
    let whole = on(Device::Cpu, &pool, 400, &Options::default()).unwrap();
    let options = Options { device: device(&[0, 1]), ..Options::default() };
    let found = select_with(&pool, 400, &options, &mut |progress| match progress.chosen {
        0..50 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    })
    .unwrap();
    let made = found.centers.len();
    assert!(found.interrupted && (50..400).contains(&made), "{made}");
    assert_eq!(found.centers, whole.centers[..made]);
}

/// A coordinator's shards lie where each was told: on a GPU, on another, on a CPU.
#[test]
fn shards_of_a_coordinator_may_lie_on_gpus() {
    if !has_gpus(2) {
        return;
    }
    let (n, d) = (900, 9);
    let values = pool(Shape::Text, n, d, 12);
    let devices = [Device::Cuda(1), Device::Cpu, Device::Cuda(0)];
    let parts = devices.into_iter().zip(values.chunks(300 * d)).map(|(device, values)| Part {
        values: Values::F32(Arc::new(values.to_vec())),
        d,
        options: Options { device, threads: 1, ..Options::default() },
    });
    let options = Options { labeled: vec![5, 700], assign: true, ..Options::default() };
    let mut settled = vec![None; 3];
    let threads = Threads::new(parts.collect(), vec![]);
    let kept = Kept { threads, settled: &mut settled };
    let mut go_on = |_| ControlFlow::Continue(());
    let found = coordinate(kept, Some(90), &options, &mut go_on).unwrap();
    let min_distances = settled.iter().flatten().flat_map(|part| part.min_distances.clone());
    let assignment = settled.iter().flatten().flat_map(|part| part.assignment.clone());
    let (min_distances, assignment) = (Some(min_distances.collect()), Some(assignment.collect()));
    let found = Selection { min_distances, assignment, ..found };
    let pool = Pool::new(&values, d).unwrap();
    let expected = select(&pool, 90, &Options { device: Device::Cpu, ..options }).unwrap();
    assert_same(&found, &expected);
    assert_eq!(found.statistics.device, "cuda:1, cpu, cuda:0");
}

#[test]
fn what_several_gpus_lack_is_unsupported() {
    if !has_gpus(2) {
        return;
    }
    let values = pool(Shape::Gaussian, 3000, 8, 9);
    let pool = Pool::new(&values, 8).unwrap();
    let int8 = filter::gpus(2, farpoint::lab::Multiplier::Int8, farpoint::lab::Placement::Fitting);
    let go_on = &mut |_| ControlFlow::Continue(());
    let error = filter::select_tuned(&pool, 3, &Options::default(), &int8, go_on).unwrap_err();
    assert_eq!(error.to_string(), "cuda:0: several GPUs have no int8 rounds");
}

/// Parts that lie on GPUs already.
struct Lent<'s> {
    parts: Vec<(Sender<Message>, Receiver<Reply>)>,
    settled: &'s mut Vec<Option<Settled>>,
}

impl Transport for Lent<'_> {
    fn shards(&self) -> usize {
        self.parts.len()
    }

    fn name(&self, shard: usize) -> String {
        format!("part {shard}")
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>> {
        for (shard, own) in own {
            let message = Message { common: common.into(), own: own.clone() };
            self.parts[*shard].0.send(message).unwrap();
        }
        let answer = |(shard, _): &(usize, Vec<u8>)| {
            let reply = self.parts[*shard].1.recv().unwrap();
            if reply.settled.is_some() {
                self.settled[*shard] = reply.settled;
            }
            reply.bytes
        };
        Ok(own.iter().map(answer).collect())
    }
}

/// The selection from these rows in three parts, two of which lie on GPU 1.
fn from_lent_parts(values: &[f32], d: usize, options: &Options) -> Result<Selection> {
    let mut settled = vec![None; 3];
    let found = thread::scope(|scope| {
        let start = |(device, part): (usize, &[f32])| {
            let (messages, to_thread) = channel();
            let (from_thread, replies) = channel();
            let part = part.to_vec();
            scope.spawn(move || {
                let stream = Stream::new(device).unwrap();
                let pool = DevicePool::upload(&Pool::new(&part, d).unwrap(), &stream).unwrap();
                let options = Options { threads: 1, ..Options::default() };
                serve(&pool, &options, &stream, &mut move |reply| {
                    reply.map(|reply| from_thread.send(reply));
                    to_thread.recv().ok()
                });
            });
            (messages, replies)
        };
        let third = values.len() / d / 3 * d;
        let cut = [&values[..third], &values[third..2 * third], &values[2 * third..]];
        let parts = [1, 0, 1].into_iter().zip(cut).map(start).collect();
        let lent = Lent { parts, settled: &mut settled };
        coordinate(lent, Some(90), options, &mut |_| ControlFlow::Continue(()))
    })?;
    let all = || settled.iter().flatten();
    let min_distances = all().flat_map(|part| part.min_distances.clone()).collect();
    let assignment = all().flat_map(|part| part.assignment.clone()).collect();
    Ok(Selection {
        min_distances: options.assign.then_some(min_distances),
        assignment: options.assign.then_some(assignment),
        ..found
    })
}

#[test]
fn parts_that_lie_on_gpus_are_one_pool() {
    if !has_gpus(2) {
        return;
    }
    let (n, d) = (2500, 9);
    let values = pool(Shape::Text, n, d, 13);
    let pool = Pool::new(&values, d).unwrap();
    let weights = (0..n).map(|row| 0.5 + (row % 7) as f32).collect();
    for options in [
        Options { assign: true, ..Options::default() },
        Options { metric: Metric::Cosine, first: First::Mean, ..Options::default() },
        Options { first: First::Mean, excluded: (0..900).collect(), ..Options::default() },
        Options {
            labeled: vec![5, 2400, 1000],
            weights: Some(weights),
            assign: true,
            ..Options::default()
        },
    ] {
        let found = from_lent_parts(&values, d, &options).unwrap();
        let expected = select(&pool, 90, &Options { device: Device::Cpu, ..options }).unwrap();
        assert_same(&found, &expected);
    }
}

#[test]
fn a_bad_value_of_a_part_is_named_by_its_row_in_the_pool() {
    if !has_gpus(2) {
        return;
    }
    let d = 4;
    let mut values = pool(Shape::Text, 300, d, 14);
    values[150 * d..][..d].fill(0.0);
    let options = Options { metric: Metric::Cosine, ..Options::default() };
    let error = from_lent_parts(&values, d, &options).unwrap_err();
    assert!(error.to_string().starts_with("part 1: row 150 is all zeros"), "{error}");
}
