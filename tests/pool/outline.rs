//! The size of a pool from the headers of its files, without its values.

use farpoint::Pool;
use farpoint::pool::Outline;

use crate::writers::*;

/// The outline of `path` says what the pool is once it is open.
fn agrees(path: &std::path::Path) -> Outline {
    let (outline, pool) = (Outline::read(path, None).unwrap(), Pool::open(path).unwrap());
    let name = path.display();
    let size = (pool.rows(), pool.dimensions(), pool.dtype(), pool.bytes() as u64);
    let told = (outline.rows, outline.dimensions, outline.dtype, outline.bytes);
    assert_eq!(told, size, "{name}");
    assert_eq!(outline.in_place_bytes + outline.decoded_bytes, outline.bytes, "{name}");
    assert_eq!(outline.notices, pool.notices(), "{name}");
    outline
}

#[test]
fn the_outline_is_that_of_the_pool_in_every_format() {
    let mut files = 0;
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        if Pool::open(&path).is_ok() {
            agrees(&path);
            files += 1;
        }
    }
    assert!(files >= 8, "{files}");
}

#[test]
fn it_is_told_what_lies_in_files_as_a_pool_keeps_it() {
    let folder = Folder::new();
    let values = npy_f32(&values(5, 3), 5, 3);
    for (name, bytes, decoded) in [
        ("plain.npy", values.clone(), false),
        ("stored.npz", npz(&[("v", values.clone())], false), false),
        ("deflated.npz", npz(&[("v", values)], true), true),
        ("big.npy", npy(">f4", "(2, 1)", &[0; 8]), true),
    ] {
        let outline = agrees(&folder.write(name, &bytes));
        let expected = if decoded { (0, outline.bytes) } else { (outline.bytes, 0) };
        assert_eq!((outline.in_place_bytes, outline.decoded_bytes), expected, "{name}");
    }
}

/// Bad values do not matter where none is read; and a file of a terabyte is no more work than a small one.
#[test]
fn no_value_is_read() {
    let folder = Folder::new();
    let path = folder.write("bad.npy", npy_f32(&[f32::NAN, 1.0], 2, 1));
    assert!(Pool::open(&path).is_err());
    assert_eq!(Outline::read(&path, None).unwrap().rows, 2);

    let (rows, d) = (2_000_000_000usize, 128);
    let mut header = npy("<f4", &format!("({rows}, {d})"), &[]);
    let length = header.len() as u64 + (rows * d * 4) as u64;
    let path = folder.write("large.npy", &header);
    header.clear();
    // Nothing but the header takes room on the disk.
    if std::fs::File::options().write(true).open(&path).unwrap().set_len(length).is_ok() {
        let outline = Outline::read(&path, None).unwrap();
        assert_eq!((outline.rows, outline.bytes), (rows, 1_024_000_000_000));
    }
}
