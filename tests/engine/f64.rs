//! Pools of f64: what they are, not what they would be as f32.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::{Device, Dtype, Error, First, Metric, Options, Pool};

use crate::common::filter::{self, Filter};
use crate::common::{pools, stamp};
use crate::select::check;
use crate::space::{check_joins, check_nearest, every, has};

fn hostile_pools(filter: Filter) {
    let d = filter.values(33);
    for named in pools::hostile_f64(150, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        for frontier in [2, 64, 1000] {
            check(named.name, &pool, 60, &Options::default(), &filter.with_frontier(frontier));
        }
        check(named.name, &pool, 150, &Options::default(), &filter);
    }
}

fn every_option(filter: Filter) {
    let weights = Some((0..90).map(|i| [1.0, 0.5, 2.0][i % 3]).collect::<Vec<f32>>());
    for named in pools::hostile_f64(90, 5) {
        let pool = Pool::new(&named.values, 5).unwrap();
        let vectors: Vec<f64> = named.values[..10].iter().map(|v| v / 2.0).collect();
        let vectors = Pool::new(&vectors, 5).unwrap();
        let free = Options { weights: weights.clone(), excluded: vec![0, 1], ..Options::default() };
        for options in [
            Options { first: First::Mean, ..free.clone() },
            Options { first: First::Heaviest, ..free.clone() },
            Options { labeled: vec![3, 9], ..free.clone() },
            Options { labeled: vec![3], labeled_vectors: Some(&vectors), ..Options::default() },
        ] {
            check(named.name, &pool, 40, &options, &filter);
        }
    }
}

/// A value is compared as it is, whichever of the two types it comes in.
fn vectors_of_another_type(filter: Filter) {
    let wide: Vec<f64> = (0..400u32).map(|i| 5e6 + f64::from(i * 37 % 400) / 100.0).collect();
    #[expect(clippy::cast_possible_truncation, reason = "what f32 makes of it")]
    let single: Vec<f32> = wide.iter().map(|&v| v as f32).collect();
    let (wide, single) = (Pool::new(&wide, 2).unwrap(), Pool::new(&single, 2).unwrap());
    for (pool, vectors) in [(&wide, &single), (&single, &wide)] {
        for metric in [Metric::Euclidean, Metric::Cosine] {
            let options = Options { metric, labeled_vectors: Some(vectors), ..Options::default() };
            let is_wider = pool.dtype() == Dtype::F32 && metric == Metric::Euclidean;
            if filter.is_cuda() && is_wider {
                refused(pool, &options, &filter);
            } else {
                check("vectors of another type", pool, 100, &options, &filter);
            }
        }
    }
}

/// A GPU would round the vectors.
fn refused(pool: &Pool, options: &Options, filter: &Filter) {
    if !has(*filter) {
        return;
    }
    let answer = filter::select_tuned(pool, 9, options, filter, &mut |_| ControlFlow::Continue(()));
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::Unsupported { device: Device::Cuda(0), .. }), "{error}");
    assert!(error.to_string().contains("f64 labeled vectors beside a pool of f32"), "{error}");
}

fn cosine(filter: Filter) {
    let d = filter.values(20);
    for named in pools::hostile_f64(120, d) {
        let pool = Pool::new(&named.values, d).unwrap();
        let options = Options { metric: Metric::Cosine, ..Options::default() };
        let has_direction = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>() > 0.0;
        if named.values.chunks(d).all(has_direction) {
            check(named.name, &pool, 60, &options, &filter);
            check(named.name, &pool, 20, &Options { first: First::Mean, ..options }, &filter);
        }
    }
}

/// Widened values select what the values do.
fn widened_pools(filter: Filter) {
    let d = filter.values(33);
    for named in pools::hostile(120, d) {
        let wide: Vec<f64> = named.values.iter().map(|&v| v.into()).collect();
        let (pool, wide) = (Pool::new(&named.values, d).unwrap(), Pool::new(&wide, d).unwrap());
        let options = Options { labeled: vec![7], ..Options::default() };
        let of = |pool| {
            filter::select_tuned(pool, 50, &options, &filter, &mut |_| ControlFlow::Continue(()))
        };
        // A machine may lack the filter.
        let Ok(found) = of(&pool) else { return };
        let again = of(&wide).unwrap();
        assert_eq!((again.centers, again.radii), (found.centers, found.radii), "{}", named.name);
    }
}

fn distances_over_a_pool(filter: Filter) {
    let Some(filter) = has(filter).then_some(filter) else { return };
    for named in pools::hostile_f64(80, 40) {
        let pool = Pool::new(&named.values, 40).unwrap();
        check_joins(named.name, &pool, &Options::default(), &filter, &every(9, 80));
        check_nearest(named.name, &pool, &Options::default(), &filter, &[7, 70]);
    }
}

/// A wider interval admits more, and one of no width too little.
fn a_wider_interval_changes_nothing(filter: Filter) {
    for named in pools::hostile_f64(150, 33) {
        let pool = Pool::new(&named.values, 33).unwrap();
        check(named.name, &pool, 60, &Options::default(), &filter.with_width(100.0));
    }
}

stamp! {
    cpu_f32: filter::CPU_F32;
    cpu_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_amx: filter::CPU_AMX;
    cpu_int8: filter::CPU_INT8;
    cpu_int8_portable: filter::CPU_INT8_PORTABLE;
    cpu_2_shards: filter::CPU_2_SHARDS;
    cpu_7_shards: filter::CPU_7_SHARDS;
    cpu_3_shards_int8: filter::CPU_3_SHARDS_INT8;
    cuda: filter::CUDA;
    cuda_portable: filter::CUDA_PORTABLE;
    cuda_staged: filter::CUDA_STAGED;
    cuda_lent: filter::CUDA_LENT;
    cuda_int8: filter::CUDA_INT8;
    cuda_int8_staged: filter::CUDA_INT8_STAGED;
    cuda_3_gpus: filter::cuda_3_gpus();;
    (
        hostile_pools
        every_option
        vectors_of_another_type
        cosine
        widened_pools
        a_wider_interval_changes_nothing
    )
}

// Cells and the plain loop have no intervals, and neither has one launch.
stamp! {
    cpu_cells: filter::CPU_CELLS;
    cpu_plain: filter::CPU_PLAIN;
    cuda_at_once: filter::CUDA_AT_ONCE;;
    (hostile_pools every_option vectors_of_another_type cosine widened_pools)
}

stamp! {
    cpu_f32_space: filter::CPU_F32;
    cpu_avx512_bf16_space: filter::CPU_AVX512_BF16;
    cpu_amx_space: filter::CPU_AMX;
    cuda_space: filter::CUDA;;
    (distances_over_a_pool)
}

/// 20,000 points in a box of a meter, at coordinates of a map's zone: f32 has a point each half meter there.
#[test]
fn points_of_a_map_are_not_collapsed() {
    let (n, mut state) = (20_000, 7u64);
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let points: Vec<[f64; 3]> =
        (0..n).map(|_| [691_000.0 + uniform(), 5_334_000.0 + uniform(), uniform()]).collect();
    let values: Vec<f64> = points.iter().flatten().copied().collect();
    let pool = Pool::new(&values, 3).unwrap();
    let found = farpoint::select(&pool, 500, &Options::default()).unwrap();
    // The true radius of the picks, in f64 by the plainest sum there is.
    let to =
        |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|j| (a[j] - b[j]) * (a[j] - b[j])).sum::<f64>();
    let nearest =
        |x| found.centers.iter().map(|&c| to(x, &points[c])).fold(f64::INFINITY, f64::min);
    let radius = points.iter().map(nearest).fold(0.0, f64::max).sqrt();
    let claimed = found.radii[499];
    assert!((claimed - radius).abs() <= 1e-15, "claimed {claimed}, true {radius}");
    assert!((0.10..0.12).contains(&radius), "{radius}");
    #[expect(clippy::cast_possible_truncation, reason = "what f32 makes of it")]
    let rounded: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let collapsed =
        farpoint::select(&Pool::new(&rounded, 3).unwrap(), 500, &Options::default()).unwrap();
    assert_ne!(collapsed.centers, found.centers);
}
