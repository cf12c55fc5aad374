//! What `verify` shares with the engine it checks is what its documentation lists.

use std::path::{Path, PathBuf};

/// Modules of the crate that every file of `verify` may use. A slip in any other would be in the engine and in its check.
const SHARED: [&str; 10] = [
    "certificate",
    "distance",
    "error",
    "options",
    "pool",
    "rows",
    "simd",
    "threads",
    "values",
    "verify",
];

/// And those that one file alone may, for the options' checks.
const CHECKS: (&str, [&str; 2]) = ("asked.rs", ["ground", "question"]);

#[test]
fn it_uses_nothing_of_the_engine_but_what_it_says() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = [vec![source.join("verify.rs")], files_under(&source.join("verify"))].concat();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        for module in modules_used(&std::fs::read_to_string(&file).unwrap()) {
            let is_check = name == CHECKS.0 && CHECKS.1.contains(&&*module);
            let is_shared = is_check || SHARED.contains(&&*module);
            assert!(is_shared, "{} uses {module}", file.display());
        }
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

/// The first name of every path from the crate's root, comments left out.
fn modules_used(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths
        .map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().into())
        .collect()
}

#[test]
fn names_of_modules_are_found() {
    let source =
        "use crate::greedy::lazy;\n// crate::no\nfn f() { crate::ground::mark(crate::rows::r()) }";
    assert_eq!(modules_used(source), ["greedy", "ground", "rows"]);
}
