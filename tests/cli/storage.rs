//! Where rows are kept: in memory, in their files, in a scratch file.

use std::fs;
use std::io::{BufRead, BufReader, Read};

use crate::folder::{D, Folder, N};
use crate::interrupts::{signal, start};

/// A pool of 50,000 x 64, 12.8 MB, too large to be held within so much memory with what a selection takes.
const LARGE: &str = "synth large.npy --shape gaussian -n 50000 -d 64";
const LIMIT: &str = "--memory 80MB";

#[test]
fn a_limit_leaves_a_pool_on_disk_and_changes_no_pick() {
    let folder = Folder::new();
    assert_eq!(folder.run(LARGE).code, 0);
    let free = folder.run("select large.npy -k 300");
    assert!(!free.err.contains("stay on disk"), "{}", free.err);
    let limited = folder.run(&format!("select large.npy -k 300 {LIMIT}"));
    let told = "note: 12.8 MB of rows stay on disk: a selection with them in memory takes ";
    assert!(limited.err.contains(told), "{}", limited.err);
    assert_eq!(limited.rows(), free.rows());
}

#[test]
fn a_limit_that_is_too_small_says_what_would_fit() {
    let folder = Folder::new();
    assert_eq!(folder.run(LARGE).code, 0);
    let run = folder.run("select large.npy -k 300 --memory 1MB");
    let told =
        "error: a selection from 50000 rows takes 53.2 MB beside its pool, and this process holds ";
    assert!(run.code == 1 && run.err.starts_with(told), "{}", run.err);
    let enough =
        run.err.split_once("the memory limit of 1.0 MB must be at least ").expect("told").1;
    assert!(enough.trim_end().ends_with(" MB"), "{}", run.err);
    // What is advised is enough, but for what the process comes to hold by itself.
    let enough: f64 = enough.trim_end().trim_end_matches(" MB").parse().unwrap();
    let advised = folder.run(&format!("select large.npy -k 300 --memory {}MB", enough + 10.0));
    assert_eq!(advised.code, 0, "{}", advised.err);
    let run = folder.run("select large.npy -k 300 --memory much");
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("'much' is no size: give bytes with a unit, as 4GB or 512MiB"),
        "{}",
        run.err
    );
}

#[test]
fn a_scratch_folder_stays_empty() {
    let folder = Folder::new();
    fs::create_dir(folder.path("scratch")).unwrap();
    let stored = fs::read(folder.path("pool.npy")).unwrap();
    let swapped: Vec<u8> =
        stored[128..].chunks(4).flat_map(|value| value.iter().rev().copied()).collect();
    folder.npy("swapped.npy", ">f4", &[N, D], &swapped);
    let expected = folder.run("select pool.npy -k 9").rows();
    assert_eq!(folder.run("select swapped.npy -k 9 --scratch scratch").rows(), expected);
    assert_eq!(fs::read_dir(folder.path("scratch")).unwrap().count(), 0);
}

/// Whoever stops a run shall not wait for a hash of its pool, and may go on without one.
#[test]
fn an_interrupted_record_has_no_hash_and_is_resumed() {
    let folder = Folder::new();
    assert_eq!(folder.run(LARGE).code, 0);
    let select = "select large.npy -k 20000 --log";
    let mut child = start(&folder, &format!("{select} -o part.json"));
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("open_seconds"), "{line}");
    signal(&child, "-TERM");
    said.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{line}");
    let json: serde_json::Value = serde_json::from_str(&folder.read("part.json")).unwrap();
    assert_eq!(json["interrupted"], true);
    assert!(json["pool"].get("hash").is_none());
    let picks = json["centers"].as_array().unwrap().len();
    let on = folder.run(&format!("select large.npy -k {} --resume part.json -o on.txt", picks + 5));
    assert_eq!(on.code, 0, "{}", on.err);
    assert_eq!(folder.run("verify large.npy on.txt").code, 0);
}

/// A file that shrinks under a run: one line, and no signal.
#[test]
fn a_file_that_shrinks_is_told() {
    let folder = Folder::new();
    assert_eq!(folder.run(LARGE).code, 0);
    let mut child = start(&folder, &format!("select large.npy -k 20000 --log {LIMIT} -o part.txt"));
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("open_seconds") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0);
    }
    let file = fs::File::options().write(true).open(folder.path("large.npy")).unwrap();
    file.set_len(5000).unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    let told = ": the file has shrunk from 12800128 to 5000 bytes in the meantime";
    let error = rest.lines().find(|line| line.starts_with("error: large.npy: row ")).unwrap();
    assert!(error.contains(told), "{error}");
}
