//! `farpoint bench --device cuda` and the probes behind it, on the test bed or a GPU.

mod bed;

use std::path::Path;
use std::process::Command;

use farpoint::tuning::{gpu_facts, gpu_rates};
use serde_json::Value;

/// What the program said, and its exit code.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// The program as a user runs it, in `folder`, with the test bed for a driver unless there is a real one.
fn farpoint(folder: &Path, words: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farpoint"));
    command.args(words.split_whitespace()).current_dir(folder);
    if let Some(bed) = bed::load() {
        command.env("LD_LIBRARY_PATH", bed.directory());
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

fn bench(folder: &Path, words: &str) -> Value {
    let ran = farpoint(folder, &format!("bench --device cuda --turns 1 --json {words}"));
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn facts_and_rates_are_there() {
    if !bed::has_cuda() {
        return;
    }
    let facts = gpu_facts(0).unwrap();
    assert!(facts.multiprocessors > 0 && facts.memory_bytes >= facts.free_bytes, "{facts:?}");
    assert_eq!(facts.is_test_bed, bed::load().is_some(), "{facts:?}");
    all_positive(&serde_json::to_value(gpu_rates(0).unwrap()).unwrap());
}

/// JSON has no infinity and no NaN: a number that is either is null.
fn all_positive(rates: &Value) {
    let rates = rates.as_object().unwrap();
    assert_eq!(rates.len(), 9);
    for (name, rate) in rates {
        assert!(rate.as_f64().is_some_and(|rate| rate > 0.0), "{name}: {rate}");
    }
}

#[test]
fn a_gpu_that_is_not_there_is_an_error() {
    if !bed::has_cuda() {
        return;
    }
    assert!(gpu_facts(99).unwrap_err().to_string().contains("no GPU number 99"));
    assert!(gpu_rates(99).is_err());
    let ran = farpoint(Path::new("."), "bench --device cuda:99 --quick");
    assert_eq!((ran.code, &*ran.out), (1, ""), "{}", ran.err);
    assert!(ran.err.contains("no GPU number 99"), "{}", ran.err);
}

#[test]
fn the_record_says_what_was_measured() {
    if !bed::has_cuda() {
        return;
    }
    let record = bench(Path::new("."), "--quick");
    all_positive(&record["rates"]);
    let pool = &record["pools"][0];
    assert_eq!((&pool["rows"], &pool["budget"]), (&4_000.into(), &300.into()));
    assert!(pool["seconds"].as_f64() > pool["seconds_without_prepare"].as_f64(), "{pool}");
    assert!(pool["device_bytes"].as_u64() > Some(4_000 * 64 * 4), "{pool}");
    assert!(pool["device_bytes"].as_u64() <= pool["allowed_bytes"].as_u64(), "{pool}");
    phases_add_up(pool);
}

/// Every phase is there, and together they are the run.
fn phases_add_up(pool: &Value) {
    let phases = pool["phases"].as_array().unwrap();
    let names: Vec<_> = phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["prepare", "frontier", "refresh", "pick", "settle", "other"]);
    let sum = |field: &str| phases.iter().map(|phase| phase[field].as_f64().unwrap()).sum::<f64>();
    assert!((sum("share_of_total") - 1.0).abs() < 1e-6, "{pool:#}");
    assert!((sum("seconds") - pool["seconds"].as_f64().unwrap()).abs() < 1e-6, "{pool:#}");
    for phase in &phases[..4] {
        assert!(phase["floor_seconds"].as_f64() > Some(0.0), "{phase}");
    }
}

/// Nothing that the test bed does may pass for a GPU's figures.
#[test]
fn the_test_bed_says_so() {
    if bed::load().is_none() {
        return;
    }
    const WARNING: &str = "test bed: the figures mean nothing";
    let record = bench(Path::new("."), "--quick");
    assert_eq!(record["warning"], WARNING);
    assert_eq!(record["gpu"]["is_test_bed"], true);
    assert_eq!(record["driver"], Value::Null);
    let ran = farpoint(Path::new("."), "bench --device cuda --turns 1 --quick");
    assert_eq!(ran.out.lines().next(), Some(WARNING));
    assert!(ran.out.contains("Farpoint test bed 0"), "{}", ran.out);
}

#[test]
fn pools_of_any_dtype_are_measured() {
    if !bed::has_cuda() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for dtype in ["f16", "u8"] {
        let made = format!("synth {dtype}.npy --shape text -n 600 -d 7 --dtype {dtype}");
        assert_eq!(farpoint(folder.path(), &made).code, 0);
    }
    let record = bench(folder.path(), "--pool f16.npy:20 --pool u8.npy:30 --record record.json");
    let said = |at: usize, field: &str| record["pools"][at][field].clone();
    assert_eq!((said(0, "dtype"), said(0, "budget")), ("f16".into(), 20.into()));
    assert_eq!((said(1, "dtype"), said(1, "budget")), ("u8".into(), 30.into()));
    let written = std::fs::read_to_string(folder.path().join("record.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), record);
}

#[test]
fn a_benchmark_names_its_device() {
    let ran = farpoint(Path::new("."), "bench --device auto --quick");
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.starts_with("error: a benchmark is of one device"), "{}", ran.err);
}
