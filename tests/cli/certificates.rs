//! `verify --certificate`: says yes to a true proof of this very question, and no to anything else.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::folder::Folder;

const REFUSED: i32 = 3;
const WORDS: &str = "verify line.npy --certificate proof.json";

/// Rows on a line, row 5 labeled and row 6 excluded; two centers that leave one row out cannot do better than 1.
fn line() -> (Folder, Value) {
    let folder = Folder::new();
    folder.vectors("line.npy", &[0.0, 1.0, 2.0, 9.0, 10.0, 30.0, 50.0, 31.0, 100.0], 1);
    folder.text("rows.txt", "5\n");
    folder.text("not.txt", "6\n");
    let run = folder.run("select line.npy -k 2 --labeled rows.txt --exclude not.txt --json -q");
    let selection: Value = serde_json::from_str(&run.out).unwrap();
    let proof = json!({
        "farpoint": "0.1.0",
        "pool": selection["pool"],
        "options": selection["options"],
        "certificate": {
            "budget": 2,
            "outliers": 1,
            "centers": [1, 3],
            "upper": 1.0,
            "uncovered": [8],
            "lower": 1.0,
            "lower_by": "dual",
            "dual": { "radius": 1.0, "denominator": 1, "weights": [[0, 1], [2, 1], [4, 1], [7, 1]] },
        },
    });
    folder.text("proof.json", &proof.to_string());
    (folder, proof)
}

#[test]
fn a_true_certificate_is_accepted() {
    let (folder, mut proof) = line();
    let right = |words: &str, line: &str| {
        let run = folder.run(words);
        assert_eq!((run.code, &*run.out, &*run.err), (0, line, ""), "{words}");
    };
    let optimal = "ok: optimal: radius 1 proven; 2 of 2 centers, 1 of 1 outliers\n";
    right(WORDS, optimal);
    right(&format!("{WORDS} -k 2 --labeled rows.txt --threads 2"), optimal);
    let certificate = &mut proof["certificate"];
    certificate["centers"] = json!([0]);
    certificate["upper"] = json!(10);
    certificate["lower"] = json!(1.5);
    certificate["lower_by"] = json!("branch_and_bound");
    folder.text("proof.json", &proof.to_string());
    right(
        WORDS,
        "ok: between 1 (proven; 1.5 by branch and bound, not checked here) and 10; 1 of 2 centers, 1 of 1 outliers\n",
    );
}

/// The files a certificate names are found beside it too.
#[test]
fn the_certificate_may_have_moved_with_its_files() {
    let (folder, _) = line();
    fs::create_dir(folder.path("sub")).unwrap();
    for name in ["proof.json", "rows.txt", "not.txt"] {
        fs::rename(folder.path(name), folder.path("sub").join(name)).unwrap();
    }
    let run = folder.run("verify line.npy --certificate sub/proof.json");
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

/// Every number of it is checked.
#[test]
fn a_tampered_certificate_is_refused() {
    let (folder, proof) = line();
    let refused = |change: &dyn Fn(&mut Value), why: &str| {
        let mut proof = proof.clone();
        change(&mut proof["certificate"]);
        folder.text("proof.json", &proof.to_string());
        let run = folder.run(WORDS);
        assert_eq!((run.code, run.out, &*run.err), (REFUSED, format!("wrong: {why}\n"), ""));
    };
    refused(&|c| c["centers"] = json!([1, 5]), "center 2 is row 5, which is labeled");
    refused(&|c| c["upper"] = json!(1.25), "the radius reached is 1, not 1.25");
    refused(
        &|c| c["uncovered"] = json!([]),
        "row 8 is at 70 from its nearest center, beyond 1, and not among the uncovered",
    );
    refused(
        &|c| c["lower"] = json!(0.5),
        "the lower bound 0.5 is said to rest on weights, which are of radius 1",
    );
    refused(
        &|c| c["dual"]["weights"] = json!([[0, 1], [2, 1], [4, 1]]),
        "the weights sum to 3, which 2 centers of 1 and 1 outliers of 1 may account for",
    );
}

#[test]
fn other_options_are_another_question() {
    let (folder, _) = line();
    let refused = |words: &str, why: &str| {
        let run = folder.run(&format!("{WORDS} {words}"));
        assert_eq!((run.code, run.out, &*run.err), (REFUSED, format!("wrong: {why}\n"), ""));
    };
    refused("-k 3", "the certificate is of budget 2, and the options say 3");
    folder.text("more.txt", "5\n8\n");
    refused("--labeled more.txt", "uncovered row 1 is row 8, which is labeled");
    folder.weights("weights.npy", &[1.0; 9]);
    let takes_no =
        |what: &str| format!("error: a robust selection takes no {what}, nor does its proof");
    folder.run(&format!("{WORDS} --weights weights.npy")).fails(1, &takes_no("weights"));
    folder.run(&format!("{WORDS} --stop-radius 1")).fails(1, &takes_no("stop radius"));
    folder
        .run(&format!("{WORDS} -k 0"))
        .fails(2, "error: budget 0 selects nothing: give a budget of at least 1");
}

#[test]
fn the_budget_is_said_twice_alike() {
    let (folder, proof) = line();
    for (budget, said) in [(json!(null), "no budget"), (json!(4), "4")] {
        let mut proof = proof.clone();
        proof["options"]["budget"] = budget;
        folder.text("proof.json", &proof.to_string());
        let run = folder.run(WORDS);
        let line = format!("wrong: the certificate is of budget 2, and the options say {said}\n");
        assert_eq!((run.code, run.out), (REFUSED, line));
    }
}

#[test]
fn another_pool_or_changed_files_are_errors() {
    let (folder, _) = line();
    folder.vectors("other.npy", &[1.0; 9], 1);
    folder.run("verify other.npy --certificate proof.json").fails(
        1,
        "error: proof.json: is of a pool with other values (line.npy): the hashes differ",
    );
    folder
        .run("verify pool.npy --certificate proof.json")
        .fails(1, "error: proof.json: is of a pool of 9 x 1 f32, this pool is 60 x 3 f32");
    folder.text("rows.txt", "4\n");
    folder.run(WORDS).fails(1, "error: proof.json: names rows.txt, which has changed since");
    fs::remove_file(folder.path("rows.txt")).unwrap();
    let run = folder.run(WORDS);
    assert!(run.code == 1 && run.err.starts_with("error: rows.txt: "), "{}", run.err);
}

#[test]
fn picks_or_a_certificate() {
    let (folder, _) = line();
    folder
        .run("verify line.npy")
        .fails(2, "error: give picks or --certificate: there is nothing to check");
    let both = folder.run("verify line.npy rows.txt --certificate proof.json");
    assert_eq!((both.code, &*both.out), (2, ""), "{}", both.err);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}

/// Each kind of answer says how it is checked.
#[test]
fn one_kind_of_answer_given_as_another() {
    let (folder, proof) = line();
    let mut robust = proof.clone();
    robust["robust"] = json!({ "outliers": 1 });
    robust["centers"] = json!([1, 3]);
    folder.text("robust.json", &robust.to_string());
    let line = "error: robust.json: is a robust selection, which is not in greedy's order: check the certificate that \
                `farpoint robust --certificate` wrote with it, by `farpoint verify --certificate`";
    folder.run("verify line.npy robust.json").fails(1, line);
    folder.run("select line.npy -k 3 --resume robust.json").fails(1, line);
    folder.run("verify line.npy proof.json").fails(
        1,
        "error: proof.json: is a certificate: check it by `farpoint verify --certificate`",
    );
    folder.run("select line.npy -k 2 -o picks.json");
    for name in ["picks.json", "robust.json"] {
        let run = folder.run(&format!("verify line.npy --certificate {name}"));
        assert_one_line(
            &run.err,
            &format!("error: {name}: not a certificate that farpoint wrote: "),
        );
    }
}

#[track_caller]
fn assert_one_line(err: &str, start: &str) {
    assert!(err.starts_with(start) && err.lines().count() == 1, "{start}: {err}");
}

/// Truncated, of another type, holding what no number is, with a key twice or one too many: one line that names the file.
#[test]
fn a_damaged_file_is_named() {
    let (folder, proof) = line();
    let text = proof.to_string();
    let mut damaged: Vec<String> = ["", "noise", "[1, 2]", "7", "null", "{}", "\u{0}\u{0}"]
        .map(String::from)
        .into_iter()
        .chain([&text[..text.len() / 2], &text[..text.len() - 1]].map(String::from))
        .chain([format!("{text}{text}"), "[".repeat(100_000)])
        .collect();
    for (was, is) in [
        (r#""upper":1.0"#, r#""upper":null"#),
        (r#""upper":1.0"#, r#""upper":"1.0""#),
        (r#""upper":1.0"#, r#""upper":1e999"#),
        (r#""upper":1.0"#, r#""upper":NaN"#),
        (r#""upper":1.0"#, r#""upper":1.0,"upper":1.0"#),
        (r#","upper":1.0"#, ""),
        (r#""outliers":1"#, r#""outliers":-1"#),
        (r#""outliers":1"#, r#""outliers":1.0"#),
        (r#""outliers":1"#, r#""outliers":18446744073709551616"#),
        (r#""outliers":1"#, r#""outliers":1,"more":1"#),
        (r#""lower_by":"dual""#, r#""lower_by":"hope""#),
        (r#""denominator":1"#, r#""denominator":1,"denominator":1"#),
        (r#""denominator":1"#, r#""denominator":1,"more":1"#),
        (r#""weights":[["#, r#""weights":[[0],["#),
        (r#""weights":[["#, r#""weights":[[0,1,1],["#),
        (r#""metric":"euclidean""#, r#""metric":"hamming""#),
        (r#""metric":"euclidean""#, r#""metric":"euclidean","metric":"cosine""#),
        (r#""metric":"euclidean""#, r#""metric":"euclidean","more":1"#),
        (r#""farpoint":"0.1.0""#, r#""farpoint":"0.1.0","more":1"#),
        (r#""farpoint":"0.1.0""#, r#""farpoint":"0.1.0","pool":{}"#),
        (r#""dtype":"f32""#, r#""dtype":"f32","more":1"#),
        (r#""count":1"#, r#""count":1,"more":1"#),
    ] {
        assert!(text.contains(was), "{was}: {text}");
        damaged.push(text.replacen(was, is, 1));
    }
    for text in damaged {
        folder.text("proof.json", &text);
        let run = folder.run(WORDS);
        assert_eq!((run.code, &*run.out), (1, ""), "{text}");
        assert_one_line(&run.err, "error: proof.json: not a certificate that farpoint wrote: ");
    }
}

#[test]
fn what_is_no_file_or_too_large_is_named() {
    let (folder, _) = line();
    fs::create_dir(folder.path("folder.json")).unwrap();
    File::create(folder.path("huge.json")).unwrap().set_len((1 << 30) + 1).unwrap();
    for name in ["absent.json", "folder.json", "huge.json"] {
        let run = folder.run(&format!("verify line.npy --certificate {name}"));
        assert_eq!((run.code, &*run.out), (1, ""), "{name}");
        assert_one_line(&run.err, &format!("error: {name}: "));
    }
    let huge = folder.run("verify line.npy --certificate huge.json");
    huge.fails(
        1,
        "error: huge.json: has 1073741825 bytes, and no certificate has more than 1073741824",
    );
}
