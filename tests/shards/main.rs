//! One selection from rows that several holders have, by messages alone: the answer of one holder, to the bit, whichever shards are lost on
//! the way.

#[path = "../common/drawn.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod drawn;
#[path = "../common/pools.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod pools;
mod threads;

use std::ops::ControlFlow;
use std::sync::Arc;

use drawn::Random;
use farpoint::shards::{Settled, coordinate};
use farpoint::synth::{Shape, pool};
use farpoint::{Device, Error, First, Metric, Options, Pool, Result, Selection, Statistics};
use threads::{Kept, Lost, Part, Threads, Values, What};

const D: usize = 7;

fn cpu() -> Options<'static> {
    Options { device: Device::Cpu, threads: 1, ..Options::default() }
}

/// The values in parts that begin at these rows.
fn parts(values: &[f32], d: usize, starts: &[usize]) -> Vec<Part> {
    let ends = starts.iter().skip(1).copied().chain([values.len() / d]);
    let part = |(&start, end): (&usize, usize)| Part {
        values: Values::F32(Arc::new(values[start * d..end * d].to_vec())),
        d,
        options: cpu(),
    };
    starts.iter().zip(ends).map(part).collect()
}

fn selected(
    parts: Vec<Part>,
    budget: Option<usize>,
    options: &Options,
    lost: Vec<Lost>,
) -> Result<(Selection, usize)> {
    let mut settled = vec![None; parts.len()];
    let mut threads = Kept { threads: Threads::new(parts, lost), settled: &mut settled };
    let mut calls = 0;
    let selection = {
        let counted = Counting { inner: &mut threads, calls: &mut calls };
        coordinate(counted, budget, options, &mut |_| ControlFlow::Continue(()))?
    };
    let all: Vec<Settled> = settled.into_iter().flatten().collect();
    let has_settled = options.assign && !selection.interrupted;
    let together = |of: fn(&Settled) -> Vec<f64>| all.iter().flat_map(of).collect::<Vec<f64>>();
    let min_distances = has_settled.then(|| together(|part| part.min_distances.clone()));
    let assignment =
        has_settled.then(|| all.iter().flat_map(|part| part.assignment.clone()).collect());
    Ok((Selection { min_distances, assignment, ..selection }, calls))
}

/// Counts the calls.
struct Counting<'c, T> {
    inner: &'c mut T,
    calls: &'c mut usize,
}

impl<T: farpoint::shards::Transport> farpoint::shards::Transport for Counting<'_, T> {
    fn shards(&self) -> usize {
        self.inner.shards()
    }

    fn name(&self, shard: usize) -> String {
        self.inner.name(shard)
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>> {
        *self.calls += 1;
        self.inner.call(common, own)
    }

    fn restarts(&self) -> bool {
        self.inner.restarts()
    }
}

/// All but what the run did.
fn answer(selection: Selection) -> Selection {
    Selection { statistics: Statistics::default(), ..selection }
}

fn whole(values: &[f32], d: usize, budget: usize, options: &Options) -> Selection {
    let pool = Pool::new(values, d).unwrap();
    answer(farpoint::select(&pool, budget, options).unwrap())
}

#[track_caller]
fn assert_same(
    what: &str,
    values: &[f32],
    d: usize,
    starts: &[usize],
    budget: usize,
    options: &Options,
) {
    let (found, _) = selected(parts(values, d, starts), Some(budget), options, vec![]).unwrap();
    assert!(answer(found) == whole(values, d, budget, options), "{what}");
}

#[test]
fn hostile_pools_in_parts_of_any_size() {
    const N: usize = 600;
    let options = [
        cpu(),
        Options { labeled: vec![9, 2, 301], assign: true, ..cpu() },
        Options {
            weights: Some((0..N).map(|row| [1.0, 0.5, 3.0, 0.0, 0.25][row % 5]).collect()),
            excluded: (40..120).collect(),
            assign: true,
            ..cpu()
        },
    ];
    for (at, named) in pools::hostile(N, D).iter().enumerate() {
        let starts: &[usize] = [&[0, 1, 250][..], &[0, 300], &[0, 100, 101, 599]][at % 3];
        for options in &options {
            assert_same(named.name, &named.values, D, starts, 80, options);
        }
    }
}

/// The rows of longer rows are int8 values at each shard.
#[test]
fn long_rows_of_text() {
    let values = pool(Shape::Text, 4000, 96, 3);
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let options = Options { metric, assign: true, ..cpu() };
        assert_same("text", &values, 96, &[0, 1300, 2600], 1500, &options);
    }
}

#[test]
fn every_first_center() {
    let values = pool(Shape::Mixture, 3000, D, 5);
    let weights: Vec<f32> = (0..3000).map(|row| ((row * 37) % 101) as f32).collect();
    let firsts = [First::Lowest, First::Row(2500), First::Mean, First::Heaviest, First::Random];
    for first in firsts {
        let options = Options {
            first,
            seed: 12,
            excluded: (0..1200).collect(),
            weights: (first == First::Heaviest).then(|| weights.clone()),
            ..cpu()
        };
        assert_same("first", &values, D, &[0, 1000, 1700], 40, &options);
    }
}

#[test]
fn labeled_vectors_and_a_stop_radius() {
    let values = pool(Shape::Gaussian, 900, D, 6);
    let vectors = pool(Shape::Gaussian, 3, D, 7);
    let vectors = Pool::new(&vectors, D).unwrap();
    let options = Options {
        labeled: vec![800, 3],
        labeled_vectors: Some(&vectors),
        stop_radius: Some(2.2),
        assign: true,
        ..cpu()
    };
    assert_same("labeled", &values, D, &[0, 500], 700, &options);
}

/// The whole pool is chosen at last, duplicates too.
#[test]
fn everything_is_chosen() {
    let values = pools::hostile(120, D).swap_remove(6);
    assert_same("duplicates", &values.values, D, &[0, 50, 51], 120, &cpu());
    let (found, _) = selected(parts(&values.values, D, &[0, 60]), None, &cpu(), vec![]).unwrap();
    assert_eq!(found.centers.len(), 120);
}

#[test]
fn picks_are_resumed_from() {
    let values = pool(Shape::Text, 1000, D, 8);
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let weights = Some((0..1000).map(|row| 0.5 + (row % 7) as f32).collect());
        let options = Options { metric, weights, labeled: vec![77], ..cpu() };
        let all = whole(&values, D, 60, &options);
        let resumed = Options { resume: all.centers[..25].to_vec(), ..options };
        assert_same("resumed", &values, D, &[0, 400, 900], 60, &resumed);
    }
}

#[test]
fn other_types() {
    let values: Vec<f64> =
        pool(Shape::Gaussian, 500, D, 9).iter().map(|v| f64::from(*v) / 3.0).collect();
    let split = |values: &[f64]| Part {
        values: Values::F64(Arc::new(values.to_vec())),
        d: D,
        options: cpu(),
    };
    let parts = vec![split(&values[..200 * D]), split(&values[200 * D..])];
    let (found, _) = selected(parts, Some(50), &cpu(), vec![]).unwrap();
    let one = farpoint::select(&Pool::new(&values, D).unwrap(), 50, &cpu()).unwrap();
    assert!(answer(found) == answer(one));

    let bytes: Vec<u8> =
        pool(Shape::Gaussian, 3000, 80, 9).iter().map(|v| v.to_le_bytes()[1]).collect();
    let split = |bytes: &[u8]| Part {
        values: Values::Stored(Arc::new(bytes.to_vec()), farpoint::Dtype::I8),
        d: 80,
        options: cpu(),
    };
    let parts = vec![split(&bytes[..900 * 80]), split(&bytes[900 * 80..])];
    let (found, _) = selected(parts, Some(1700), &cpu(), vec![]).unwrap();
    let pool = Pool::of_bytes(&bytes, 80, farpoint::Dtype::I8, None).unwrap();
    assert!(answer(found) == answer(farpoint::select(&pool, 1700, &cpu()).unwrap()));
}

/// What each shard says of its own rows counts as if it had been said of the pool's.
#[test]
fn shards_have_weights_and_excluded_rows_of_their_own() {
    let values = pool(Shape::Gaussian, 700, D, 10);
    let weights: Vec<f32> = (0..700).map(|row| 1.0 + (row % 11) as f32).collect();
    let mut own = parts(&values, D, &[0, 300]);
    own[0].options =
        Options { weights: Some(weights[..300].to_vec()), excluded: vec![5, 7], ..cpu() };
    own[1].options = Options { weights: Some(weights[300..].to_vec()), excluded: vec![0], ..cpu() };
    let of_all = Options { excluded: vec![6], assign: true, ..cpu() };
    let (found, _) = selected(own.clone(), Some(90), &of_all, vec![]).unwrap();
    let options = Options {
        weights: Some(weights.clone()),
        excluded: vec![5, 6, 7, 300],
        assign: true,
        ..cpu()
    };
    assert!(answer(found) == whole(&values, D, 90, &options));

    let twice = Options { weights: Some(weights), ..cpu() };
    let error = selected(own.clone(), Some(9), &twice, vec![]).unwrap_err();
    assert_eq!(error.to_string(), "weights: they are given at the shards and for all rows");
    own[0].options.weights = None;
    let error = selected(own, Some(9), &cpu(), vec![]).unwrap_err();
    let told = "thread 1: weights are given, but not given at thread 0";
    assert_eq!(error.to_string(), told);
}

/// Any shard, at any call, before or after it did what it was asked.
#[test]
fn shards_that_are_lost_change_nothing() {
    let values = pool(Shape::Text, 1500, D, 11);
    let weights = Some((0..1500).map(|row| 0.5 + (row % 3) as f32).collect());
    let options = Options { weights, labeled: vec![700], assign: true, ..cpu() };
    let starts = [0, 400, 1000];
    let one = whole(&values, D, 150, &options);
    let (_, calls) = selected(parts(&values, D, &starts), Some(150), &options, vec![]).unwrap();
    assert!(calls > 10, "{calls}");
    // Hello and Begin are not told twice.
    for call in 2..calls {
        for what in [What::Shard, What::ShardAndAnswer] {
            let lost = vec![Lost { call, shard: call % 3, what }];
            let (found, more) =
                selected(parts(&values, D, &starts), Some(150), &options, lost).unwrap();
            assert!(found.statistics.replayed_shards >= 1, "{call}");
            assert!(more > calls, "{call}");
            assert!(answer(found) == one, "{call} {what:?}");
        }
    }
    let everywhere = (2..calls).step_by(3).flat_map(|call| {
        let what = if call % 2 == 0 { What::ShardAndAnswer } else { What::Shard };
        [0, 1, 2].map(|shard| Lost { call, shard, what })
    });
    let (found, _) =
        selected(parts(&values, D, &starts), Some(150), &options, everywhere.collect()).unwrap();
    assert!(found.statistics.replayed_shards >= 4);
    assert!(answer(found) == one);
}

/// Any answer, at any call, while its shard lives: the message comes twice.
#[test]
fn answers_that_are_lost_change_nothing() {
    let options = Options { labeled: vec![700], assign: true, ..cpu() };
    let far = pool(Shape::Text, 1500, D, 13);
    // 128 distinct rows, so the last rounds are of zeros.
    let equal = pool(Shape::Integers, 1500, D, 13).iter().map(|&x| f32::from(x > 0.0)).collect();
    for (values, starts) in [(far, [0, 400, 1000]), (equal, [0, 700, 701])] {
        let values: Vec<f32> = values;
        let one = whole(&values, D, 150, &options);
        let parts = || parts(&values, D, &starts);
        let (_, calls) = selected(parts(), Some(150), &options, vec![]).unwrap();
        for call in 0..calls {
            for shard in 0..3 {
                let lost = vec![Lost { call, shard, what: What::Answer }];
                let (found, again) = selected(parts(), Some(150), &options, lost).unwrap();
                assert_eq!(found.statistics.replayed_shards, 0);
                assert_eq!(again, calls, "{call} {shard}");
                assert!(answer(found) == one, "{call} {shard}");
            }
        }
    }
}

/// The bytes of a round are those of live rows and new centers, however large the pool.
#[test]
fn bytes_do_not_grow_with_the_pool() {
    const LONG: usize = 96;
    for n in [2_000, 16_000] {
        let values = pool(Shape::Text, n, LONG, 12);
        let third = n / 3;
        let (found, _) =
            selected(parts(&values, LONG, &[0, third, 2 * third]), Some(200), &cpu(), vec![])
                .unwrap();
        let counts = found.statistics;
        assert!(counts.exchanges <= 2 * counts.rounds as u64 + 1, "{counts:?}");
        // A shard's marks, and its counts; live rows are no more than those refreshed.
        let a_round = 3 * (257 * 16 + 1024);
        let a_row = 4 * LONG + 40;
        let live = usize::try_from(counts.refreshed_rows).unwrap() * a_row;
        let centers = 3 * 200 * (4 * LONG + 16);
        let most = counts.rounds * a_round + live + centers + 4096;
        assert!(counts.exchange_bytes <= most as u64, "{n}: {most}, {counts:?}");
        let least = (3 * 199 * 4 * LONG) as u64;
        assert!(counts.exchange_bytes >= least, "{n}: {least}, {counts:?}");
    }
}

#[test]
fn rows_that_do_not_go_together_are_named() {
    let values = pool(Shape::Gaussian, 60, D, 1);
    let told = |parts: Vec<Part>, budget, options: &Options| {
        selected(parts, budget, options, vec![]).unwrap_err().to_string()
    };
    let mut unequal = parts(&values, D, &[0, 20]);
    unequal[1] = Part { values: Values::F32(Arc::new(vec![1.0; 24])), d: 8, options: cpu() };
    assert_eq!(
        told(unequal.clone(), Some(3), &cpu()),
        "thread 1: values a row are 8, but 7 at thread 0"
    );
    unequal[1] = Part { values: Values::F64(Arc::new(vec![1.0; 21])), d: 7, options: cpu() };
    assert_eq!(told(unequal, Some(3), &cpu()), "thread 1: values are f64, but f32 at thread 0");
    let two = || parts(&values, D, &[0, 20]);
    assert_eq!(
        told(two(), Some(61), &cpu()),
        "budget 61 exceeds the 60 rows that are neither labeled, excluded nor left out"
    );
    assert!(told(two(), Some(0), &cpu()).starts_with("budget 0 selects nothing"));
    let labeled = Options { labeled: vec![60], ..cpu() };
    assert_eq!(
        told(two(), Some(1), &labeled),
        "labeled row 60 is not in the pool, whose rows are 0 to 59"
    );
    let resume = Options { resume: vec![4, 4], ..cpu() };
    assert_eq!(told(two(), Some(5), &resume), "resume row 4 is given twice");
    let first = Options { first: First::Row(60), ..cpu() };
    assert_eq!(
        told(two(), Some(5), &first),
        "first row 60 is not in the pool, whose rows are 0 to 59"
    );
    let excluded = Options { first: First::Row(9), excluded: vec![9], ..cpu() };
    assert_eq!(told(two(), Some(5), &excluded), "first row 9 is labeled, excluded or left out");
    let searched = Options { first: First::Loneliest, ..cpu() };
    assert_eq!(
        told(two(), Some(5), &searched),
        "first 'loneliest' is searched for in pools of one process, in host memory or files: find it there, and give its row"
    );
    let mut zeros = parts(&values, D, &[0, 20]);
    zeros[1].values = Values::F32(Arc::new(vec![0.0; 40 * D]));
    let cosine = Options { metric: Metric::Cosine, ..cpu() };
    let error = selected(zeros, Some(3), &cosine, vec![]).unwrap_err();
    assert!(matches!(&error, Error::Shard { is_input: true, .. }), "{error:?}");
    assert!(error.to_string().starts_with("thread 1: row 0 is all zeros"), "{error}");
    assert_eq!(told(vec![], Some(3), &cpu()), "there is no shard, and so no pool");
}

/// Messages are bytes that may come from anywhere: a shard answers all of them.
#[test]
fn bytes_that_are_no_message_are_answered() {
    let mut random = Random::new(3);
    let values = pool(Shape::Gaussian, 60, D, 1);
    let part = parts(&values, D, &[0]).swap_remove(0);
    let mut answered = 0;
    let mut bytes = |most: usize| -> Vec<u8> {
        let mut bytes: Vec<u8> =
            (0..random.index(most)).map(|_| random.index(256).to_le_bytes()[0]).collect();
        // Most are of this version, as far as that goes.
        if random.index(4) > 0 {
            bytes.splice(0..0, [&[5u8][..], b"0.1.0"].concat());
        }
        bytes
    };
    farpoint::shards::serve(&part.pool(), &part.options, &mut |reply| {
        answered += usize::from(reply.is_some());
        (answered < 2000).then(|| farpoint::shards::Message { common: bytes(40), own: bytes(20) })
    });
    assert_eq!(answered, 2000);
}

#[test]
fn another_version_is_refused_with_both() {
    let values = pool(Shape::Gaussian, 60, D, 1);
    let part = parts(&values, D, &[0]).swap_remove(0);
    let mut told = Vec::new();
    let common = [&[6u8][..], b"99.1.0", &[0]].concat();
    farpoint::shards::serve(&part.pool(), &part.options, &mut |reply| {
        let is_first = reply.is_none();
        told.extend(reply.map(|reply| String::from_utf8_lossy(&reply.bytes).into_owned()));
        is_first.then(|| farpoint::shards::Message { common: common.clone(), own: Vec::new() })
    });
    assert!(told[0].contains("farpoint 99.1.0 there and 0.1.0 here"), "{told:?}");
}
