//! Every option of `select` reaches the library: the program's rows are the library's.

use farpoint::{First, Metric, Options, Pool, Selection, select};

use crate::folder::{D, Folder, N, floats, pool, with_parquet};

fn library(budget: usize, options: &Options) -> Selection {
    let values = pool();
    select(&Pool::new(&values, D).unwrap(), budget, options).unwrap()
}

#[track_caller]
fn agree(words: &str, budget: usize, options: Options) {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.text("more.txt", "0\n1\n2\n");
    folder.vectors("vectors.npy", &[9.0, 9.0, 9.0, -1.0, 2.0, 0.5], D);
    folder.weights("weights.npy", &weights());
    let run = folder.run(&format!("select pool.npy --budget {budget} {words}"));
    assert_eq!(run.rows(), library(budget, &options).centers, "{words}");
}

fn weights() -> Vec<f32> {
    (0..N).map(|row| (row % 5) as f32).collect()
}

#[test]
fn by_default() {
    agree("", 12, Options::default());
    agree("", N, Options::default());
}

#[test]
fn from_labeled_rows() {
    agree("--labeled rows.txt", 12, Options { labeled: vec![7, 3], ..Options::default() });
}

#[test]
fn from_several_files_of_rows() {
    let labeled = Options { labeled: vec![7, 3, 0, 1, 2], ..Options::default() };
    agree("--labeled rows.txt --labeled more.txt", 12, labeled);
    let excluded = Options { excluded: vec![7, 3, 0, 1, 2], ..Options::default() };
    agree("--exclude rows.txt --exclude more.txt", 12, excluded);
}

/// In round two, what was labeled at first stands in both lists.
#[test]
fn rows_that_are_listed_twice_are_counted_once() {
    let folder = Folder::new();
    folder.text("first.txt", "7\n3\n");
    folder.text("all.csv", "id,row\nx,3\ny,7\nz,11\ny,7\n");
    let words = "select pool.npy -k 5 --labeled first.txt --labeled all.csv";
    let run = folder.run(&format!("{words} -o picks.json --assignment near.npy"));
    let note = "note: all.csv: row 3 is listed already, and 2 more: each is counted once\n";
    assert!(run.code == 0 && run.err.starts_with(note), "{}", run.err);
    let once = Options { labeled: vec![7, 3, 11], assign: true, ..Options::default() };
    let expected = library(5, &once);
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert_eq!(json["centers"], serde_json::json!(expected.centers));
    assert_eq!(json["options"]["labeled"][1]["count"], 4);
    let near = expected.assignment.unwrap();
    assert_eq!(folder.integers("near.npy"), near);
    // The record knows both files, and what they held.
    assert_eq!(folder.run("verify pool.npy picks.json").code, 0);
    assert_eq!(folder.run(&format!("{words} --resume picks.json")).rows(), expected.centers);
    folder.text("first.txt", "7\n4\n");
    let run = folder.run("verify pool.npy picks.json");
    let error = "error: picks.json: names first.txt, which has changed since\n";
    assert!(run.code == 1 && run.err.ends_with(error), "{}", run.err);
    let run = folder.run(&format!("{words} --resume picks.json"));
    assert!(run.err.contains("was made with another --labeled"), "{}", run.err);
    let run = folder.run("select pool.npy -k 5 --labeled all.csv --labeled all.csv --column id");
    assert!(run.err.contains("'x', not a number"), "{}", run.err);
}

#[test]
fn by_budgets_as_people_write_them() {
    let folder = Folder::new();
    let rows = |budget: &str| folder.run(&format!("select pool.npy --budget {budget}")).rows();
    let all = library(N, &Options::default()).centers;
    for (budget, picks) in [("20%", 12), ("1%", 1), ("99.9%", 59), ("100%", 60), ("1.2e1", 12)] {
        assert_eq!(rows(budget), all[..picks], "{budget}");
    }
    folder.run("select pool.npy -k 20% -o picks.json");
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert_eq!(json["options"]["budget"], 12);
    for budget in ["20%", "12", "1.2e1"] {
        assert_eq!(folder.run(&format!("verify pool.npy picks.json -k {budget}")).code, 0);
    }
    assert_eq!(folder.run("verify pool.npy picks.json -k 21%").code, 0, "12.6 rows are 12");
    assert_eq!(folder.run("verify pool.npy picks.json -k 25%").code, 3);
    assert_eq!(folder.run("robust pool.npy -k 5% --outliers 3").rows().len(), 3);
    let plan = folder.run("plan pool.npy -k 20% --json").out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&plan).unwrap()["budget"], 12);
}

#[test]
fn from_labeled_vectors() {
    let vectors = [9.0, 9.0, 9.0, -1.0, 2.0, 0.5f32];
    let vectors = Pool::new(&vectors, D).unwrap();
    let labeled_vectors = Some(&vectors);
    agree("--labeled-vectors vectors.npy", 9, Options { labeled_vectors, ..Options::default() });
    agree(
        "--labeled-vectors vectors.npy --labeled rows.txt",
        9,
        Options { labeled: vec![7, 3], labeled_vectors, ..Options::default() },
    );
}

#[test]
fn under_cosine() {
    agree("--metric cosine", 12, Options { metric: Metric::Cosine, ..Options::default() });
    agree("--metric euclidean", 12, Options::default());
}

#[test]
fn with_weights() {
    let weights = Some(weights());
    agree("--weights weights.npy", 12, Options { weights: weights.clone(), ..Options::default() });
    let heaviest = Options { weights, first: First::Heaviest, ..Options::default() };
    agree("--weights weights.npy --first heaviest", 12, heaviest);
}

#[test]
fn without_excluded_rows() {
    agree("--exclude more.txt", 12, Options { excluded: vec![0, 1, 2], ..Options::default() });
}

#[test]
fn from_every_first_center() {
    let first = |first, seed| Options { first, seed, ..Options::default() };
    agree("--first row:41", 5, first(First::Row(41), 0));
    agree("--first lowest", 5, first(First::Lowest, 0));
    agree("--first mean", 5, first(First::Mean, 0));
    agree("--first random", 5, first(First::Random, 0));
    agree("--first random --seed 9", 5, first(First::Random, 9));
    agree("--first farthest-from-mean", 5, first(First::FarthestFromMean, 0));
    agree("--first farthest-pair", 5, first(First::FarthestPair, 0));
    agree("--first loneliest", 5, first(First::Loneliest, 0));
}

#[test]
fn on_any_device_and_threads() {
    agree("--device cpu --threads 3", 12, Options::default());
    agree("--device auto --threads 1", 12, Options::default());
}

#[test]
fn until_the_stop_radius() {
    let folder = Folder::new();
    let stop = library(9, &Options::default()).radius();
    let stopped = library(N, &Options { stop_radius: Some(stop), ..Options::default() }).centers;
    assert!(stopped.len() <= 9);
    assert_eq!(folder.run(&format!("select pool.npy --stop-radius {stop}")).rows(), stopped);
    let both = folder.run(&format!("select pool.npy --budget 2 --stop-radius {stop}"));
    assert_eq!(both.rows(), stopped[..2]);
}

/// Without a budget every row that may be chosen is; labeled and excluded ones are not counted twice.
#[test]
fn without_a_budget_every_row_may_be_chosen() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.text("more.txt", "3\n5\n");
    let run =
        folder.run("select pool.npy --stop-radius 0 --labeled rows.txt --exclude more.txt --json");
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(*json["radii"].as_array().unwrap().last().unwrap(), 0.0);
}

/// The first picks of a run, in any format, lead to the rest of it.
#[test]
fn from_picks_made_earlier() {
    let folder = Folder::new();
    let whole = folder.run("select pool.npy -k 20").rows();
    for name in with_parquet(&["part.npy", "part.txt", "part.csv", "part.json"], "part.parquet") {
        assert_eq!(folder.run(&format!("select pool.npy -k 8 -o {name}")).code, 0);
        let resumed = folder.run(&format!("select pool.npy -k 20 --resume {name}"));
        assert_eq!(resumed.rows(), whole, "{name}");
    }
    let logged = folder.run("select pool.npy -k 20 --resume part.txt --log");
    assert!(logged.err.contains("replay_evaluations 21\n"), "{}", logged.err);
    assert!(logged.err.contains("replay_seconds 0."), "{}", logged.err);
    let in_place = folder.run("select pool.npy -k 20 --resume part.txt -o part.txt");
    assert_eq!(in_place.code, 0, "{}", in_place.err);
    assert_eq!(folder.read("part.txt").lines().count(), 20);
}

/// A .json says how its first center was chosen; other formats need it told, and the whole run's .json says it again.
#[test]
fn from_picks_made_earlier_whatever_came_first() {
    let folder = Folder::new();
    folder.weights("weights.npy", &weights());
    for first in ["mean", "random --seed 3", "row:5", "heaviest --weights weights.npy"] {
        let from = format!("select pool.npy --first {first}");
        let rows = folder.run(&format!("{from} -k 20")).rows();
        let weighted = if first.contains("weights") { "--weights weights.npy" } else { "" };
        for (part, said) in [("part.json", weighted), ("part.txt", &format!("--first {first}"))] {
            assert_eq!(folder.run(&format!("{from} -k 8 -o {part}")).code, 0, "{first}");
            let words = format!("select pool.npy -k 20 {said} --resume {part} -o whole.json");
            let run = folder.run(&words);
            assert_eq!(run.code, 0, "{words}: {}", run.err);
            let whole: serde_json::Value =
                serde_json::from_str(&folder.read("whole.json")).unwrap();
            assert_eq!(whole["centers"], serde_json::json!(rows), "{words}");
            let run = folder.run("verify pool.npy whole.json");
            assert_eq!(run.code, 0, "{words}: {}{}", run.out, run.err);
        }
    }
}

#[test]
fn from_the_tensor_named() {
    let folder = Folder::new();
    folder.run("select pool.npy -k 3 -q -o picks.json");
    let refused = folder.run("select pool.npy -k 3 --tensor absent");
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("absent"), "{}", refused.err);
}

/// What is meant in the pool's files: a .json remembers it, so that those who read that need not be told.
#[test]
fn what_is_meant_in_a_file_is_recorded_and_completed() {
    let folder = Folder::new();
    let values = pool();
    let rows: Vec<&[f32]> = values.chunks(D).collect();
    let line = |row: &&[f32]| format!("\"a, b\",{},{},{},9\n", row[0], row[1], row[2]);
    let table: String = rows.iter().map(line).collect();
    folder.text("table.csv", &format!("text,f0,f1,f2,label\n{table}"));
    let raw: Vec<u8> =
        values.iter().flat_map(|&value| half::bf16::from_f32(value).to_le_bytes()).collect();
    folder.npy("raw.npy", "|V2", &[N, D], &raw);
    let [n, d] = [N, D].map(|side| u32::try_from(side).unwrap().to_le_bytes());
    let stored: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let bin = [&n[..], &d, &stored].concat();
    std::fs::write(folder.path("base.bin"), bin).unwrap();
    let expected = folder.run("select pool.npy -k 5 -q").rows();
    for (file, words, key, value) in [
        ("table.csv", "--columns f*", "columns", "f*"),
        ("raw.npy", "--dtype bf16", "dtype", "bf16"),
        ("base.bin", "--format fbin", "format", "fbin"),
    ] {
        let run = folder.run(&format!("select {file} -k 5 {words} -o picks.json"));
        assert_eq!(run.code, 0, "{}", run.err);
        let picks: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
        assert_eq!(picks["centers"], serde_json::json!(expected), "{file}");
        assert_eq!(picks["options"][key], value);
        let verified = folder.run(&format!("verify {file} picks.json"));
        assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
        let resumed = folder.run(&format!("select {file} -k 7 {words} --resume picks.json -q"));
        assert_eq!(resumed.rows()[..5], expected);
        // The record says what is not said again.
        let on = folder.run(&format!("select {file} -k 7 --resume picks.json -q -o on.json"));
        assert_eq!((on.code, &*on.err), (0, ""));
        let on: serde_json::Value = serde_json::from_str(&folder.read("on.json")).unwrap();
        assert_eq!(
            (&on["centers"], &on["options"][key]),
            (&serde_json::json!(resumed.rows()), &value.into())
        );
        let planned = folder.run(&format!("plan {file} -k 5 {words} --headers"));
        assert_eq!(planned.code, 0, "{}", planned.err);
        let refused = folder.run(&format!("select {file} -k 5"));
        assert_eq!(refused.code, 1, "{}", refused.err);
        assert!(refused.err.contains(words.split(' ').next().unwrap()), "{}", refused.err);
    }
    let other = folder.run("select table.csv -k 5 --columns f0,f1,label -o other.json");
    assert_eq!(other.code, 0, "{}", other.err);
    // What is said comes before the record.
    folder.run("select table.csv -k 7 --columns f* --resume other.json").fails(
        1,
        "error: other.json: is of a pool with other values (table.csv): the hashes differ",
    );
    let both = folder.run("select table.csv -k 5 --columns f* --tensor v");
    assert_eq!(both.code, 2, "{}", both.err);
    let unknown = folder.run("select base.bin -k 5 --format bin");
    assert!(unknown.err.starts_with("error: no format is called 'bin': npy, "), "{}", unknown.err);
}

/// Columns of other names are chosen, each of its own file, and a .json remembers which.
#[test]
fn from_columns_chosen_by_name() {
    let folder = Folder::new();
    folder.text("rows.csv", "name;id\n\"two dogs; 5\";7\n#sunset.jpg;3\n");
    folder.text("more.csv", "0\n0\n1\n2\n");
    let scores: String = weights().iter().map(|weight| format!("x,{weight}\n")).collect();
    folder.text("weights.csv", &format!("name,score\n{scores}"));
    let words = "--labeled rows.csv --exclude more.csv --weights weights.csv";
    let columns = "--column labeled=id --column exclude=0 --column weights=score";
    let run = folder.run(&format!("select pool.npy -k 9 {words} {columns} -o picks.json"));
    assert_eq!(run.code, 0, "{}", run.err);
    let options = Options {
        labeled: vec![7, 3],
        excluded: vec![0, 1, 2],
        weights: Some(weights()),
        ..Options::default()
    };
    let picks: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert_eq!(picks["centers"], serde_json::json!(library(9, &options).centers));
    assert_eq!(picks["options"]["labeled"]["column"], "id");
    let verdict = folder.run("verify pool.npy picks.json");
    assert_eq!((verdict.code, &*verdict.err), (0, ""), "{}", verdict.out);
    // One table needs no more than the name.
    folder.text("ids.csv", "id\n7\n3\n");
    agree_after(
        &folder,
        "--labeled ids.csv --column id",
        Options { labeled: vec![7, 3], ..Options::default() },
    );
}

#[track_caller]
fn agree_after(folder: &Folder, words: &str, options: Options) {
    let run = folder.run(&format!("select pool.npy -k 9 {words}"));
    assert_eq!(run.rows(), library(9, &options).centers, "{words}: {}", run.err);
}

#[test]
fn from_picks_in_a_column_chosen_by_name() {
    let folder = Folder::new();
    let rows = folder.run("select pool.npy -k 12").rows();
    let some: String = rows[..5].iter().map(|row| format!("{row},x\n")).collect();
    folder.text("part.csv", &format!("pick,note\n{some}"));
    let resumed = folder.run("select pool.npy -k 12 --resume part.csv --column pick");
    assert_eq!(resumed.rows(), rows);
    assert_eq!(folder.run("verify pool.npy part.csv --column picks=pick").code, 0);
}

/// The record has the radius that it means, and `verify` goes by that.
#[test]
fn a_similarity_to_stop_at_is_a_radius() {
    let folder = Folder::new();
    let directions: Vec<f32> = pool().iter().map(|value| value + 0.25).collect();
    folder.npy("directions.npy", "<f4", &[N, D], &floats(&directions));
    let run = folder.run("select directions.npy --metric cosine --stop-similarity 0.9 -o by.json");
    assert_eq!(run.code, 0, "{}", run.err);
    let chord = (2.0 - 2.0 * 0.9f64).sqrt();
    let words = format!("select directions.npy --metric cosine --stop-radius {chord} -o same.json");
    assert_eq!(folder.run(&words).code, 0);
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path(name)).unwrap()).unwrap()
    };
    let (by, same) = (read("by.json"), read("same.json"));
    assert_eq!(
        (&by["centers"], &by["options"]["stop_radius"]),
        (&same["centers"], &same["options"]["stop_radius"])
    );
    assert_eq!(by["options"]["stop_radius"].as_f64(), Some(chord));
    assert!(by["centers"].as_array().unwrap().len() > 1);
    assert_eq!(folder.run("verify directions.npy by.json").code, 0);
    folder
        .run("select directions.npy --stop-similarity 0.9")
        .fails(2, "error: --stop-similarity is of --metric cosine alone");
}
