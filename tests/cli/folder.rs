//! A folder to run the program in, and the small files it is run on.

#![allow(dead_code, reason = "every test program uses a part of it")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use farpoint::synth::{self, Shape};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_farpoint");

/// Rows and dimensions of `pool.npy`.
pub const N: usize = 60;
pub const D: usize = 3;

/// What a run said and how it ended.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The rows printed.
    pub fn rows(&self) -> Vec<usize> {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// It failed with `code`, nothing on stdout, and exactly this line on stderr.
    #[track_caller]
    pub fn fails(&self, code: i32, line: &str) {
        assert_eq!((self.code, self.err.trim_end()), (code, line));
        assert_eq!(self.out, "");
    }
}

pub struct Folder(TempDir);

impl Folder {
    /// With `pool.npy`, integers with many ties.
    pub fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.npy("pool.npy", "<f4", &[N, D], &floats(&pool()));
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn text(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn npy(&self, name: &str, descr: &str, shape: &[usize], bytes: &[u8]) {
        let sides: String = shape.iter().map(|side| format!("{side},")).collect();
        let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sides}), }}");
        let header = format!("{dict:<117}\n");
        let magic = b"\x93NUMPY\x01\x00\x76\x00";
        fs::write(self.path(name), [magic, header.as_bytes(), bytes].concat()).unwrap();
    }

    pub fn vectors(&self, name: &str, values: &[f32], d: usize) {
        self.npy(name, "<f4", &[values.len() / d, d], &floats(values));
    }

    pub fn weights(&self, name: &str, weights: &[f32]) {
        self.npy(name, "<f4", &[weights.len()], &floats(weights));
    }

    /// Run the program here on words separated by spaces.
    pub fn run(&self, words: &str) -> Run {
        let output = Command::new(PROGRAM)
            .current_dir(self.root())
            .args(words.split_whitespace())
            .output()
            .unwrap();
        Run::of(output)
    }

    /// As [`Folder::run`], with these variables in the environment, and no others that choose a CUDA driver.
    pub fn run_with(&self, variables: &[(&str, &OsStr)], words: &str) -> Run {
        let output = Command::new(PROGRAM)
            .current_dir(self.root())
            .args(words.split_whitespace())
            .env_remove("LD_LIBRARY_PATH")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        Run::of(output)
    }

    /// As [`Folder::run`], within `kib` KiB of address space.
    #[cfg(target_os = "linux")]
    pub fn run_within(&self, kib: usize, words: &str) -> Run {
        let script = format!("ulimit -v {kib}; exec '{PROGRAM}' {words}");
        let output =
            Command::new("sh").args(["-c", &script]).current_dir(self.root()).output().unwrap();
        Run::of(output)
    }

    /// Names here, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The values of an .npy file, eight bytes each.
    pub fn values(&self, name: &str) -> Vec<[u8; 8]> {
        fs::read(self.path(name)).unwrap()[128..].as_chunks().0.to_vec()
    }

    pub fn integers(&self, name: &str) -> Vec<i64> {
        self.values(name).into_iter().map(i64::from_le_bytes).collect()
    }

    pub fn numbers(&self, name: &str) -> Vec<f64> {
        self.values(name).into_iter().map(f64::from_le_bytes).collect()
    }
}

/// `names`, and `parquet` in a build that has the format.
pub fn with_parquet<'a>(names: &[&'a str], parquet: &'a str) -> Vec<&'a str> {
    let parquet = cfg!(feature = "parquet").then_some(parquet);
    names.iter().copied().chain(parquet).collect()
}

/// The values of `pool.npy`.
pub fn pool() -> Vec<f32> {
    synth::pool(Shape::Integers, N, D, 4)
}

pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
