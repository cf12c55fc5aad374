//! Writes what the crate takes from `kernels/`: `limits.rs`, the numbers that host and kernels share; under the feature `cuda`
//! `layouts.rs`, which holds Rust's structs to the kernels', and `images.rs`: each compiled `*.cu`, or why there are none. Without
//! a CUDA compiler the same crate builds without kernels. The machine's own GPU is never asked for: one build serves them all.
//! And the README and `docs/`, with links that work in rustdoc.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "build/compiler.rs"]
mod compiler;
#[path = "build/images.rs"]
mod images;
#[path = "build/layouts.rs"]
mod layouts;
#[path = "build/limits.rs"]
mod limits;
#[path = "build/pages.rs"]
mod pages;

const NO_COMPILER: &str = "no CUDA compiler was found when farpoint was built; \
                           run scripts/cuda-toolkit or set NVCC, and build again";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=kernels");
    // Of the pages the README alone, which has tests: an edit in `docs/` is no reason to build everything again.
    println!("cargo::rerun-if-changed=README.md");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    write_truth(&out);
    let repository = variable("CARGO_PKG_REPOSITORY").and_then(|url| url.into_string().ok());
    pages::write_all(&out, repository.as_deref());
    let wanted = env::var_os("CARGO_FEATURE_CUDA").is_some() && variable("DOCS_RS").is_none();
    let nvcc = if wanted { compiler::find() } else { None };
    let images = nvcc.as_ref().map_or(Vec::new(), |nvcc| images::compile_all(nvcc, &out));
    let absent = nvcc.is_none().then_some(NO_COMPILER);
    let table = format!(
        "pub static IMAGES: &[(&str, &[u8])] = &[{}];\npub static ABSENT: Option<&str> = {absent:?};\n",
        images.concat()
    );
    write(&out.join("images.rs"), table.as_bytes());
}

/// The constants and the structs that the kernels' sources state.
fn write_truth(out: &Path) {
    let limits = images::read(Path::new("kernels/limits.cuh"));
    let limits = limits::parse("kernels/limits.cuh", &limits).unwrap_or_else(|why| fail(&why));
    write(&out.join("limits.rs"), limits::rust(&limits).as_bytes());
    let sources = [images::files("cuh"), images::files("cu")].concat();
    let sources: Vec<_> =
        sources.iter().map(|path| (path.display().to_string(), images::read(path))).collect();
    let layouts = layouts::parse(&sources).unwrap_or_else(|why| fail(&why));
    write(&out.join("layouts.rs"), layouts::rust(&layouts).as_bytes());
}

/// A variable which asks for another build when it changes; an empty one is none.
fn variable(name: &str) -> Option<OsString> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var_os(name).filter(|value| !value.is_empty())
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("cargo's folders can be written");
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1)
}
