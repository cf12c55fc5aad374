//! `kernels/*.cu`, compiled. An image is kept by the hash of all that it was made of, in `target/kernels/`: every profile, the
//! wheel, scripts/check-kernels and every checkout with that target folder compile it once.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compiler::Nvcc;
use crate::{fail, variable, write};

/// A number is machine code for that compute capability, `ptx80` what a driver can compile for a GPU not listed. Code
/// for 80 also runs on 8.7, for 100 on 10.3, for 120 on 12.1. 90a is 9.0 (H100, H200) with the instructions no other
/// GPU has; there is no further 9.x which plain 90 would serve.
const ARCHITECTURES: &str = "80,86,89,90a,100,120,ptx80";

/// The architecture whose instructions files named after it use.
const ONLY_90A: &str = "90a";

/// `-fmad=false`: a product is rounded before it is added to; where a kernel wants them fused, it says so. What `-Xptxas -v` says
/// of registers stays beside the image, for scripts/check-kernels.
const FLAGS: &str = "-fatbin --threads 2 --fatbin-options -compress-all -O3 -std=c++17 \
                     -fmad=false -Werror all-warnings -Xptxas -v";

/// The rows of the table of images: a file's name, and its compiled form in `out`.
pub fn compile_all(nvcc: &Nvcc, out: &Path) -> Vec<String> {
    if nvcc.path.is_file() {
        println!("cargo::rerun-if-changed={}", nvcc.path.display());
    }
    let kept = folder(out);
    fs::create_dir_all(&kept).expect("cargo's target folder can be written");
    let compiled = |kernel: PathBuf| {
        let name = kernel.file_stem().expect("it ends in .cu").to_string_lossy().into_owned();
        let targets = targets(&name);
        if targets.is_empty() {
            return None;
        }
        let image = compiled(nvcc, &kernel, &targets, &kept);
        // Copied, so that `target/kernels/` may be emptied at any time.
        let copy = out.join(&name).with_extension("fatbin");
        for extension in ["fatbin", "log"] {
            fs::copy(image.with_extension(extension), copy.with_extension(extension))
                .expect("cargo's OUT_DIR can be written");
        }
        Some(format!("\n    ({name:?}, include_bytes!({copy:?})),"))
    };
    files("cu").into_iter().filter_map(compiled).collect()
}

/// `target/kernels/`, if OUT_DIR is `target/<profile>/build/<package>/out`, as it is, with or without the target's triple
/// before the profile; else OUT_DIR.
fn folder(out: &Path) -> PathBuf {
    let is_build = |folder: &&Path| folder.file_name().is_some_and(|name| name == "build");
    let build = out.ancestors().skip(2).take(2).find(is_build);
    let Some(above) = build.and_then(Path::parent).and_then(Path::parent) else {
        return out.to_owned();
    };
    let is_triple = std::env::var_os("TARGET").is_some_and(|triple| above.ends_with(triple));
    let target = if is_triple { above.parent().unwrap_or(above) } else { above };
    target.join("kernels")
}

/// The image of these sources by this compiler: the one that is kept, or a new one.
fn compiled(nvcc: &Nvcc, kernel: &Path, targets: &[String], kept: &Path) -> PathBuf {
    let inputs = inputs(nvcc, kernel, targets);
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    let name = kernel.file_stem().expect("it ends in .cu").to_string_lossy();
    let image = kept.join(format!("{name}-{:016x}.fatbin", hasher.finish()));
    let made_of = image.with_extension("inputs");
    if !(image.exists() && fs::read_to_string(&made_of).is_ok_and(|before| before == inputs)) {
        // Others may compile the same, and an interrupted compilation must not pass for a finished one: the image comes last.
        let unfinished = image.with_extension(std::process::id().to_string());
        let said = compile(nvcc, kernel, targets, &unfinished);
        write(&image.with_extension("log"), &said);
        write(&made_of, inputs.as_bytes());
        fs::rename(unfinished, &image).expect("cargo's target folder can be written");
    }
    image
}

/// All that an image depends on. Where the compiler and the image lie is no part of it.
fn inputs(nvcc: &Nvcc, kernel: &Path, targets: &[String]) -> String {
    // nvcc reads these two itself: NVCC_APPEND_FLAGS=-lineinfo shows a profiler the source's lines.
    let added = [variable("NVCC_PREPEND_FLAGS"), variable("NVCC_APPEND_FLAGS")];
    let mut inputs = format!("{}{FLAGS} {targets:?} {added:?}\n", nvcc.version);
    for path in sources(kernel) {
        inputs += &format!("{}\n{}", path.display(), read(&path));
    }
    inputs
}

/// The kernel's file, and every header of `kernels/` that it includes or that such a header includes.
fn sources(kernel: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut left = vec![kernel.to_owned()];
    while let Some(path) = left.pop() {
        // Files that only the test bed includes are left out.
        if path.exists() && found.insert(path.clone()) {
            let included = |line: &str| {
                Some(
                    Path::new("kernels").join(line.strip_prefix("#include \"")?.split('"').next()?),
                )
            };
            left.extend(read(&path).lines().filter_map(included));
        }
    }
    found
}

/// Compiles to `image`; returns what the compiler said.
fn compile(nvcc: &Nvcc, kernel: &Path, targets: &[String], image: &Path) -> Vec<u8> {
    let mut command = Command::new(&nvcc.path);
    command.args(FLAGS.split_whitespace()).args(targets).arg("-o").arg(image).arg(kernel);
    let output = command.output().expect("a compiler which told its version runs");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        fail(&format!(
            "{} does not compile with {}\n{said}",
            kernel.display(),
            nvcc.path.display()
        ));
    }
    output.stderr
}

/// The architectures that this file is compiled for: a file named `name_90a` for 90a alone, if at all.
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

/// The files of `kernels/` with this extension.
pub fn files(extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir("kernels").expect("the crate has a folder kernels").flatten();
    let named = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    let mut files: Vec<_> = all.map(|entry| entry.path()).filter(named).collect();
    files.sort();
    files
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source can be read")
}
