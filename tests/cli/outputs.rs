//! What `select` writes, prints and says.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use farpoint::{Options, Pool, Selection, select};

use crate::folder::{D, Folder, N, PROGRAM, pool};

fn library() -> Selection {
    let values = pool();
    let options = Options { assign: true, labeled: vec![7, 3], ..Options::default() };
    select(&Pool::new(&values, D).unwrap(), 10, &options).unwrap()
}

/// A run with everything written, in the folder it was made in.
fn written(format: &str) -> Folder {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    let run = folder.run(&format!("select pool.npy -k 10 --labeled rows.txt -o picks.{format}"));
    assert_eq!((run.code, &*run.out), (0, ""), "{}", run.err);
    folder
}

#[test]
fn npy_holds_the_rows() {
    let rows: Vec<i64> = library().centers.iter().map(|&row| row as i64).collect();
    assert_eq!(written("npy").integers("picks.npy"), rows);
}

#[test]
fn txt_holds_the_rows() {
    let lines: String = library().centers.iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(written("txt").read("picks.txt"), lines);
}

#[test]
fn csv_holds_rank_row_place_and_radius() {
    let csv = written("csv").read("picks.csv");
    let selection = library();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("rank,row,file,row_in_file,radius"));
    for (pick, line) in lines.enumerate() {
        let (row, radius) = (selection.centers[pick], selection.radii[pick]);
        assert_eq!(line, format!("{},{row},pool.npy,{row},{radius}", pick + 1));
    }
    assert_eq!(csv.lines().count(), 11);
}

#[test]
fn json_holds_everything() {
    let folder = written("json");
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    let selection = library();
    let numbers = |key: &str| -> Vec<f64> {
        json[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let rows: Vec<f64> = selection.centers.iter().map(|&row| row as f64).collect();
    assert_eq!(numbers("centers"), rows);
    assert_eq!(numbers("radii"), selection.radii);
    assert_eq!(numbers("lower_bounds"), selection.lower_bounds);
    assert_eq!(json["initial_radius"], selection.initial_radius);
    assert_eq!(json["farthest"], selection.farthest.unwrap());
    assert_eq!(json["interrupted"], false);
    assert_eq!(json["options"]["labeled"]["count"], 2);
    assert_eq!(json["options"]["budget"], 10);
    let values = pool();
    assert_eq!(json["pool"]["hash"], Pool::new(&values, D).unwrap().hash().unwrap());
    assert_eq!(json["farpoint"], env!("CARGO_PKG_VERSION"));
    assert!(json["statistics"]["rounds"].is_u64());
}

/// No radius is known before the first center: infinity, which JSON spells null.
#[test]
fn json_of_nothing_labeled_has_no_initial_radius() {
    let folder = Folder::new();
    let run = folder.run("select pool.npy -k 4 --json");
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert!(json["initial_radius"].is_null());
    folder.text("picks.json", &run.out);
    assert_eq!(folder.run("verify pool.npy picks.json").code, 0);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_rank_row_and_radius() {
    let folder = written("parquet");
    let rows = farpoint::pool::read_rows(folder.path("picks.parquet")).unwrap();
    assert_eq!(rows, library().centers);
    assert_eq!(folder.run("verify pool.npy picks.parquet --labeled rows.txt").code, 0);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_needs_its_feature() {
    let run = Folder::new().run("select pool.npy -k 10 -o picks.parquet");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("feature `parquet`"), "{}", run.err);
}

#[test]
fn distances_and_assignment_are_of_every_row() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    let words = "select pool.npy -k 10 --labeled rows.txt --distances d.npy --assignment a.npy";
    let selection = library();
    assert_eq!(folder.run(words).rows(), selection.centers);
    assert_eq!(folder.numbers("d.npy"), selection.min_distances.unwrap());
    assert_eq!(folder.integers("a.npy"), selection.assignment.unwrap());
}

#[test]
fn the_report_is_a_page() {
    let folder = Folder::new();
    assert_eq!(folder.run("select pool.npy -k 10 --report report.html").code, 0);
    let page = folder.read("report.html");
    assert!(page.contains("<svg") && page.contains("select pool.npy -k 10"), "{}", page.len());
}

#[test]
fn the_summary_shows_the_coverage_curve() {
    let run = Folder::new().run("select pool.npy -k 10 -o picks.npy");
    assert!(run.err.starts_with("10 picks from 60 rows of 3 dimensions (f32) in "), "{}", run.err);
    assert!(run.err.contains("every row is within "), "{}", run.err);
    let table: Vec<&str> = run.err.lines().skip(2).collect();
    let of_all = run.err.lines().nth(1).unwrap();
    assert!(of_all.ends_with(" of a center, at most twice the least radius possible"), "{of_all}");
    assert!(table[0].ends_with("picks     radius"), "half of each radius is no news: {}", run.err);
    assert_eq!(table.len(), 5, "1, 2, 5 and 10 picks: {}", run.err);
}

#[test]
fn quiet_says_nothing() {
    let folder = Folder::new();
    assert_eq!(folder.run("select pool.npy -k 10 --quiet").err, "");
    assert_eq!(folder.run("select pool.npy -k 10 -q -o picks.npy").err, "");
}

#[test]
fn what_was_converted_is_noted() {
    let folder = Folder::new();
    let swapped: Vec<u8> = pool().iter().flat_map(|v| v.to_be_bytes()).collect();
    folder.npy("swapped.npy", ">f4", &[N, D], &swapped);
    let run = folder.run("select swapped.npy -k 10");
    assert!(run.err.starts_with("note: swapped.npy: "), "{}", run.err);
    assert_eq!(run.rows(), folder.run("select pool.npy -k 10").rows());
    assert_eq!(folder.run("select swapped.npy -k 10 -q").err, "");
}

/// Map coordinates a tenth apart: nothing is said of them, and files that select made of them are held to them.
#[test]
fn f64_pools_are_what_they_are() {
    let folder = Folder::new();
    let at = |i: usize| 5e6 + (i * 37 % (N * D)) as f64 / 10.0;
    let doubles: Vec<u8> = (0..N * D).flat_map(|i| at(i).to_le_bytes()).collect();
    folder.npy("doubles.npy", "<f8", &[N, D], &doubles);
    let run = folder.run("select doubles.npy -k 10 -o doubles.json");
    assert!(run.err.contains("dimensions (f64) in") && !run.err.contains("note"), "{}", run.err);
    let record: serde_json::Value = serde_json::from_str(&folder.read("doubles.json")).unwrap();
    assert_eq!(record["pool"]["dtype"], "f64");
    let verified = folder.run("verify doubles.npy doubles.json");
    assert_eq!(verified.code, 0, "{}", verified.err);
    #[expect(clippy::cast_possible_truncation, reason = "what f32 makes of them")]
    let single: Vec<u8> = (0..N * D).flat_map(|i| (at(i) as f32).to_le_bytes()).collect();
    folder.npy("doubles.npy", "<f4", &[N, D], &single);
    let other = folder.run("verify doubles.npy doubles.json");
    assert_ne!(other.code, 0);
    assert!(other.err.contains("f64") && other.err.contains("f32"), "{}", other.err);
}

#[test]
fn the_log_is_keys_and_values() {
    let run = Folder::new().run("select pool.npy -k 10 --log");
    let value = |key: &str| -> f64 {
        let line = run.err.lines().find_map(|line| line.strip_prefix(&format!("{key} ")));
        line.unwrap_or_else(|| panic!("{key} in {}", run.err)).parse().unwrap()
    };
    assert!(run.err.lines().any(|line| line.starts_with("device c")), "{}", run.err);
    assert!(value("rounds") >= 1.0);
    for key in ["reads_per_row", "refresh_evaluations_per_nk", "canonical_per_refreshed_row"] {
        assert!(value(key) >= 0.0);
    }
    assert!(value("seconds") > 0.0 && value("picks_per_second") > 0.0);
}

/// What was there before is replaced whole; links are followed.
#[test]
fn files_are_replaced_whole() {
    let folder = Folder::new();
    folder.text("picks.txt", &"old\n".repeat(1000));
    folder.run("select pool.npy -k 3 -o picks.txt");
    assert_eq!(folder.read("picks.txt").lines().count(), 3);
    assert_eq!(folder.names(), ["picks.txt", "pool.npy"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed() {
    let folder = Folder::new();
    folder.text("real.txt", "");
    std::os::unix::fs::symlink("real.txt", folder.path("link.txt")).unwrap();
    folder.run("select pool.npy -k 3 -o link.txt");
    assert_eq!(folder.read("real.txt").lines().count(), 3);
    assert!(fs::symlink_metadata(folder.path("link.txt")).unwrap().is_symlink());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_told() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/dev/full", folder.path("full.npy")).unwrap();
    let run = folder.run("select pool.npy -k 3 -q -o full.npy");
    run.fails(1, "error: full.npy: No space left on device (os error 28)");
}

/// A file that may not grow as far as it must: the picks are whole, the distances absent, nothing lies about.
#[cfg(unix)]
#[test]
fn nothing_is_left_half_written() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 2000 -d 2");
    folder.text("d.npy", "old");
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{PROGRAM}' select large.npy -k 3 -q -o picks.txt --distances d.npy"
    );
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(folder.root()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: d.npy: file too large"), "{said}");
    assert_eq!(folder.names(), ["d.npy", "large.npy", "picks.txt", "pool.npy"]);
    assert_eq!(folder.read("d.npy"), "old");
    assert_eq!(folder.read("picks.txt").lines().count(), 3);
}

/// `farpoint select ... | head -1`
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 30000 -d 1");
    let mut child = Command::new(PROGRAM)
        .args(["select", "large.npy", "-k", "30000", "-q"])
        .current_dir(folder.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    assert_eq!(&first, b"0\n");
}

/// Which rows are whose is told of many files: to the person, in the .json, on the page.
#[test]
fn files_are_named_with_their_first_rows() {
    let folder = Folder::new();
    fs::create_dir(folder.path("emb")).unwrap();
    for shard in 0..11 {
        fs::copy(folder.path("pool.npy"), folder.path(&format!("emb/shard_{shard}.npy"))).unwrap();
    }
    let run = folder.run("select emb -k 5 -o picks.json --report page.html");
    let files = "11 files in order of their names: shard_0.npy from row 0, shard_1.npy from row 60, shard_2.npy from row 120, \
                 shard_3.npy from row 180, shard_4.npy from row 240, shard_5.npy from row 300, shard_6.npy from row 360, ..., \
                 shard_10.npy from row 600";
    assert!(run.err.lines().any(|line| line == files), "{}", run.err);
    assert!(folder.read("page.html").contains(&format!("<dt>Files</dt><dd>{files}</dd>")));
    let note = "note: emb: its 11 files are read in order of the numbers in their names: emb/shard_9.npy comes before emb/shard_10.npy";
    assert!(run.err.starts_with(note), "{}", run.err);
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    let listed = json["pool"]["files"].as_array().unwrap();
    assert_eq!(listed.len(), 11);
    assert_eq!(listed[10], serde_json::json!({"path": "emb/shard_10.npy", "first_row": 600}));
    let plan = folder.run("plan emb -k 5");
    let lines: Vec<&str> = plan.out.lines().rev().take(12).map(str::trim).collect();
    assert_eq!((lines[0], lines[11]), ("600  emb/shard_10.npy", "first row  file"), "{}", plan.out);
    let verdict = folder.run("verify emb picks.json");
    assert!(verdict.code == 0 && verdict.err.starts_with(note), "{}{}", verdict.out, verdict.err);

    let one = folder.run("select pool.npy -k 5 -o picks.json --report page.html");
    assert!(!one.err.contains("file") && !folder.read("page.html").contains("<dt>Files</dt>"));
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert!(json["pool"].get("files").is_none());
    assert!(folder.run("select --help").out.contains("shard_2 before shard_10"));
}

/// What bytes are compared as is told of every pool of bytes, without a note on those that are nothing else.
#[test]
fn what_bytes_are_read_as_is_told() {
    let folder = Folder::new();
    folder.run("synth bytes.npy --shape unit -n 100 -d 8 --dtype u8");
    let run = folder.run("select bytes.npy -k 5");
    let line = "5 picks from 100 rows of 8 dimensions (u8, numbers from 0 to 255) in ";
    assert!(run.err.starts_with(line) && !run.err.contains("note"), "{}", run.err);
}

/// Picks that cover nothing more are counted, and a list of nothing is told.
#[test]
fn picks_of_equal_rows_are_told() {
    let folder = Folder::new();
    folder.vectors("few.npy", &[0.0, 5.0, 0.0, 9.0, 5.0, 0.0], 1);
    let note = "note: 2 of the 5 picks came when the radius was 0: each equals a center before it; --stop-radius 0 leaves them out";
    let run = folder.run("select few.npy -k 5 -o picks.json --report page.html");
    assert!(run.err.lines().any(|line| line == note), "{}", run.err);
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert_eq!(json["idle_picks"], 2);
    let page = folder.read("page.html");
    assert!(
        page.contains("2 picks were made at radius 0, where every row left is equal to a center.")
    );
    assert_eq!(folder.run("verify few.npy picks.json").code, 0);
    for words in ["-k 3", "-k 5 --stop-radius 0"] {
        let run = folder.run(&format!("select few.npy {words} --json"));
        assert!(!run.err.contains("note"), "{words}: {}", run.err);
        let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(
            (&json["idle_picks"], json["centers"].as_array().unwrap().len()),
            (&0.into(), 3)
        );
    }
    folder.text("all.txt", "0\n1\n3\n");
    let run = folder.run("select few.npy -k 2 --labeled all.txt --json");
    assert!(run.out.contains(r#""idle_picks":2"#), "{}", run.out);
    let run = folder.run("robust few.npy -k 5");
    assert!(run.err.contains("note: radius 0 needs no more than 3 of the 5 picks"), "{}", run.err);
    assert!(!folder.run("robust few.npy -k 3").err.contains("note"));
}

#[test]
fn lists_of_nothing_are_told() {
    let folder = Folder::new();
    folder.text("none.txt", "# nothing yet\n");
    folder.text("none.csv", "rank,row\n");
    for (words, note) in [
        ("--labeled none.txt", "none.txt: holds no rows: no row is labeled by it"),
        ("--labeled none.csv", "none.csv: holds no rows: no row is labeled by it"),
        // Nothing is labeled, so that there is a first center to choose.
        ("--labeled none.txt --first mean", "none.txt: holds no rows: no row is labeled by it"),
        ("--exclude none.txt", "none.txt: holds no rows: no row is excluded"),
        ("--resume none.txt", "none.txt: holds no picks to go on from"),
    ] {
        let run = folder.run(&format!("select pool.npy -k 3 {words}"));
        assert!(run.code == 0 && run.err.starts_with(&format!("note: {note}\n")), "{}", run.err);
        assert_eq!(folder.run(&format!("select pool.npy -k 3 -q {words}")).err, "");
    }
    let robust = folder.run("robust pool.npy -k 3 --labeled none.txt");
    assert!(robust.err.starts_with("note: none.txt: holds no rows"), "{}", robust.err);
    folder
        .run("select pool.npy -k 3 --weights none.txt")
        .fails(1, "error: weights: 0 given for 60 rows");
}

/// Equal rows are held once, and a run says how many different ones there are.
#[test]
fn different_rows_are_told_where_equal_ones_are_taken_together() {
    let folder = Folder::new();
    let (n, wide) = (20_000, 16);
    let value = |i: usize| (i / wide % 70 * (i % wide + 3) % 61) as f32 / 7.0;
    let values: Vec<f32> = (0..n * wide).map(value).collect();
    folder.npy("copies.npy", "<f4", &[n, wide], bytemuck::cast_slice(&values));
    let run = folder.run("select copies.npy -k 250 --log --report page.html -o picks.json");
    assert!(run.err.contains("\ndistinct_rows 61\n"), "{}", run.err);
    assert!(folder.read("page.html").contains("Different rows, each held once"));
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    assert_eq!(json["statistics"]["distinct_rows"], 61, "{json}");
}

/// A row of garbage is picked first, and said to be there.
#[test]
fn a_row_orders_beyond_the_rest_is_noted() {
    let folder = Folder::new();
    let wide = 12;
    let value = |i: usize| if i / wide == 7 { 1e20 } else { (i * 37 % 61) as f32 / 61.0 };
    let values: Vec<f32> = (0..N * wide).map(value).collect();
    folder.npy("garbage.npy", "<f4", &[N, wide], bytemuck::cast_slice(&values));
    let run = folder.run("select garbage.npy -k 5 --log");
    assert_eq!(run.rows()[1], 7);
    let note =
        "note: 1 row lies more than a million times as far from the middle as most: row 7, at ";
    assert!(run.err.lines().any(|line| line.starts_with(note)), "{}", run.err);
    assert!(run.err.contains("\nrows_beyond 1\nfarthest_beyond 7\n"), "{}", run.err);
    let report = folder.run("select garbage.npy -k 5 --report page.html");
    assert_eq!(report.code, 0, "{}", report.err);
    assert!(folder.read("page.html").contains("1 row lies more than a million times as far"));
    folder.text("exclude.txt", "7\n");
    let without = folder.run("select garbage.npy -k 5 --exclude exclude.txt");
    assert!(!without.err.contains("note"), "{}", without.err);
}
