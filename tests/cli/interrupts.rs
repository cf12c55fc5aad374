//! Ctrl-C: the picks made so far are written, and the run can go on from them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::folder::{Folder, PROGRAM};

const INTERRUPTED: Option<i32> = Some(130);

pub fn start(folder: &Folder, words: &str) -> Child {
    Command::new(PROGRAM)
        .args(words.split_whitespace())
        .current_dir(folder.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Start, wait until it selects, interrupt. Gives the exit code, stdout, and what it said from then on.
fn interrupt(folder: &Folder, words: &str, kind: &str) -> (Option<i32>, String, String) {
    let mut child = start(folder, words);
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("open_seconds"), "{line}");
    signal(&child, kind);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), rest)
}

/// More picks than a round makes, so that there is a round to stop after.
const SELECT: &str = "select large.npy -k 6000 --log";

fn large() -> Folder {
    let folder = Folder::new();
    folder.run("synth large.npy --shape gaussian -n 12000 -d 64");
    folder
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn the_prefix_is_written_and_resumed() {
    let folder = large();
    let (code, out, said) = interrupt(&folder, &format!("{SELECT} -o part.txt"), "-INT");
    assert_eq!((code, &*out), (INTERRUPTED, ""), "{said}");
    let part = folder.read("part.txt");
    let picks = part.lines().count();
    assert!((1..6000).contains(&picks));
    let how = format!(
        "interrupted after {picks} picks: go on with the same options and --resume part.txt"
    );
    assert!(said.contains(&how), "{said}");
    let on = said.lines().find_map(|line| line.strip_prefix("farpoint select ")).unwrap();
    assert!(on.ends_with(" -o part.txt --resume part.txt"), "{said}");

    assert_eq!(folder.run(&format!("{SELECT} -o whole.txt")).code, 0);
    let whole = folder.read("whole.txt");
    assert_eq!(lines(&part), lines(&whole)[..picks]);
    assert_eq!(folder.run(&format!("select {on}")).code, 0, "{on}");
    assert_eq!(folder.read("part.txt"), whole);
}

#[test]
fn every_output_says_that_it_is_a_prefix() {
    let folder = large();
    let words = format!("{SELECT} -o part.json --report part.html");
    let (code, _, said) = interrupt(&folder, &words, "-TERM");
    assert_eq!(code, INTERRUPTED, "{said}");
    let json: serde_json::Value = serde_json::from_str(&folder.read("part.json")).unwrap();
    assert_eq!(json["interrupted"], true);
    assert!(folder.path("part.html").exists());
    let verdict = folder.run("verify large.npy part.json");
    assert_eq!(verdict.code, 0, "{}{}", verdict.out, verdict.err);
}

#[test]
fn rows_made_so_far_go_to_stdout() {
    let folder = large();
    let (code, out, said) = interrupt(&folder, SELECT, "-INT");
    assert_eq!(code, INTERRUPTED, "{said}");
    assert_eq!(lines(&out)[0], "0");
    assert!(lines(&out).len() < 6000);
}

/// The second Ctrl-C may come while a file is written: it is there whole or not at all, and nothing else is.
#[test]
fn a_second_interrupt_leaves_nothing_half_written() {
    let folder = large();
    let before = folder.names();
    let mut child = start(&folder, "select large.npy -k 3000 --log -o picks.json");
    let mut said = BufReader::new(child.stderr.take().unwrap());
    said.read_line(&mut String::new()).unwrap();
    // The file being written, or already there.
    while folder.names() == before {}
    for _ in 0..3 {
        signal(&child, "-INT");
    }
    said.read_to_string(&mut String::new()).unwrap();
    child.wait().unwrap();
    let names: Vec<String> = folder.names().into_iter().filter(|n| n != "picks.json").collect();
    assert_eq!(names, before);
}

/// Nothing is chosen yet: nothing is written. The labeled rows come from a pipe that stays open.
#[test]
fn an_interrupt_while_files_are_read_ends_at_once() {
    let folder = Folder::new();
    let pipe = folder.path("rows.txt");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = start(&folder, "select pool.npy -k 5 --labeled rows.txt -o picks.txt");
    // Opens once the program has opened its end, which it does after it listens for signals.
    let mut rows = File::options().write(true).open(&pipe).unwrap();
    rows.write_all(b"7\n").unwrap();
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), INTERRUPTED);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "interrupted\n");
    assert!(!folder.path("picks.txt").exists());
}
