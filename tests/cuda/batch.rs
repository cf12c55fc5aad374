//! Batches of small pools and pools that a caller lends: one launch on the caller's stream, capturable, the CPU's answers.

use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaContext, CudaSlice};
use farpoint::cuda::{Batch, BatchOptions, DevicePool, Stream, select};
use farpoint::synth::{Shape, pool as synthetic};
use farpoint::{Device, Dtype, Error, First, Metric, Options, Pool};
use half::{bf16, f16};

use crate::alone;
use crate::common::{bed, pools, reference};

/// Pools of `sizes` rows of `d` values, one after another, and where each begins.
fn ragged(sizes: &[usize], d: usize) -> (Vec<f32>, Vec<usize>) {
    let shapes = [Shape::Gaussian, Shape::Integers, Shape::Text, Shape::Unit];
    let make = |(i, &n): (usize, &usize)| synthetic(shapes[i % 4], n, d, i as u64);
    let values = sizes.iter().enumerate().flat_map(make).collect();
    let ends = sizes.iter().scan(0, |end, n| {
        *end += n;
        Some(*end)
    });
    (values, std::iter::once(0).chain(ends).collect())
}

/// Each pool's selection is what the oracle makes of that pool alone.
fn check(values: &[f32], offsets: &[usize], d: usize, budgets: &[usize], options: &BatchOptions) {
    let stream = Stream::new(0).unwrap();
    let pool = Pool::new(values, d).unwrap();
    let on_device = DevicePool::upload(&pool, &stream).unwrap();
    let mut batch = Batch::new(&stream, Dtype::F32, d, offsets, budgets, options).unwrap();
    batch.queue(&on_device, &stream).unwrap();
    let found = batch.fetch(&on_device, &stream).unwrap();
    assert_eq!(found.len(), budgets.len());
    for (p, found) in found.iter().enumerate() {
        let own = Pool::new(&values[offsets[p] * d..offsets[p + 1] * d], d).unwrap();
        let one = Options {
            metric: options.metric,
            stop_radius: options.stop_radius,
            first: options.first.as_ref().map_or(First::Lowest, |first| First::Row(first[p])),
            ..Options::default()
        };
        let expected = reference::select(&own, budgets[p], &one);
        assert_eq!(found.centers, expected.centers, "pool {p}");
        assert_eq!(found.radii, expected.radii, "pool {p}");
        assert_eq!(found.initial_radius, f64::INFINITY);
        let cpu = Options { device: Device::Cpu, ..one };
        let cpu = farpoint::select(&own, budgets[p], &cpu).unwrap();
        assert_eq!((found.farthest, &found.lower_bounds), (cpu.farthest, &cpu.lower_bounds));
    }
}

#[test]
fn ragged_pools_of_few_dimensions() {
    let Some(_alone) = alone() else { return };
    let (values, offsets) = ragged(&[1, 33, 700, 64, 2, 129], 3);
    check(&values, &offsets, 3, &[1, 33, 60, 64, 1, 20], &BatchOptions::default());
    let first = Some(vec![0, 5, 699, 63, 1, 7]);
    check(
        &values,
        &offsets,
        3,
        &[1, 9, 40, 10, 2, 20],
        &BatchOptions { first, ..Default::default() },
    );
    let stop_radius = Some(1.5);
    let options = BatchOptions { stop_radius, ..Default::default() };
    check(&values, &offsets, 3, &[1, 33, 200, 64, 1, 60], &options);
}

#[test]
fn ragged_pools_of_many_dimensions() {
    let Some(_alone) = alone() else { return };
    let (values, offsets) = ragged(&[40, 97, 5], 130);
    let values: Vec<f32> = values.iter().map(|v| v + 0.25).collect();
    check(&values, &offsets, 130, &[20, 50, 5], &BatchOptions::default());
    let options = BatchOptions {
        metric: Metric::Cosine,
        first: Some(vec![39, 0, 2]),
        ..BatchOptions::default()
    };
    check(&values, &offsets, 130, &[20, 50, 5], &options);
}

/// Enough values that blocks share a pool and meet once a pick; then too many for their shared memory.
#[test]
fn blocks_share_a_pool() {
    let Some(_alone) = alone() else { return };
    for (n, d) in [(1100, 250), (900, 300), (61, 8000), (500, 3000)] {
        assert!(n * d > 1 << 18);
        let (values, offsets) = ragged(&[n, n / 2], d);
        let values: Vec<f32> = values.iter().map(|v| v + 0.5).collect();
        check(&values, &offsets, d, &[12, 7], &BatchOptions::default());
        let options = BatchOptions { metric: Metric::Cosine, ..BatchOptions::default() };
        let one = &values[..n * d];
        check(one, &[0, n], d, &[9], &options);
        let first = Some(vec![n - 1]);
        check(one, &[0, n], d, &[9], &BatchOptions { first, ..options });
    }
}

#[test]
fn hostile_pools() {
    let Some(_alone) = alone() else { return };
    for named in pools::hostile(120, 40) {
        let offsets = [0, 50, 51, 120];
        check(&named.values, &offsets, 40, &[50, 1, 30], &BatchOptions::default());
    }
}

/// One launch and one memset a run; nothing is allocated, and the host waits once, in `fetch`.
#[test]
fn a_run_is_one_launch() {
    let Some(_alone) = alone() else { return };
    let Some(bed) = bed::load() else { return };
    let (values, offsets) = ragged(&[200, 300], 16);
    let pool = Pool::new(&values, 16).unwrap();
    let stream = Stream::new(0).unwrap();
    let on_device = DevicePool::upload(&pool, &stream).unwrap();
    let options = BatchOptions::default();
    let mut batch = Batch::new(&stream, Dtype::F32, 16, &offsets, &[40, 50], &options).unwrap();
    bed.reset_counters();
    batch.queue(&on_device, &stream).unwrap();
    assert_eq!(bed.counters().synchronizations, 0);
    batch.fetch(&on_device, &stream).unwrap();
    let counted = bed.counters();
    assert_eq!((counted.launches, counted.synchronizations, counted.allocations), (1, 1, 0));
    assert_eq!(counted.bytes_to_device, 0);
}

/// Nothing queued is no pick; on another stream the host waits for the one before; other pools are refused.
#[test]
fn a_batch_is_asked_in_any_order() {
    let Some(_alone) = alone() else { return };
    let (values, offsets) = ragged(&[200, 300], 16);
    let pool = Pool::new(&values, 16).unwrap();
    let (one, other) = (Stream::new(0).unwrap(), Stream::new(0).unwrap());
    let on_device = DevicePool::upload(&pool, &one).unwrap();
    let options = BatchOptions::default();
    let mut batch = Batch::new(&one, Dtype::F32, 16, &offsets, &[40, 50], &options).unwrap();
    let none = batch.fetch(&on_device, &one).unwrap();
    assert!(none.iter().all(|selection| selection.centers.is_empty()));
    let all = |selections: Vec<farpoint::Selection>| -> Vec<_> {
        selections.into_iter().map(|s| (s.centers, s.radii)).collect()
    };
    batch.queue(&on_device, &one).unwrap();
    let expected = all(batch.fetch(&on_device, &one).unwrap());
    for (queued, fetched) in [(&one, &other), (&other, &one), (&other, &other)] {
        batch.queue(&on_device, &one).unwrap();
        batch.queue(&on_device, queued).unwrap();
        assert_eq!(all(batch.fetch(&on_device, fetched).unwrap()), expected);
    }
    let smaller = Pool::new(&values[..160], 16).unwrap();
    let smaller = DevicePool::upload(&smaller, &one).unwrap();
    assert!(matches!(batch.fetch(&smaller, &one), Err(Error::Options(_))));
}

/// A graph captured once selects from whatever the memory holds when it is launched.
#[test]
fn a_graph_captures_a_run() {
    let Some(_alone) = alone() else { return };
    let context = CudaContext::new(0).unwrap();
    let stream = context.new_stream().unwrap();
    let (n, d, budget) = (1200, 250, 10);
    let steps: Vec<Vec<f32>> = (0..3).map(|seed| synthetic(Shape::Gaussian, n, d, seed)).collect();
    let mut memory: CudaSlice<f32> = stream.clone_htod(&steps[0]).unwrap();
    let own = Stream::of(&stream).unwrap();
    let mut batch =
        Batch::new(&own, Dtype::F32, d, &[0, n], &[budget], &BatchOptions::default()).unwrap();
    let graph = {
        // Made before the capture: cudarc then waits for the memory's own event.
        let pool = DevicePool::of(&memory, d).unwrap();
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        stream.begin_capture(mode).unwrap();
        batch.queue(&pool, &own).unwrap();
        let flags = CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
        stream.end_capture(flags).unwrap().expect("something was captured")
    };
    for values in &steps {
        stream.memcpy_htod(values, &mut memory).unwrap();
        graph.launch().unwrap();
        let found = batch.fetch(&DevicePool::of(&memory, d).unwrap(), &own).unwrap();
        let expected =
            reference::select(&Pool::new(values, d).unwrap(), budget, &Options::default());
        assert_eq!((&found[0].centers, &found[0].radii), (&expected.centers, &expected.radii));
    }
}

#[test]
fn every_dtype() {
    let Some(_alone) = alone() else { return };
    let values: Vec<f32> =
        synthetic(Shape::Gaussian, 150, 40, 3).iter().map(|v| v * 30.0).collect();
    let check = |pool: Pool| {
        let stream = Stream::new(0).unwrap();
        let on_device = DevicePool::upload(&pool, &stream).unwrap();
        let expected = reference::select(&pool, 70, &Options::default());
        let found = select(&on_device, 70, &Options::default(), &stream).unwrap();
        assert_eq!(
            (found.centers, found.radii),
            (expected.centers.clone(), expected.radii.clone())
        );
        let options = BatchOptions::default();
        let mut batch = Batch::new(&stream, pool.dtype(), 40, &[0, 150], &[70], &options).unwrap();
        batch.queue(&on_device, &stream).unwrap();
        let found = batch.fetch(&on_device, &stream).unwrap().remove(0);
        assert_eq!((found.centers, found.radii), (expected.centers, expected.radii));
    };
    check(Pool::new(&values, 40).unwrap());
    check(Pool::new(&values.iter().map(|&v| f64::from(v) + 5e6).collect::<Vec<_>>(), 40).unwrap());
    check(Pool::new(&values.iter().map(|&v| f16::from_f32(v)).collect::<Vec<_>>(), 40).unwrap());
    check(Pool::new(&values.iter().map(|&v| bf16::from_f32(v)).collect::<Vec<_>>(), 40).unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "any rounding makes a pool")]
    {
        check(Pool::new(&values.iter().map(|&v| v as u8).collect::<Vec<_>>(), 40).unwrap());
        check(Pool::new(&values.iter().map(|&v| v as i8).collect::<Vec<_>>(), 40).unwrap());
    }
}

/// Values that the host never saw are checked on the device, whichever way they are selected from.
#[test]
fn bad_values_are_named() {
    let Some(_alone) = alone() else { return };
    let context = CudaContext::new(0).unwrap();
    let cuda_stream = context.new_stream().unwrap();
    let stream = Stream::of(&cuda_stream).unwrap();
    let mut values = synthetic(Shape::Gaussian, 5000, 8, 3);
    for (row, dimension, value) in
        [(41, 3, f32::NAN), (40, 6, f32::NEG_INFINITY), (4900, 1, f32::NAN)]
    {
        values[row * 8 + dimension] = value;
    }
    let is_right = |error: Error, row: usize, dimension: usize| match error {
        Error::NotFinite { row: r, dimension: j, .. } => assert_eq!((r, j), (row, dimension)),
        other => panic!("{other}"),
    };
    for n in [5000, 3000] {
        let memory = cuda_stream.clone_htod(&values[..n * 8]).unwrap();
        let pool = DevicePool::of(&memory, 8).unwrap();
        for first in [First::Lowest, First::Mean] {
            let options = Options { first, ..Options::default() };
            is_right(select(&pool, 20, &options, &stream).unwrap_err(), 40, 6);
        }
    }
    let memory = cuda_stream.clone_htod(&values).unwrap();
    let pool = DevicePool::of(&memory, 8).unwrap();
    let options = BatchOptions::default();
    let mut batch =
        Batch::new(&stream, Dtype::F32, 8, &[0, 30, 2000, 5000], &[3, 3, 3], &options).unwrap();
    batch.queue(&pool, &stream).unwrap();
    is_right(batch.fetch(&pool, &stream).unwrap_err(), 40, 6);
    let zeros = cuda_stream.clone_htod(&[1.0f32, 2.0, 0.0, 0.0, 3.0, 4.0]).unwrap();
    let pool = DevicePool::of(&zeros, 2).unwrap();
    let cosine = Options { metric: Metric::Cosine, ..Options::default() };
    let error = select(&pool, 2, &cosine, &stream).unwrap_err();
    assert!(matches!(error, Error::ZeroRow { row: 1, .. }), "{error}");
}

#[test]
fn f64_values_beyond_f32_are_named() {
    let Some(_alone) = alone() else { return };
    let context = CudaContext::new(0).unwrap();
    let cuda_stream = context.new_stream().unwrap();
    let stream = Stream::of(&cuda_stream).unwrap();
    let values = synthetic(Shape::Gaussian, 5000, 8, 3);
    let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
    values[0] = f32::MAX.into();
    values[40 * 8 + 6] = -f64::from(f32::MAX).next_up();
    let is_right = |error: Error| match error {
        Error::TooLarge { row: 40, dimension: 6, value, .. } => assert!(value < f32::MIN.into()),
        other => panic!("{other}"),
    };
    for n in [5000, 3000] {
        let memory = cuda_stream.clone_htod(&values[..n * 8]).unwrap();
        let pool = DevicePool::of(&memory, 8).unwrap();
        is_right(select(&pool, 20, &Options::default(), &stream).unwrap_err());
    }
    values[40 * 8 + 6] = 0.0;
    let memory = cuda_stream.clone_htod(&values[..3000 * 8]).unwrap();
    let pool = DevicePool::of(&memory, 8).unwrap();
    assert_eq!(select(&pool, 20, &Options::default(), &stream).unwrap().centers.len(), 20);
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(_alone) = alone() else { return };
    let stream = Stream::new(0).unwrap();
    let options = BatchOptions::default();
    let refused = |d: usize, offsets: &[usize], budgets: &[usize], options: &BatchOptions| {
        Batch::new(&stream, Dtype::F32, d, offsets, budgets, options).err().expect("refused")
    };
    assert!(matches!(refused(2, &[0, 5], &[6], &options), Error::BudgetTooLarge { budget: 6, .. }));
    assert!(matches!(refused(2, &[0, 5], &[0], &options), Error::BudgetZero));
    for offsets in [&[0][..], &[1, 5], &[0, 5, 5], &[0, 5, 3], &[0, 5]] {
        let budgets = vec![1; offsets.len().max(2) - 1 + usize::from(offsets == [0, 5])];
        assert!(
            matches!(refused(2, offsets, &budgets, &options), Error::Options(_)),
            "{offsets:?}"
        );
    }
    assert!(matches!(refused(70_000, &[0, 5], &[2], &options), Error::Options(_)));
    let first = |rows: Vec<usize>| BatchOptions { first: Some(rows), ..Default::default() };
    assert!(matches!(
        refused(2, &[0, 5], &[2], &first(vec![5])),
        Error::RowOutOfRange { row: 5, .. }
    ));
    assert!(matches!(refused(2, &[0, 5], &[2], &first(vec![1, 2])), Error::Options(_)));
    let stop_radius = Some(f64::NAN);
    let error = refused(2, &[0, 5], &[2], &BatchOptions { stop_radius, ..Default::default() });
    assert!(matches!(error, Error::Options(_)));

    let values = synthetic(Shape::Gaussian, 6, 2, 1);
    let pool = DevicePool::upload(&Pool::new(&values, 2).unwrap(), &stream).unwrap();
    let mut batch = Batch::new(&stream, Dtype::F32, 2, &[0, 5], &[2], &options).unwrap();
    let error = batch.queue(&pool, &stream).unwrap_err().to_string();
    assert_eq!(error, "the batch was made for 5 x 2 f32, this is 6 x 2 f32");
    let wanted = Options { device: Device::Cpu, ..Options::default() };
    assert!(matches!(select(&pool, 2, &wanted, &stream), Err(Error::Options(_))));
}

/// The pool stays where it is: to the device go the state's few bytes a row, to the host the answer.
#[test]
fn a_lent_pool_is_not_copied() {
    let Some(_alone) = alone() else { return };
    let Some(bed) = bed::load() else { return };
    let (n, d) = (6000, 256);
    let values = synthetic(Shape::Text, n, d, 5);
    let pool = Pool::new(&values, d).unwrap();
    let stream = Stream::new(0).unwrap();
    let on_device = DevicePool::upload(&pool, &stream).unwrap();
    let options = Options { labeled: vec![3, 77], ..Options::default() };
    bed.reset_counters();
    let found = select(&on_device, 50, &options, &stream).unwrap();
    let counted = bed.counters();
    let expected =
        farpoint::select(&pool, 50, &Options { device: Device::Cpu, ..options }).unwrap();
    assert_eq!((found.centers, found.radii), (expected.centers, expected.radii));
    assert!(counted.bytes_to_device <= n as u64 + 1024, "{counted:?}");
    assert!(counted.bytes_to_host < pool.bytes() as u64 / 4, "{counted:?}");
}

/// Two selections at once, on two streams, from two threads.
#[test]
fn two_streams_at_once() {
    let Some(_alone) = alone() else { return };
    let values = synthetic(Shape::Text, 5000, 24, 5);
    let pool = Pool::new(&values, 24).unwrap();
    let cpu = Options { device: Device::Cpu, ..Options::default() };
    let expected = farpoint::select(&pool, 40, &cpu).unwrap();
    std::thread::scope(|scope| {
        let run = || {
            let stream = Stream::new(0).unwrap();
            let on_device = DevicePool::upload(&pool, &stream).unwrap();
            select(&on_device, 40, &Options::default(), &stream).unwrap()
        };
        for found in [scope.spawn(run), scope.spawn(run)].map(|thread| thread.join().unwrap()) {
            assert_eq!((&found.centers, &found.radii), (&expected.centers, &expected.radii));
        }
    });
}
