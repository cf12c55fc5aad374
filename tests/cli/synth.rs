//! `synth`.

use std::ffi::OsStr;

use farpoint::Pool;
use farpoint::synth::{self, Shape};

use crate::folder::Folder;

#[test]
fn synth_makes_every_shape() {
    let folder = Folder::new();
    for (name, shape) in [
        ("gaussian", Shape::Gaussian),
        ("unit", Shape::Unit),
        ("mixture", Shape::Mixture),
        ("text", Shape::Text),
        ("features", Shape::Features),
        ("integers", Shape::Integers),
        ("sift", Shape::Sift),
    ] {
        let run =
            folder.run(&format!("synth made.npy --shape {name} --rows 20 --dimensions 7 --seed 3"));
        assert_eq!((run.code, &*run.out, &*run.err), (0, "", ""), "{name}");
        let made = Pool::open(folder.path("made.npy")).unwrap();
        let values = synth::pool(shape, 20, 7, 3);
        assert_eq!(made.hash().unwrap(), Pool::new(&values, 7).unwrap().hash().unwrap(), "{name}");
    }
}

#[test]
fn synth_stores_every_type() {
    let folder = Folder::new();
    let values = synth::pool(Shape::Integers, 20, 7, 0);
    for dtype in ["f32", "f16", "bf16", "i8", "u8"] {
        let words = format!("synth made.npy --shape integers -n 20 -d 7 --dtype {dtype}");
        assert_eq!(folder.run(&words).code, 0);
        let made = Pool::open(folder.path("made.npy")).unwrap();
        assert_eq!(made.dtype().name(), dtype);
        let shift = if dtype == "u8" { 128.0 } else { 0.0 };
        let expected: Vec<f32> = values[..7].iter().map(|value| value + shift).collect();
        assert_eq!(made.row(0, &mut Vec::new()), expected, "{dtype}");
    }
    assert_eq!(folder.run("synth made.npy --shape unit -n 20 -d 7 --dtype i8").code, 0);
    for rows in ["2e1", "0.02e3"] {
        let same = folder.run(&format!("synth same.npy --shape unit -n {rows} -d 7 --dtype i8"));
        assert_eq!(same.code, 0, "{}", same.err);
        let read = |name| std::fs::read(folder.path(name)).unwrap();
        assert_eq!(read("same.npy"), read("made.npy"));
    }
    let run = folder.run("synth made.npy --shape unit -n 1.5 -d 7");
    let told = "error: invalid value '1.5' for '--rows <ROWS>': a number of rows is written as 1000, 1e3 or 1,000";
    assert!(run.code == 2 && run.err.starts_with(told), "{}", run.err);
    assert_eq!(folder.run("select made.npy -k 3").rows().len(), 3);
}

#[test]
fn synth_refuses_what_is_no_pool() {
    let folder = Folder::new();
    folder
        .run("synth made.npy --shape unit -n 0 -d 7")
        .fails(2, "error: no pool has 0 rows of 7 dimensions");
    folder
        .run("synth made.npy --shape unit -n 18446744073709551615 -d 7")
        .fails(2, "error: no pool has 18446744073709551615 rows of 7 dimensions");
    folder
        .run("synth made.txt --shape unit -n 1 -d 7")
        .fails(2, "error: made.txt: its name must end in .npy");
}

/// Its values are bytes as they are.
#[test]
fn synth_stores_sift_without_a_shift() {
    let folder = Folder::new();
    let values = synth::pool(Shape::Sift, 20, 7, 0);
    for (dtype, shift) in [("f32", 0.0), ("f16", 0.0), ("bf16", 0.0), ("u8", 0.0), ("i8", -128.0)] {
        let words = format!("synth made.npy --shape sift -n 20 -d 7 --dtype {dtype}");
        assert_eq!(folder.run(&words).code, 0);
        let made = Pool::open(folder.path("made.npy")).unwrap();
        for row in 0..20 {
            let expected: Vec<f32> =
                values[row * 7..row * 7 + 7].iter().map(|value| value + shift).collect();
            assert_eq!(made.row(row, &mut Vec::new()), expected, "{dtype}");
        }
    }
}

#[test]
fn synth_makes_the_same_file_on_any_number_of_threads() {
    let folder = Folder::new();
    let words = "synth made.npy --shape sift -n 150000 -d 128 --dtype u8 --threads";
    let made = [1, 2, 5].map(|threads| {
        assert_eq!(folder.run(&format!("{words} {threads}")).code, 0);
        std::fs::read(folder.path("made.npy")).unwrap()
    });
    assert!(made[0] == made[1] && made[0] == made[2]);
}

#[test]
fn synth_refuses_what_the_disk_or_the_machine_cannot_hold() {
    let folder = Folder::new();
    let before = folder.names();
    let long = "rows of 2097152 values are not made: 1048576 are the most";
    folder.run("synth made.npy --shape unit -n 1 -d 2097152").fails(2, &format!("error: {long}"));
    folder
        .run("synth made.npy --shape unit -n 100 -d 7 --threads 5000")
        .fails(1, "error: made.npy: 5000 threads are more than 4096");
    if cfg!(target_os = "linux") {
        let run = folder.run("synth made.npy --shape unit -n 100000000000000 -d 128");
        assert_eq!(run.code, 1);
        let room = "error: made.npy: 51200000000000000 bytes are too many: ";
        assert!(run.err.starts_with(room) && run.err.lines().count() == 1, "{}", run.err);
    }
    assert_eq!(folder.names(), before);
}

/// 1 GB of values is made in 300 MB of address space.
#[cfg(target_os = "linux")]
#[test]
fn synth_takes_no_memory_a_row() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/dev/null", folder.path("made.npy")).unwrap();
    let words = "synth made.npy --shape integers -n 1000000 -d 256 --threads 2";
    let run = folder.run_within(300_000, words);
    assert_eq!((run.code, &*run.err), (0, ""));
}

/// A disk that fills up, and the process's limit, which the system tells by a signal.
#[cfg(target_os = "linux")]
#[test]
fn synth_says_what_stopped_it_and_leaves_nothing() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/dev/full", folder.path("full.npy")).unwrap();
    let before = folder.names();
    folder
        .run("synth full.npy --shape integers -n 100000 -d 7")
        .fails(1, "error: full.npy: No space left on device (os error 28)");
    let script = format!(
        "ulimit -f 100; exec '{}' synth made.npy --shape integers -n 100000 -d 7",
        crate::folder::PROGRAM
    );
    let mut limited = std::process::Command::new("sh");
    let output = limited.args(["-c", &script]).current_dir(folder.root()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "error: made.npy: file too large\n");
    assert_eq!(folder.names(), before);
}

/// What is half written has no name where the file system can do that, and else is removed on the signals that can be caught.
#[cfg(target_os = "linux")]
#[test]
fn an_end_in_the_middle_leaves_nothing() {
    for (signal, code) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-KILL", None)] {
        let folder = Folder::new();
        let before = folder.names();
        let mut child =
            crate::interrupts::start(&folder, "synth made.npy --shape text -n 300000 -d 256");
        // It listens once it has its threads.
        let tasks = format!("/proc/{}/task", child.id());
        while std::fs::read_dir(&tasks).unwrap().count() < 3 {}
        crate::interrupts::signal(&child, signal);
        assert_eq!(child.wait().unwrap().code(), code);
        assert_eq!(folder.names(), before, "{signal}");
    }
}

/// A thread that asks for more stack than there is address space is started nowhere.
#[test]
fn threads_that_cannot_be_started_are_told_in_a_line() {
    let folder = Folder::new();
    let large_stacks = [("RUST_MIN_STACK", OsStr::new("1000000000000000000"))];
    let remedy = "raise the limit of processes (ulimit -u, or pids.max of the control group)";
    for words in ["synth made.npy --shape unit -n 100000 -d 64", "select pool.npy -k 3"] {
        let run = folder.run_with(&large_stacks, words);
        assert!(run.err.starts_with("error: the thread that waits for Ctrl-C cannot be started: "));
        assert!(run.err.trim_end().ends_with(remedy), "{}", run.err);
        assert_eq!((run.code, run.err.lines().count()), (1, 1), "{}", run.err);
    }
    let run = folder.run_with(&large_stacks, "plan pool.npy -k 3");
    assert!(run.err.starts_with("error: one thread a core cannot be started: "), "{}", run.err);
    assert!(run.err.contains("ask for fewer threads (1 is enough)"), "{}", run.err);
    assert_eq!((run.code, run.err.lines().count()), (1, 1), "{}", run.err);
}
