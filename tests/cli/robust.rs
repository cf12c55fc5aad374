//! `robust`: the best radius, the proof of it, and whatever else is asked for beside them.

use std::fs;
#[cfg(unix)]
use std::time::{Duration, Instant};

use farpoint::{Options, Pool, RobustOptions, RobustSelection, robust, select};
use serde_json::{Value, json};

use crate::folder::{D, Folder, N, Run, pool, with_parquet};
#[cfg(unix)]
use crate::interrupts::{signal, start};

const INPUT: i32 = 1;
const USAGE: i32 = 2;
const REFUSED: i32 = 3;

/// Five picks from `pool.npy`, two rows labeled and two left out.
const WORDS: &str = "robust pool.npy -k 5 --outliers 2 --labeled rows.txt";

fn labeled() -> Folder {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder
}

fn library() -> RobustSelection {
    let values = pool();
    let options = Options { assign: true, labeled: vec![7, 3], ..Options::default() };
    let outliers = RobustOptions { outliers: 2, ..RobustOptions::default() };
    robust(&Pool::new(&values, D).unwrap(), 5, &options, &outliers).unwrap()
}

/// It went well, and wrote nothing on stdout.
#[track_caller]
fn silent(run: &Run) {
    assert_eq!((run.code, &*run.out), (0, ""), "{}", run.err);
}

/// What `words` print with `--json`, the proof of which is written, and true.
#[track_caller]
fn proven(folder: &Folder, words: &str) -> Value {
    let run = folder.run(&format!("{words} --json -q --certificate proof.json"));
    assert_eq!((run.code, &*run.err), (0, ""), "{words}");
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let pool = words.split_whitespace().nth(1).unwrap();
    assert_true(folder, pool, "proof.json");
    let written: Value = serde_json::from_str(&folder.read("proof.json")).unwrap();
    assert_eq!(written["certificate"], json["certificate"], "{words}");
    json
}

#[track_caller]
fn assert_true(folder: &Folder, pool: &str, certificate: &str) {
    let verdict = folder.run(&format!("verify {pool} --certificate {certificate}"));
    assert_eq!(verdict.code, 0, "{}{}", verdict.out, verdict.err);
    assert!(verdict.err.lines().all(|line| line.starts_with("note: ")), "{}", verdict.err);
    assert!(verdict.out.starts_with("ok: "), "{}", verdict.out);
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn rows(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn rows_are_printed_one_a_line() {
    let run = labeled().run(WORDS);
    assert_eq!(run.rows(), library().centers);
    assert!(run.err.starts_with("5 picks from 60 rows of 3 dimensions (f32) in "), "{}", run.err);
    assert!(run.err.contains("every row but 2 is within "), "{}", run.err);
    assert!(run.err.contains("no radius below it is possible ("), "{}", run.err);
}

#[test]
fn picks_of_every_format() {
    let folder = labeled();
    let centers = library().centers;
    for name in with_parquet(&["p.npy", "p.txt", "p.csv", "p.json"], "p.parquet") {
        silent(&folder.run(&format!("{WORDS} -o {name}")));
    }
    let integers: Vec<i64> = centers.iter().map(|&row| row as i64).collect();
    assert_eq!(folder.integers("p.npy"), integers);
    let lines: String = centers.iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(folder.read("p.txt"), lines);
    let ranked = (1..).zip(&centers).map(|(rank, row)| format!("{rank},{row},pool.npy,{row}\n"));
    assert_eq!(
        folder.read("p.csv"),
        format!("rank,row,file,row_in_file\n{}", ranked.collect::<String>())
    );
    let json: Value = serde_json::from_str(&folder.read("p.json")).unwrap();
    assert_eq!(rows(&json["centers"]), centers);
    #[cfg(feature = "parquet")]
    assert_eq!(farpoint::pool::read_rows(folder.path("p.parquet")).unwrap(), centers);
}

#[test]
fn json_holds_everything() {
    let folder = labeled();
    let json = proven(&folder, WORDS);
    let selection = library();
    assert_eq!(rows(&json["centers"]), selection.centers);
    assert_eq!(rows(&json["outliers"]), selection.outliers);
    assert_eq!(number(&json["lower"]), selection.lower);
    assert_eq!(number(&json["upper"]), selection.upper);
    assert_eq!(number(&json["greedy_radius"]), selection.greedy_radius);
    assert_eq!(number(&json["greedy_lower"]), selection.greedy_lower);
    assert_eq!((&json["end"], &json["paper"]), (&"optimal".into(), &Value::Null));
    assert_eq!(json["certificate"], json!(selection.certificate));
    let decided = |key: &str| -> Vec<Value> {
        json["decisions"].as_array().unwrap().iter().map(|d| d[key].clone()).collect()
    };
    let decisions = &selection.decisions;
    assert_eq!(decided("radius"), decisions.iter().map(|d| json!(d.radius)).collect::<Vec<_>>());
    assert_eq!(
        decided("feasible"),
        decisions.iter().map(|d| json!(d.feasible)).collect::<Vec<_>>()
    );
    let asked = json!({ "outliers": 2, "time_limit_seconds": null, "gap": 0.0, "greedy": false });
    assert_eq!(json["robust"], asked);
    assert_eq!(
        (&json["options"]["budget"], &json["options"]["labeled"]["count"]),
        (&5.into(), &2.into())
    );
    assert_eq!(json["pool"]["hash"], Pool::new(&pool(), D).unwrap().hash().unwrap());
}

#[test]
fn distances_and_assignment_are_of_every_row() {
    let folder = labeled();
    let selection = library();
    let run = folder.run(&format!("{WORDS} --distances d.npy --assignment a.npy"));
    assert_eq!(run.rows(), selection.centers);
    let distances = folder.numbers("d.npy");
    assert_eq!(Some(&distances), selection.min_distances.as_ref());
    assert_eq!(Some(folder.integers("a.npy")), selection.assignment);
    let beyond: Vec<usize> = (0..N).filter(|&row| distances[row] > selection.upper).collect();
    assert_eq!((distances.len(), beyond), (N, selection.outliers));
}

#[test]
fn the_report_is_a_page_of_the_interval() {
    let folder = labeled();
    let run = folder.run(&format!("{WORDS} --report r.html --paper"));
    assert_eq!(run.rows(), library().centers);
    let page = folder.read("r.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for words in [
        "5 of 60 rows selected, 2 left uncovered",
        "How the interval narrowed",
        "How each radius was decided",
        "that leaves at most 2 uncovered has a smaller radius",
        "half within",
        "Algorithm 2 as printed",
        "--outliers 2",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("farthest first"));
    refused(
        "pool.npy -k 5 --report r.pdf",
        USAGE,
        "error: --report r.pdf: its name must end in .html",
    );
    let help = folder.run("robust --help").out;
    assert!(
        help.contains("--report <HTML>") && help.contains("the interval as it narrowed"),
        "{help}"
    );
}

#[test]
fn a_certificate_is_of_its_pool_and_as_it_was_written() {
    let folder = labeled();
    let json = proven(&folder, WORDS);
    let mut proof: Value = serde_json::from_str(&folder.read("proof.json")).unwrap();
    proof["certificate"]["upper"] = json!(number(&json["upper"]).next_down());
    folder.text("edited.json", &proof.to_string());
    let run = folder.run("verify pool.npy --certificate edited.json");
    assert_eq!((run.code, &*run.err), (REFUSED, ""));
    assert!(run.out.starts_with("wrong: "), "{}", run.out);
    folder.vectors("other.npy", &[1.0; N * D], D);
    folder.run("verify other.npy --certificate proof.json").fails(
        INPUT,
        "error: proof.json: is of a pool with other values (pool.npy): the hashes differ",
    );
}

#[test]
fn picks_are_checked_by_their_certificate() {
    let folder = labeled();
    silent(&folder.run(&format!("{WORDS} -o robust.json")));
    folder.run("verify pool.npy robust.json").fails(
        INPUT,
        "error: robust.json: is a robust selection, which is not in greedy's order: check the certificate that \
         `farpoint robust --certificate` wrote with it, by `farpoint verify --certificate`",
    );
}

#[test]
fn outliers_are_a_number_or_a_share() {
    let folder = labeled();
    folder.text("more.txt", "3\n5\n");
    let outliers = |words: &str| {
        let json = proven(&folder, &format!("robust pool.npy -k 5 {words}"));
        assert!(
            rows(&json["outliers"]).len() as u64 <= json["robust"]["outliers"].as_u64().unwrap()
        );
        json["robust"]["outliers"].as_u64().unwrap()
    };
    assert_eq!(outliers(""), 0);
    assert_eq!(outliers("--outliers 3"), 3);
    assert_eq!(outliers("--outlier-fraction 0"), 0);
    assert_eq!(outliers("--outliers 1e1"), 10);
    assert_eq!(outliers("--outliers 6%"), 3);
    assert_eq!(outliers("--outliers 1%"), 0);
    assert_eq!(outliers("--outliers 1.76% --labeled rows.txt --exclude more.txt"), 1);
    assert_eq!(outliers("--outlier-fraction 0.06"), 3);
    assert_eq!(outliers("--outlier-fraction 0.0167 --labeled rows.txt"), 0);
    // Of 57 rows: one is both labeled and excluded.
    assert_eq!(outliers("--outlier-fraction 0.0176 --labeled rows.txt --exclude more.txt"), 1);
    let both = folder.run("robust pool.npy -k 5 --outliers 3 --outlier-fraction 0.1");
    assert_eq!((both.code, &*both.out), (USAGE, ""));
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}

/// Rows on a line, row 5 labeled and row 6 excluded; two centers that leave one row out cannot do better than 1.
#[test]
fn labeled_and_excluded_rows_have_their_part() {
    let folder = Folder::new();
    folder.vectors("line.npy", &[0.0, 1.0, 2.0, 9.0, 10.0, 30.0, 50.0, 31.0, 100.0], 1);
    folder.vectors("vectors.npy", &[30.0], 1);
    folder.text("rows.txt", "5\n");
    folder.text("not.txt", "6\n");
    folder.text("neither.txt", "5\n6\n");
    for words in [
        "--labeled rows.txt --exclude not.txt",
        "--labeled-vectors vectors.npy --exclude not.txt",
        "--labeled-vectors vectors.npy --exclude neither.txt",
    ] {
        let json = proven(&folder, &format!("robust line.npy -k 2 --outliers 1 {words}"));
        assert_eq!((number(&json["lower"]), number(&json["upper"])), (1.0, 1.0), "{words}");
        assert_eq!((rows(&json["centers"])[0], rows(&json["outliers"])), (1, vec![8]), "{words}");
    }
    let cosine = proven(&folder, "robust pool.npy -k 5 --metric cosine --first mean");
    assert_eq!(cosine["options"]["metric"], "cosine");
    assert!(number(&cosine["upper"]) < 2.0);
}

#[test]
fn a_search_that_ends_early_leaves_an_interval() {
    let folder = labeled();
    let best = library().upper;
    for words in ["--time-limit 0", "--time-limit 1e-9", "--gap 0.5", "--gap 1e6", "--threads 1"] {
        let json = proven(&folder, &format!("{WORDS} {words}"));
        let (lower, upper) = (number(&json["lower"]), number(&json["upper"]));
        assert!((lower..=upper).contains(&best), "{words}: {lower} {upper}");
        let is_in_time = upper - lower <= number(&json["robust"]["gap"]) * upper;
        assert!(is_in_time || json["end"] == "time_limit", "{words}: {}", json["end"]);
    }
    let run = folder.run(&format!("{WORDS} --gap 1e6"));
    assert!(run.err.contains(" % apart: the gap asked for is reached"), "{}", run.err);
}

#[test]
fn from_the_picks_of_greedy_alone() {
    let folder = labeled();
    let json = proven(&folder, &format!("{WORDS} --greedy"));
    assert_eq!((&json["robust"]["greedy"], &json["end"]), (&true.into(), &"candidates".into()));
    let values = pool();
    let options = Options { labeled: vec![7, 3], ..Options::default() };
    let picks = select(&Pool::new(&values, D).unwrap(), 7, &options).unwrap().centers;
    assert!(rows(&json["centers"]).iter().all(|row| picks.contains(row)), "{picks:?}");
    let (upper, best) = (number(&json["upper"]), library().upper);
    assert!((best..=3.0 * best).contains(&upper) && number(&json["lower"]) <= best);
}

/// Half of greedy's radius bounds nothing, and what is printed in the paper goes round in a circle.
#[test]
fn the_counterexample_to_the_paper() {
    let folder = Folder::new();
    folder.vectors("line.npy", &[0.0, 0.1, 100.0, -100.0], 1);
    folder.text("rows.txt", "0\n");
    let words = "robust line.npy -k 1 --outliers 1 --labeled rows.txt --paper";
    let run = folder.run(words);
    assert_eq!(run.rows().len(), 1);
    assert!(run.err.contains("every row but 1 is within 0.100000 of a center"), "{}", run.err);
    let said = run.err.lines().find(|line| line.starts_with("Algorithm 2 as printed: ")).unwrap();
    assert!(said.contains("never ends") && said.contains("its lower bound is invalid"), "{said}");
    let json = proven(&folder, words);
    let best = f64::from(0.1f32);
    assert_eq!((number(&json["lower"]), number(&json["upper"])), (best, best));
    assert_eq!(number(&json["paper"]["lower"]), 50.0);
    assert_eq!(json["paper"]["end"], "repeats");
    assert_eq!(json["paper"]["lower_is_valid"], false);
    let right = folder.run("robust pool.npy -k 5 --paper");
    assert_eq!(right.rows().len(), 5);
    assert!(!right.err.contains("invalid"), "{}", right.err);
}

#[test]
fn the_log_is_every_radius_decided() {
    let folder = labeled();
    let run = folder.run(&format!("{WORDS} --log"));
    let decided: Vec<&str> = run.err.lines().filter(|line| line.starts_with("radius ")).collect();
    let decisions = library().decisions;
    assert_eq!(decided.len(), decisions.len(), "{}", run.err);
    for (line, decision) in decided.iter().zip(decisions) {
        let word = if decision.feasible.unwrap() { " covered by " } else { " refuted by " };
        assert!(line.contains(word) && line.contains(" left, "), "{line}");
    }
    for key in ["device c", "greedy_seconds ", "decide_seconds ", "rows_held ", "pairs_held "] {
        assert!(run.err.lines().any(|line| line.starts_with(key)), "{key}: {}", run.err);
    }
}

#[test]
fn quiet_says_nothing() {
    let folder = swapped(&pool(), D);
    for words in ["-q", "--quiet --paper", "-q -o p.json --certificate proof.json --time-limit 0"] {
        let run = folder.run(&format!("robust swapped.npy -k 5 {words}"));
        assert_eq!((run.code, &*run.err), (0, ""), "{words}");
    }
    assert!(folder.run("robust swapped.npy -k 5").err.starts_with("note: swapped.npy: "));
    assert_eq!(folder.run("robust swapped.npy -k 5 -q --log").code, USAGE);
}

/// With `swapped.npy`, of which there is something to say before the search.
fn swapped(values: &[f32], d: usize) -> Folder {
    let folder = Folder::new();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    folder.npy("swapped.npy", ">f4", &[values.len() / d, d], &bytes);
    folder
}

/// A GPU that is asked for and absent is an error; only `auto` may do without.
#[test]
fn a_device_is_never_replaced() {
    let folder = labeled();
    let absent = folder.run(&format!("{WORDS} --device cuda:99"));
    assert_eq!((absent.code, &*absent.out), (INPUT, ""));
    assert!(absent.err.starts_with("error: cuda:99: "), "{}", absent.err);
    assert_eq!(absent.err.lines().count(), 1, "{}", absent.err);
    let first = folder.run(&format!("{WORDS} --device cuda"));
    let is_there = first.code == 0 && first.err.contains(" s on cuda:0");
    let is_absent = first.code == INPUT && first.err.starts_with("error: cuda:0: ");
    assert!(is_there || is_absent, "{}", first.err);
    assert_eq!(folder.run(&format!("{WORDS} --device cpu")).rows(), library().centers);
}

#[track_caller]
fn refused(words: &str, code: i32, line: &str) {
    let folder = labeled();
    folder.weights("weights.npy", &[1.0; N]);
    fs::create_dir(folder.path("emb")).unwrap();
    for part in ["emb/part0.npy", "emb/part1.npy"] {
        fs::copy(folder.path("pool.npy"), folder.path(part)).unwrap();
    }
    let before = folder.names();
    folder.run(&format!("robust {words}")).fails(code, line);
    assert_eq!(folder.names(), before, "{words}");
    for name in ["pool.npy", "emb/part0.npy", "emb/part1.npy"] {
        let magic = &fs::read(folder.path(name)).unwrap()[..6];
        assert_eq!(magic, b"\x93NUMPY", "{words}: {name}");
    }
}

#[test]
fn budgets_and_outliers_that_will_not_do() {
    let nothing = "error: budget 0 selects nothing: give a budget of at least 1";
    refused("pool.npy -k 0", USAGE, nothing);
    refused("absent.npy", USAGE, "error: give --budget: how many rows to choose");
    let large =
        "error: budget 59 exceeds the 58 rows that are neither labeled, excluded nor left out";
    refused("pool.npy -k 59 --labeled rows.txt", INPUT, large);
    for outliers in [58, 59, usize::MAX] {
        let words = format!("pool.npy -k 5 --labeled rows.txt --outliers {outliers}");
        let line = format!(
            "error: {outliers} outliers leave nothing to cover: 58 rows are neither labeled, excluded nor left out"
        );
        refused(&words, INPUT, &line);
    }
}

/// A search takes gigabytes where it may: within any limit it ends with an interval, or says that it cannot begin.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_short_ends_a_search_and_not_the_process() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 5e5 -d 3");
    let words =
        |pool| format!("robust {pool} -k 20 --outliers 100 --time-limit 2 --threads 1 -q --json");
    let mut ended = 0;
    for mib in [150, 250, 350, 600] {
        let run = folder.run_within(mib << 10, &words("large.npy"));
        let refused = "error: the run needs 85.0 MB of memory beside the pool";
        let is_refused = run.code == 1 && run.err.starts_with(refused);
        assert!(run.code == 0 || is_refused, "{mib} MiB: {} {}", run.code, run.err);
        ended += usize::from(run.code == 0);
    }
    assert!(ended > 0);
    folder.run("synth many.npy --shape integers -n 3e6 -d 1 --dtype u8");
    let run = folder.run_within(400 << 10, &words("many.npy"));
    let refused =
        "error: the run needs 510.0 MB of memory beside the pool, which the system does not give";
    assert!(run.code == 1 && run.err.starts_with(refused), "{}", run.err);
}

#[test]
fn options_without_a_part() {
    let line = "error: a robust selection takes no weights, nor does its proof";
    refused("absent.npy -k 5 --weights weights.npy", USAGE, line);
    let line = "error: a robust selection takes no stop radius, nor does its proof";
    refused("absent.npy -k 5 --stop-radius 1", USAGE, line);
    refused("absent.npy --stop-radius 1", USAGE, line);
    let line = "error: robust takes no --first heaviest: it has no weights";
    refused("absent.npy -k 5 --first heaviest", USAGE, line);
}

/// Each by the name of its option.
#[test]
fn limits_that_will_not_do() {
    let folder = Folder::new();
    for (option, values) in [
        ("--time-limit", vec!["-1", "nan", "soon", "inf", "1e30"]),
        ("--gap", vec!["-0.1", "nan", "narrow", "inf"]),
        ("--outlier-fraction", vec!["-0.1", "nan", "few", "1"]),
    ] {
        for value in values {
            let run = folder.run(&format!("robust absent.npy -k 5 {option} {value}"));
            assert_eq!((run.code, &*run.out), (USAGE, ""), "{option} {value}");
            let start = format!("error: invalid value '{value}' for '{option} <");
            assert!(run.err.starts_with(&start), "{}", run.err);
        }
    }
    for words in ["--outliers -1", "--outliers x", "--resume rows.txt", "--device tpu"] {
        assert_eq!(folder.run(&format!("robust absent.npy -k 5 {words}")).code, USAGE, "{words}");
    }
}

#[test]
fn outputs_in_place_of_an_input_or_of_each_other() {
    let read = |name: &str| format!("error: {name} would be replaced: it is read by this very run");
    for output in ["-o", "--distances", "--assignment", "--certificate"] {
        refused(&format!("pool.npy -k 5 {output} pool.npy"), USAGE, &read("pool.npy"));
        refused(&format!("emb -k 5 {output} emb/part1.npy"), USAGE, &read("emb/part1.npy"));
        let vectors = format!("pool.npy -k 5 --labeled-vectors emb {output} ./emb/part0.npy");
        refused(&vectors, USAGE, &read("./emb/part0.npy"));
    }
    for output in ["-o", "--certificate"] {
        let words = format!("pool.npy -k 5 --labeled rows.txt {output} rows.txt");
        refused(&words, USAGE, &read("rows.txt"));
    }
    let twice = "error: ./a.json is named for two outputs";
    refused("absent.npy -k 5 -o a.json --certificate ./a.json", USAGE, twice);
    let twice = "error: ./a.npy is named for two outputs";
    refused("absent.npy -k 5 --distances a.npy --assignment ./a.npy", USAGE, twice);
    refused("absent.npy -k 5 --distances a.npy --certificate ./a.npy", USAGE, twice);
    let nowhere = "its folder cannot be found: No such file or directory (os error 2)";
    let line = format!("error: nowhere/proof.json: {nowhere}");
    refused("absent.npy -k 5 --certificate nowhere/proof.json", INPUT, &line);
}

/// Start a search that takes minutes, interrupt it while it is at it, and give what it wrote.
#[cfg(unix)]
fn interrupted(words: &str) -> Value {
    use std::io::{BufRead, BufReader, Read};

    let values = farpoint::synth::pool(farpoint::synth::Shape::Gaussian, 1000, 6, 0);
    let folder = swapped(&values, 6);
    let hard = "robust swapped.npy -k 30";
    let mut child = start(
        &folder,
        &format!("{hard} {words} -o part.json --certificate proof.json --report part.html"),
    );
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("note: swapped.npy: "), "{line}");
    // The same search with a limit: once it is over the other is past greedy.
    silent(
        &folder.run(&format!("{hard} --time-limit 0.4 -o limited.txt --certificate limited.json")),
    );
    assert_true(&folder, "swapped.npy", "limited.json");
    let asked = Instant::now();
    signal(&child, "-INT");
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!((output.status.code(), output.stdout), (Some(130), Vec::new()), "{rest}");
    assert_true(&folder, "swapped.npy", "proof.json");
    let part: Value = serde_json::from_str(&folder.read("part.json")).unwrap();
    assert_eq!(rows(&part["centers"]).len(), 30, "{rest}");
    assert!(folder.read("part.html").contains("30 of 1,000 rows selected"));
    part
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_picks_and_a_proof() {
    let part = interrupted("");
    assert_eq!(part["end"], "interrupted");
    assert!(number(&part["lower"]) < number(&part["upper"]));
    assert!(number(&part["upper"]) <= number(&part["greedy_radius"]));
}

#[cfg(unix)]
#[test]
fn an_interrupt_of_the_papers_algorithm_is_one() {
    let part = interrupted("--gap 0.9 --paper");
    assert_eq!((&part["end"], &part["paper"]["end"]), (&"gap".into(), &"stopped".into()));
}

/// In greedy, or in the passes over the pool behind it: what greedy had is written, or nothing was known yet.
#[cfg(unix)]
#[test]
fn an_interrupt_before_the_search_ends_the_run_at_once() {
    use std::io::{BufRead, BufReader, Read};

    let values = farpoint::synth::pool(farpoint::synth::Shape::Gaussian, 60_000, 32, 0);
    let folder = swapped(&values, 32);
    for millis in [0, 200, 500, 800, 1200] {
        let mut child =
            start(&folder, "robust swapped.npy -k 12000 -o part.json --distances d.npy");
        let mut said = BufReader::new(child.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        std::thread::sleep(Duration::from_millis(20 + millis));
        let asked = Instant::now();
        signal(&child, "-INT");
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        if rest != "interrupted\n" && rest != "interrupted before there was an answer\n" {
            let part: Value = serde_json::from_str(&folder.read("part.json")).unwrap();
            assert!(part["end"] == "interrupted" && !rows(&part["centers"]).is_empty());
            assert!(rest.contains("d.npy: not written, the run was interrupted before"), "{rest}");
        }
    }
}
