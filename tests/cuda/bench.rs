//! `farpoint bench --device cuda` and the probes behind it, on the test bed or a GPU.

use std::path::Path;
use std::process::Command;

use farpoint::lab::{accumulation_shares, gpu_facts, gpu_rates};
use serde_json::Value;

use crate::alone;
use crate::common::bed;

/// What the program said, and its exit code.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// The program as a user runs it, in `folder`, with the test bed for a driver unless there is a real one.
fn farpoint(folder: &Path, words: &str) -> Ran {
    farpoint_with(bed::load().map(bed::Bed::directory), folder, words)
}

/// With the driver in folder `driver`, where one is given.
fn farpoint_with(driver: Option<&Path>, folder: &Path, words: &str) -> Ran {
    // Where this was built may be another machine.
    let program = std::env::var_os("FARPOINT_PROGRAM");
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_farpoint").into());
    let mut command = Command::new(program);
    command.args(words.split_whitespace()).current_dir(folder);
    if let Some(driver) = driver {
        command.env("LD_LIBRARY_PATH", driver);
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
    let Some(_alone) = alone() else { return };
    let facts = gpu_facts(0).unwrap();
    assert!(facts.multiprocessors > 0 && facts.memory_bytes >= facts.free_bytes, "{facts:?}");
    assert_eq!(facts.is_test_bed, bed::load().is_some(), "{facts:?}");
    all_positive(&serde_json::to_value(gpu_rates(0).unwrap()).unwrap());
}

/// JSON has no infinity and no NaN: a number that is either is null.
fn all_positive(rates: &Value) {
    let rates = rates.as_object().unwrap();
    assert_eq!(rates.len(), 13);
    for (name, rate) in rates {
        assert!(rate.as_f64().is_some_and(|rate| rate > 0.0), "{name}: {rate}");
    }
}

/// The filter's interval rests on this. The bed's tensor cores lose what a device may at most, which is more than a third of it.
#[test]
fn sums_of_products_lose_less_than_the_filter_allows_for() {
    let Some(_alone) = alone() else { return };
    for depth in [32, 64, 96, 1024, 8192] {
        let shares = accumulation_shares(0, depth).unwrap();
        eprintln!("{depth} values: {shares:?} of what the filter allows for");
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{depth}: {shares:?}");
        assert!(bed::load().is_none() || shares.iter().all(|&share| share > 0.3), "{shares:?}");
    }
}

#[test]
fn a_gpu_that_is_not_there_is_an_error() {
    let Some(_alone) = alone() else { return };
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
    assert_eq!((&pool["rows"], &pool["budget"]), (&5_000.into(), &300.into()));
    for from in ["from_host", "from_device"] {
        let timed = &pool[from];
        assert!(timed["device_bytes"].as_u64() > Some(5_000 * 16), "{timed:#}");
        assert!(timed["device_bytes"].as_u64() <= timed["allowed_bytes"].as_u64(), "{timed:#}");
        phases_add_up(timed);
    }
    let copied = |field: &str| pool["from_host"][field].as_u64().unwrap() - 5_000 * 64 * 4;
    assert_eq!(Some(copied("allowed_bytes")), pool["from_device"]["allowed_bytes"].as_u64());
    assert_eq!(Some(copied("device_bytes")), pool["from_device"]["device_bytes"].as_u64());
    let ways = pool["ways"].as_array().unwrap();
    let reads = |at: usize| ways[at]["statistics"]["row_reads"].as_u64().unwrap();
    assert_eq!(ways.len(), 3);
    assert!(2 * (reads(1) - 5_000) <= reads(0) - 5_000, "{ways:#?}");
    small_pools_are_there(&record["small_pools"]);
    says_whether_it_is_the_test_bed(&record);
}

fn small_pools_are_there(small: &Value) {
    let small = small.as_array().unwrap();
    assert_eq!(small.iter().map(|each| &each["pools"]).collect::<Vec<_>>(), [1, 4]);
    for each in small {
        for field in ["seconds", "seconds_back_to_back", "seconds_fetched", "floor_seconds"] {
            assert!(each[field].as_f64() > Some(0.0), "{field}: {each}");
        }
    }
}

const WARNING: &str = "test bed: the figures mean nothing";

/// Nothing that the test bed does may pass for a GPU's figures.
fn says_whether_it_is_the_test_bed(record: &Value) {
    let is_bed = bed::load().is_some();
    assert_eq!(record["gpu"]["is_test_bed"], is_bed);
    assert_eq!(record["warning"], if is_bed { WARNING.into() } else { Value::Null });
    assert!(!is_bed || record["driver"].is_null());
}

/// Every phase is there, and together they are the run.
fn phases_add_up(timed: &Value) {
    let phases = timed["phases"].as_array().unwrap();
    let names: Vec<_> = phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["prepare", "frontier", "refresh", "pick", "settle", "other"]);
    let sum = |field: &str| phases.iter().map(|phase| phase[field].as_f64().unwrap()).sum::<f64>();
    assert!((sum("share_of_total") - 1.0).abs() < 1e-6, "{timed:#}");
    assert!((sum("seconds") - timed["seconds"].as_f64().unwrap()).abs() < 1e-6, "{timed:#}");
    for phase in &phases[..4] {
        assert!(phase["floor_seconds"].as_f64() > Some(0.0), "{phase}");
    }
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
    // Few rows: in one launch, too.
    let small = |at: usize, field: &str| record["small_pools"][at][field].clone();
    assert_eq!((small(0, "pool"), small(0, "budget")), ("f16.npy".into(), 20.into()));
    assert_eq!((small(1, "pool"), small(1, "budget")), ("u8.npy".into(), 30.into()));
    let written = std::fs::read_to_string(folder.path().join("record.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), record);
}

#[test]
fn tables_say_it_too() {
    if !bed::has_cuda() {
        return;
    }
    let ran = farpoint(Path::new("."), "bench --device cuda --turns 1 --quick");
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    assert_eq!(ran.out.lines().next() == Some(WARNING), bed::load().is_some(), "{}", ran.out);
    for words in ["a block's pick", "from host memory: ", "from the device: ", " in a row"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
}

/// A kernel that lowers no bound when a row is picked, on a bed of its own.
#[test]
fn a_wrong_answer_is_no_measurement() {
    if bed::load().is_none() {
        return;
    }
    let kernels = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/kernels")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), kernels.path().join(file.file_name())).unwrap();
    }
    let pick = kernels.path().join("live.cuh");
    let source = std::fs::read_to_string(&pick).unwrap();
    let wrong = source.replacen("admitted &= own.live;", "admitted = 0;", 1);
    assert_ne!(source, wrong, "the line to spoil is gone from live.cuh");
    std::fs::write(&pick, wrong).unwrap();
    let bed = bed::build("wrong", &["--kernels".as_ref(), kernels.path().as_os_str()]);
    let Some(bed) = bed else { return };
    let ran =
        farpoint_with(Some(&bed), Path::new("."), "bench --device cuda --turns 1 --quick --json");
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.contains(": the GPU chose row "), "{}", ran.err);
}

#[test]
fn a_benchmark_names_its_device() {
    let ran = farpoint(Path::new("."), "bench --device auto --quick");
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.starts_with("error: a benchmark is of one device"), "{}", ran.err);
}
