//! Pools that stay in their files: the same answers, and an end by an error when a file is lost in the middle of a run.
#![cfg(feature = "lab")]

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use farpoint::pool::OpenOptions;
use farpoint::{Error, First, Metric, Options, Pool};
use tempfile::TempDir;

use crate::common::filter::{self, Filter, select_tuned};
use crate::common::{pools, stamp};
use crate::select::check;
use crate::space::has;

fn on_disk(path: &Path) -> Pool<'static> {
    let pool = Pool::open_with(path, &OpenOptions { on_disk: true, ..OpenOptions::default() });
    let pool = pool.unwrap();
    assert_eq!(pool.disk_bytes(), pool.bytes());
    pool
}

/// A file of `rows` of `d` values, whose header is `rows` and `d`.
fn write(folder: &TempDir, name: &str, rows: usize, values: &[u8], bytes: usize) -> PathBuf {
    let path = folder.path().join(name);
    let d = values.len() / rows / bytes;
    let header = [rows, d].map(|side| u32::try_from(side).unwrap().to_le_bytes()).concat();
    std::fs::write(&path, [&header, values].concat()).unwrap();
    path
}

fn floats(folder: &TempDir, rows: usize, values: &[f32]) -> PathBuf {
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    write(folder, "p.fbin", rows, &values, 4)
}

fn bytes(folder: &TempDir, rows: usize, d: usize) -> PathBuf {
    let values: Vec<u8> =
        (0..rows * d).map(|at| u8::try_from(at * at * 31 % 251).unwrap()).collect();
    write(folder, "p.u8bin", rows, &values, 1)
}

fn answers_are_those_of_memory(filter: Filter) {
    let d = filter.values(33);
    let folder = tempfile::tempdir().unwrap();
    let options = Options { labeled: vec![3, 9], excluded: vec![0, 40], ..Options::default() };
    for named in pools::hostile(150, d) {
        let pool = on_disk(&floats(&folder, 150, &named.values));
        check(named.name, &pool, 60, &Options::default(), &filter.with_frontier(64));
        check(named.name, &pool, 60, &options, &filter);
    }
    let pool = on_disk(&bytes(&folder, 400, filter.values(12)));
    check("bytes", &pool, 100, &options, &filter);
    let mean = Options { first: First::Mean, metric: Metric::Cosine, ..Options::default() };
    check("bytes", &pool, 100, &mean, &filter);
}

/// Whenever the file is lost, the run ends by an error, and the picks that it keeps are right.
fn a_lost_file_ends_the_run(filter: Filter) {
    if !has(filter) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for lost_after in [0, 1, 2, 5, 11] {
        let scattered = |at: usize| (at * at % 977) as f32 + (at % 89) as f32 / 128.0;
        let values: Vec<f32> = (0..3000 * filter.values(12)).map(scattered).collect();
        lost(&floats(&folder, 3000, &values), lost_after, &filter);
        lost(&bytes(&folder, 3000, filter.values(9)), lost_after, &filter);
    }
}

fn lost(path: &Path, lost_after: usize, filter: &Filter) {
    let options = Options { assign: true, ..Options::default() };
    let (pool, filter) = (on_disk(path), filter.with_frontier(50));
    let go_on = &mut |_| ControlFlow::Continue(());
    let expected = select_tuned(&pool, 700, &options, &filter, go_on).unwrap();
    let mut rounds = 0;
    let lose = || File::options().write(true).open(path).unwrap().set_len(99).unwrap();
    let lost = select_tuned(&pool, 700, &options, &filter, &mut |_| {
        rounds += 1;
        if rounds > lost_after {
            lose();
        }
        ControlFlow::Continue(())
    });
    lose();
    match lost.unwrap_err() {
        Error::Read { selection: Some(kept), reason, .. } => {
            let made = kept.centers.len();
            assert!(reason.contains("has shrunk"), "{reason}");
            assert_eq!(kept.centers, expected.centers[..made]);
            assert_eq!(kept.radii, expected.radii[..kept.radii.len()]);
        }
        Error::Read { selection: None, .. } => assert!(lost_after < 2, "{lost_after}"),
        other => panic!("{other}"),
    }
}

stamp! {
    cpu: filter::CPU;
    cpu_f32: filter::CPU_F32;
    cpu_avx512_bf16: filter::CPU_AVX512_BF16;
    cpu_int8: filter::CPU_INT8;
    cpu_int8_portable: filter::CPU_INT8_PORTABLE;
    cpu_cells: filter::CPU_CELLS;
    cpu_3_shards: filter::CPU_3_SHARDS;
    cpu_3_shards_int8: filter::CPU_3_SHARDS_INT8;;
    (answers_are_those_of_memory a_lost_file_ends_the_run)
}

// The plain loop copies so small a pool at once.
stamp! {
    cpu_plain: filter::CPU_PLAIN;;
    (answers_are_those_of_memory)
}

stamp! {
    cuda: filter::CUDA;
    cuda_staged: filter::CUDA_STAGED;
    cuda_int8_staged: filter::CUDA_INT8_STAGED;
    cuda_2_gpus: filter::cuda_2_gpus();
    cuda_3_gpus_staged: filter::cuda_3_gpus_staged();;
    (answers_are_those_of_memory)
}
