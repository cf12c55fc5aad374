//! Pools in the files of `torch.save`, as PyTorch 2.15 writes them.

use std::io::{Cursor, Read, Write};

use farpoint::Pool;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::writers::*;

fn refusal(name: &str, tensor: Option<&str>) -> String {
    reason(Pool::open_named(fixture(name), tensor).unwrap_err())
}

#[test]
fn tensors_are_read_where_they_lie() {
    let pool = Pool::open(fixture("tensor.pt")).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f32");
    assert_eq!(pool.notices(), [""; 0]);
    assert_eq!(pool.hash().unwrap(), Pool::new(&values(5, 3), 3).unwrap().hash().unwrap());
    let named = Pool::open_named(fixture("tensor.pt"), Some("tensor")).unwrap();
    assert_eq!(named.rows(), 5);
}

#[test]
fn tensors_in_dictionaries_have_the_names_of_their_keys() {
    for name in [None, Some("model.emb")] {
        let pool = Pool::open_named(fixture("dict.pt"), name).unwrap();
        assert_pool(&pool, &values(5, 3), 3, "bf16");
    }
    assert_eq!(
        refusal("dict.pt", Some("v")),
        "has 'v' not among its tensors: 'labels', 'model.emb'"
    );
    let told = refusal("dict.pt", Some("labels"));
    assert_eq!(
        told,
        "has the shape (5,); a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1"
    );
    let pool = Pool::open(fixture("state_dict.pt")).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f32");
    assert!(Pool::open_named(fixture("state_dict.pt"), Some("weight")).is_ok());
}

/// The first of a list of two: a transposed tensor of two dimensions, and a row of it.
#[test]
fn a_transposed_tensor_is_turned_once() {
    for name in [None, Some("0")] {
        let pool = Pool::open_named(fixture("transposed.pt"), name).unwrap();
        assert_pool(&pool, &values(5, 3), 3, "f32");
        assert!(
            pool.notices()[0].ends_with("columns lie together (Fortran order): transposed once")
        );
    }
}

#[test]
fn a_part_of_a_tensor_is_refused_with_the_line_that_saves_it() {
    assert_eq!(
        refusal("part.pt", None),
        "has a tensor that is a part of another: save tensor.contiguous()"
    );
}

/// A pickle may call anything when Python loads it. Here nothing is called, and what would be is named.
#[test]
fn nothing_in_a_file_is_run() {
    let told = refusal("calls.pt", None);
    let name = told.strip_prefix("holds ").unwrap().split(',').next().unwrap();
    assert!(matches!(name, "builtins.print" | "__builtin__.print"), "{told}");
    assert!(told.ends_with(
        "which is no tensor and is not run: save the tensor alone, as torch.save(tensor, path)"
    ));
}

#[test]
fn other_archives_are_told_apart() {
    let told = "is not as torch.save writes since version 1.6, a zip archive: save it again";
    assert_eq!(refusal("before_1_6.pt", None), told);
    let told = Folder::new().refusal("p.pt", npz(&[("a", npy_f32(&values(5, 3), 5, 3))], false));
    assert_eq!(told, "is a zip archive without the pickle that torch.save writes");
}

/// The end of members' names, and what becomes of their bytes.
type Change<'a> = (&'a str, &'a dyn Fn(Vec<u8>) -> Vec<u8>);

/// The archive with some members changed.
fn changed(name: &str, changes: &[Change]) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(std::fs::read(fixture(name)).unwrap())).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for at in 0..from.len() {
        let mut file = from.by_index(at).unwrap();
        let (name, mut bytes) = (file.name().unwrap().to_string(), Vec::new());
        file.read_to_end(&mut bytes).unwrap();
        for (_, change) in changes.iter().filter(|(end, _)| name.ends_with(end)) {
            bytes = change(bytes);
        }
        to.start_file(&name, stored).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// The archive with another pickle.
fn pickled(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    changed(name, &[("data.pkl", &change)])
}

/// As torch saves on machines that begin numbers with their highest byte.
#[test]
fn big_endian_values_are_swapped_once() {
    let swap = |bytes: Vec<u8>| {
        bytes.as_chunks::<4>().0.iter().flat_map(|value| value.iter().rev().copied()).collect()
    };
    let big = |_| b"big".to_vec();
    let file = changed("tensor.pt", &[("/data/0", &swap), ("/byteorder", &big)]);
    let pool = Folder::new().open("p.pt", file).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f32");
    assert!(pool.notices()[0].ends_with("big-endian values: swapped once"));
}

#[test]
fn claims_beyond_the_storage_are_refused() {
    let folder = Folder::new();
    let short = changed("tensor.pt", &[("/data/0", &|bytes| bytes[..56].to_vec())]);
    assert_eq!(folder.refusal("p.pt", short), "has a storage of 15 values in 56 bytes");
    // Its 15 values (K, 15) become 9, and so does the storage.
    let fewer = |bytes: Vec<u8>| {
        let at = bytes.windows(2).rposition(|pair| pair == [b'K', 15]).unwrap();
        [&bytes[..at + 1], &[9], &bytes[at + 2..]].concat()
    };
    assert_eq!(
        folder.refusal("p.pt", pickled("tensor.pt", fewer)),
        "has a storage of 9 values in 60 bytes"
    );
}

/// Every byte of the pickle changed, and every length of it.
#[test]
fn damaged_pickles_are_refused_or_read() {
    let folder = Folder::new();
    for name in ["tensor.pt", "dict.pt", "transposed.pt"] {
        let length = std::cell::Cell::new(0);
        pickled(name, |bytes| {
            length.set(bytes.len());
            bytes
        });
        assert!(length.get() > 50);
        for at in 0..length.get() {
            for change in [1, 0x80, 0xff] {
                let damaged = pickled(name, |mut bytes| {
                    bytes[at] ^= change;
                    bytes
                });
                drop(folder.open("p.pt", damaged));
            }
            drop(folder.refusal("p.pt", pickled(name, |bytes| bytes[..at].to_vec())));
        }
    }
}

/// Lists of one list, over and over: 64 entries each, and 64^12 in all.
#[test]
fn few_bytes_that_stand_for_very_much_are_refused() {
    let mut nested = vec![0x80, 2, b']', b'q', 0];
    for level in 1..=12u8 {
        nested.extend([b']', b'q', level, b'(']);
        nested.extend([b'h', level - 1].repeat(64));
        nested.push(b'e');
    }
    nested.push(b'.');
    let told = Folder::new().refusal("p.pt", pickled("tensor.pt", |_| nested.clone()));
    assert_eq!(told, "holds too much beside tensors: save the tensor alone");
}
