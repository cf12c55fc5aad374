//! A bug: what it changes, what is run over the bed with it, and how it shows.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use Check::Selftest;
use Notice::{Reported, Sanitized, Wrong};

use crate::common::bed;

/// Replaces every occurrence of `text` in the kernel source `file`; there must be `times`.
pub struct Bug {
    pub file: &'static str,
    pub text: &'static str,
    pub times: usize,
    pub becomes: &'static str,
    pub check: Check,
    pub notice: Notice,
}

/// What is run over the bed with the bug.
#[derive(Clone, Copy)]
pub enum Check {
    /// A check of tests/bed/selftest/main.cpp.
    Selftest(&'static str),
    /// An ignored test of checks.rs.
    Test(&'static str),
}

/// How the bug shows.
#[derive(Clone, Copy, PartialEq)]
pub enum Notice {
    /// The result is wrong, under some seed, or so wrong that a kernel follows it out of all memory.
    Wrong,
    /// The bed itself reports it, with these words.
    Reported(&'static str),
    /// The address sanitizer reports it.
    Sanitized,
}

pub const fn bug(
    file: &'static str,
    text: &'static str,
    times: usize,
    becomes: &'static str,
    check: Check,
    notice: Notice,
) -> Bug {
    Bug { file, text, times, becomes, check, notice }
}

impl Bug {
    /// A bed of all kernels, this one changed.
    pub fn build(&self, name: &str) -> Option<PathBuf> {
        let sources = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bed/{name}-sources"));
        for folder in ["kernels", "tests/bed/selftest"] {
            copy_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &sources);
        }
        let file = sources.join(self.file);
        let source = fs::read_to_string(&file).unwrap();
        assert_eq!(source.matches(self.text).count(), self.times, "{}: `{}`", self.file, self.text);
        fs::write(&file, source.replace(self.text, self.becomes)).unwrap();
        let mut arguments = vec![OsStr::new("--kernels"), sources.as_os_str()];
        if let Selftest(_) = self.check {
            arguments.push(OsStr::new("--selftest"));
        }
        if self.notice == Sanitized {
            arguments.push(OsStr::new("--asan"));
        }
        bed::build(name, &arguments)
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
    pub fn run(self, bed: &Path, seed: u64) -> Output {
        let mut command = match self {
            Selftest(name) => {
                let mut command = Command::new(bed.join("selftest"));
                command.args((!name.is_empty()).then_some(name));
                command
            }
            Check::Test(name) => bed::test_over(bed, name),
        };
        command.env("FARPOINT_BED_SEED", seed.to_string()).env("ASAN_OPTIONS", "detect_leaks=0");
        command.output().unwrap()
    }
}

impl Notice {
    pub fn is(self, output: &Output) -> bool {
        let said = said(output);
        match self {
            Wrong => {
                let is_reported = said.contains("bed: ") && !said.contains(": touched ");
                !output.status.success() && !is_reported && !said.contains("AddressSanitizer")
            }
            Reported(words) => said.contains("bed: ") && said.contains(words),
            Sanitized => said.contains("AddressSanitizer"),
        }
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}
