//! Facts about the machine, as the system tells them, for records and plans.

use std::fs;

use serde::Serialize;

/// The machine, as far as the system tells.
#[derive(Serialize)]
pub struct Machine {
    cpu: Option<String>,
    cores: usize,
    commit: Option<String>,
}

impl Machine {
    pub fn read() -> Machine {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model =
            cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Machine {
            cpu: model.map(|(_, name)| name.to_string()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            commit: commit(),
        }
    }
}

/// The commit of the checkout the program is run in, if there is one.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_string())
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(git(&["rev-parse", "HEAD"])? + if changed { ", with changes" } else { "" })
}

/// The version of NVIDIA's driver, where the system tells.
#[cfg(feature = "cuda")]
pub fn nvidia_driver() -> Option<String> {
    let told = fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    let is_version =
        |word: &&str| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
    told.split_whitespace().find(is_version).map(str::to_string)
}

/// Forget the highest resident size so far. Returns the size now, in bytes; `None` where the system cannot.
pub fn reset_peak() -> Option<u64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    kib_field("/proc/self/status", "VmRSS:")
}

/// The highest resident size since [`reset_peak`], in bytes.
pub fn peak() -> Option<u64> {
    kib_field("/proc/self/status", "VmHWM:")
}

/// A size in a file of lines such as `VmRSS:   1024 kB`, in bytes.
fn kib_field(path: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
