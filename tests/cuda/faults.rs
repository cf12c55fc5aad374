//! GPUs that are absent, cannot be used or are lost halfway: a line that says what to do, or the CPU's answer. Never a panic.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farpoint::synth::{self, Shape};
use farpoint::{Device, Error, Options, Pool, Selection, select};
use serde_json::Value;

use crate::common::bed;
use crate::folder::{Folder, PROGRAM, Run};

/// The input or the machine failed.
const FAILED: i32 = 1;
const INTERRUPTED: i32 = 130;
/// Picks and every row's distance: the run ends with settling.
const SELECT: &str = "select pool.npy -k 40";
/// More than one launch takes, and a pool of which one launch is all.
const ROWS: usize = 4_200;
const FEW_ROWS: usize = 700;
const DIMENSIONS: usize = 9;

/// Knobs of the bed, and what is said of the GPU then.
struct Fault {
    knobs: &'static [(&'static str, i64)],
    says: &'static str,
}

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    Fault { knobs: &[("INIT_ERROR", 34)], says: "is a toolkit's stub: take its folder off LD_LIBRARY_PATH" },
    Fault { knobs: &[("INIT_ERROR", 100)], says: "the driver sees no GPU (CUDA_VISIBLE_DEVICES hides them, or there is none)" },
    Fault { knobs: &[("INIT_ERROR", 3)], says: "the driver could not start (CUDA_ERROR_NOT_INITIALIZED): see its log" },
    Fault { knobs: &[("INIT_ERROR", 803)], says: "install driver 580 or later" },
    Fault { knobs: &[("INIT_ERROR", 999)], says: "the driver could not start (CUDA_ERROR_UNKNOWN): see its log" },
    Fault { knobs: &[("DEVICES", 0)], says: "the driver sees no GPU" },
    Fault { knobs: &[("MODULE_ERROR", 2)], says: "no device memory is left to load the kernels: free some" },
    Fault { knobs: &[("MODULE_ERROR", 200)], says: "install driver 580 or later" },
    Fault { knobs: &[("MODULE_ERROR", 209)], says: "build with FARPOINT_CUDA_ARCHITECTURES for this GPU" },
    Fault { knobs: &[("MODULE_ERROR", 222), ("DRIVER_VERSION", 12040)], says: "the driver (for CUDA 12.4) or the GPU is too old" },
    Fault { knobs: &[("MEMORY", 0)], says: "MB of device memory and 0 MB are free: free some" },
    Fault { knobs: &[("MEMORY", 2 << 20)], says: "MB of device memory and 2 MB are free: free some" },
];

/// What a lost device may answer.
const LOSSES: [(i64, &str); 5] = [
    (700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
    (719, "CUDA_ERROR_LAUNCH_FAILED"),
    (46, "CUDA_ERROR_DEVICE_UNAVAILABLE"),
    (214, "CUDA_ERROR_ECC_UNCORRECTABLE"),
    (999, "CUDA_ERROR_UNKNOWN"),
];

/// A folder with a pool, a driver to find, and what the CPU answers.
struct Machine {
    folder: Folder,
    driver: PathBuf,
    expected: Answer,
}

/// What must not depend on the device.
#[derive(Debug, PartialEq)]
struct Answer {
    centers: Value,
    radii: Value,
    distances: Vec<f64>,
}

impl Machine {
    /// None where the bed is not what programs find.
    fn new() -> Option<Machine> {
        Machine::with_rows(ROWS)
    }

    fn with_rows(rows: usize) -> Option<Machine> {
        let bed = bed::load().filter(|_| bed::has_cuda())?;
        let folder = Folder::new();
        folder.vectors("pool.npy", &values()[..rows * DIMENSIONS], DIMENSIONS);
        let run = folder.run(&format!("{SELECT} --device cpu --json --distances d.npy"));
        let expected = answer(&folder, &run).0;
        Some(Machine { folder, driver: bed.directory().to_owned(), expected })
    }

    fn with_driver(directory: &Path) -> Option<Machine> {
        Some(Machine { driver: directory.to_owned(), ..Machine::new()? })
    }

    fn run(&self, knobs: &[(&str, i64)], words: &str) -> Run {
        let knobs: Vec<(String, String)> = knobs
            .iter()
            .map(|(name, value)| (format!("FARPOINT_BED_{name}"), value.to_string()))
            .collect();
        let mut variables = vec![("LD_LIBRARY_PATH", self.driver.as_os_str())];
        variables.extend(knobs.iter().map(|(name, value)| (&**name, OsStr::new(value))));
        let run = self.folder.run_with(&variables, words);
        assert!(!run.err.contains("panicked"), "{knobs:?}, {words}: {}", run.err);
        run
    }

    fn refuses(&self, knobs: &[(&str, i64)], says: &str) {
        assert!(self.refuses_or_selects(knobs, says), "{knobs:?}");
    }

    /// A GPU that was asked for fails in one line, and leaves nothing behind; or it selects after all.
    fn refuses_or_selects(&self, knobs: &[(&str, i64)], says: &str) -> bool {
        self.fails_or_selects_on("cuda", knobs, says)
    }

    /// A GPU that is lost under way fails the run, whoever chose it; or it selects after all. Picks of whole rounds are kept.
    fn loses_or_selects_on(&self, device: &str, knobs: &[(&str, i64)], says: &str) -> bool {
        let run = self.run(knobs, &format!("{SELECT} --device {device} -o kept.txt -q"));
        if run.code == 0 {
            return false;
        }
        assert_eq!((run.code, &*run.out), (FAILED, ""), "{knobs:?}: {}", run.err);
        let told = run.err.lines().last().unwrap_or_default();
        let is_named = told.starts_with(&format!("error: cuda:{}: ", lost_device(knobs)));
        assert!(is_named && told.contains(says), "{says}: {told}");
        assert!(told.contains("in the kernel ") && told.contains("use the CPU"), "{told}");
        let is_kept = self.folder.names().contains(&"kept.txt".to_string());
        // How to go on takes two lines: the sentence, and the command itself.
        assert_eq!(run.err.lines().count(), if is_kept { 3 } else { 1 }, "{}", run.err);
        if is_kept {
            self.goes_on_from("kept.txt", &run.err);
        }
        true
    }

    /// The picks that a lost run left are a prefix of the answer, and lead to it on the CPU.
    fn goes_on_from(&self, name: &str, told: &str) {
        let part = self.folder.read(name);
        let picks = part.lines().count();
        let line = format!(
            "interrupted after {picks} picks: go on with the same options and --resume {name}"
        );
        assert!(told.contains(&line) && told.contains(&format!("(picks made: {picks})")), "{told}");
        let run = self
            .folder
            .run(&format!("{SELECT} --device cpu --resume {name} --json --distances d.npy"));
        assert_eq!(answer(&self.folder, &run).0, self.expected, "{picks}");
        fs::remove_file(self.folder.root().join(name)).unwrap();
    }

    fn fails_or_selects_on(&self, device: &str, knobs: &[(&str, i64)], says: &str) -> bool {
        let before = self.folder.names();
        let outputs = "-o p.csv --distances e.npy --assignment a.npy --report r.html";
        let run = self.run(knobs, &format!("{SELECT} --device {device} {outputs}"));
        if run.code == 0 {
            return false;
        }
        assert_eq!((run.code, &*run.out), (FAILED, ""), "{knobs:?}: {}", run.err);
        assert_eq!(self.folder.names(), before, "{knobs:?}");
        assert!(run.err.starts_with("error: cuda:0: "), "{knobs:?}: {}", run.err);
        assert!(run.err.contains(says) && run.err.contains("use the CPU"), "{says}: {}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{knobs:?}: {}", run.err);
        true
    }

    /// `auto` gives the CPU's answer, with one line that says why; none if it is to be quiet.
    fn falls_back(&self, knobs: &[(&str, i64)], says: &str) {
        let words = format!("{SELECT} --device auto --json --distances d.npy");
        for (flags, lines) in [("", 1), ("-q", 0)] {
            let run = self.run(knobs, &format!("{words} {flags}"));
            let (found, statistics) = answer(&self.folder, &run);
            assert_eq!(found, self.expected, "{knobs:?}");
            assert_eq!(statistics["device"], "cpu", "{knobs:?}");
            let why = statistics["fallback"].as_str().unwrap();
            assert!(why.contains(says), "{says}: {why}");
            let warnings: Vec<&str> =
                run.err.lines().filter(|line| line.starts_with("warning:")).collect();
            assert_eq!(warnings.len(), lines, "{knobs:?}: {}", run.err);
            assert!(warnings.iter().all(|line| line.contains(why)), "{knobs:?}: {}", run.err);
            assert!(lines > 0 || run.err.is_empty(), "{}", run.err);
        }
    }

    /// Whatever these knobs do, a GPU gives the answer in spite of them.
    fn selects(&self, knobs: &[(&str, i64)]) {
        let run = self.run(knobs, &format!("{SELECT} --device cuda -q --json --distances d.npy"));
        let (found, statistics) = answer(&self.folder, &run);
        assert_eq!(found, self.expected, "{knobs:?}");
        assert_eq!(statistics["device"], "cuda:0");
        assert_eq!((&statistics["fallback"], &*run.err), (&Value::Null, ""));
    }
}

/// The device that these knobs lose.
fn lost_device(knobs: &[(&str, i64)]) -> i64 {
    knobs.iter().find(|(name, _)| *name == "LOSE_DEVICE").map_or(0, |(_, device)| *device)
}

fn values() -> Vec<f32> {
    synth::pool(Shape::Text, ROWS, DIMENSIONS, 5)
}

fn answer(folder: &Folder, run: &Run) -> (Answer, Value) {
    assert_eq!(run.code, 0, "{}", run.err);
    let mut json: Value = serde_json::from_str(&run.out).unwrap();
    let distances = folder.numbers("d.npy");
    let mut taken = |name: &str| json[name].take();
    (Answer { centers: taken("centers"), radii: taken("radii"), distances }, taken("statistics"))
}

#[test]
fn a_gpu_that_cannot_be_used() {
    let Some(machine) = Machine::new() else { return };
    machine.selects(&[]);
    for fault in FAULTS {
        machine.refuses(fault.knobs, fault.says);
        machine.falls_back(fault.knobs, fault.says);
    }
}

#[test]
fn a_gpu_that_does_not_exist() {
    let Some(machine) = Machine::new() else { return };
    let refused = |device: &str, knobs: &[(&str, i64)], why: &str| {
        machine
            .run(knobs, &format!("{SELECT} --device {device}"))
            .fails(FAILED, &format!("error: {device}: {why}"));
    };
    let one_of = "name one of them, or use the CPU";
    refused(
        "cuda:7",
        &[],
        &format!("there is no GPU number 7: this machine has 1, numbered from 0; {one_of}"),
    );
    refused(
        "cuda:2",
        &[("DEVICES", 2)],
        &format!("there is no GPU number 2: this machine has 2, numbered from 0; {one_of}"),
    );
    let run = machine.run(&[("DEVICES", 2)], &format!("{SELECT} --device cuda:1 --json"));
    assert!(run.out.contains(r#""device":"cuda:1""#), "{}{}", run.out, run.err);
}

/// A machine without a driver is no broken one: nothing is said about it unless a GPU was asked for.
#[test]
fn no_driver_at_all() {
    let nowhere = tempfile::tempdir().unwrap();
    let Some(machine) = Machine::with_driver(nowhere.path()) else { return };
    if machine.run(&[], &format!("{SELECT} --device cuda")).code == 0 {
        eprintln!("skipped: there is a driver");
        return;
    }
    machine.refuses(&[], "no NVIDIA driver was found (libcuda.so.1): install one");
    for flags in ["", "-q", "--log"] {
        let run = machine.run(&[], &format!("{SELECT} --json --distances d.npy {flags}"));
        let (found, statistics) = answer(&machine.folder, &run);
        assert_eq!(found, machine.expected);
        assert_eq!(statistics["fallback"], Value::Null);
        assert!(!run.err.contains("warning"), "{}", run.err);
    }
}

#[test]
fn a_stub_driver() {
    let Some(bed) = bed::load() else { return };
    let Some(machine) = Machine::with_driver(&bed.directory().join("stub")) else { return };
    machine.refuses(&[], "is a toolkit's stub: take its folder off LD_LIBRARY_PATH");
    machine.falls_back(&[], "is a toolkit's stub");
}

/// cudarc panics where a function of the driver is missing.
#[test]
fn a_library_that_is_no_driver() {
    let folder = tempfile::tempdir().unwrap();
    let Some(machine) = Machine::with_driver(folder.path()) else { return };
    for source in ["", r#"extern "C" int cuInit(unsigned) { return 0; }"#] {
        let file = folder.path().join("driver.cpp");
        fs::write(&file, source).unwrap();
        let library = folder.path().join("libcuda.so");
        let built = Command::new("g++")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &file])
            .status()
            .unwrap();
        assert!(built.success());
        machine.refuses(&[], "is not one: it lacks functions a driver has");
        machine.falls_back(&[], "is not one: it lacks functions a driver has");
    }
}

#[test]
fn a_gpu_lost_at_any_launch() {
    let Some(machine) = Machine::new() else { return };
    // Every launch of the first rounds, then here and there.
    let launches = (1..40).chain((40..).step_by(17));
    for (launch, (status, name)) in launches.zip(LOSSES.into_iter().cycle()) {
        let knobs = [("LOSE_AFTER", launch), ("LOSE_STATUS", status)];
        let says = format!("the device was lost while it worked ({name})");
        // What was begun is not begun again on the CPU unasked.
        let device = if launch % 8 == 1 { "auto" } else { "cuda" };
        if !machine.loses_or_selects_on(device, &knobs, &says) {
            assert!(launch > 100, "{launch} launches");
            return;
        }
    }
}

/// One of several, whichever it is and at whichever launch: the run ends, names it, and leaves the picks made so far.
#[test]
fn one_of_several_gpus_lost() {
    for (device, gpus) in [("cuda:0,1", 2), ("cuda:all", 3)] {
        let Some(machine) = Machine::new() else { return };
        let lost = gpus - 1;
        // Every launch of the first rounds, then here and there.
        let launches = (1..24).step_by(3).chain((24..).step_by(29));
        for (launch, (status, name)) in launches.zip(LOSSES.into_iter().cycle()) {
            let knobs = [
                ("DEVICES", gpus),
                ("LOSE_DEVICE", lost),
                ("LOSE_AFTER", launch),
                ("LOSE_STATUS", status),
            ];
            let says = format!("the device was lost while it worked ({name})");
            if !machine.loses_or_selects_on(device, &knobs, &says) {
                assert!(launch > 50, "{launch} launches");
                break;
            }
        }
    }
}

/// All of them must be there, and have the memory.
#[test]
fn one_of_several_gpus_that_will_not_do() {
    let Some(machine) = Machine::new() else { return };
    let refuses = |device: &str, knobs: &[(&str, i64)], says: &str| {
        let run = machine.run(knobs, &format!("{SELECT} --device {device} -q"));
        assert_eq!((run.code, &*run.out), (FAILED, ""), "{}", run.err);
        assert!(run.err.starts_with(says) && run.err.lines().count() == 1, "{}", run.err);
    };
    refuses(
        "cuda:0,1",
        &[],
        "error: cuda:1: there is no GPU number 1: this machine has 1, numbered from 0",
    );
    refuses(
        "cuda:1,2",
        &[("DEVICES", 2)],
        "error: cuda:2: there is no GPU number 2: this machine has 2",
    );
    refuses("cuda:all", &[("DEVICES", 0)], "error: cuda:0: the driver sees no GPU");
    refuses(
        "cuda:0,1",
        &[("DEVICES", 2), ("MEMORY", 512 << 10)],
        "error: cuda:0: this selection needs ",
    );
    let robust = machine.run(&[("DEVICES", 2)], "robust pool.npy -k 5 --device cuda:0,1");
    robust.fails(FAILED, "error: cuda:0,1: distances over a pool are computed on one GPU: name one, such as cuda:0, or use the CPU");
    // Memory for the rows, and none for the pool: it stays on the host.
    for n in [1, 3] {
        let knobs = [("DEVICES", 2), ("FAIL_ALLOCATION", n)];
        let words = format!("{SELECT} --device cuda:all -q --json --distances d.npy");
        let (found, statistics) = answer(&machine.folder, &machine.run(&knobs, &words));
        assert_eq!(found, machine.expected, "allocation {n}");
        assert_eq!(statistics["device"], "cuda:0, cuda:1");
    }
}

/// The first allocation holds the pool: without it the pool stays on the host. The others are small and pinned.
#[test]
fn an_allocation_that_fails() {
    let Some(machine) = Machine::new() else { return };
    machine.selects(&[("FAIL_ALLOCATION", 1)]);
    let says = "out of memory, on the device or pinned for it on the host";
    for n in 2.. {
        let knobs = [("FAIL_ALLOCATION", n)];
        if !machine.refuses_or_selects(&knobs, says) {
            assert_eq!(n, 5);
            return;
        }
        machine.falls_back(&knobs, says);
    }
}

/// As many picks as rows need as much memory for centers as the pool: said at once, in numbers.
#[test]
fn a_huge_budget() {
    let Some(machine) = Machine::new() else { return };
    machine.folder.vectors("wide.npy", &synth::pool(Shape::Gaussian, ROWS, 1000, 1), 1000);
    let memory = [("MEMORY", 108 << 20)];
    let run = machine.run(&memory, "select wide.npy --stop-radius 0 --device cuda -q");
    assert_eq!((run.code, run.err.lines().count()), (FAILED, 1), "{}", run.err);
    assert!(run.err.contains("and 108 MB are free: free some, choose a smaller budget"));
    assert_eq!(machine.run(&memory, "select wide.npy -k 9 --device cuda -q").rows().len(), 9);
    machine
        .run(&[], "select wide.npy -k 18446744073709551615 --device cuda")
        .fails(FAILED, "error: budget 18446744073709551615 exceeds the 4200 rows that are neither labeled, excluded nor left out");
}

/// One launch, and what it needs before.
#[test]
fn a_small_pool() {
    let Some(machine) = Machine::with_rows(FEW_ROWS) else { return };
    let lost = [("LOSE_AFTER", 1), ("LOSE_STATUS", 719)];
    let says = "the device was lost while it worked (CUDA_ERROR_LAUNCH_FAILED), in the kernel batch or before it (picks made: 1)";
    for device in ["cuda", "auto"] {
        assert!(machine.fails_or_selects_on(device, &lost, says));
    }
    machine.selects(&[("LOSE_AFTER", 2)]);
    // Without room for all at once, it is done in rounds.
    machine.selects(&[("FAIL_ALLOCATION", 1)]);
    let says = "out of memory, on the device or pinned for it on the host";
    let refused =
        (2..).take_while(|&n| machine.refuses_or_selects(&[("FAIL_ALLOCATION", n)], says));
    assert_eq!(refused.count(), 5);
}

/// Robust selections need the pool on the device. `auto` asks before the search begins, and takes the CPU where memory is short.
#[test]
fn a_robust_selection_that_lacks_memory() {
    let Some(machine) = Machine::with_rows(80) else { return };
    let robust = |device: &str, knobs: &[(&str, i64)]| {
        let run = machine.run(knobs, &format!("robust pool.npy -k 5 --json --device {device}"));
        assert_eq!(run.code, 0, "{knobs:?}: {}", run.err);
        let answer: Value = serde_json::from_str(&run.out).unwrap();
        let fallback = answer["statistics"]["fallback"].clone();
        (answer["centers"].clone(), answer["upper"].clone(), fallback)
    };
    let (centers, upper, _) = robust("cpu", &[]);
    let whys = (1..12).filter_map(|n| {
        let found = robust("auto", &[("FAIL_ALLOCATION", n)]);
        assert_eq!((&found.0, &found.1), (&centers, &upper), "allocation {n}");
        found.2.as_str().map(str::to_owned)
    });
    let whys: Vec<String> = whys.collect();
    // Lost while greedy ran: greedy's picks are not what a robust selection goes on from.
    let lost = [("LOSE_AFTER", 1), ("LOSE_STATUS", 719)];
    let run = machine.run(&lost, "robust pool.npy -k 5 --device auto");
    assert_eq!((run.code, &*run.out), (FAILED, ""), "{}", run.err);
    assert!(run.err.contains("in the kernel batch or before it (picks made: 0)"), "{}", run.err);
    let says = "distances between rows are computed of pools that fit the device's memory";
    assert!(whys.iter().any(|why| why.contains(says)), "{whys:?}");
    assert!(whys.iter().any(|why| why.contains("out of memory")), "{whys:?}");
}

/// What is wrong with the input is no matter of the device, and `auto` does not try it on the CPU again.
#[test]
fn a_pool_that_does_not_do() {
    let Some(machine) = Machine::new() else { return };
    let mut values = values();
    values[7 * DIMENSIONS..8 * DIMENSIONS].fill(0.0);
    machine.folder.vectors("zero.npy", &values, DIMENSIONS);
    for knobs in [&[][..], &[("FAIL_ALLOCATION", 1)]] {
        for device in ["cpu", "cuda", "auto"] {
            machine
                .run(knobs, &format!("select zero.npy -k 9 --metric cosine --device {device}"))
                .fails(FAILED, "error: row 7 is all zeros, which has no direction: drop it, use the euclidean metric, or have such rows of a file left out by --skip-bad");
        }
    }
}

#[test]
fn an_interrupt_leaves_the_prefix() {
    let Some(machine) = Machine::new() else { return };
    machine.folder.run("synth large.npy --shape gaussian -n 6000 -d 8");
    let words = "select large.npy -k 3000 --device cuda";
    for signal in ["-INT", "-TERM"] {
        let mut child = Command::new(PROGRAM)
            .args(format!("{words} --log -o part.txt").split_whitespace())
            .current_dir(machine.folder.root())
            .env("LD_LIBRARY_PATH", &machine.driver)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(INTERRUPTED), "{rest}");
        let part = machine.folder.read("part.txt");
        let picks = part.lines().count();
        assert!((1..3000).contains(&picks), "{picks}");
        assert!(rest.contains(&format!("interrupted after {picks} picks")), "{rest}");
        let whole = machine.folder.run(&format!("select large.npy -k {picks} --device cpu"));
        assert_eq!(part, whole.out);
        let more = picks + 5;
        let words = format!("select large.npy -k {more} --device cuda --resume part.txt");
        assert_eq!(machine.run(&[], &words).rows()[..picks], whole.rows());
    }
}

fn on(device: Device) -> farpoint::Result<Selection> {
    selected(&Options { device, assign: true, ..Options::default() })
}

fn selected(options: &Options) -> farpoint::Result<Selection> {
    let values = values();
    let pool = Pool::new(&values, DIMENSIONS).unwrap();
    select(&pool, 40, options)
}

/// Everything but what the run did.
fn same(a: &Selection, b: &Selection) -> bool {
    Selection { statistics: b.statistics.clone(), ..a.clone() } == *b
}

/// In a process of its own: a lost device stays lost.
#[test]
#[ignore = "run by a_process_outlives_its_gpu"]
fn outlive_a_lost_gpu() {
    let cpu = on(Device::Cpu).unwrap();
    // A run that was begun is not begun again, whoever chose the device. Its picks are right, and the CPU goes on from them.
    let Error::Lost { device: 0, during, selection: Some(part), .. } =
        on(Device::Auto).unwrap_err()
    else {
        panic!("lost, and not told so");
    };
    let picks = part.centers;
    assert!(part.interrupted && part.radii[..] == cpu.radii[..part.radii.len()]);
    assert!(!during.is_empty() && picks[..] == cpu.centers[..picks.len()], "{during}, {picks:?}");
    let options =
        Options { device: Device::Cpu, assign: true, resume: picks, ..Options::default() };
    assert!(same(&selected(&options).unwrap(), &cpu));
    for _ in 0..3 {
        // From now on the device is none that can be used, and `auto` says so.
        let error = on(Device::Cuda(0)).unwrap_err();
        assert!(matches!(error, Error::Unavailable { device: 0, .. }), "{error}");
        assert!(error.to_string().contains("the device was lost while it worked"), "{error}");
        assert!(same(&on(Device::Cpu).unwrap(), &cpu));
        let fallen = on(Device::Auto).unwrap();
        assert!(same(&fallen, &cpu));
        assert!(fallen.statistics.fallback.unwrap().contains("lost"));
    }
}

/// In a process of its own: memory that was short once may be there the next time.
#[test]
#[ignore = "run by a_process_outlives_its_gpu"]
fn outlive_failing_allocations() {
    let bed = bed::load().unwrap();
    let cpu = on(Device::Cpu).unwrap();
    for n in 1..6 {
        bed.set_limit("fail_allocation", n);
        let first = on(Device::Cuda(0));
        bed.set_limit("fail_allocation", 0);
        if let Err(error) = &first {
            assert!(error.to_string().contains("out of memory"), "{error}");
        }
        assert!(first.is_err() == (2..=4).contains(&n), "allocation {n}: {first:?}");
        assert!(!first.is_err_and(|error| !matches!(error, Error::CudaMemory { .. })), "{n}");
        assert!(same(&on(Device::Cuda(0)).unwrap(), &cpu));
    }
}

/// In a process of its own: a device that could not be opened is tried again.
#[test]
#[ignore = "run by a_process_outlives_its_gpu"]
fn outlive_a_failed_start() {
    let bed = bed::load().unwrap();
    for (knob, value) in [("init_error", 999), ("module_error", 2), ("devices", 0)] {
        let before = if knob == "devices" { 1 } else { 0 };
        bed.set_limit(knob, value);
        assert!(on(Device::Cuda(0)).is_err(), "{knob}");
        assert!(on(Device::Auto).unwrap().statistics.fallback.is_some(), "{knob}");
        bed.set_limit(knob, before);
    }
    assert_eq!(on(Device::Auto).unwrap().statistics.device, "cuda:0");
}

#[test]
fn a_process_outlives_its_gpu() {
    let Some(machine) = Machine::new() else { return };
    let passes = |name: &str, variables: &[(&str, &str)]| {
        let mut test = bed::test_over(&machine.driver, &format!("faults::{name}"));
        let output = test.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
    };
    for launch in ["1", "9", "25", "60"] {
        passes("outlive_a_lost_gpu", &[("FARPOINT_BED_LOSE_AFTER", launch)]);
    }
    passes("outlive_failing_allocations", &[]);
    passes("outlive_a_failed_start", &[]);
}
