//! `--skip-bad`: rows that hold NaN or nothing are left out, and keep their numbers.

use crate::folder::{D, Folder, N, pool};

const INPUT: i32 = 1;
const BAD: [usize; 3] = [0, 17, 18];

/// `bad.npy`, of which some rows hold NaN, and `exclude.txt`, which lists them; `good.npy`, which has other values there.
fn with_bad() -> Folder {
    let folder = Folder::new();
    let mut values = pool();
    folder.vectors("good.npy", &values, D);
    BAD.iter().for_each(|row| values[row * D + 1] = f32::NAN);
    folder.vectors("bad.npy", &values, D);
    folder.text("exclude.txt", &BAD.map(|row| format!("{row}\n")).concat());
    folder
}

#[test]
fn the_answer_is_that_of_excluded_rows() {
    let folder = with_bad();
    let right = folder.run("select good.npy -k 12 --exclude exclude.txt");
    let run = folder.run("select bad.npy -k 12 --skip-bad");
    assert_eq!((run.code, &run.out), (0, &right.out), "{}", run.err);
    let note = format!(
        "note: 3 of {N} rows are left out, which hold NaN, infinity or nothing: the first is row 0"
    );
    assert!(run.err.lines().any(|line| line == note), "{}", run.err);
    // A row may be listed as well; the budget is of the rows of the file.
    let both = folder.run("select bad.npy -k 12 --skip-bad --exclude exclude.txt");
    assert_eq!((both.code, both.out), (0, right.out), "{}", both.err);
    let all = folder.run("select bad.npy --stop-radius 0 --skip-bad").rows();
    assert!(all.len() <= N - BAD.len() && all.iter().all(|row| !BAD.contains(row)));
}

#[test]
fn a_record_remembers_it() {
    let folder = with_bad();
    let run =
        folder.run("select bad.npy -k 9 --skip-bad -o p.json --distances d.npy --report p.html");
    assert_eq!(run.code, 0, "{}", run.err);
    let distances = folder.numbers("d.npy");
    assert!((0..N).all(|row| distances[row].is_nan() == BAD.contains(&row)));
    assert!(!folder.read("p.html").contains("NaN,"));
    let run = folder.run("verify bad.npy p.json");
    assert_eq!(run.code, 0, "{}", run.err);
    let bound =
        "--loss-lipschitz 1 --regression-lipschitz 1 --loss-bound 2 --classes 10 --gamma 0.05";
    let run = folder.run(&format!("bound bad.npy p.json {bound}"));
    assert!(
        run.code == 0 && run.out.contains(&(N - BAD.len()).to_string()),
        "{}{}",
        run.out,
        run.err
    );
    let robust = folder
        .run("robust bad.npy -k 9 --outliers 2 --time-limit 5 --skip-bad --certificate c.json -q");
    assert_eq!(robust.code, 0, "{}", robust.err);
    let run = folder.run("verify bad.npy --certificate c.json --skip-bad");
    assert_eq!(run.code, 0, "{}", run.err);
    let run = folder.run("plan bad.npy -k 9 --skip-bad");
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn what_is_told_without_it() {
    let folder = with_bad();
    folder.run("select bad.npy -k 2").fails(
        INPUT,
        "error: bad.npy: row 0 holds NaN at dimension 1; every value must be finite; --skip-bad leaves such rows out",
    );
    folder.text("labeled.txt", "17\n");
    folder.run("select bad.npy -k 2 --skip-bad --labeled labeled.txt -q").fails(
        INPUT,
        "error: labeled row 17 was left out of the pool, since it has no distance to others",
    );
}
