//! Mistakes: one line that says what to do, and the exit code that says whose mistake it is.

use crate::folder::{D, Folder, N};

/// The command line contradicts itself.
const USAGE: i32 = 2;
/// The input does not do.
const INPUT: i32 = 1;

#[track_caller]
fn refused(words: &str, code: i32, line: &str) {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.text("twice.txt", "7\n7\n");
    folder.text("far.txt", "7\n60\n");
    folder.text("all.txt", &(0..N).map(|row| format!("{row}\n")).collect::<String>());
    folder.weights("weights.npy", &[1.0; N]);
    folder.weights("short.npy", &[1.0; 9]);
    folder.weights("negative.npy", &[&[1.0; 5][..], &[-2.0; N - 5]].concat());
    folder.vectors("flat.npy", &[1.0; 8], 2);
    let before = folder.names();
    folder.run(words).fails(code, line);
    assert_eq!(folder.names(), before, "{words}");
}

#[test]
fn budgets() {
    refused(
        "select pool.npy -k 0",
        USAGE,
        "error: budget 0 selects nothing: give a budget of at least 1",
    );
    refused(
        "select pool.npy",
        USAGE,
        "error: give --budget, --stop-radius or both: nothing says when to stop",
    );
    refused(
        "select pool.npy -k 61",
        INPUT,
        "error: budget 61 exceeds the 60 rows that are neither labeled, excluded nor left out",
    );
    refused(
        "select pool.npy -k 59 --labeled rows.txt",
        INPUT,
        "error: budget 59 exceeds the 58 rows that are neither labeled, excluded nor left out",
    );
    refused(
        "select pool.npy --stop-radius 1 --labeled all.txt",
        INPUT,
        "error: budget 1 exceeds the 0 rows that are neither labeled, excluded nor left out",
    );
}

/// A number below 0 is said to be no budget, and not taken for an option.
#[test]
fn budgets_that_are_none() {
    let must =
        "a budget is a number of rows, as 1000, 1e3 or 1,000, or a share of the pool's, as 10%";
    for budget in ["-5", "five", "1.5", "0.1", "0%", "101%"] {
        for command in ["select", "robust", "plan"] {
            let run = Folder::new().run(&format!("{command} pool.npy --budget {budget}"));
            assert_eq!(run.code, USAGE, "{budget}");
            let line = format!("error: invalid value '{budget}' for '--budget <K>': {must}");
            assert_eq!(run.err.lines().next(), Some(&*line));
        }
    }
}

/// What a shell makes of a pattern without quotes.
#[test]
fn several_files_without_a_pattern() {
    let folder = Folder::new();
    folder.vectors("a 1.npy", &[1.0; 6], D);
    std::fs::create_dir(folder.path("shards")).unwrap();
    for name in ["shards/b.npy", "shards/c.npy", "shards/picks.txt"] {
        folder.vectors(name, &[1.0; 6], D);
    }
    let told = |words: &str, pattern: &str, word: &str| {
        let run = folder.run(words);
        let line = format!(
            "error: several files are one pool as a folder, or as a pattern in quotes: {pattern}, and not as '{word}' beside another"
        );
        assert_eq!((run.code, run.err.lines().next()), (USAGE, Some(&*line)), "{words}");
    };
    told("select shards/b.npy shards/c.npy -k 2", "'shards/*.npy'", "shards/c.npy");
    told("verify shards/b.npy shards/c.npy shards/picks.txt", "'shards/*.npy'", "shards/c.npy");
    told("verify shards/b.npy shards/c.npy not/there.csv", "'shards/*.npy'", "shards/c.npy");
    told("plan -k 2 shards/b.npy pool.npy", "'shards/*.npy'", "pool.npy");
    told("select shards/b.npy shards -k 2", "'shards/*.npy'", "shards");
    assert_eq!(
        folder.run("select shards/*.npy -k 2").rows().len(),
        2,
        "a pattern that no shell has read"
    );
    let run = folder.run("select pool.npy absent.npy -k 2");
    assert!(run.err.starts_with("error: unexpected argument 'absent.npy' found"), "{}", run.err);
}

#[test]
fn rows() {
    refused(
        "select pool.npy -k 5 --labeled far.txt",
        INPUT,
        "error: labeled row 60 is not in the pool, whose rows are 0 to 59",
    );
    refused(
        "select pool.npy -k 5 --exclude far.txt",
        INPUT,
        "error: excluded row 60 is not in the pool, whose rows are 0 to 59",
    );
    refused(
        "select pool.npy -k 5 --first row:60",
        INPUT,
        "error: first row 60 is not in the pool, whose rows are 0 to 59",
    );
    refused(
        "select pool.npy -k 5 --exclude rows.txt --first row:3",
        INPUT,
        "error: first row 3 is labeled, excluded or left out",
    );
    refused("select pool.npy -k 5 --resume twice.txt", INPUT, "error: resume row 7 is given twice");
    refused(
        "select pool.npy -k 1 --resume rows.txt",
        INPUT,
        "error: the 2 picks to resume from exceed the budget 1, which counts them",
    );
}

#[test]
fn weights() {
    refused(
        "select pool.npy -k 5 --weights short.npy",
        INPUT,
        "error: weights: 9 given for 60 rows",
    );
    refused(
        "select pool.npy -k 5 --weights negative.npy",
        INPUT,
        "error: weights: row 5 has -2; a weight is a finite number of at least 0",
    );
}

#[test]
fn vectors_of_another_dimension() {
    refused(
        "select pool.npy -k 5 --labeled-vectors flat.npy",
        INPUT,
        "error: the labeled vectors have 2 dimensions, the pool 3",
    );
}

#[test]
fn options_that_contradict_each_other() {
    refused(
        "select pool.npy -k 5 --first heaviest",
        USAGE,
        "error: --first heaviest needs --weights",
    );
    let labeled = "error: --first is for when nothing is labeled: with labeled rows the farthest from them comes first";
    refused("select pool.npy -k 5 --first mean --labeled rows.txt", USAGE, labeled);
    refused("select pool.npy -k 5 --first mean --labeled-vectors flat.npy", USAGE, labeled);
    let seed = "error: --seed is of --first random alone: nothing else is random";
    for words in ["select", "robust", "verify pool.npy rows.txt --seed 1 --budget 2 --first mean"] {
        let rest = if words.contains(' ') { "" } else { " pool.npy -k 5 --seed 9" };
        refused(&format!("{words}{rest}"), USAGE, seed);
    }
    refused("select pool.npy -k 5 --seed 0 --labeled rows.txt", USAGE, seed);
}

#[test]
fn words_that_cannot_be_parsed() {
    for words in [
        "",
        "select",
        "choose pool.npy",
        "select pool.npy -k five",
        "select pool.npy -k -1",
        "select pool.npy -k 5 --first 3",
        "select pool.npy -k 5 --first row:x",
        "select pool.npy -k 5 --metric manhattan",
        "select pool.npy -k 5 --stop-radius nan",
        "select pool.npy -k 5 --stop-radius=-1",
        "select pool.npy --metric cosine --stop-similarity 1.1",
        "select pool.npy --metric cosine --stop-similarity nan",
        "select pool.npy --metric cosine --stop-similarity 0.9 --stop-radius 1",
        "select pool.npy -k 5 --device tpu",
        "select pool.npy -k 5 --device cuda:x",
        "select pool.npy -k 5 --device cuda:0,",
        "select pool.npy -k 5 --device cuda:0,0",
        "select pool.npy -k 5 --device cuda:0,cpu",
        "robust pool.npy -k 5 --device cuda:0,x",
        "bench --device cuda:0,1",
        "plan pool.npy -k 5 --device cuda:",
        "select pool.npy -k 5 --quiet --log",
        "select pool.npy -k 5 --lableed rows.txt",
    ] {
        let run = Folder::new().run(words);
        assert_eq!((run.code, &*run.out), (USAGE, ""), "{words}: {}", run.err);
        assert_eq!(
            run.err.matches("error:").count(),
            usize::from(!words.is_empty()),
            "{}",
            run.err
        );
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = Folder::new();
    folder.text("empty.npy", "");
    folder.text("noise.npy", "not an array");
    folder.text("pool.xyz", "");
    for (name, file) in [("absent", "absent.npy"), ("empty", "empty.npy"), ("noise", "noise.npy")] {
        for words in [
            format!("select {file} -k 5"),
            format!("select pool.npy -k 5 --labeled {file}"),
            format!("select pool.npy -k 5 --labeled-vectors {file}"),
            format!("select pool.npy -k 5 --weights {file}"),
            format!("select pool.npy -k 5 --resume {file}"),
            format!("verify pool.npy {file}"),
            format!("plan {file} -k 5"),
        ] {
            let run = folder.run(&words);
            assert_eq!((run.code, &*run.out), (INPUT, ""), "{words}");
            assert!(run.err.starts_with(&format!("error: {name}.npy: ")), "{words}: {}", run.err);
            assert_eq!(run.err.lines().count(), 1, "{words}: {}", run.err);
        }
    }
    let run = folder.run("select pool.xyz -k 5");
    assert!(run.code == INPUT && run.err.contains("pool.xyz"), "{}", run.err);
}

#[test]
fn values_that_do_not_do() {
    let folder = Folder::new();
    let mut values = vec![1.0; 4 * D];
    values[7] = f32::NAN;
    folder.vectors("nan.npy", &values, D);
    let run = folder.run("select nan.npy -k 2");
    run.fails(INPUT, "error: nan.npy: row 2 holds NaN at dimension 1; every value must be finite; --skip-bad leaves such rows out");
    values[6..9].fill(0.0);
    folder.vectors("zero.npy", &values, D);
    folder.run("select zero.npy -k 2 --metric cosine").fails(
        INPUT,
        "error: row 2 is all zeros, which has no direction: drop it, use the euclidean metric, or have such rows of a file left out by --skip-bad",
    );
}

/// Outputs are looked at before anything is read: the pool, which is absent, is not the complaint.
#[test]
fn outputs_that_cannot_be_written() {
    refused(
        "select absent.npy -k 5 -o nowhere/picks.npy",
        INPUT,
        "error: nowhere/picks.npy: its folder cannot be found: No such file or directory (os error 2)",
    );
    refused(
        "select absent.npy -k 5 -o pool.npy/picks.npy",
        INPUT,
        "error: pool.npy/picks.npy: its folder cannot be written to: not a directory",
    );
    refused(
        "select absent.npy -k 5 -o picks.xls",
        USAGE,
        "error: --output picks.xls: picks are written as .npy, .txt, .csv, .json or .parquet",
    );
    refused(
        "select absent.npy -k 5 --distances d.txt",
        USAGE,
        "error: --distances d.txt: its name must end in .npy",
    );
    refused(
        "select absent.npy -k 5 --report r.pdf",
        USAGE,
        "error: --report r.pdf: its name must end in .html",
    );
}

#[test]
fn outputs_meant_twice() {
    let read = |name: &str| format!("error: {name} would be replaced: it is read by this very run");
    refused("select pool.npy -k 5 -o pool.npy", USAGE, &read("pool.npy"));
    refused("select pool.npy -k 5 -o ./pool.npy", USAGE, &read("./pool.npy"));
    refused("select pool.npy -k 5 --labeled rows.txt -o rows.txt", USAGE, &read("rows.txt"));
    refused(
        "select pool.npy -k 5 --distances a.npy --assignment ./a.npy",
        USAGE,
        "error: ./a.npy is named for two outputs",
    );
}

/// A pool may be many files, none of which was named.
#[test]
fn outputs_in_place_of_a_part_of_the_pool() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("emb")).unwrap();
    for part in ["emb/part0.npy", "emb/part1.npy"] {
        std::fs::copy(folder.path("pool.npy"), folder.path(part)).unwrap();
    }
    let whole = std::fs::read(folder.path("pool.npy")).unwrap();
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut names = vec!["emb/part0.npy", "emb/../emb/part1.npy"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("emb/part1.npy", folder.path("link.npy")).unwrap();
        std::os::unix::fs::symlink("emb", folder.path("way")).unwrap();
        names.extend(["link.npy", "way/part0.npy"]);
    }
    for words in ["emb", "emb/", "emb/*.npy", "pool.npy --labeled-vectors emb"] {
        for name in &names {
            for output in ["--output", "--distances", "--assignment"] {
                let line = format!("error: {name} would be replaced: it is read by this very run");
                folder.run(&format!("select {words} -k 3 {output} {name}")).fails(USAGE, &line);
            }
        }
    }
    for part in ["emb/part0.npy", "emb/part1.npy"] {
        assert_eq!(std::fs::read(folder.path(part)).unwrap(), whole, "{part}");
    }
    assert_eq!(folder.run("select emb/*0.npy -k 3 -o emb/part1.npy").code, 0);
    assert_eq!(folder.integers("emb/part1.npy").len(), 3);
}

/// A page ends in .html, which no file of a pool does: only a link makes them one.
#[cfg(unix)]
#[test]
fn a_report_in_place_of_a_part_of_the_pool() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("emb")).unwrap();
    std::fs::copy(folder.path("pool.npy"), folder.path("emb/part0.npy")).unwrap();
    std::os::unix::fs::symlink("emb/part0.npy", folder.path("report.html")).unwrap();
    let line = "error: report.html would be replaced: it is read by this very run";
    for pool in ["emb", "emb/*"] {
        folder.run(&format!("select {pool} -k 3 --report report.html")).fails(USAGE, line);
    }
}

/// A .json to resume from knows what it was made with.
#[test]
fn picks_of_another_run() {
    let folder = Folder::new();
    folder.vectors("other.npy", &[1.0; N * D], D);
    folder.vectors("small.npy", &[1.0; 4 * D], D);
    folder.text("rows.txt", "7\n3\n");
    folder.run("select pool.npy -k 4 --first random --seed 3 -o part.json");
    let go_on = "go on with the options it was made with";
    let fails = |words: &str, why: &str| {
        let run = folder.run(&format!("select {words} --resume part.json"));
        run.fails(INPUT, &format!("error: part.json: {why}"));
    };
    fails("small.npy -k 4", "is of a pool of 60 x 3 f32, this pool is 4 x 3 f32");
    fails("other.npy -k 4", "is of a pool with other values (pool.npy): the hashes differ");
    fails("pool.npy -k 9 --metric cosine", &format!("was made with another --metric: {go_on}"));
    fails("pool.npy -k 9 --first mean", &format!("was made with another --first: {go_on}"));
    fails("pool.npy -k 9 --seed 4", &format!("was made with another --seed: {go_on}"));
    fails("pool.npy -k 9 --labeled rows.txt", &format!("was made with another --labeled: {go_on}"));
}

/// Which table has a column must be known, and that there is one.
#[test]
fn columns_without_a_table() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.text("ids.csv", "id,score\n7,1\n3,2\n");
    let table = ".csv or .parquet";
    for (words, line) in [
        (
            "--labeled rows.txt --column id",
            format!("--column id: no rows, weights or ids are read from a {table}"),
        ),
        (
            "--labeled rows.txt --column labeled=id",
            format!("--column labeled=id: no {table} is read for labeled"),
        ),
        (
            "--labeled ids.csv --column exclude=id",
            format!("--column exclude=id: no {table} is read for exclude"),
        ),
        (
            "--labeled ids.csv --exclude ids.csv --column id",
            "--column id: 2 tables are read: say which has it, as in --column labeled=id".into(),
        ),
        (
            "--labeled ids.csv --column id --column labeled=id",
            "--column labeled= is given twice".into(),
        ),
    ] {
        folder
            .run(&format!("select pool.npy -k 5 {words}"))
            .fails(USAGE, &format!("error: {line}"));
    }
    folder
        .run("select pool.npy -k 5 --labeled ids.csv")
        .fails(INPUT, "error: ids.csv: has no column 'row', choose one by --column: 'id', 'score'");
}
