//! The test bed notices what it is there to notice: each bug planted in a kernel is seen by a check that passes without it.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod bed;

/// A race shows in some orders of the threads only; every check runs in the first order and in these adversarial ones.
const SEEDS: std::ops::Range<u64> = 0..8;

/// Replaces every occurrence of `text` in the kernel source `file`; there must be `times`.
struct Bug {
    file: &'static str,
    text: &'static str,
    times: usize,
    becomes: &'static str,
    check: Check,
    notice: Notice,
}

/// What is run over the bed with the bug.
#[derive(Clone, Copy)]
enum Check {
    /// A check of tests/bed/selftest/main.cpp.
    Selftest(&'static str),
    /// An ignored test of this file.
    #[allow(dead_code, reason = "for the engine's kernels")]
    Test(&'static str),
}

/// How the bug shows.
#[derive(Clone, Copy, PartialEq)]
enum Notice {
    /// The result is wrong, under some seed.
    Wrong,
    /// The bed itself reports it, with these words.
    Reported(&'static str),
    /// The address sanitizer reports it.
    Sanitized,
}

use Check::Selftest;
use Notice::{Reported, Sanitized, Wrong};

const fn bug(
    file: &'static str,
    text: &'static str,
    times: usize,
    becomes: &'static str,
    check: Check,
    notice: Notice,
) -> Bug {
    Bug { file, text, times, becomes, check, notice }
}

#[rustfmt::skip]
const BUGS: &[Bug] = &[
    bug("barriers.cu", "__syncthreads();  // written before read", 1, "", Selftest("reverse"), Wrong),
    bug("barriers.cu", "__syncthreads();  // read before written again", 1, "", Selftest("reverse"), Wrong),
    bug("barriers.cu", "__syncthreads();  // written before read", 1, "if (i < 128) __syncthreads();", Selftest("reverse"), Reported("divergent barrier")),
    bug("barriers.cu", "const u32 i = threadIdx.x;", 1, "const u32 i = threadIdx.x; if (i == 7) return;", Selftest("reverse"), Reported("returned")),
    bug("barriers.cu", "    tile[i] = value;", 1, "    tile[i + 1] = value;", Selftest("reverse"), Sanitized),
    bug("barriers.cu", "step = WARP / 2", 1, "step = WARP / 4", Selftest("sum"), Wrong),
    bug("barriers.cu", "sum += __shfl_xor_sync(FULL_WARP, sum, step)", 1, "if (lane) sum += __shfl_xor_sync(FULL_WARP, sum, step)", Selftest("sum"), Reported("deadlock")),
    bug("barriers.cu", "u32(__syncthreads_count(below))", 1, "u32(below)", Selftest("votes"), Wrong),
    bug("copies.cu", "cp_async_wait<1>();", 1, "cp_async_wait<2>();", Selftest("stream"), Wrong),
    bug("copies.cu", "    __syncthreads();\n    for", 1, "    for", Selftest("stream"), Wrong),
    bug("copies.cu", "    __syncthreads();\n  }", 1, "  }", Selftest("stream"), Wrong),
    bug("groups.cu", "group_barrier(a.counters, target += gridDim.x)", 2, "__syncthreads()", Selftest("ring"), Wrong),
    bug("groups.cu", "group_barrier(a.counters, target += gridDim.x)", 2, "group_barrier(a.counters, target += gridDim.x + 1)", Selftest("ring"), Reported("deadlock")),
    bug("groups.cu", "atomicAdd(&a.counters[0], 1u)", 1, "a.counters[0] = a.counters[0] + blockIdx.x", Selftest("atomics"), Wrong),
    bug("groups.cu", "  if (i < a.n / 4) reinterpret_cast", 1, "  reinterpret_cast<float4*>(a.out)[i + 1] = rows[i]; if (i < a.n / 4) reinterpret_cast", Selftest("copy"), Sanitized),
];

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
    for (number, bug) in BUGS.iter().enumerate() {
        let Some(bed) = bug.build(number) else { return };
        let noticed =
            SEEDS.map(|seed| bug.check.run(&bed, seed)).any(|output| bug.notice.is(&output));
        assert!(
            noticed,
            "bug {number} in {} goes unnoticed: `{}` became `{}`",
            bug.file, bug.text, bug.becomes
        );
    }
}

#[test]
fn misused_memory_ends_the_process() {
    let Some(bed) = bed::build("self", &[OsStr::new("--selftest")]) else { return };
    for (check, words) in
        [("freed_twice", "no longer one"), ("written_outside", "outside the allocation")]
    {
        assert!(Reported(words).is(&Selftest(check).run(&bed, 0)), "{check}");
    }
}

impl Bug {
    /// A bed of all kernels, this one changed.
    fn build(&self, number: usize) -> Option<PathBuf> {
        let sources =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bed/bug-{number}-sources"));
        for folder in ["kernels", "tests/bed/selftest"] {
            copy_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &sources);
        }
        let file = sources.join(self.file);
        let source = fs::read_to_string(&file).unwrap();
        assert_eq!(source.matches(self.text).count(), self.times, "{}: `{}`", self.file, self.text);
        fs::write(&file, source.replace(self.text, self.becomes)).unwrap();
        let mut arguments =
            vec![OsStr::new("--selftest"), OsStr::new("--kernels"), sources.as_os_str()];
        if self.notice == Sanitized {
            arguments.push(OsStr::new("--asan"));
        }
        bed::build(&format!("bug-{number}"), &arguments)
    }
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cu" || e == "cuh") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

impl Check {
    fn run(self, bed: &Path, seed: u64) -> Output {
        let mut command = match self {
            Selftest(name) => {
                let mut command = Command::new(bed.join("selftest"));
                command.args((!name.is_empty()).then_some(name));
                command
            }
            Check::Test(name) => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command
                    .args(["--exact", name, "--ignored", "--nocapture"])
                    .env("LD_LIBRARY_PATH", bed);
                preload_sanitizer(&mut command, bed);
                command
            }
        };
        command.env("FARPOINT_BED_SEED", seed.to_string()).env("ASAN_OPTIONS", "detect_leaks=0");
        command.output().unwrap()
    }
}

/// A program that was built without the address sanitizer must have it before anything else, if the bed wants it.
fn preload_sanitizer(command: &mut Command, bed: &Path) {
    let library = fs::read(bed.join("libcuda.so")).unwrap();
    if library.windows(11).any(|bytes| bytes == b"__asan_init") {
        let name = Command::new("g++").arg("-print-file-name=libasan.so").output().unwrap().stdout;
        command.env("LD_PRELOAD", String::from_utf8(name).unwrap().trim());
    }
}

impl Notice {
    fn is(self, output: &Output) -> bool {
        let said = said(output);
        match self {
            Wrong => {
                !output.status.success()
                    && !said.contains("bed: ")
                    && !said.contains("AddressSanitizer")
            }
            Reported(words) => said.contains("bed: ") && said.contains(words),
            Sanitized => said.contains("AddressSanitizer"),
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}
