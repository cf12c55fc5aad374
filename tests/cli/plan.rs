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
    for name in ["memory available", "estimated time", "plain loop", "measured"] {
        assert!(!line(&run.out, name).is_empty());
    }
    for word in ["\ngiven", "\nrobust", "labeled"] {
        assert!(!run.out.contains(word), "nothing is given, nor robust: {}", run.out);
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

/// What each GPU would hold is said of those that are named, and they are not asked.
#[test]
fn plan_says_what_gpus_would_hold() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 5000 -d 8");
    let plan = folder.run("plan large.npy -k 3 --device cuda:5,2").out;
    assert!(line(&plan, "cuda:2").starts_with("0          2048"), "{plan}");
    assert!(line(&plan, "cuda:5").starts_with("2048          2952"), "{plan}");
    let told = json(&folder, "large.npy -k 3 --device cuda:5,2");
    let share = &told["gpus"][1];
    assert_eq!(
        (&share["gpu"], &share["first"], &share["rows"]),
        (&5.into(), &2048.into(), &2952.into())
    );
    assert!(json(&folder, "large.npy -k 3").get("gpus").is_none());
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
        ("both/big.npy", 0, "0.7 kB, to be fetched, decoded or rearranged"),
        (
            "both",
            720,
            "1.4 kB: 0.7 kB in files, as they are, 0.7 kB to be fetched, decoded or rearranged",
        ),
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

/// Whether this machine multiplies bf16 values so fast that rounds take those in the place of int8 values.
fn takes_bf16() -> bool {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    about.contains(" amx_bf16 ") && about.contains(" amx_tile ")
}

/// Many floats stay in their file, even if there is memory for them: many picks are made by an int8 copy where that is faster, few read few
/// rows.
#[test]
fn plan_leaves_many_floats_in_their_file() {
    let folder = Folder::new();
    folder.run("synth many.npy --shape gaussian -n 300000 -d 64");
    let many = match takes_bf16() {
        true => ("pool in memory", "on floats"),
        false => ("int8 copy in memory, pool on disk", "on int8 values"),
    };
    for (budget, taken, rounds) in
        [(4000, many.0, many.1), (3, "pool on disk, no copy", "on floats")]
    {
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
        ("many", "text", 100, 1500, if takes_bf16() { "floats" } else { "int8" }),
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

/// What was labeled in earlier rounds is a part of the plan, as `select` takes it: in several files, by row or by id.
#[test]
fn plan_knows_what_is_labeled() {
    let folder = Folder::new();
    folder.text("round-1.txt", "7\n3\n");
    folder.text("round-2.txt", "3\n5\n");
    folder.text("out.csv", "row,why\n9,blurred\n8,blurred\n");
    folder.npy("vectors.npy", "<f4", &[2, D], &[0; 2 * D * 4]);
    let lists = "--labeled round-1.txt --labeled round-2.txt --labeled-vectors vectors.npy --exclude out.csv";
    let run = folder.run(&format!("plan pool.npy -k 20 {lists}"));
    assert_eq!(line(&run.out, "given"), "5 labeled, 2 excluded", "{}", run.err);
    assert_eq!(run.err, "note: round-2.txt: row 3 is listed already: each is counted once\n");
    assert_eq!(line(&run.out, "carried over"), "all was measured");
    let told = json(&folder, &format!("pool.npy -k 55 {lists}"));
    assert_eq!((&told["labeled"], &told["excluded"]), (&5.into(), &2.into()));
    folder.run(&format!("plan pool.npy -k 56 {lists}")).fails(
        1,
        &format!(
            "{}\nerror: budget 56 exceeds the 55 rows that are neither labeled, excluded nor left out",
            run.err.trim_end()
        ),
    );
    folder.text("names.txt", &(0..N).map(|row| format!("image-{row}.jpg\n")).collect::<String>());
    folder.text("done.txt", "image-7.jpg\nimage-9.jpg\n");
    let by_ids = "pool.npy -k 20 --labeled done.txt --exclude out.csv --ids names.txt";
    let told = json(&folder, by_ids);
    assert_eq!((&told["labeled"], &told["excluded"]), (&2.into(), &2.into()));
}

/// In a sample as large a part is labeled as in the pool.
#[test]
fn plan_rehearses_with_labeled_rows() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 600000 -d 32");
    folder.text("done.txt", &(0..6000).map(|row| format!("{}\n", row * 100)).collect::<String>());
    let words = "plan large.npy -k 500 --labeled done.txt";
    let run = folder.run(words);
    assert_eq!(line(&run.out, "given"), "6000 labeled", "{}", run.err);
    assert!(line(&run.out, "carried over").contains(" of rows, with labeled ones in proportion, "));
    let (with, without) = (json(&folder, &words[5..]), json(&folder, "large.npy -k 500"));
    let number = |plan: &Value, name: &str| plan[name].as_f64().unwrap();
    assert!(
        number(&with, "evaluations") > 5.0 * number(&without, "evaluations"),
        "{with} {without}"
    );
    assert!(number(&with, "evaluations") <= 600_000.0 * 6500.0);
    // 13 times as many centers; memory is not read equally fast at both times.
    assert!(number(&with, "plain_loop_seconds") > 4.0 * number(&without, "plain_loop_seconds"));
    let in_memory = |plan: &Value| {
        let ways = plan["ways"].as_array().unwrap();
        let way = ways.iter().find(|way| way["name"] == "in_memory").unwrap();
        number(way, "seconds")
    };
    assert!(in_memory(&with) > in_memory(&without), "{with} {without}");
}

#[test]
fn plan_says_what_robust_takes() {
    let folder = Folder::new();
    folder.run("synth some.npy --shape gaussian -n 3000 -d 16");
    let run = folder.run("plan some.npy -k 40 --robust --outliers 10");
    assert!(line(&run.out, "robust begins").contains(" with the cover of greedy's 50 picks"));
    assert!(line(&run.out, "robust ends").starts_with("at its --time-limit"), "{}", run.out);
    assert!(line(&run.out, "robust memory").starts_with("beside the pool "), "{}", run.out);
    let told = json(&folder, "some.npy -k 40 --robust --outlier-fraction 0.01");
    let robust = &told["robust"];
    assert_eq!((&robust["outliers"], &robust["greedy_picks"]), (&30.into(), &70.into()));
    assert!(robust["start_seconds"].as_f64() > told["seconds"].as_f64(), "{told}");
    assert!(robust["start_bytes"].as_u64() < robust["memory_bytes"].as_u64(), "{told}");
    assert!(json(&folder, "some.npy -k 40")["robust"].is_null());
    folder.run("plan some.npy -k 40 --robust --outliers 3000").fails(
        1,
        "error: 3000 outliers leave nothing to cover: 3000 rows are neither labeled, excluded nor left out",
    );
    assert_eq!(folder.run("plan some.npy -k 40 --outliers 3").code, 2, "of --robust alone");
}

#[test]
fn plan_refuses_what_select_would() {
    let folder = Folder::new();
    folder.run("plan pool.npy").fails(2, "error: give --budget: how many rows to choose");
    folder.run("plan pool.npy -k 5 --stop-radius 1").fails(
        2,
        "error: plan takes no --stop-radius: how many picks reach it is not known before they are made",
    );
    folder.npy("wide.npy", "<f4", &[2, 4], &[0; 32]);
    folder
        .run("plan pool.npy -k 5 --labeled-vectors wide.npy")
        .fails(1, "error: the labeled vectors have 4 dimensions, the pool 3");
    folder
        .run("plan pool.npy --budget 0")
        .fails(2, "error: budget 0 selects nothing: give a budget of at least 1");
    folder.run("plan pool.npy --budget 61").fails(
        1,
        "error: budget 61 exceeds the 60 rows that are neither labeled, excluded nor left out",
    );
}
