//! Pools in HDF5 files, as h5py 3.16 (HDF5 2.0), PyTables 3.11 and anndata 0.12 write them.

use farpoint::Pool;
use farpoint::pool::Outline;

use crate::writers::*;

fn open(file: &str, name: &str) -> Pool<'static> {
    Pool::open_named(fixture(file), Some(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(file: &str, name: Option<&str>) -> String {
    reason(Pool::open_named(fixture(file), name).unwrap_err())
}

/// Each row of the fixtures' pool so many times.
fn repeated(times: usize) -> Vec<f32> {
    (0..5 * times).flat_map(|at| (0..3).map(move |j| value(at / times, j))).collect()
}

#[test]
fn values_that_lie_one_after_another_stay_in_place() {
    for (file, name) in [
        ("h5py.h5", "plain"),
        ("h5py.h5", "/plain"),
        ("h5py.h5", "one"),
        ("h5py_latest.h5", "plain"),
        ("pytables.h5", "array"),
        ("ann.hdf5", "train"),
    ] {
        let pool = open(file, name);
        assert_pool(&pool, &values(5, 3), 3, "f32");
        assert_eq!(pool.notices(), [""; 0]);
        let outline = Outline::read(fixture(file), Some(name)).unwrap();
        assert_eq!((outline.in_place_bytes, outline.decoded_bytes), (60, 0), "{file} {name}");
    }
    assert_pool(&open("h5py.h5", "f16"), &values(5, 3), 3, "f16");
    assert_pool(&open("h5py.h5", "i8"), &[-1.0, 2.0, 127.0, -128.0], 2, "i8");
    assert_f64_values(&open("h5py.h5", "f64"));
}

#[test]
fn chunks_are_put_together_whatever_they_are_encoded_by() {
    for (file, name) in [
        ("h5py.h5", "cut/gzip"),
        ("h5py.h5", "cut/rows"),
        ("h5py.h5", "cut/grows"),
        ("h5py.h5", "cut/one"),
        ("h5py_latest.h5", "cut/gzip"),
        ("h5py_latest.h5", "cut/rows"),
        ("h5py_latest.h5", "cut/grows"),
        ("h5py_latest.h5", "cut/whole"),
        ("h5py_latest.h5", "implicit"),
        ("pytables.h5", "zlib"),
        ("trident.h5", "features"),
    ] {
        assert_pool(&open(file, name), &values(5, 3), 3, "f32");
        let outline = Outline::read(fixture(file), Some(name)).unwrap();
        assert_eq!((outline.in_place_bytes, outline.decoded_bytes), (0, 60), "{file} {name}");
    }
    for (file, name, times) in [
        ("h5py.h5", "cut/lzf", 40),
        ("h5py_latest.h5", "cut/extends", 40),
        ("pytables.h5", "blosc", 80),
        ("pytables.h5", "blosclz", 80),
    ] {
        assert_pool(&open(file, name), &repeated(times), 3, "f32");
    }
    let bytes: Vec<f32> = repeated(80).iter().map(|v| 4.0 * v + 3.0).collect();
    let bytes: Vec<f32> = bytes.iter().map(|v| v.rem_euclid(256.0)).collect();
    assert_pool(&open("pytables.h5", "bits"), &bytes, 3, "u8");
}

#[test]
fn few_values_in_a_header_are_read() {
    assert_pool(&open("h5py_latest.h5", "compact"), &values(5, 3), 3, "f32");
}

#[test]
fn big_endian_values_are_swapped_once() {
    for name in ["big", "cut/big"] {
        let pool = open("h5py.h5", name);
        assert_pool(&pool, &values(5, 3), 3, "f32");
        assert!(pool.notices()[0].ends_with("big-endian values: swapped once"));
    }
}

#[test]
fn chunks_that_were_never_written_have_the_fill_value() {
    for file in ["h5py.h5", "h5py_latest.h5"] {
        let mut expected = values(5, 3);
        expected[..12].fill(7.5);
        assert_pool(&open(file, "cut/missing"), &expected, 3, "f32");
    }
    let told = refusal("h5py.h5", Some("cut/never"));
    assert_eq!(told, "dataset 'cut/never' holds no values: none of its chunks was written");
    let told = refusal("h5py.h5", Some("never"));
    assert_eq!(told, "dataset 'never' holds no values: none was written into this file");
}

#[test]
fn the_only_dataset_of_two_dimensions_is_taken() {
    for file in ["trident.h5", "anndata.h5ad"] {
        assert_pool(&Pool::open(fixture(file)).unwrap(), &values(5, 3), 3, "f32");
    }
    assert_pool(&open("anndata.h5ad", "obsm/X_pca"), &values(5, 3), 3, "f32");
    assert_eq!(
        refusal("ann.hdf5", None),
        "holds 3 two-dimensional datasets, name the one to read: 'distances', 'test', 'train'"
    );
    assert_eq!(
        refusal("ann.hdf5", Some("base")),
        "has 'base' not among its datasets: 'distances', 'neighbors', 'test', 'train'"
    );
}

#[test]
fn what_is_no_pool_is_refused_by_name() {
    for (name, told) in [
        ("ints", "holds int64 values; save a.astype(np.float32)"),
        ("flags", "holds booleans or other enumerated values; save a.astype(np.float32)"),
        ("words", "holds strings; save a.astype(np.float32)"),
        ("none", "holds no rows"),
        ("number", "holds a single number; a pool has the shape (n, d)"),
        (
            "labels",
            "has the shape (5,); a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1",
        ),
        (
            "cube",
            "has the shape (2, 2, 2); a pool is (n, d): save a.reshape(len(a), -1) if each entry is a row, or a.reshape(-1, 2) if each \
             vector in it is one",
        ),
        (
            "table",
            "has the shape (2,); a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1",
        ),
        (
            "scaled",
            "is compressed by HDF5's filter 6 (scaleoffset), which is not read: \
             h5py.File('new.h5', 'w')['x'] = h5py.File(path)[name][:] writes it again",
        ),
    ] {
        assert_eq!(refusal("h5py.h5", Some(name)), format!("dataset '{name}' {told}"));
    }
    let told = refusal("h5py_latest.h5", Some("cut/both"));
    assert!(told.starts_with("dataset 'cut/both' has chunks that may grow along several sides"));
    let told = refusal("newest.h5", None);
    assert!(
        told.starts_with("dataset 'v' lies as only HDF5 2.0 and later write it: h5py"),
        "{told}"
    );
    let told = refusal("pytables.h5", Some("lzo"));
    assert!(told.starts_with("dataset 'lzo' is compressed by HDF5's filter 307 (bzip2)"), "{told}");
}

#[test]
fn a_sparse_matrix_is_refused_with_the_line_that_writes_it() {
    assert_eq!(
        refusal("anndata.h5ad", Some("X")),
        "holds a sparse matrix, 'X', where a pool is dense: \
         np.save('X.npy', anndata.read_h5ad(path).X.toarray().astype('float32')) writes one"
    );
}

#[test]
fn other_files_are_refused() {
    let folder = Folder::new();
    let told = folder.refusal("p.h5", b"not an HDF5 file");
    assert!(told.starts_with("cannot be read as HDF5: "), "{told}");
}

/// Every byte of a small file changed, and every length of it.
#[test]
fn damaged_files_are_refused_or_read() {
    for file in ["trident.h5", "ann.hdf5"] {
        let whole = std::fs::read(fixture(file)).unwrap();
        let read = |bytes: Vec<u8>| {
            drop(farpoint::pool::in_memory::open_named(file.as_ref(), bytes, None));
        };
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                read(changed);
            }
            if at % 7 == 0 {
                read(whole[..at].to_vec());
            }
        }
    }
}
