//! Every region of device memory in an allocation of its own, between pages that nothing may touch: no kernel reads or writes past one.
#![cfg(all(target_os = "linux", feature = "cuda", feature = "lab"))]

use std::ops::ControlFlow;

use farpoint::cuda::{Batch, BatchOptions, DevicePool, Stream};
use farpoint::synth::{Shape, pool};
use farpoint::{Dtype, First, Metric, Options, Pool};

mod common;

use common::filter::{
    CUDA, CUDA_AT_ONCE, CUDA_INT8, CUDA_INT8_STAGED, CUDA_PORTABLE, CUDA_STAGED, Filter,
    cuda_2_gpus, cuda_3_gpus_staged, select_tuned, within,
};
use common::{bed, has_gpus, pools, reference};

/// False where there is no bed: only a bed guards memory.
fn guarded() -> bool {
    let Some(bed) = bed::load() else { return false };
    bed.set_limit("multiprocessors", 2);
    bed::guard_regions();
    true
}

/// Plain, and with all that takes memory of its own: weights, norms, labeled rows, vectors.
fn all_options(n: usize) -> Vec<Options<'static>> {
    let weights = Some((0..n).map(|i| [1.0, 0.5, 2.0][i % 3]).collect());
    let labeled = vec![1, n - 1];
    let excluded = (0..n / 9).map(|i| 7 * i).filter(|row| !labeled.contains(row)).collect();
    vec![
        Options { assign: true, ..Options::default() },
        Options { assign: true, weights, labeled, excluded, ..Options::default() },
        Options { assign: true, first: First::Mean, metric: Metric::Cosine, ..Options::default() },
    ]
}

fn agree(filter: Filter, n: usize, d: usize, frontier: usize) {
    if !guarded() {
        return;
    }
    let filter = filter.with_frontier(frontier);
    for named in pools::hostile(n, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        for options in all_options(n) {
            let mut watch = |_| ControlFlow::Continue(());
            let budget = n / 3;
            let Ok(found) = select_tuned(&pool, budget, &options, &filter, &mut watch) else {
                assert_eq!(options.metric, Metric::Cosine, "{}", named.name); // a row of zeros
                continue;
            };
            let expected = reference::select(&pool, budget, &options);
            assert_eq!(
                (found.centers, found.radii),
                (expected.centers, expected.radii),
                "{}",
                named.name
            );
            assert_eq!(found.min_distances.unwrap(), expected.min_distances, "{}", named.name);
        }
    }
}

#[test]
fn rounds_keep_to_their_regions() {
    agree(CUDA, 150, 33, 40);
    agree(CUDA, 71, 3, 71);
}

#[test]
fn portable_and_staged_rounds_keep_to_their_regions() {
    agree(CUDA_PORTABLE, 150, 33, 150);
    agree(CUDA_STAGED, 150, 33, 40);
}

#[test]
fn rounds_on_int8_values_keep_to_their_regions() {
    agree(CUDA_INT8, 150, 33, 40);
    agree(CUDA_INT8_STAGED, 71, 70, 71);
}

#[test]
fn rounds_on_several_gpus_keep_to_their_regions() {
    if !guarded() || !has_gpus(3) {
        return;
    }
    agree(cuda_2_gpus(), 150, 33, 40);
    agree(cuda_3_gpus_staged(), 71, 3, 71);
}

/// A histogram's threshold, an edge of many rows, a panel.
#[test]
fn a_large_frontier_keeps_to_its_regions() {
    if !guarded() {
        return;
    }
    let filter = CUDA.with_frontier(8000);
    let close =
        |row: u16| if row == 0 { 0.0 } else { 100.0 + f32::from(row % 181 * 97 % 50) / 64.0 };
    let values: Vec<f32> = (0..9000).map(close).collect();
    let pool = Pool::new(&values, 1).unwrap();
    let options = Options::default();
    let found = select_tuned(&pool, 4, &options, &filter, &mut |_| ControlFlow::Continue(()));
    assert_eq!(found.unwrap().centers, reference::select(&pool, 4, &options).centers);
}

#[test]
fn one_launch_keeps_to_its_regions() {
    agree(CUDA_AT_ONCE, 150, 33, 40);
    agree(CUDA_AT_ONCE, 71, 3, 40);
}

#[test]
fn joins_keep_to_their_regions() {
    if !guarded() {
        return;
    }
    for named in pools::hostile(150, 33) {
        let pool = Pool::new(&named.values, 33).unwrap();
        let rows: Vec<usize> = (0..150).collect();
        let mut expected = reference::all_pairs(&pool, &Options::default(), &rows);
        let reach = expected[expected.len() / 20].2;
        expected.retain(|pair| pair.2 <= reach);
        let found = within(&pool, &Options::default(), &CUDA, &rows, reach, usize::MAX).unwrap();
        assert_eq!(found, Some(expected), "{}", named.name);
    }
}

#[test]
fn a_batch_keeps_to_its_regions() {
    if !guarded() {
        return;
    }
    let (d, offsets, budgets) = (5, [0, 40, 41, 141], [9, 1, 50]);
    let values = pool(Shape::Text, offsets[3], d, 1);
    let all = Pool::new(&values, d).unwrap();
    let stream = Stream::new(0).unwrap();
    let lent = DevicePool::upload(&all, &stream).unwrap();
    let options = BatchOptions::default();
    let mut batch = Batch::new(&stream, Dtype::F32, d, &offsets, &budgets, &options).unwrap();
    batch.queue(&lent, &stream).unwrap();
    let found = batch.fetch(&lent, &stream).unwrap();
    for (p, found) in found.iter().enumerate() {
        let part = Pool::new(&values[d * offsets[p]..d * offsets[p + 1]], d).unwrap();
        let expected = reference::select(&part, budgets[p], &Options::default());
        assert_eq!((&found.centers, &found.radii), (&expected.centers, &expected.radii));
    }
}
