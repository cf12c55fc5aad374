//! Pools in Zarr stores, as zarr-python 2.18 (numcodecs 0.15) and 3.1 write them.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use farpoint::Pool;
use farpoint::pool::Outline;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::writers::*;

fn refusal(file: impl AsRef<Path>, name: Option<&str>) -> String {
    reason(Pool::open_named(file, name).unwrap_err())
}

/// Each row of the fixtures' pool so many times.
fn repeated(rows: usize) -> Vec<f32> {
    (0..rows).flat_map(|at| (0..3).map(move |j| value(at / 80, j))).collect()
}

/// Those as the u8 values of the fixtures.
fn as_bytes(rows: usize) -> Vec<f32> {
    repeated(rows).iter().map(|v| 4.0 * v + 3.0).collect()
}

/// The files of an archive, with their names.
fn members(archive: &str) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(fs::File::open(fixture(archive)).unwrap()).unwrap();
    let count = archive.len();
    let member = |at| {
        let mut member = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        (member.name().unwrap().to_string(), bytes)
    };
    (0..count).map(member).collect()
}

/// The store of an archive as a folder.
fn unpacked(archive: &str, folder: &Path) -> PathBuf {
    for (name, bytes) in members(archive) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder.to_path_buf()
}

#[test]
fn arrays_are_put_together_whatever_they_are_encoded_by() {
    let folder = Folder::new();
    for (archive, names) in [
        (
            "v2.zarr.zip",
            &[
                "usual",
                "plain",
                "deep/zstd",
                "zlib",
                "gzip",
                "lz4",
                "shuffled",
                "columns",
                "one",
                "slash",
                "big",
            ][..],
        ),
        (
            "v3.zarr.zip",
            &[
                "usual",
                "plain",
                "deep/gzip",
                "summed",
                "sharded",
                "sharded_first",
                "index_first",
                "columns",
                "one",
                "dots",
                "big",
            ],
        ),
    ] {
        let unpacked = unpacked(archive, &folder.path(archive).with_extension(""));
        for path in [fixture(archive), unpacked] {
            for name in names {
                let pool = Pool::open_named(&path, Some(name)).unwrap();
                assert_pool(&pool, &values(5, 3), 3, "f32");
                let outline = Outline::read(&path, Some(name)).unwrap();
                assert_eq!((outline.rows, outline.decoded_bytes), (5, 60), "{name}");
                let told = if *name == "big" { "big-endian values: swapped once" } else { "" };
                assert!(pool.notices().iter().all(|notice| notice.ends_with(told)));
                assert_eq!(pool.notices().len(), usize::from(*name == "big"));
            }
        }
    }
}

#[test]
fn blosc_shuffles_bytes_and_bits() {
    for (archive, name, rows) in [
        ("v2.zarr.zip", "bits", 400),
        ("v2.zarr.zip", "odd_bits", 397),
        ("v3.zarr.zip", "bits", 400),
    ] {
        let pool = Pool::open_named(fixture(archive), Some(name)).unwrap();
        let bytes: Vec<f32> = as_bytes(rows).iter().map(|v| v.rem_euclid(256.0)).collect();
        assert_pool(&pool, &bytes, 3, "u8");
    }
    for (archive, name) in
        [("v2.zarr.zip", "blosclz"), ("v2.zarr.zip", "blosc_zlib"), ("v3.zarr.zip", "blosc")]
    {
        let pool = Pool::open_named(fixture(archive), Some(name)).unwrap();
        assert_pool(&pool, &repeated(400), 3, "f32");
    }
}

#[test]
fn other_types_are_read() {
    let pool = Pool::open_named(fixture("v3.zarr.zip"), Some("f16")).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f16");
    assert_f64_values(&Pool::open_named(fixture("v2.zarr.zip"), Some("f64")).unwrap());
}

#[test]
fn chunks_that_are_not_there_have_the_fill_value() {
    for archive in ["v2.zarr.zip", "v3.zarr.zip"] {
        let pool = Pool::open_named(fixture(archive), Some("missing")).unwrap();
        let mut expected = vec![7.5; 15];
        expected[12..14].copy_from_slice(&values(5, 3)[12..14]);
        assert_pool(&pool, &expected, 3, "f32");
        let told = refusal(fixture(archive), Some("never"));
        assert_eq!(told, "array 'never' holds no values: none of its chunks was written");
    }
    let pool = Pool::open_named(fixture("v3.zarr.zip"), Some("shards_missing")).unwrap();
    let mut expected = vec![7.5; 24];
    expected[3..6].copy_from_slice(&values(2, 3)[3..]);
    assert_pool(&pool, &expected, 3, "f32");
}

#[test]
fn a_store_of_one_array_is_a_pool() {
    let folder = Folder::new();
    let one = unpacked("array.zarr.zip", &folder.path("shards/a_1.zarr"));
    unpacked("array.zarr.zip", &folder.path("shards/a_2.zarr"));
    for path in [fixture("array.zarr.zip"), one.clone()] {
        assert_pool(&Pool::open(&path).unwrap(), &values(5, 3), 3, "f32");
        assert_eq!(refusal(&path, Some("x")), "is one array without a name: leave out 'x'");
    }
    // By what lies in it, too.
    let renamed = folder.path("embeddings");
    fs::create_dir(&renamed).unwrap();
    assert_pool(
        &Pool::open(unpacked("array.zarr.zip", &renamed)).unwrap(),
        &values(5, 3),
        3,
        "f32",
    );
    let both = [values(5, 3), values(5, 3)].concat();
    for path in [folder.path("shards"), folder.path("shards/*.zarr")] {
        let pool = Pool::open(&path).unwrap();
        assert_pool(&pool, &both, 3, "f32");
        assert_eq!(pool.first_rows(), [0, 5]);
        assert_eq!(pool.files()[0], one);
    }
}

#[test]
fn what_is_no_pool_is_refused_by_name() {
    let v2 = fixture("v2.zarr.zip");
    let told = refusal(&v2, None);
    assert!(
        told.starts_with("holds 18 two-dimensional arrays, name the one to read: 'big', "),
        "{told}"
    );
    for (name, told) in [
        ("ints", "holds int64 values; save a.astype(np.float32)"),
        (
            "labels",
            "has the shape (5,); a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1",
        ),
    ] {
        for archive in ["v2.zarr.zip", "v3.zarr.zip"] {
            assert_eq!(refusal(fixture(archive), Some(name)), format!("array '{name}' {told}"));
        }
    }
    assert_eq!(
        refusal(&v2, Some("bz2")),
        "is encoded by 'bz2', which is not read: \
         zarr.save_array('new.zarr', zarr.open_array(path)[:]) writes it again"
    );
    let folder = Folder::new();
    fs::create_dir(folder.path("empty.zarr")).unwrap();
    let told = refusal(folder.path("empty.zarr"), None);
    assert_eq!(told, "holds no arrays of Zarr: neither zarr.json nor .zarray");
    let told = folder.refusal("p.zip", npz(&[("a", vec![1; 2000])], true));
    assert!(told.starts_with("is a compressed archive: "), "{told}");
}

#[test]
fn a_table_of_lance_is_refused_with_the_line_that_writes_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("t.lance")).unwrap();
    let path = folder.path("t.lance");
    let told = refusal(&path, Some("emb"));
    assert_eq!(
        told,
        format!(
            "is a table of Lance, which is not read; in Python, pyarrow.parquet.write_table(lance.dataset('{}')\
             .to_table(columns=['emb']), 'pool.parquet') writes a file that is, and farpoint.select takes the table itself",
            path.display()
        )
    );
    for name in ["t/_versions", "t/_transactions"] {
        fs::create_dir_all(folder.path(name)).unwrap();
    }
    assert!(refusal(folder.path("t"), None).contains(".to_table(columns=['vector'])"));
}

/// The archive with some members changed, by the ends of their names.
fn changed(archive: &str, end: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut to = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members(archive) {
        let bytes = if name.ends_with(end) { change(bytes) } else { bytes };
        if to.start_file(&name, stored).is_ok() {
            to.write_all(&bytes).unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn claims_are_checked_before_anything_is_allocated() {
    let folder = Folder::new();
    let refusal = |from: &str, to: &str| {
        let replace = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let text: String = text.split_whitespace().collect();
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1).into_bytes()
        };
        folder.refusal("p.zip", changed("array.zarr.zip", "zarr.json", replace))
    };
    let shape = r#""shape":[5,3]"#;
    assert_eq!(
        refusal(shape, r#""shape":[4000000000000,3]"#),
        "claims 2000000000000 chunks, of which 3 were written: save the rows that there are"
    );
    assert_eq!(
        refusal(shape, r#""shape":[18446744073709551615,3]"#),
        "claims a shape of more bytes than any file holds"
    );
    let chunk = r#""chunk_shape":[2,3]"#;
    let told = refusal(chunk, r#""chunk_shape":[1000000000000,3]"#);
    assert!(told.starts_with("claims 36000000000000 bytes of values in chunks of "), "{told}");
    let unlike = "has chunks whose sides are not those of its array";
    assert_eq!(refusal(chunk, r#""chunk_shape":[0,3]"#), unlike);
    assert_eq!(refusal(chunk, r#""chunk_shape":[3]"#), unlike);
    assert_eq!(refusal(shape, r#""shape":[-5,3]"#), "has metadata whose shape is no list of sides");
    assert_eq!(refusal(r#""name":"zstd""#, r#""name":"own""#), {
        "is encoded by 'own', which is not read: \
         zarr.save_array('new.zarr', zarr.open_array(path)[:]) writes it again"
    });
    // Chunks of other bytes than the array's.
    assert_eq!(
        refusal(chunk, r#""chunk_shape":[2,2]"#),
        "has a chunk that cannot be decoded: it is damaged"
    );
}

#[test]
fn damaged_chunks_are_refused() {
    let folder = Folder::new();
    for end in ["c/0/0", "c/1/0", "c/2/0"] {
        let cut = changed("array.zarr.zip", end, |bytes| bytes[..bytes.len() - 3].to_vec());
        assert_eq!(
            folder.refusal("p.zip", cut),
            "has a chunk that cannot be decoded: it is damaged"
        );
    }
}

/// Every byte of an archive and of the metadata in it changed, and every length of it.
#[test]
fn damaged_stores_are_refused_or_read() {
    let read = |bytes: Vec<u8>| {
        drop(farpoint::pool::in_memory::open_named("p.zip".as_ref(), bytes, None));
    };
    let whole = fs::read(fixture("array.zarr.zip")).unwrap();
    for at in 0..whole.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= change;
            read(changed);
        }
        read(whole[..at].to_vec());
    }
}
