//! The test bed notices what it is there to notice: each bug planted in a kernel, the bed's own or the engine's, is seen by a check
//! that passes without it.
#![cfg(all(target_os = "linux", feature = "cuda", feature = "lab"))]

use std::ffi::OsStr;

use rayon::prelude::*;

mod bug;
mod checks;
#[path = "../common/mod.rs"]
mod common;
mod of_the_bed;
mod of_the_engine;

use bug::Bug;
use bug::Check::Selftest;
use bug::Notice::Reported;
use bug::said;
use checks::{ENGINE, FRONTIER, INT8, JOIN};
use common::bed;

/// A race shows in some orders of the threads only; every check runs in the first order and in these adversarial ones.
const SEEDS: std::ops::Range<u64> = 0..8;

#[test]
fn checks_pass_without_a_bug() {
    for (name, arguments) in
        [("self", &["--selftest"][..]), ("self-sanitized", &["--selftest", "--asan"])]
    {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let Some(bed) = bed::build(name, &arguments) else { return };
        for seed in SEEDS {
            let output = Selftest("").run(&bed, seed);
            assert!(output.status.success(), "{name}, seed {seed}: {}", said(&output));
        }
    }
}

#[test]
fn planted_bugs_are_noticed() {
    notice_all("bug", of_the_bed::BUGS);
}

#[test]
fn planted_bugs_of_the_engine_are_noticed() {
    notice_all("engine-bug", of_the_engine::BUGS);
}

fn notice_all(name: &str, bugs: &[Bug]) {
    let goes_unnoticed = |(number, bug): (usize, &Bug)| {
        let bed = bug.build(&format!("{name}-{number}"))?;
        let noticed =
            SEEDS.map(|seed| bug.check.run(&bed, seed)).any(|output| bug.notice.is(&output));
        (!noticed).then(|| format!("\n{}: `{}` became `{}`", bug.file, bug.text, bug.becomes))
    };
    let unnoticed: Vec<String> =
        bugs.par_iter().enumerate().with_max_len(1).filter_map(goes_unnoticed).collect();
    assert!(unnoticed.is_empty(), "bugs go unnoticed:{}", unnoticed.concat());
}

/// What the address sanitizer sees is shared memory, stacks and the ends of allocations: a selection has one on the device.
#[test]
fn the_engine_is_clean_to_the_sanitizer() {
    let Some(bed) = bed::build("sanitized", &[OsStr::new("--asan")]) else { return };
    for (check, seed) in
        [(ENGINE, 0), (ENGINE, 1), (ENGINE, 2), (FRONTIER, 3), (JOIN, 4), (INT8, 5)]
    {
        let output = check.run(&bed, seed);
        assert!(output.status.success(), "seed {seed}: {}", said(&output));
    }
}

#[test]
#[ignore = "run by a_skip_is_said_or_fails"]
fn cuda_is_there() {
    eprintln!("answered: {}", bed::has_cuda());
}

/// Without a compiler there is no bed, and with a stub no driver.
#[test]
fn a_skip_is_said_or_fails() {
    let Some(bed) = bed::build("plain", &[]) else { return };
    let run = |required| {
        let mut command = bed::test_over(&bed, "cuda_is_there");
        command.env("LD_LIBRARY_PATH", bed.join("stub")).env("CXX", "/nowhere/g++");
        command.env_remove("FARPOINT_BED").env("FARPOINT_REQUIRE_CUDA", required);
        command.output().unwrap()
    };
    let (skipped, failed) = (run("0"), run("1"));
    let words = said(&skipped);
    assert!(skipped.status.success() && words.contains("answered: false"), "{words}");
    assert!(
        words.contains("without the CUDA test bed: the test bed needs /nowhere/g++"),
        "{words}"
    );
    assert!(words.contains("skipped: cuda:0: "), "{words}");
    let words = said(&failed);
    assert!(!failed.status.success() && !words.contains("answered"), "{words}");
    assert!(words.contains("toolkit's stub"), "{words}");
}

#[test]
fn misused_memory_ends_the_process() {
    let Some(bed) = bed::build("self", &[OsStr::new("--selftest")]) else { return };
    for (check, words) in [
        ("freed_twice", "no longer one"),
        ("written_outside", "outside the allocation"),
        ("others_memory", "is given memory of device 1"),
    ] {
        assert!(Reported(words).is(&Selftest(check).run(&bed, 0)), "{check}");
    }
}
