//! What host and kernels must agree on stands once, in `kernels/`: the build refuses what it does not understand there, and a
//! difference, on either side, is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "common/agreement.rs"]
mod agreement;

use agreement::limits::Limit;
use agreement::{differences, layouts, limits, own_kernels};

fn own_limits() -> Vec<Limit> {
    let kernels = own_kernels();
    let (name, text) = kernels.iter().find(|(name, _)| name == "limits.cuh").unwrap();
    limits::parse(name, text).unwrap()
}

/// The kernels' sources with `text`, of which there is one in `file`, replaced.
fn planted(file: &str, text: &str, becomes: &str) -> Vec<(String, String)> {
    let mut kernels = own_kernels();
    let (_, source) = kernels.iter_mut().find(|(name, _)| name == file).unwrap();
    assert_eq!(source.matches(text).count(), 1, "{file}: `{text}`");
    *source = source.replace(text, becomes);
    kernels
}

#[test]
fn a_line_of_the_limits_is_a_constant_or_refused() {
    let refused = [
        ("u32 EDGE = 512; // rows", "expected `constexpr u32 NAME = value;`"),
        ("constexpr u32 EDGE = 512 // rows", "expected `constexpr u32 NAME = value;`"),
        ("constexpr u32 EDGE{512}; // rows", "expected `constexpr u32 NAME = value;`"),
        ("constexpr int EDGE = 512; // rows", "expected `constexpr u32 NAME = value;`"),
        ("constexpr u32 EDGE = 512, BINS = 4; // rows", "',' is no part of a whole number's value"),
        ("constexpr u32 EDGE = 512;", "EDGE has no comment"),
        ("constexpr u32 edge = 512; // rows", "\"edge\" is no name of a constant"),
        ("constexpr u32 EDGE = 512u; // rows", "512u is no whole number"),
        ("constexpr u32 EDGE = 0512; // rows", "0512 is no whole number"),
        ("constexpr u32 EDGE = 1.5; // rows", "'.' is no part of a whole number's value"),
        ("constexpr u32 EDGE = 1 << BITS; // rows", "BITS does not stand above"),
        ("constexpr u32 EDGE = 2 * ROLE; // rows", "ROLE is a u8"),
        ("constexpr u8 ROLE = 2; // rows", "ROLE stands twice"),
        ("constexpr u32 EDGE = ; // rows", "no value"),
        ("#include \"order.cuh\"", "expected `constexpr u32 NAME = value;`"),
    ];
    for (line, why) in refused {
        let text = format!("#pragma once\n\nconstexpr u8 ROLE = 1; // of a row\n{line}\n");
        let said = limits::parse("limits.cuh", &text).unwrap_err();
        assert_eq!(said, format!("limits.cuh:4: {why}: `{line}`"));
    }
}

#[test]
fn limits_are_the_same_in_rust() {
    let text = "// Passes.\n// Two of them.\nconstexpr u32 PASSES = 0x0a;\n\n// Bins.\nconstexpr u32 BINS = 1 << (PASSES + 2); // of one\n\
                // A role.\nconstexpr u8 ROLE = 2;\n";
    let rust = limits::rust(&limits::parse("limits.cuh", text).unwrap());
    assert_eq!(
        rust,
        "/// Passes.\n/// Two of them.\npub const PASSES: u32 = 0x0a;\n/// of one\npub const BINS: u32 = 1 << (PASSES + 2);\n\
         /// A role.\npub const ROLE: u8 = 2;\n"
    );
}

/// The sources of the crate and its kernels, by their paths in the checkout.
fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (Vec::new(), vec![root.join("src"), root.join("kernels")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "cu" || e == "cuh") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn no_limit_stands_twice() {
    let limits = own_limits();
    let others = all_sources().into_iter().filter(|(file, _)| file != "kernels/limits.cuh");
    let twice = others.flat_map(|(file, source)| limits::twice(&limits, &file, &source));
    assert_eq!(twice.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_limit_that_stands_twice_is_named() {
    let limits = own_limits();
    let planted = [
        ("src/a.rs", "const EDGE: usize = 1024;"),
        ("src/a.rs", "const EDGE: usize = 2 * limits::EDGE as usize;"),
        ("src/a.rs", "    pub(crate) const MOST_CANDIDATES: usize = 128;"),
        ("kernels/a.cu", "constexpr u32 EDGE = 1024; // rows"),
        ("kernels/a.cu", "constexpr u32 CHUNK = 128, EDGE = 1024;"),
    ];
    for (file, line) in planted {
        let name = if line.contains("EDGE") { "EDGE" } else { "MOST_CANDIDATES" };
        let said = limits::twice(&limits, file, &format!("// EDGE = 1\n{line}\n"));
        assert_eq!(said, [format!("{name} stands in kernels/limits.cuh and again in {file}:2")]);
    }
    for line in [
        "let x = EDGE;",
        "constexpr u32 LEDGE = EDGE;",
        "const A: u32 = EDGE;",
        "const EDGE: usize = limits::EDGE as usize;",
        "// const EDGE: usize",
    ] {
        assert_eq!(limits::twice(&limits, "a", line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn kernels_of_other_limits_are_named() {
    assert_eq!(differences(&own_kernels()), Vec::<String>::new());
    let edge = planted("limits.cuh", "EDGE = 512", "EDGE = 1024");
    assert_eq!(differences(&edge), ["EDGE is 1024 here and 512 there"]);
    let candidates = planted("limits.cuh", "MOST_CANDIDATES = 64", "MOST_CANDIDATES = 128");
    assert_eq!(differences(&candidates), ["MOST_CANDIDATES is 128 here and 64 there"]);
}

#[test]
fn kernels_of_other_structs_are_named() {
    let swapped = planted("state.cuh", "    u32* nearest; ", "    u32* seen_first; ");
    let swapped: Vec<String> = differences(&swapped);
    assert_eq!(swapped.len(), 2, "{swapped:?}");
    assert_eq!(swapped[0], "State::nearest is not there here and a Pointer<u32> at byte 8 there");
    let swapped = planted("state.cuh", "u32 has_next, next_row;", "u32 next_row, has_next;");
    assert_eq!(
        differences(&swapped),
        [
            "Round::has_next is a u32 at byte 28 here and a u32 at byte 24 there",
            "Round::next_row is a u32 at byte 24 here and a u32 at byte 28 there"
        ]
    );
}

#[test]
fn a_struct_that_is_shared_is_understood_or_refused() {
    let struct_of = |line: &str| {
        format!("struct A {{\n    u32 x;\n    {line}\n}};\nstatic_assert(sizeof(A) == 8);\n")
    };
    let refused = [
        ("u32 y", "expected `type name;`"),
        ("int y;", "int is no type that host and kernels share"),
        ("u32 Y;", "\"Y\" is no name of a field"),
        ("u32 y = 0;", "\"y = 0\" is no name of a field"),
        ("DEVICE u32 y() { return x; }", "expected `type name;`"),
        ("u32 y[];", "[] is no number of elements"),
        ("A y;", "A contains itself"),
    ];
    for (line, why) in refused {
        let said = layouts::parse(&[("a.cuh".into(), struct_of(line))]).unwrap_err();
        assert_eq!(said, format!("a.cuh:3: {why}: `{line}`"));
    }
    let said = layouts::parse(&[("a.cuh".into(), struct_of("u64 y;"))]).unwrap_err();
    assert_eq!(said, "a.cuh:5: A has 8 bytes, its fields take 16");
}

/// C++, with a struct in a struct, and padding.
const KERNELS: &str = "struct Inner {\n    u8 role; // of a row\n    u64 key;\n};\n\nstruct Outer {\n    const u32* rows; // (n,)\n    \
                       u32 first, count;\n    Inner inner;\n    F16 halves[3];\n};\nstatic_assert(sizeof(Outer) == 40);\n";

/// The same structs in Rust.
const RUST: &str = "pub struct Pointer<T>(u64, std::marker::PhantomData<T>);\n#[repr(C)]\npub struct Inner { pub role: u8, pub key: \
                    u64 }\n#[repr(C)]\npub struct Outer { pub rows: Pointer<u32>, pub first: u32, pub count: u32, pub inner: Inner, \
                    pub halves: [u16; 3] }\n";

/// What the compiler says of Rust held to these kernels.
fn compiled(name: &str, kernels: &str, rust: &str) -> Result<(), String> {
    let layouts = layouts::parse(&[("kernels/a.cuh".into(), kernels.into())]).unwrap();
    let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("held-{name}.rs"));
    fs::write(&source, format!("{rust}{}", layouts::rust(&layouts))).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "-Adead_code", "-o"]);
    let output = rustc.arg(source.with_extension("rmeta")).arg(&source).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn a_difference_between_rust_and_kernels_does_not_build() {
    assert_eq!(compiled("alike", KERNELS, RUST), Ok(()));
    let swapped = "Outer::first begins at byte 12 in kernels/a.cuh";
    let differences = [
        (
            "kernels-swapped",
            KERNELS.replace("first, count", "count, first"),
            RUST.to_owned(),
            swapped,
        ),
        (
            "rust-swapped",
            KERNELS.to_owned(),
            RUST.replace("pub first: u32, pub count: u32", "pub count: u32, pub first: u32"),
            "Outer::first begins at byte 8 in kernels/a.cuh",
        ),
        (
            "rust-lacks",
            KERNELS.to_owned(),
            RUST.replace("pub count: u32,", "pub _unused: u32,"),
            "no field `count`",
        ),
        (
            "kernels-lack",
            KERNELS.replace("    F16 halves[3];\n", "").replace("== 40", "== 32"),
            RUST.to_owned(),
            "Outer has 32 bytes in kernels/a.cuh",
        ),
        (
            "rust-type",
            KERNELS.to_owned(),
            RUST.replace("pub count: u32", "pub count: f32"),
            "expected `&u32`, found `&f32`",
        ),
        (
            "rust-order",
            KERNELS.to_owned(),
            RUST.replace("#[repr(C)]\npub struct Inner", "pub struct Inner"),
            "Inner::",
        ),
    ];
    for (name, kernels, rust, words) in differences {
        let said = compiled(name, &kernels, &rust).unwrap_err();
        assert!(said.contains(words), "{name}: {said}");
    }
}
