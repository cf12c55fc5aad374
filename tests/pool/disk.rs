//! Pools whose rows stay in their files, and what may happen to a file meanwhile.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, SystemTime};

use farpoint::pool::OpenOptions;
use farpoint::{
    Error, Options, Pool, RobustOptions, Selection, coverage, robust, select, select_with, verify,
};
use half::f16;

use crate::writers::*;

const ON_DISK: OpenOptions = OpenOptions {
    name: None,
    columns: None,
    dtype: None,
    format: None,
    memory: None,
    scratch: None,
    on_disk: true,
    skip_bad: None,
    interrupt: None,
};

fn on_disk(path: impl AsRef<Path>) -> Pool<'static> {
    let pool = Pool::open_with(path, &ON_DISK).unwrap();
    assert_eq!(pool.disk_bytes(), pool.bytes());
    pool
}

/// Values in no order, the same each time.
fn scattered(rows: usize, d: usize) -> Vec<f32> {
    let mixed = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (0..rows * d).map(|at| mixed(at + 1) as f32 / 4096.0).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    le(values, f32::to_le_bytes)
}

fn shape(rows: usize, d: usize) -> String {
    format!("({rows}, {d})")
}

#[test]
fn rows_on_disk_are_those_in_memory_in_every_format() {
    let (folder, n, d) = (Folder::new(), 300, 7);
    let values = scattered(n, d);
    let bytes: Vec<u8> = (0..n * d).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
    let halves: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
    let header =
        format!(r#"{{"v":{{"dtype":"F32","shape":[{n},{d}],"data_offsets":[0,{}]}}}}"#, 4 * n * d);
    let rows = u32::try_from(n).unwrap();
    let bvecs: Vec<u8> =
        bytes.chunks(d).flat_map(|row| [&[7, 0, 0, 0][..], row].concat()).collect();
    let files = [
        ("f4.npy", npy_f32(&values, n, d)),
        ("f2.npy", npy("<f2", &shape(n, d), &le(&halves, f16::to_le_bytes))),
        ("u1.npy", npy("|u1", &shape(n, d), &bytes)),
        ("i1.npy", npy("|i1", &shape(n, d), &bytes)),
        ("p.fbin", bin(rows, 7, &floats(&values))),
        ("p.u8bin", bin(rows, 7, &bytes)),
        ("p.fvecs", fvecs(&values, d)),
        ("p.bvecs", bvecs),
        ("p.safetensors", safetensors(&header, &floats(&values))),
        ("p.npz", npz(&[("v", npy_f32(&values, n, d))], false)),
    ];
    for (name, file) in files {
        let held = folder.open(name, file).unwrap();
        let pool = on_disk(folder.path(name));
        assert_eq!(held.disk_bytes(), 0);
        assert_eq!(rows_of(&pool), rows_of(&held), "{name}");
        assert_eq!(pool.hash().unwrap(), held.hash().unwrap(), "{name}");
        let mut scratch = Vec::new();
        for row in [299, 0, 150, 151, 152, 7, 153, 154, 298, 299, 0] {
            assert_eq!(pool.row(row, &mut scratch), held.row(row, &mut Vec::new()), "{name}");
        }
        for metric in [farpoint::Metric::Euclidean, farpoint::Metric::Cosine] {
            let options = Options { metric, assign: true, ..Options::default() };
            let picks = |pool| Selection {
                statistics: Default::default(),
                ..select(pool, 40, &options).unwrap()
            };
            assert_eq!(picks(&pool), picks(&held), "{name}");
        }
        pool.check_unchanged().unwrap();
    }
}

/// Of so many files only the paths are kept, and each is opened again for every read.
#[test]
fn a_folder_of_very_many_files_stays_on_disk() {
    let (folder, d) = (Folder::new(), 3);
    let values = scattered(2 * 250, d);
    for (at, rows) in values.chunks(2 * d).enumerate() {
        folder.write(&format!("{at:04}.npy"), npy_f32(rows, 2, d));
    }
    let pool = on_disk(folder.0.path());
    assert_eq!(rows_of(&pool), values);
    let expected = select(&Pool::new(&values, d).unwrap(), 30, &Options::default()).unwrap();
    assert_eq!(select(&pool, 30, &Options::default()).unwrap().centers, expected.centers);
    std::fs::remove_file(folder.path("0249.npy")).unwrap();
    let error = select(&pool, 30, &Options::default()).unwrap_err();
    let told = format!("{}: row ", folder.path("0249.npy").display());
    assert!(error.to_string().starts_with(&told), "{error}");
    assert!(error.to_string().contains("it cannot be read: "), "{error}");
}

#[test]
fn the_first_value_that_is_not_finite_is_named_whoever_reads() {
    let (folder, n, d) = (Folder::new(), 3000, 4);
    let mut values = scattered(n, d);
    for row in [2900, 1700, 1234] {
        values[row * d + 2] = f32::NAN;
    }
    let path = folder.write("p.npy", npy_f32(&values, n, d));
    let text = "row 1234 holds NaN at dimension 2; every value must be finite; --skip-bad leaves such rows out";
    assert_eq!(reason(Pool::open(&path).unwrap_err()), text);
    let told = format!("{}: {text}", path.display());
    let options = Options::default();
    let read = |failed: Error| {
        assert!(matches!(failed, Error::Read { selection: None, .. }), "{failed:?}");
        assert_eq!(failed.to_string(), told);
    };
    read(select(&on_disk(&path), 9, &options).unwrap_err());
    read(verify(&on_disk(&path), &[0, 1], None, &options).unwrap_err());
    read(coverage(&on_disk(&path), &[0, 1], &options).unwrap_err());
    read(robust(&on_disk(&path), 2, &options, &RobustOptions::default()).unwrap_err());
    read(on_disk(&path).hash().unwrap_err());
    let cosine = Options { metric: farpoint::Metric::Cosine, ..Options::default() };
    read(select(&on_disk(&path), 9, &cosine).unwrap_err());
    let pool = on_disk(&path);
    rows_of(&pool);
    read(pool.check_reads().unwrap_err());
    let vectors = on_disk(&path);
    let labeled = Options { labeled_vectors: Some(&vectors), ..Options::default() };
    read(select(&Pool::new(&scattered(50, d), d).unwrap(), 9, &labeled).unwrap_err());
}

#[test]
fn a_row_of_another_dimension_is_named() {
    let folder = Folder::new();
    let mut file = fvecs(&scattered(9, 2), 2);
    file[5 * 12] = 3;
    let path = folder.write("p.fvecs", file);
    let text = "row 5 does not begin with the dimension of row 0, 2";
    assert_eq!(reason(Pool::open(&path).unwrap_err()), text);
    let error = select(&on_disk(&path), 3, &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: {text}", path.display()));
}

/// A selection from `path`, to which `harm` is done once some picks are made. Returns the error, and checks what it kept of the picks.
fn harmed(path: &Path, harm: impl Fn() + Sync) -> Error {
    let expected = select(&Pool::open(path).unwrap(), 2000, &Options::default()).unwrap();
    let pool = on_disk(path);
    let mut chosen = 0;
    let error = select_with(&pool, 2000, &Options::default(), &mut |progress| {
        if progress.chosen >= 20 && chosen == 0 {
            chosen = progress.chosen;
            harm();
        }
        ControlFlow::Continue(())
    })
    .unwrap_err();
    let Error::Read { selection: Some(selection), .. } = &error else { panic!("{error:?}") };
    let made = selection.centers.len();
    assert!((chosen..2000).contains(&made), "{chosen} {made}");
    assert!(selection.interrupted && selection.radii.len() + 1 == made);
    assert_eq!(selection.centers, expected.centers[..made]);
    assert_eq!(selection.radii, expected.radii[..made - 1]);
    assert!(error.to_string().ends_with(&format!(" (picks made: {made})")));
    error
}

fn large(folder: &Folder) -> std::path::PathBuf {
    let path = folder.write("p.npy", npy_f32(&scattered(8000, 24), 8000, 24));
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    path
}

#[test]
fn a_file_that_shrinks_ends_the_run_and_keeps_its_picks() {
    let folder = Folder::new();
    let path = large(&folder);
    let length = path.metadata().unwrap().len();
    let error = harmed(&path, || {
        File::options().write(true).open(&path).unwrap().set_len(9000).unwrap();
    });
    let told = format!(": the file has shrunk from {length} to 9000 bytes in the meantime (picks");
    assert!(error.to_string().contains(&told), "{error}");
    assert!(error.to_string().starts_with(&format!("{}: row ", path.display())), "{error}");
}

#[test]
fn a_file_that_is_rewritten_ends_the_run_and_keeps_its_picks() {
    let folder = Folder::new();
    for other in
        [vec![0.0; 8000 * 24], vec![f32::NAN; 8000 * 24], scattered(8001 * 24, 1)[24..].to_vec()]
    {
        let path = large(&folder);
        let error = harmed(&path, || {
            folder.write("p.npy", npy_f32(&other, 8000, 24));
        });
        let told = ": the file was changed in the meantime (picks";
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_file_that_changes_after_the_last_read_is_an_error_too() {
    let folder = Folder::new();
    let path = large(&folder);
    let pool = on_disk(&path);
    select(&pool, 20, &Options::default()).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now()).unwrap();
    let error = pool.check_unchanged().unwrap_err();
    let told = format!("{}: the file was changed in the meantime", path.display());
    assert_eq!(error.to_string(), told);
    pool.check_reads().unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = Folder::new();
    let path = folder.path("p.npy");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let told = "is not a regular file, and only from those can rows be read in any order";
    assert_eq!(reason(Pool::open(&path).unwrap_err()), told);
}

#[test]
fn a_limit_decides_where_rows_are_and_what_is_too_much() {
    let (folder, n, d) = (Folder::new(), 200_000, 16);
    let bytes: Vec<u8> = (0..n * d).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
    let path = folder.write("p.u8bin", bin(200_000, 16, &bytes));
    let open = |memory| {
        Pool::open_with(&path, &OpenOptions { memory: Some(memory), ..OpenOptions::default() })
    };
    assert_eq!(open(8 << 30).unwrap().disk_bytes(), 0);
    // What this process holds already counts, and is some tens of megabytes.
    let error = open(1 << 20).unwrap_err().to_string();
    let told =
        "a selection from 200000 rows takes 20.8 MB beside its pool, and this process holds ";
    assert!(error.starts_with(told), "{error}");
    assert!(error.contains("already: the memory limit of 1.0 MB must be at least "), "{error}");
}

/// A limit that is too small is told from the headers: what cannot be decoded is not reached.
#[test]
fn a_limit_that_is_too_small_is_told_before_a_pool_is_decoded() {
    let folder = Folder::new();
    let not_finite = [0x7f, 0xc0, 0, 0].repeat(200_000 * 16);
    let path = folder.write("big_endian.npy", npy(">f4", "(200000, 16)", &not_finite));
    let open = |memory| Pool::open_with(&path, &OpenOptions { memory, ..OpenOptions::default() });
    assert!(open(None).unwrap_err().to_string().contains("row 0"));
    let error = open(Some(1 << 20)).unwrap_err().to_string();
    assert!(error.contains("the memory limit of 1.0 MB must be at least "), "{error}");
}

/// What a pool is decoded to goes to a scratch file that has no name.
#[test]
fn decoded_rows_may_lie_in_a_scratch_file() {
    let scratch = Folder::new();
    let mut names =
        vec!["deflated.npz", "fortran.npy", "big_endian.npy", "fortran_big_endian_f64.npy"];
    if cfg!(feature = "parquet") {
        names.extend([
            "list_snappy.parquet",
            "fixed_zstd.parquet",
            "large_f64.parquet",
            "lz4.feather",
        ]);
        names.extend(["plain.arrow", "stream.arrow"]);
    }
    for name in names {
        let chosen = (name == "deflated.npz").then_some("vectors");
        let held = Pool::open_named(fixture(name), chosen).unwrap();
        let options = OpenOptions { name: chosen, scratch: Some(scratch.0.path()), ..ON_DISK };
        let pool = Pool::open_with(fixture(name), &options).unwrap();
        assert_eq!((held.disk_bytes(), pool.disk_bytes()), (0, pool.bytes()), "{name}");
        assert_eq!(rows_of(&pool), rows_of(&held), "{name}");
        assert_eq!(pool.hash().unwrap(), held.hash().unwrap(), "{name}");
        assert_eq!(pool.notices(), held.notices(), "{name}");
        assert_eq!(std::fs::read_dir(scratch.0.path()).unwrap().count(), 0, "{name}");
    }
}

/// Larger than a block of conversion, so that rows come in several.
#[test]
fn large_arrays_are_rearranged_block_by_block() {
    let (folder, n, d) = (Folder::new(), 9000, 2048);
    let value = |row: usize, j: usize| (row * 31 + j * 7) as f32;
    let columns: Vec<f32> = (0..d).flat_map(|j| (0..n).map(move |row| value(row, j))).collect();
    let header = format!("{{'descr': '>f4', 'fortran_order': True, 'shape': ({n}, {d}), }}   \n");
    let path = folder.write("p.npy", npy_text(&header, &le(&columns, f32::to_be_bytes)));
    let options = OpenOptions { scratch: Some(folder.0.path()), ..ON_DISK };
    for pool in [Pool::open(&path).unwrap(), Pool::open_with(&path, &options).unwrap()] {
        let mut scratch = Vec::new();
        for row in (0..n).step_by(97).chain([8191, 8192, n - 1]) {
            let expected: Vec<f32> = (0..d).map(|j| value(row, j)).collect();
            assert_eq!(pool.row(row, &mut scratch), expected, "{row}");
        }
    }
}

#[test]
fn a_scratch_folder_that_is_none_is_told() {
    let options = OpenOptions { scratch: Some(Path::new("/no/such/folder")), ..ON_DISK };
    let told = reason(Pool::open_with(fixture("fortran.npy"), &options).unwrap_err());
    assert!(told.starts_with("no scratch file in /no/such/folder: "), "{told}");
}
