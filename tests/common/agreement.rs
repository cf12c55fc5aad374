//! What kernels say of themselves, read from their sources as build.rs reads them: the numbers and the structs that Rust was built with.

use std::fs;
use std::path::Path;

#[path = "../../build/layouts.rs"]
pub mod layouts;
#[path = "../../build/limits.rs"]
pub mod limits;

/// The kernels that the crate was built with.
pub fn own_kernels() -> Vec<(String, String)> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels"))
}

/// Every kernel's source and every header of a folder, by its name.
pub fn sources(folder: &Path) -> Vec<(String, String)> {
    let is_source = |path: &Path| path.extension().is_some_and(|e| e == "cu" || e == "cuh");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| is_source(path)).collect();
    files.sort();
    let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (named(path), fs::read_to_string(path).unwrap())).collect()
}

/// What of that differs in other kernels' sources: each by the constant's name, or the struct's and the field's.
pub fn differences(kernels: &[(String, String)]) -> Vec<String> {
    let (here, there) = (truth(kernels), truth(&own_kernels()));
    [limits::differences(&here.0, &there.0), layouts::differences(&here.1, &there.1)].concat()
}

fn truth(kernels: &[(String, String)]) -> (Vec<limits::Limit>, Vec<layouts::Layout>) {
    let (name, text) = kernels.iter().find(|(name, _)| name == "limits.cuh").unwrap();
    (limits::parse(name, text).unwrap(), layouts::parse(kernels).unwrap())
}
