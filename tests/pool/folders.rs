//! Pools of many files: folders and patterns.

use farpoint::pool::{OpenOptions, Outline};
use farpoint::{Error, Pool};

use crate::writers::*;

/// Rows 0..2, 2..3 and 3..7 of one pool, in three formats whose names are in order.
fn shards() -> Folder {
    let (folder, all) = (Folder::new(), values(7, 3));
    folder.write("shard-2.npy", npy_f32(&all[..6], 2, 3));
    folder.write("shard-10.fvecs", fvecs(&all[6..9], 3));
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
    assert_eq!(Pool::open(folder.0.path()).unwrap().first_rows(), [0, 2]);
    assert_eq!(Pool::open(&parts[1]).unwrap().first_rows(), [0]);
}

#[test]
fn a_folder_is_one_pool_in_order_of_the_names() {
    let folder = shards();
    folder.write(".hidden", "no pool");
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_pool(&pool, &values(7, 3), 3, "f32");
    assert_eq!(pool.hash().unwrap(), Pool::new(&values(7, 3), 3).unwrap().hash().unwrap());
}

#[test]
fn a_pattern_is_one_pool() {
    let folder = shards();
    folder.write("notes.txt", "not matched");
    let pool = Pool::open(folder.path("shard-*")).unwrap();
    assert_pool(&pool, &values(7, 3), 3, "f32");
    let pool = Pool::open(folder.path("shard-[1B]*")).unwrap();
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
    let first = folder.path("shard-2.npy");
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
    folder.write("shard-10.fvecs", fvecs(&[1.0, 2.0, 3.0, 4.0, f32::INFINITY, 6.0], 3));
    let error = Pool::open(folder.0.path()).unwrap_err();
    assert!(error.to_string().starts_with(&*folder.path("shard-10.fvecs").to_string_lossy()));
    assert_eq!(
        reason(error),
        "row 1 holds inf at dimension 1; every value must be finite; --skip-bad leaves such rows out"
    );
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
fn companions_are_left_out_and_told() {
    let folder = shards();
    for name in ["README.md", "dataset_info.json", "state.json"] {
        folder.write(name, "{}");
    }
    std::fs::create_dir(folder.path("_logs")).unwrap();
    for path in [folder.0.path().to_path_buf(), folder.path("*")] {
        if path.ends_with("*") {
            std::fs::remove_dir(folder.path("_logs")).unwrap();
        }
        let pool = Pool::open(path).unwrap();
        assert_pool(&pool, &values(7, 3), 3, "f32");
        let told = "left out, for they hold no rows: README.md, dataset_info.json, state.json";
        assert_eq!(pool.notices()[0], told);
    }
    let folder = Folder::new();
    folder.write("README.md", "");
    assert_eq!(reason(Pool::open(folder.0.path()).unwrap_err()), "has no files that may hold rows");
}

#[test]
fn folders_in_a_folder_come_with_the_pattern_that_reads_them() {
    let folder = Folder::new();
    for split in ["train", "test"] {
        std::fs::create_dir(folder.path(split)).unwrap();
        folder.write(&format!("{split}/p.npy"), npy_f32(&values(2, 3), 2, 3));
    }
    std::fs::remove_dir_all(folder.path("test")).unwrap();
    let told = reason(Pool::open(folder.0.path()).unwrap_err());
    let pattern = folder.path("*/*.npy");
    let expected = format!(
        "holds folders, such as 'train', of which none is read but partitions (key=value): give a pattern, as '{}'",
        pattern.display()
    );
    assert_eq!(told, expected);
    assert_eq!(Pool::open(pattern).unwrap().rows(), 2);
}

#[test]
fn the_pattern_for_folders_is_as_deep_as_the_files_are_and_has_their_ending() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("train/a")).unwrap();
    let told = || reason(Pool::open(folder.0.path()).unwrap_err());
    let pattern = |pattern: &str| format!("as '{}'", folder.path(pattern).display());
    // There is no file to take the ending of.
    assert!(told().ends_with(&pattern("*/*")), "{}", told());
    folder.write("train/a/part-0.f16bin", "");
    folder.write("train/a/.hidden.npy", "");
    folder.write("train/README.md", "");
    assert!(told().ends_with(&pattern("*/*/*.f16bin")), "{}", told());
    folder.write("train/p.npy", npy_f32(&values(2, 3), 2, 3));
    assert!(told().ends_with(&pattern("*/*.npy")), "{}", told());
}

/// A star takes folders, too; in those no file is meant.
#[test]
fn folders_that_a_pattern_matches_are_left_out_and_told() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("train")).unwrap();
    let told = reason(Pool::open(folder.path("*")).unwrap_err());
    let (first, deeper) = (folder.path("train"), folder.path("*/*"));
    let (first, deeper) = (first.display(), deeper.display());
    assert_eq!(
        told,
        format!("matches folders alone, such as {first}: give '{deeper}' for the files in them")
    );
    folder.write("p.npy", npy_f32(&values(2, 3), 2, 3));
    let pool = Pool::open(folder.path("*")).unwrap();
    assert_eq!(pool.rows(), 2);
    let note = format!("{first}: left out: a folder; give '{deeper}' for the files in them");
    assert_eq!(pool.notices(), [note]);
}

/// As Hive, Spark, DuckDB and PyArrow lay tables out.
#[test]
fn partitions_are_read_in_order_of_their_names() {
    let folder = Folder::new();
    for day in [10, 2, 1] {
        let partition = format!("year=2026/day={day}");
        std::fs::create_dir_all(folder.path(&partition)).unwrap();
        folder.write(&format!("{partition}/part-0.npy"), npy_f32(&[day as f32, 0.0], 1, 2));
        folder.write(&format!("{partition}/_SUCCESS"), "");
    }
    std::fs::create_dir(folder.path("year=2026/_temporary")).unwrap();
    folder.write("_metadata", "");
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_pool(&pool, &[1.0, 0.0, 2.0, 0.0, 10.0, 0.0], 2, "f32");
    let first = folder.path("year=2026/day=1/part-0.npy");
    assert_eq!(pool.files()[0], first);
    std::fs::create_dir(folder.path("year=2026/other")).unwrap();
    let told = reason(Pool::open(folder.0.path()).unwrap_err());
    let start = "holds folders, such as 'year=2026/other', of which none is read but partitions";
    assert!(told.starts_with(start), "{told}");
}

/// A name is of the files that have some; columns are of the tables.
#[test]
fn a_name_is_of_those_of_many_files_that_have_names() {
    let folder = Folder::new();
    folder.write("a.npy", npy_f32(&[1.0, 2.0], 1, 2));
    let two = [("v", npy_f32(&[3.0, 4.0], 1, 2)), ("w", npy_f32(&[5.0, 6.0], 1, 2))];
    folder.write("b.npz", npz(&two, false));
    folder.write(
        "c.csv",
        "v,id
\"[7,8]\",1
",
    );
    let single = OpenOptions { dtype: Some(farpoint::Dtype::F32), ..named("v") };
    let pool = Pool::open_with(folder.0.path(), &single).unwrap();
    assert_pool(&pool, &[1.0, 2.0, 3.0, 4.0, 7.0, 8.0], 2, "f32");
    let outline = Outline::read_with(folder.0.path(), &single).unwrap();
    assert_eq!((outline.rows, outline.dimensions), (3, 2));
    let files = pool.files().to_vec();
    assert_eq!(Pool::open_part(&files, 1..3, &single).unwrap().rows(), 2);
    folder.write(
        "c.csv",
        "v,w,id
7,8,1
",
    );
    let wide = OpenOptions { name: None, columns: Some("v,w"), ..single };
    std::fs::remove_file(folder.path("b.npz")).unwrap();
    let pool = Pool::open_with(folder.0.path(), &wide).unwrap();
    assert_pool(&pool, &[1.0, 2.0, 7.0, 8.0], 2, "f32");
    std::fs::remove_file(folder.path("c.csv")).unwrap();
    folder.write("b.npy", npy_f32(&[1.0, 2.0], 1, 2));
    let told = reason(Pool::open_with(folder.0.path(), &named("v")).unwrap_err());
    assert_eq!(told, "holds one array without a name: leave out 'v'");
}

fn named(name: &str) -> OpenOptions<'_> {
    OpenOptions { name: Some(name), ..OpenOptions::default() }
}

fn reads_back_from(files: usize) {
    let folder = Folder::new();
    for file in 0..files {
        folder.write(&format!("{file}.fbin"), bin(1, 1, &(file as f32).to_le_bytes()));
    }
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_eq!((pool.rows(), pool.files().len()), (files, files));
    let mut scratch = Vec::new();
    assert!((0..files).all(|row| pool.row(row, &mut scratch) == [row as f32]));
}

/// More files than a process may hold open, as a rule.
#[test]
fn a_pool_of_more_files_than_can_be_open() {
    reads_back_from(2_000);
}

/// More files than the system lets a process map.
#[test]
#[ignore = "writes 70,000 files, which takes half a minute"]
fn a_pool_of_more_files_than_can_be_mapped() {
    reads_back_from(70_000);
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    let folder = Folder::new();
    for name in ["missing", "missing/", "missing.xyz", "missing.npy"] {
        let error = Pool::open(folder.path(name)).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().contains("No such file or directory"), "{error}");
    }
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
    assert!(nested.starts_with("matches folders alone, such as "), "{nested}");
}

#[test]
fn many_notices_are_shortened() {
    let folder = Folder::new();
    for shard in 0..9 {
        folder.write(&format!("{shard}.npy"), npy(">f4", "(1, 1)", &1f32.to_be_bytes()));
    }
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_eq!(pool.rows(), 9);
    assert_eq!(pool.notices().len(), 4);
    assert_eq!(pool.notices()[3], "... and 6 more of the kind");
}

/// The note on the order of files with these names, after the name of their folder; `None` where there is none.
fn order_note(names: &[&str]) -> Option<String> {
    let folder = Folder::new();
    for name in names {
        std::fs::create_dir_all(folder.path(name).parent().unwrap()).unwrap();
        folder.write(name, npy_f32(&[1.0], 1, 1));
    }
    let deep = names[0].contains('/');
    let path = if deep { folder.path("*/*.npy") } else { folder.0.path().to_path_buf() };
    let notices = Pool::open(&path).unwrap().notices().to_vec();
    assert!(notices.len() <= 1, "{notices:?}");
    let root = format!("{}/", folder.0.path().display());
    let note = notices.first()?.strip_prefix(&format!("{}: ", path.display())).unwrap();
    Some(note.replace(&root, ""))
}

#[test]
fn an_order_that_is_not_that_of_bytes_is_told() {
    let told = |count: usize, earlier: &str, later: &str| {
        Some(format!(
            "its {count} files are read in order of the numbers in their names: {earlier} comes before {later}, which PyArrow, polars, \
             DuckDB, pandas and datasets read first; numbers with zeros in front, as many digits each, give one order"
        ))
    };
    let eleven: Vec<String> = (0..11).map(|shard| format!("shard_{shard}.npy")).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    assert_eq!(order_note(&eleven), told(11, "shard_9.npy", "shard_10.npy"));
    assert_eq!(order_note(&eleven[..10]), None);
    assert_eq!(
        order_note(&["part.0.npy", "part.10.npy", "part.2.npy"]),
        told(3, "part.2.npy", "part.10.npy")
    );
    let nested = ["run1/b.npy", "run10/b.npy", "run2/b.npy"];
    assert_eq!(order_note(&nested), told(3, "run2/b.npy", "run10/b.npy"));
    let hexadecimal = ["3f2a77.npy", "12ab90.npy", "9c01d4.npy"];
    assert_eq!(order_note(&hexadecimal), told(3, "9c01d4.npy", "12ab90.npy"));
}

/// Names in one order are told nothing.
#[test]
fn an_order_that_may_only_be_one_is_not_told() {
    for names in [
        &["shard_00.npy", "shard_02.npy", "shard_10.npy"][..],
        &["shard_8.npy", "shard_9.npy"],
        &["2024-01-05.npy", "2024-10-03.npy"],
        &["part-00000-7a1.npy", "part-00001-3b9.npy", "part-00010-11c.npy"],
        &["train_10.npy", "valid_2.npy", "Test_30.npy"],
        &["a.npy", "a1.npy", "b.npy"],
    ] {
        assert_eq!(order_note(names), None, "{names:?}");
    }
}

/// A folder with these empty files, of which the pattern takes some.
fn with_files(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        std::fs::create_dir_all(folder.path(name).parent().unwrap()).unwrap();
        folder.write(name, "");
    }
    folder
}

const NEW: &str = "data-00000-of-00002.arrow";
const CACHE: &str = "cache-8f3b1c2d4e5f6a7b.arrow";

/// `Dataset.map` writes its results beside the dataset that it read, with the same rows.
#[test]
fn caches_beside_a_dataset_are_refused() {
    let twice = "was made from the dataset in its folder, as Dataset.map makes it, so rows would come twice";
    let part = "cache-8f3b1c2d4e5f6a7b_00001_of_00004.arrow";
    for cache in [CACHE, part] {
        let folder = with_files(&[NEW, "data-00001-of-00002.arrow", cache]);
        let error = Pool::open(folder.path("*.arrow")).unwrap_err();
        assert!(error.to_string().starts_with(&*folder.path(cache).to_string_lossy()), "{error}");
        let instead = folder.path("data-*.arrow");
        assert_eq!(reason(error), format!("{twice}: give '{}'", instead.display()));
        // What is advised reads the dataset's own files alone: these are empty ones.
        assert_eq!(reason(Pool::open(instead).unwrap_err()), "is a file of 0 bytes");
    }
    let one = with_files(&["d/dataset-train.arrow", &format!("d/{CACHE}")]);
    let told = reason(Pool::open(one.path("*/*.arrow")).unwrap_err());
    assert_eq!(told, format!("{twice}: give {}", one.path("d/dataset-train.arrow").display()));
}

/// Under a name that was chosen, only the dataset's list tells.
#[test]
fn files_that_a_dataset_does_not_list_are_refused() {
    let folder = with_files(&[NEW, "mapped.arrow"]);
    assert_eq!(reason(Pool::open(folder.path("*.arrow")).unwrap_err()), "is a file of 0 bytes");
    folder.write(
        "state.json",
        format!(r#"{{"_data_files": [{{"filename": "{NEW}"}}], "_split": null}}"#),
    );
    let error = Pool::open(folder.path("*.arrow")).unwrap_err();
    assert!(
        error.to_string().starts_with(&*folder.path("mapped.arrow").to_string_lossy()),
        "{error}"
    );
    assert!(reason(error).ends_with(&format!("give {}", folder.path(NEW).display())));
}

/// A cache alone is what was asked for, and other names are no caches.
#[test]
fn other_arrow_files_are_left_alone() {
    for names in [&[CACHE, "cache-0f3b1c2d4e5f6a7b.arrow"][..], &["cache-1.arrow", "data.arrow"]] {
        let folder = with_files(names);
        assert_eq!(reason(Pool::open(folder.path("*.arrow")).unwrap_err()), "is a file of 0 bytes");
    }
    let apart = with_files(&[&format!("a/{NEW}"), &format!("b/{CACHE}")]);
    assert_eq!(reason(Pool::open(apart.path("*/*.arrow")).unwrap_err()), "is a file of 0 bytes");
}

#[test]
fn tables_that_keep_deleted_rows_are_refused() {
    let delta = ["_delta_log/00.json", "a.parquet", "day=2/b.parquet"];
    let hudi = [".hoodie/hoodie.properties", "a.parquet", "day=2/b.parquet"];
    let iceberg = ["metadata/00000-1f.metadata.json", "data/a.parquet", "data/day=2/b.parquet"];
    for (format, names, paths, read) in [
        ("Delta Lake", delta, ["", "*.parquet", "day=2", "*/b.parquet"], "deltalake.DeltaTable('"),
        ("Apache Hudi", hudi, ["", "*.parquet", "day=2", "*/b.parquet"], "format('hudi').load('"),
        (
            "Apache Iceberg",
            iceberg,
            ["", "data/*.parquet", "data", "*/*/b.parquet"],
            "StaticTable.from_metadata('",
        ),
    ] {
        let folder = with_files(&names);
        let root = folder.0.path().canonicalize().unwrap();
        for path in paths {
            let error = Pool::open(folder.path(path)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{}: ", root.display())), "{error}");
            let told = reason(error);
            let start =
                format!("is a table of {format}, whose Parquet files hold deleted rows too: ");
            assert!(told.starts_with(&start), "{path}: {told}");
            assert!(told.contains(&format!("{read}{}", root.display())), "{told}");
        }
        // One file that is named is what was asked for.
        let one = reason(Pool::open(folder.path(names[1])).unwrap_err());
        assert_eq!(one, "is a file of 0 bytes");
    }
    let other = with_files(&["metadata/notes.json", "data/a.parquet", "_delta_log.parquet"]);
    for (path, told) in
        [("data", "is a file of 0 bytes"), ("*.parquet", "has no files that may hold rows")]
    {
        assert_eq!(reason(Pool::open(other.path(path)).unwrap_err()), told);
    }
}
