//! `plan`.

use serde_json::Value;

use crate::folder::{D, Folder, N, pool};

fn json(folder: &Folder, words: &str) -> Value {
    let run = folder.run(&format!("plan {words} --json"));
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

/// What follows `name` in a plan.
fn line<'p>(plan: &'p str, name: &str) -> &'p str {
    let found = plan.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("{name}: {plan}")).trim()
}

#[test]
fn plan_says_what_will_be_done() {
    let folder = Folder::new();
    let run = folder.run("plan pool.npy --budget 20");
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(line(&run.out, "values"), "0.7 kB, in files, as they are");
    assert_eq!(line(&run.out, "taken"), "pool in memory");
    assert!(line(&run.out, "rounds").starts_with("none, but one pass a pick"), "{}", run.out);
    assert_eq!(line(&run.out, "carried over"), "all was measured");
    for name in ["memory available", "estimated time", "plain loop", "robust", "measured"] {
        assert!(!line(&run.out, name).is_empty());
    }
    let ways = ["pool in memory  ", "int8 copy in memory, pool on disk", "pool on disk, no copy"];
    for way in ways {
        assert!(line(&run.out, way).ends_with("yes"), "{}", run.out);
    }
    let made_up = folder.run("plan pool.npy --budget 20 --headers");
    assert!(line(&made_up.out, "measured").contains(" made-up rows "), "{}", made_up.out);
    assert!(line(&run.out, "measured").starts_with("20 picks from 60 rows of the pool"));
    let json = json(&folder, "pool.npy --budget 20 --metric cosine --threads 1");
    assert_eq!(json["rows"], 60);
    assert_eq!(json["pool_bytes"], 60 * 3 * 4);
    assert_eq!(json["state_bytes"], 60 * 40);
    assert_eq!(json["way"], "in_memory");
    assert_eq!(json["ways"].as_array().unwrap().len(), 5);
    assert!(json["seconds"].as_f64().unwrap() >= 0.0);
    assert!(json["plain_loop_seconds"].as_f64().unwrap() > 0.0);
}

/// Values that do not lie in the file as a pool keeps them must be decoded.
#[test]
fn plan_says_where_values_are() {
    let folder = Folder::new();
    let big: Vec<u8> = pool().iter().flat_map(|v| v.to_be_bytes()).collect();
    std::fs::create_dir(folder.path("both")).unwrap();
    folder.npy("both/big.npy", ">f4", &[N, D], &big);
    std::fs::copy(folder.path("pool.npy"), folder.path("both/plain.npy")).unwrap();
    for (name, disk, said) in [
        ("pool.npy", 720, "0.7 kB, in files, as they are"),
        ("both/big.npy", 0, "0.7 kB, to be decoded or rearranged"),
        ("both", 720, "1.4 kB: 0.7 kB in files, as they are, 0.7 kB to be decoded or rearranged"),
    ] {
        assert_eq!(line(&folder.run(&format!("plan {name} -k 20")).out, "values"), said);
        let json = json(&folder, &format!("{name} -k 20"));
        assert_eq!(json["disk_bytes"], disk, "{name}");
    }
}

/// Bytes have a plain loop that reads bytes, and are their own copy in memory.
#[test]
fn plan_knows_types() {
    let folder = Folder::new();
    folder.run("synth bytes.npy --shape sift -n 2000 -d 64 --dtype u8");
    folder.run("synth floats.npy --shape sift -n 2000 -d 64 --dtype f32");
    let [bytes, floats] =
        ["bytes.npy", "floats.npy"].map(|name| json(&folder, &format!("{name} -k 1999")));
    let memory = |plan: &Value, way: usize| plan["ways"][way]["memory_bytes"].as_u64().unwrap();
    let rest = |plan: &Value| {
        plan["state_bytes"].as_u64().unwrap() + plan["workspace_bytes"].as_u64().unwrap()
    };
    assert_eq!(memory(&bytes, 0) - rest(&bytes), 2000 * 64);
    assert_eq!(memory(&floats, 0) - rest(&floats), 2000 * (4 * 64 + 64 + 12));
    for plan in [&bytes, &floats] {
        assert_eq!(memory(plan, 1) - rest(plan), 2000 * (64 + 12));
        assert_eq!(memory(plan, 2), rest(plan));
        let loop_bytes = plan["plain_loop_seconds"].as_f64().unwrap()
            * plan["read_bytes_per_second"].as_f64().unwrap();
        let pool_bytes = plan["pool_bytes"].as_f64().unwrap();
        assert!((loop_bytes / (1999.0 * pool_bytes) - 1.0).abs() < 1e-9);
    }
}

/// A file of so many rows of f32, of which nothing but the header takes room on the disk.
fn hollow(folder: &Folder, name: &str, rows: usize, d: usize) {
    folder.npy(name, "<f4", &[rows, d], &[]);
    let file = std::fs::File::options().write(true).open(folder.path(name)).unwrap();
    file.set_len(128 + (rows * d * 4) as u64).unwrap();
}

/// Many floats stay in their file, even if there is memory for them: many picks are made by an int8 copy, few read few rows.
#[test]
fn plan_leaves_many_floats_in_their_file() {
    let folder = Folder::new();
    folder.run("synth many.npy --shape gaussian -n 300000 -d 64");
    for (budget, taken, rounds) in [
        (4000, "int8 copy in memory, pool on disk", "on int8 values"),
        (3, "pool on disk, no copy", "on floats"),
    ] {
        let run = folder.run(&format!("plan many.npy -k {budget}"));
        assert_eq!(line(&run.out, "taken"), taken, "{}", run.err);
        assert_eq!(line(&run.out, "rounds"), rounds, "{}", run.err);
        assert!(line(&run.out, "carried over").starts_with("as the power "), "{}", run.out);
    }
}

/// What rounds compute with is what the engine itself takes.
#[test]
fn plan_takes_the_engines_way() {
    let folder = Folder::new();
    for (name, shape, d, budget, filter) in [
        ("small", "gaussian", 5, 5, "plain loop"),
        ("cloud", "gaussian", 3, 500, "cells"),
        ("few", "unit", 100, 10, "plain loop"),
        ("some", "unit", 100, 100, "floats"),
        ("many", "text", 100, 1500, "int8"),
    ] {
        folder.run(&format!("synth {name}.npy --shape {shape} -n 5000 -d {d}"));
        let plan = json(&folder, &format!("{name}.npy -k {budget}"));
        let run = folder.run(&format!("select {name}.npy -k {budget} --device cpu --json"));
        let selection: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(plan["filter"], selection["statistics"]["filter"], "{name}");
        assert_eq!(plan["filter"], filter, "{name}");
    }
}

/// Rows so long that a frontier of them is larger than the usual workspace.
#[test]
fn plan_knows_long_rows() {
    let folder = Folder::new();
    hollow(&folder, "long.npy", 600, 1_000_000);
    let plan = json(&folder, "long.npy -k 20 --threads 1");
    assert!(plan["workspace_bytes"].as_u64().unwrap() > 2_100_000_000, "{plan}");
}

#[test]
fn plan_says_what_would_fit() {
    let folder = Folder::new();
    folder.run("synth floats.npy --shape gaussian -n 50000 -d 64");
    let run = folder.run("plan floats.npy -k 9 --memory 1MB");
    assert_eq!(run.code, 0, "{}", run.err);
    let taken = line(&run.out, "taken");
    assert!(taken.starts_with("nothing fits: ") && taken.ends_with(" rows"), "{taken}");
    assert!(line(&run.out, "memory available").ends_with(", left by --memory"), "{}", run.out);
    assert!(json(&folder, "floats.npy -k 9 --memory 1MB")["way"].is_null());
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
