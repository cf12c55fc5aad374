//! Pools of many files: folders and patterns.

use farpoint::{Error, Pool};

use crate::writers::*;

/// Rows 0..2, 2..3 and 3..7 of one pool, in three formats whose names are in byte order.
fn shards() -> Folder {
    let (folder, all) = (Folder::new(), values(7, 3));
    folder.write("shard-10.npy", npy_f32(&all[..6], 2, 3));
    folder.write("shard-2.fvecs", fvecs(&all[6..9], 3));
    folder.write("shard-B.npz", npz(&[("a", npy_f32(&all[9..], 4, 3))], false));
    folder
}

#[test]
fn the_files_are_known() {
    let folder = Folder::new();
    let parts = ["a.npy", "b.npy"].map(|name| folder.write(name, npy_f32(&values(2, 3), 2, 3)));
    assert_eq!(Pool::open(folder.0.path()).unwrap().files(), parts);
    assert_eq!(Pool::open(folder.path("*.npy")).unwrap().files(), parts);
    assert_eq!(Pool::open(&parts[1]).unwrap().files(), &parts[1..]);
    assert!(Pool::new(&values(2, 3), 3).unwrap().files().is_empty());
}

#[test]
fn a_folder_is_one_pool_in_byte_order_of_the_names() {
    let folder = shards();
    folder.write(".hidden", "no pool");
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_pool(&pool, &values(7, 3), 3, "f32");
    assert_eq!(pool.hash(), Pool::new(&values(7, 3), 3).unwrap().hash());
}

#[test]
fn a_pattern_is_one_pool() {
    let folder = shards();
    folder.write("notes.txt", "not matched");
    let pool = Pool::open(folder.path("shard-*")).unwrap();
    assert_pool(&pool, &values(7, 3), 3, "f32");
    let pool = Pool::open(folder.path("shard-[2B].*")).unwrap();
    assert_pool(&pool, &values(7, 3)[6..], 3, "f32");
}

#[test]
fn a_path_that_exists_is_no_pattern() {
    let folder = Folder::new();
    folder.write("a.npy", npy_f32(&values(1, 1), 1, 1));
    let literal = folder.write("[ab].npy", npy_f32(&values(2, 3), 2, 3));
    assert_pool(&Pool::open(literal).unwrap(), &values(2, 3), 3, "f32");
}

#[test]
fn files_that_disagree_are_both_named() {
    let folder = shards();
    folder.write("shard-C.npy", npy_f32(&values(2, 2), 2, 2));
    let first = folder.path("shard-10.npy");
    let error = Pool::open(folder.0.path()).unwrap_err();
    assert!(error.to_string().starts_with(&*folder.path("shard-C.npy").to_string_lossy()));
    let expected = "rows of 3 f32 values; the files of a pool must agree";
    assert_eq!(
        reason(error),
        format!("holds rows of 2 f32 values, but {} {expected}", first.display())
    );
    folder.write("shard-C.npy", npy("|u1", "(1, 3)", &[1, 2, 3]));
    let told = reason(Pool::open(folder.0.path()).unwrap_err());
    assert!(told.starts_with("holds rows of 3 u8 values, but"), "{told}");
}

#[test]
fn a_bad_value_is_named_by_its_file_and_the_row_there() {
    let folder = shards();
    folder.write("shard-2.fvecs", fvecs(&[1.0, 2.0, 3.0, 4.0, f32::INFINITY, 6.0], 3));
    let error = Pool::open(folder.0.path()).unwrap_err();
    assert!(error.to_string().starts_with(&*folder.path("shard-2.fvecs").to_string_lossy()));
    assert_eq!(reason(error), "row 1 holds inf at dimension 1; every value must be finite");
}

#[test]
fn unknown_files_in_a_folder_are_named() {
    let folder = shards();
    folder.write("notes.md", "");
    let error = Pool::open(folder.0.path()).unwrap_err();
    assert!(error.to_string().starts_with(&*folder.path("notes.md").to_string_lossy()));
    assert!(reason(error).starts_with("is of no format that pools are read from: .npy"));
}

#[test]
fn nothing_to_read_is_an_error() {
    let folder = Folder::new();
    let empty = reason(Pool::open(folder.0.path()).unwrap_err());
    assert_eq!(empty, "is a folder without files");
    let unmatched = reason(Pool::open(folder.path("*.npy")).unwrap_err());
    assert_eq!(unmatched, "does not exist, and as a pattern matches nothing");
    let malformed = reason(Pool::open(folder.path("a[.npy")).unwrap_err());
    assert!(malformed.starts_with("does not exist, and is no pattern"), "{malformed}");
    let missing = Pool::open(folder.path("missing.npy")).unwrap_err();
    assert!(matches!(missing, Error::Io { ref path, .. } if *path == folder.path("missing.npy")));
    std::fs::create_dir(folder.path("folder.npy")).unwrap();
    let nested = reason(Pool::open(folder.path("*.npy")).unwrap_err());
    assert_eq!(nested, "is not a regular file, and only those can be mapped");
}

#[test]
fn many_notices_are_shortened() {
    let folder = Folder::new();
    for shard in 0..9 {
        folder.write(&format!("{shard}.npy"), npy("<f8", "(1, 1)", &1f64.to_le_bytes()));
    }
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_eq!(pool.rows(), 9);
    assert_eq!(pool.notices().len(), 4);
    assert_eq!(pool.notices()[3], "... and 6 more of the kind");
}
