//! `select --ray` hands its command line to the Python package, where there is one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::folder::{Folder, Run};

/// The program, with an interpreter that is this script.
fn run_by(script: &str, words: &str) -> (Folder, Run) {
    let folder = Folder::new();
    let python = folder.path("python");
    folder.text("python", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let run = folder.run_with(&[("FARPOINT_PYTHON", python.as_os_str())], words);
    (folder, run)
}

#[test]
fn the_command_line_is_handed_on() {
    let words = "select pool.npy --budget 3 --ray head:6379 --shards 2";
    let (_, run) = run_by("case \"$*\" in *--version) exit 0;; esac; echo \"$@\"; exit 130", words);
    assert_eq!((run.code, run.out), (130, format!("-m farpoint.ray {words}\n")));
}

#[test]
fn without_the_package_it_says_what_to_do() {
    let (folder, run) = run_by("exit 1", "select pool.npy --budget 3 --ray");
    let told = format!(
        "error: {}: has no farpoint for Ray: pip install 'farpoint[ray]' there, or name another interpreter by FARPOINT_PYTHON",
        folder.path("python").display()
    );
    run.fails(1, &told);
    let nowhere = [("FARPOINT_PYTHON", "/nowhere/python".as_ref())];
    let run = folder.run_with(&nowhere, "select pool.npy --budget 3 --ray");
    assert_eq!(run.code, 1);
    assert!(run.err.starts_with("error: /nowhere/python: "), "{}", run.err);
}

#[test]
fn its_options_are_for_a_cluster() {
    let run = Folder::new().run("select pool.npy --budget 3 --shards 2");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--ray"), "{}", run.err);
}

#[test]
fn a_pool_is_not_taken_for_an_address() {
    let folder = Folder::new();
    folder.text("pool.npy", "");
    let run = folder.run("select --budget 3 --ray pool.npy");
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("it is a file, not an address: name the pool before --ray"),
        "{}",
        run.err
    );
}
