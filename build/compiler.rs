//! The CUDA compiler: where it may be, and which one is used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{NO_COMPILER, fail, variable};

/// A compiler, and what it says of its version.
pub struct Nvcc {
    pub path: PathBuf,
    pub version: String,
}

/// The compiler that `NVCC` names, which must be one; else the first compiler that is found.
pub fn find() -> Option<Nvcc> {
    if let Some(path) = variable("NVCC").map(PathBuf::from) {
        let refuse = || fail(&format!("NVCC is {}, which is not a CUDA compiler", path.display()));
        return Some(probe(path.clone()).unwrap_or_else(refuse));
    }
    let found = candidates().into_iter().find_map(probe);
    if found.is_none() {
        // Here alone: that PATH differs between two shells is no reason to build again.
        println!("cargo::rerun-if-env-changed=PATH");
        if variable("FARPOINT_REQUIRE_CUDA").is_some_and(|value| value == "1") {
            fail(&format!("FARPOINT_REQUIRE_CUDA is 1, but {NO_COMPILER}"));
        }
    }
    found
}

fn candidates() -> Vec<PathBuf> {
    let homes = ["CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDA_TOOLKIT_ROOT_DIR"];
    let toolkits =
        homes.into_iter().filter_map(variable).map(|home| Path::new(&home).join("bin/nvcc"));
    let on_path = PathBuf::from("nvcc");
    let ours = wheels(Path::new(".cuda"));
    let active = variable("VIRTUAL_ENV").map(|home| wheels(Path::new(&home))).unwrap_or_default();
    toolkits
        .chain([on_path])
        .chain(ours)
        .chain(active)
        .chain(["/usr/local/cuda/bin/nvcc".into()])
        .collect()
}

/// Where NVIDIA's Python wheels put the compiler, for each Python of a virtual environment.
fn wheels(environment: &Path) -> Vec<PathBuf> {
    let pythons = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    pythons.map(|python| python.path().join("site-packages/nvidia/cu13/bin/nvcc")).collect()
}

fn probe(path: PathBuf) -> Option<Nvcc> {
    let output = Command::new(&path).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    version.contains("Cuda compilation tools").then_some(Nvcc { path, version })
}
