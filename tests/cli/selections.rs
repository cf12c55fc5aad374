//! Every option of `select` reaches the library: the program's rows are the library's.

use farpoint::{First, Metric, Options, Pool, Selection, select};

use crate::folder::{D, Folder, N, pool, with_parquet};

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
