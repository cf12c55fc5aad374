//! `bound`: how picks cover a pool, and what that bounds the loss by.

use farpoint::Pool;
use serde_json::Value;

use crate::folder::{Folder, N, with_parquet};

const CONSTANTS: &str =
    "--loss-lipschitz 0.01 --regression-lipschitz 0.001 --loss-bound 1 --classes 10 --gamma 0.05";

fn json(folder: &Folder, words: &str) -> Value {
    let run = folder.run(&format!("bound {words} {CONSTANTS} --json"));
    assert_eq!((run.code, &*run.err), (0, ""), "{words}");
    serde_json::from_str(&run.out).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The digits are small integers: sums of squares are exact in any order.
fn distance(x: &[f32], y: &[f32]) -> f64 {
    let squares = x.iter().zip(y).map(|(a, b)| f64::from(a - b) * f64::from(a - b));
    squares.sum::<f64>().sqrt()
}

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.npy");

/// Per row not in `but`, the distance to the nearest of `centers`, the least first.
fn digits(centers: &[usize], but: &[usize]) -> Vec<f64> {
    let pool = Pool::open(DIGITS).unwrap();
    let row = |row| pool.row(row, &mut Vec::new()).to_vec();
    let centers: Vec<Vec<f32>> = centers.iter().map(|&center| row(center)).collect();
    let nearest = |x: &[f32]| centers.iter().map(|c| distance(x, c)).fold(f64::INFINITY, f64::min);
    let counted = (0..pool.rows()).filter(|row| !but.contains(row));
    let mut distances: Vec<f64> = counted.map(|at| nearest(&row(at))).collect();
    distances.sort_by(f64::total_cmp);
    distances
}

#[test]
fn the_profile_of_the_digits() {
    let folder = Folder::new();
    folder.text("labeled.txt", "5\n900\n");
    folder.text("excluded.txt", "0\n1\n2\n");
    let options = "--labeled labeled.txt --exclude excluded.txt";
    let rows = folder.run(&format!("select {DIGITS} -k 20 {options} -o picks.txt")).rows();
    assert!(rows.is_empty());
    let picks = folder.read("picks.txt");
    let picks = picks.lines().map(|line| line.parse::<usize>().unwrap());
    let distances = digits(&picks.chain([5, 900]).collect::<Vec<_>>(), &[0, 1, 2]);
    let n = distances.len();
    let said = json(&folder, &format!("{DIGITS} picks.txt {options} --at-radius 30"));
    assert_eq!(
        (&said["rows"], &said["picks"], &said["labeled"]),
        (&n.into(), &20.into(), &2.into())
    );
    for (quantile, thousandths) in
        said["profile"].as_array().unwrap().iter().zip([500, 900, 950, 990, 999, 1000])
    {
        let radius = distances[(n * thousandths).div_ceil(1000) - 1];
        let beyond = distances.iter().filter(|&&distance| distance > radius).count();
        assert_eq!(number(&quantile["share"]), thousandths as f64 / 1000.0);
        assert_eq!(number(&quantile["radius"]), radius, "{thousandths}");
        assert_eq!(quantile["uncovered"], beyond, "{thousandths}");
        let share = beyond as f64 / n as f64;
        let covering = (1.0 - share) * radius * (0.01 + 0.001 * 10.0);
        let total = covering + share + (20.0f64.ln() / (2.0 * n as f64)).sqrt();
        assert!((number(&quantile["total"]) - total).abs() < 1e-12, "{quantile}");
        assert!(number(&said["least"]["total"]) <= number(&quantile["total"]));
    }
    let beyond = distances.iter().filter(|&&distance| distance > 30.0).count();
    assert_eq!(
        (number(&said["at_radius"]["radius"]), &said["at_radius"]["uncovered"]),
        (30.0, &beyond.into())
    );
    assert_eq!(said["constants"]["classes"], 10);
}

#[test]
fn the_table_says_what_the_json_says() {
    let folder = Folder::new();
    folder.run("select pool.npy -k 12 -o picks.json");
    let run = folder.run(&format!("bound pool.npy picks.json {CONSTANTS} --at-radius 2"));
    assert_eq!((run.code, &*run.err), (0, ""));
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], "60 rows, 12 picks, 0 labeled");
    let names: Vec<&str> = lines[2..10].iter().map(|line| line[..8].trim()).collect();
    assert_eq!(names, ["50 %", "90 %", "95 %", "99 %", "99.9 %", "100 %", "given", "least"]);
    assert!(lines[10].starts_with("with probability 0.950000 the mean loss is at most "));
    assert_eq!(lines.len(), 11);
    let said = json(&folder, "pool.npy picks.json --at-radius 2");
    for (line, bound) in lines[8..10].iter().zip([&said["at_radius"], &said["least"]]) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[2], bound["uncovered"].to_string());
        let total: f64 = cells[6].parse().unwrap();
        assert!((total - number(&bound["total"])).abs() < 1e-5, "{line}");
    }
}

#[test]
fn a_bound_that_says_nothing_says_so() {
    let folder = Folder::new();
    folder.run("select pool.npy -k 2 -o picks.txt");
    let steep = CONSTANTS.replace("0.01", "1000");
    let run = folder.run(&format!("bound pool.npy picks.txt {steep} --gamma 1e-300"));
    assert_eq!(run.code, 2, "--gamma twice");
    let steep = steep.replace("0.05", "1e-300");
    let run = folder.run(&format!("bound pool.npy picks.txt {steep}"));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.lines().skip(2).take(7).all(|line| line.ends_with("vacuous")), "{}", run.out);
    assert!(run.out.lines().last().unwrap().starts_with("vacuous at every distance: "));
}

/// Picks in any format and order; a .json says the rest.
#[test]
fn picks_of_every_format() {
    let folder = Folder::new();
    folder.text("labeled.txt", "7\n3\n");
    folder.text("excluded.txt", "0\n1\n");
    let weights: Vec<f32> = (0..N).map(|row| 1.0 + (row % 3) as f32).collect();
    folder.weights("weights.npy", &weights);
    let options = "--labeled labeled.txt --exclude excluded.txt --metric cosine";
    let select = format!("select pool.npy -k 9 {options} --weights weights.npy");
    folder.run(&format!("{select} -o picks.json"));
    std::fs::remove_file(folder.path("weights.npy")).unwrap();
    let said = json(&folder, "pool.npy picks.json");
    assert_eq!((&said["rows"], &said["metric"]), (&(N - 2).into(), &"cosine".into()));
    folder.weights("weights.npy", &weights);
    for name in with_parquet(&["picks.npy", "picks.txt", "picks.csv"], "picks.parquet") {
        folder.run(&format!("{select} -o {name}"));
        assert_eq!(
            json(&folder, &format!("pool.npy {name} {options} --threads 2")),
            said,
            "{name}"
        );
    }
    let record: Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    let mut rows: Vec<Value> = record["centers"].as_array().unwrap().clone();
    rows.reverse();
    folder.text("list.json", &Value::from(rows).to_string());
    assert_eq!(json(&folder, &format!("pool.npy list.json {options}")), said);
}

#[test]
fn picks_of_a_robust_selection() {
    let folder = Folder::new();
    folder.text("labeled.txt", "7\n3\n");
    let run = folder.run("robust pool.npy -k 6 --outliers 2 --labeled labeled.txt -o robust.json");
    assert_eq!(run.code, 0, "{}", run.err);
    let robust: Value = serde_json::from_str(&folder.read("robust.json")).unwrap();
    let upper = number(&robust["upper"]);
    let said = json(&folder, &format!("pool.npy robust.json --at-radius {upper}"));
    assert_eq!(said["at_radius"]["uncovered"], robust["outliers"].as_array().unwrap().len());
    assert_eq!((&said["picks"], &said["labeled"]), (&6.into(), &2.into()));
}

#[track_caller]
fn refused(words: &str, code: i32, line: &str) {
    let folder = Folder::new();
    folder.text("picks.txt", "7\n3\n");
    folder.text("far.txt", "7\n60\n");
    folder.text("twice.txt", "7\n7\n");
    folder.text("none.txt", "");
    folder.run(&format!("bound {words}")).fails(code, line);
}

/// What a constant is called is known before anything is read: the pool is absent.
#[test]
fn constants_that_will_not_do() {
    let changed = |from, to, line: &str| {
        refused(&format!("absent.npy picks.txt {}", CONSTANTS.replace(from, to)), 2, line);
    };
    let finite = "is not a finite number of at least 0";
    changed("0.01", "-1", &format!("error: --loss-lipschitz -1 {finite}"));
    changed("0.001", "nan", &format!("error: --regression-lipschitz NaN {finite}"));
    changed("bound 1", "bound inf", &format!("error: --loss-bound inf {finite}"));
    changed("classes 10", "classes 0", "error: --classes 0 is not at least 1");
    let probability = "is not a probability between 0 and 1, both left out";
    changed("0.05", "1", &format!("error: --gamma 1 {probability}"));
    changed("0.05", "-0.1", &format!("error: --gamma -0.1 {probability}"));
    changed("0.05", "0.05 --at-radius -2", &format!("error: --at-radius -2 {finite}"));
}

#[test]
fn picks_that_will_not_do() {
    let with = |words: &str, line: &str| refused(&format!("{words} {CONSTANTS}"), 1, line);
    with("pool.npy far.txt", "error: chosen row 60 is not in the pool, whose rows are 0 to 59");
    with("pool.npy twice.txt", "error: chosen row 7 is given twice");
    with("pool.npy none.txt", "error: there is no center: give chosen or labeled rows");
    with(
        "pool.npy picks.txt --labeled picks.txt",
        "error: chosen row 7 is labeled, excluded or left out",
    );
}

#[test]
fn words_that_cannot_be_parsed() {
    let folder = Folder::new();
    folder.text("picks.txt", "7\n");
    for words in ["pool.npy picks.txt", "pool.npy picks.txt --gamma 0.5", "pool.npy"] {
        assert_eq!(folder.run(&format!("bound {words}")).code, 2, "{words}");
    }
    for words in ["--budget 3", "--weights picks.txt", "--classes 2.5", "--gamma x"] {
        let constants = CONSTANTS.split(" --classes").next().unwrap();
        let run = folder.run(&format!("bound pool.npy picks.txt {constants} {words}"));
        assert_eq!((run.code, run.err.matches("error:").count()), (2, 1), "{words}: {}", run.err);
    }
}

#[test]
fn another_pool_or_changed_files_are_errors() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.json");
    folder.vectors("other.npy", &[1.0; N * 3], 3);
    folder.run(&format!("bound other.npy picks.json {CONSTANTS}")).fails(
        1,
        "error: picks.json: is of a pool with other values (pool.npy): the hashes differ",
    );
    folder.text("rows.txt", "7\n4\n");
    folder
        .run(&format!("bound pool.npy picks.json {CONSTANTS}"))
        .fails(1, "error: picks.json: names rows.txt, which has changed since");
    folder.text("damaged.json", "{\"centers\": [1, 2]}");
    let run = folder.run(&format!("bound pool.npy damaged.json {CONSTANTS}"));
    assert_eq!(run.code, 1);
    assert!(run.err.starts_with("error: damaged.json: not a selection that farpoint wrote"));
}

#[test]
fn the_help_says_how_a_network_gives_the_constant() {
    let help = Folder::new().run("bound --help").out;
    assert!(help.contains("(sqrt(C - 1) / C) a^(layers)"), "{help}");
}
