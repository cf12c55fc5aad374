//! `plan`, `completions`, `man`, `bench`.

use crate::folder::{D, Folder, N, pool};

#[test]
fn plan_says_what_fits() {
    let folder = Folder::new();
    let run = folder.run("plan pool.npy --budget 20");
    assert_eq!(run.code, 0, "{}", run.err);
    for name in
        ["pool in memory", "state", "memory available", "fits", "estimated time", "plain loop"]
    {
        assert!(run.out.lines().any(|line| line.starts_with(name)), "{name}: {}", run.out);
    }
    let json = folder.run("plan pool.npy --budget 20 --json --metric cosine --threads 1").out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"], 60);
    assert_eq!(json["pool_bytes"], 60 * 3 * 4);
    assert_eq!(json["state_bytes"], 60 * 32);
    assert!(json["seconds"].as_f64().unwrap() >= 0.0);
    assert!(json["plain_loop_seconds"].as_f64().unwrap() > 0.0);
}

/// Values that do not lie in the file as a pool keeps them are in memory, and do not fit a second time.
#[test]
fn plan_says_what_is_read_from_files() {
    let folder = Folder::new();
    let swapped: Vec<u8> = pool().iter().flat_map(|v| v.to_be_bytes()).collect();
    std::fs::create_dir(folder.path("both")).unwrap();
    folder.npy("both/swapped.npy", ">f4", &[N, D], &swapped);
    std::fs::copy(folder.path("pool.npy"), folder.path("both/floats.npy")).unwrap();
    for (name, mapped, said) in [
        ("pool.npy", 720, "0.7 kB, read from its files"),
        ("both/swapped.npy", 0, "0.7 kB, converted or decompressed"),
        ("both", 720, "1.4 kB, of which 0.7 kB read from its files"),
    ] {
        let out = folder.run(&format!("plan {name} -k 20")).out;
        assert!(out.lines().any(|l| l.starts_with("pool in memory") && l.ends_with(said)), "{out}");
        let json = folder.run(&format!("plan {name} -k 20 --json")).out;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["mapped_bytes"], mapped, "{name}");
    }
}

#[test]
fn plan_refuses_what_select_would() {
    let folder = Folder::new();
    folder
        .run("plan pool.npy --budget 0")
        .fails(2, "error: budget 0 selects nothing: give a budget of at least 1");
    folder
        .run("plan pool.npy --budget 61")
        .fails(1, "error: budget 61 exceeds the 60 rows that are neither labeled nor excluded");
}

#[test]
fn shells_and_manuals_are_served() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = folder.run(&format!("completions {shell}"));
        assert!(run.code == 0 && run.out.contains("stop-radius"), "{shell}");
    }
    assert!(folder.run("man").out.contains(".TH farpoint"));
    assert_eq!(folder.run("man .").code, 0);
    assert!(folder.read("farpoint-select.1").contains("stop\\-radius"));
    assert_eq!(folder.run("man absent").code, 1);
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new();
    assert!(folder.run("select --help").out.contains("--stop-radius"));
    assert!(folder.run("--help").out.contains("Exit codes: 0 done"));
    assert_eq!(folder.run("--version").out, format!("farpoint {}\n", env!("CARGO_PKG_VERSION")));
}

/// Nothing that was not measured is set in relation to anything.
#[test]
fn a_quick_bench_prints_no_ratio_that_it_has_not() {
    let run = Folder::new().run("bench --quick --turns 1");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains(" GF/s   evaluations "), "{}", run.out);
    assert!(!run.out.contains("NaN") && !run.out.contains("inf"), "{}", run.out);
    let one = Folder::new().run("bench --pool pool.npy:1 --turns 1 --quick --json");
    let json: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert!(json["product_gflops"].is_null() && json["int8_product_gops"].is_null());
    assert!(json["pools"][0]["engines"][0]["refresh_share_of_product_rate"].is_null());
}
