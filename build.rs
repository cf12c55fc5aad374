//! Compiles `kernels/*.cu` under the feature `cuda`, and writes `images.rs`: each compiled file, or why there are none.
//! Without a CUDA compiler the same crate builds without kernels. The machine's own GPU is never asked for: one build
//! serves them all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// A number is machine code for that compute capability, `ptx80` what a driver can compile for a GPU not listed. Code
/// for 80 also runs on 8.7, for 100 on 10.3, for 120 on 12.1. 90a is 9.0 (H100, H200) with the instructions no other
/// GPU has; there is no further 9.x which plain 90 would serve.
const ARCHITECTURES: &str = "80,86,89,90a,100,120,ptx80";

/// The architecture whose instructions files named after it use.
const ONLY_90A: &str = "90a";

/// `-fmad=false`: a product is rounded before it is added to; where a kernel wants them fused, it says so.
const FLAGS: &str = "-fatbin --threads 2 --fatbin-options -compress-all -O3 -std=c++17 \
                     -fmad=false -Werror all-warnings";

const NO_COMPILER: &str = "no CUDA compiler was found when farpoint was built; \
                           run scripts/cuda-toolkit or set NVCC, and build again";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let wanted = env::var_os("CARGO_FEATURE_CUDA").is_some() && variable("DOCS_RS").is_none();
    let nvcc = if wanted { find_nvcc() } else { None };
    let images = nvcc.as_ref().map_or(Vec::new(), |nvcc| compile_all(nvcc, &out));
    let absent = nvcc.is_none().then_some(NO_COMPILER);
    let table = format!(
        "pub static IMAGES: &[(&str, &[u8])] = &[{}];\npub static ABSENT: Option<&str> = {absent:?};\n",
        images.concat()
    );
    write(&out.join("images.rs"), table.as_bytes());
}

/// A compiler, and what it says of its version.
struct Nvcc {
    path: PathBuf,
    version: String,
}

fn find_nvcc() -> Option<Nvcc> {
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

/// The rows of the table: a file's name, and its compiled form.
fn compile_all(nvcc: &Nvcc, out: &Path) -> Vec<String> {
    println!("cargo::rerun-if-changed=kernels");
    if nvcc.path.is_file() {
        println!("cargo::rerun-if-changed={}", nvcc.path.display());
    }
    let compiled = |kernel: PathBuf| {
        let name = kernel.file_stem().expect("it ends in .cu").to_string_lossy().into_owned();
        let targets = targets(&name);
        let image = out.join(&name).with_extension("fatbin");
        (!targets.is_empty()).then(|| {
            compile(nvcc, &kernel, &targets, &image);
            format!("\n    ({name:?}, include_bytes!({image:?})),")
        })
    };
    files("cu").into_iter().filter_map(compiled).collect()
}

/// Leaves an image alone which the same command made of the same sources.
fn compile(nvcc: &Nvcc, kernel: &Path, targets: &[String], image: &Path) {
    let mut command = Command::new(&nvcc.path);
    command.args(FLAGS.split_whitespace()).args(targets).arg("-o").arg(image).arg(kernel);
    // nvcc reads these two itself: NVCC_APPEND_FLAGS=-lineinfo shows a profiler the source's lines.
    let added = [variable("NVCC_PREPEND_FLAGS"), variable("NVCC_APPEND_FLAGS")];
    let read = |path: PathBuf| fs::read_to_string(path).expect("a source can be read");
    let sources = [vec![kernel.to_owned()], files("cuh")].concat().into_iter().map(read);
    let inputs = format!("{}{command:?}{added:?}{:?}", nvcc.version, sources.collect::<Vec<_>>());
    let made_of = image.with_extension("inputs");
    if image.exists() && fs::read_to_string(&made_of).is_ok_and(|before| before == inputs) {
        return;
    }
    write(&made_of, b""); // or an interrupted compilation would pass for a finished one
    let output = command.output().expect("a compiler which told its version runs");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        fail(&format!(
            "{} does not compile with {}\n{said}",
            kernel.display(),
            nvcc.path.display()
        ));
    }
    write(&image.with_extension("log"), &output.stderr);
    write(&made_of, inputs.as_bytes());
}

/// What the kernels of this file are compiled for: `name_90a` for 90a alone, if at all.
fn targets(file: &str) -> Vec<String> {
    let list =
        variable("FARPOINT_CUDA_ARCHITECTURES").map(|list| list.to_string_lossy().into_owned());
    let only = file.rsplit_once('_').map(|(_, last)| last).filter(|last| *last == ONLY_90A);
    let target = |name: &str| match name.trim().strip_prefix("ptx") {
        Some(number) => format!("-gencode=arch=compute_{number},code=compute_{number}"),
        None => format!("-gencode=arch=compute_{0},code=sm_{0}", name.trim()),
    };
    let list = list.as_deref().unwrap_or(ARCHITECTURES).split(',');
    list.filter(|name| only.is_none_or(|only| name.trim() == only)).map(target).collect()
}

fn files(extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir("kernels").expect("the crate has a folder kernels").flatten();
    let named = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    let mut files: Vec<_> = all.map(|entry| entry.path()).filter(named).collect();
    files.sort();
    files
}

/// A variable which asks for another build when it changes; an empty one is none.
fn variable(name: &str) -> Option<OsString> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var_os(name).filter(|value| !value.is_empty())
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("cargo's OUT_DIR can be written");
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1)
}
