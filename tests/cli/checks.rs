//! `verify`: says yes to what `select` wrote, and no to anything else.

use crate::folder::{Folder, N, with_parquet};

const REFUSED: i32 = 3;

fn weighted() -> Folder {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.text("more.txt", "0\n1\n");
    let weights: Vec<f32> = (0..N).map(|row| 1.0 + (row % 3) as f32).collect();
    folder.weights("weights.npy", &weights);
    folder
}

const OPTIONS: &str =
    "--labeled rows.txt --exclude more.txt --weights weights.npy --metric cosine --stop-radius 0.1";

#[test]
fn the_json_says_its_options() {
    let folder = weighted();
    folder.run(&format!("select pool.npy -k 12 {OPTIONS} -o picks.json"));
    let run = folder.run("verify pool.npy picks.json");
    assert!(
        run.code == 0 && run.out.starts_with("ok: 12 picks, radius "),
        "{}{}",
        run.out,
        run.err
    );
    assert!(run.out.contains("proven lower bound"), "{}", run.out);
    assert_eq!((run.out.lines().count(), &*run.err), (1, ""));
}

#[test]
fn other_formats_need_them_told() {
    let folder = weighted();
    for name in with_parquet(&["picks.npy", "picks.txt", "picks.csv"], "picks.parquet") {
        folder.run(&format!("select pool.npy -k 12 {OPTIONS} -o {name}"));
        assert_eq!(folder.run(&format!("verify pool.npy {name} {OPTIONS}")).code, 0, "{name}");
        assert_eq!(folder.run(&format!("verify pool.npy {name}")).code, REFUSED, "{name}");
    }
}

/// Without its options a first pick seems wrong for no reason.
#[test]
fn options_that_may_have_been_forgotten_are_named() {
    let folder = weighted();
    let hint = ": were they made with --labeled, --labeled-vectors or --first, say so here, too\n";
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.txt");
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.json");
    for (words, is_hinted) in [
        ("picks.txt", true),
        ("picks.txt --first row:9", false),
        ("picks.txt --labeled more.txt", false),
        ("picks.json --labeled more.txt", false),
    ] {
        let run = folder.run(&format!("verify pool.npy {words}"));
        assert_eq!((run.code, run.out.ends_with(hint)), (REFUSED, is_hinted), "{}", run.out);
    }
}

#[test]
fn every_first_center_is_known_to_the_json() {
    let folder = weighted();
    for first in ["lowest", "row:9", "mean", "random --seed 8", "heaviest --weights weights.npy"] {
        folder.run(&format!("select pool.npy -k 12 --first {first} -o picks.json"));
        let run = folder.run("verify pool.npy picks.json --threads 2");
        assert_eq!(run.code, 0, "{first}: {}{}", run.out, run.err);
    }
}

/// The files a .json names are found beside it too.
#[test]
fn the_json_may_have_moved_with_its_files() {
    let folder = weighted();
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.json");
    std::fs::create_dir(folder.path("sub")).unwrap();
    for name in ["picks.json", "rows.txt"] {
        std::fs::rename(folder.path(name), folder.path("sub").join(name)).unwrap();
    }
    assert_eq!(folder.run("verify pool.npy sub/picks.json").code, 0);
}

#[test]
fn a_wrong_pick_is_named() {
    let folder = Folder::new();
    let rows = folder.run("select pool.npy -k 12").rows();
    for position in 0..11 {
        let mut wrong = rows.clone();
        wrong.swap(position, position + 1);
        folder.text("wrong.txt", &wrong.iter().map(|row| format!("{row}\n")).collect::<String>());
        let run = folder.run("verify pool.npy wrong.txt");
        assert_eq!((run.code, &*run.err), (REFUSED, ""));
        let expected = format!("wrong: pick {} is row {} at ", position + 1, rows[position + 1]);
        assert!(run.out.starts_with(&expected), "{}", run.out);
        assert!(
            run.out.contains(&format!("greedy chooses row {} at ", rows[position])),
            "{}",
            run.out
        );
    }
}

/// Every number of the .json is checked, not only its rows.
#[test]
fn a_tampered_json_is_refused() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.json");
    let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value), why: &str| {
        let mut json = json.clone();
        change(&mut json);
        folder.text("changed.json", &json.to_string());
        let run = folder.run("verify pool.npy changed.json");
        assert_eq!(run.code, REFUSED, "{why}: {}", run.err);
        assert!(run.out.contains(why), "{why}: {}", run.out);
    };
    refused(&|json| json["radii"][4] = 0.5.into(), "the radius after pick 5 is ");
    refused(&|json| json["initial_radius"] = 0.5.into(), "the initial radius is ");
    refused(&|json| json["idle_picks"] = 3.into(), "0 picks were made at radius 0, not 3");
    refused(&|json| json["lower_bounds"][2] = 0.5.into(), "the lower bound after pick 3 is ");
    refused(&|json| json["farthest"] = 7.into(), "the farthest row is ");
    refused(&|json| json["options"]["budget"] = 13.into(), "there are 12 picks for a budget of 13");
    refused(&|json| json["options"]["budget"] = 11.into(), "there are 12 picks for a budget of 11");
    let shorten = |json: &mut serde_json::Value| {
        json["radii"].as_array_mut().unwrap().pop();
    };
    refused(&shorten, "the last radius is missing");
}

/// Lower bounds as an engine with one slip would give them, all else right: the first that is off is named.
#[test]
fn lower_bounds_of_a_slip_are_refused() {
    let folder = weighted();
    for (options, right, slips) in [
        ("", unweighted as Bound, UNWEIGHTED),
        ("--weights weights.npy", over_the_largest_ratio, WEIGHTED),
    ] {
        folder.run(&format!("select pool.npy -k 12 {options} -o picks.json"));
        let json: serde_json::Value = serde_json::from_str(&folder.read("picks.json")).unwrap();
        let run = |bound: Bound| {
            let mut json = json.clone();
            json["lower_bounds"] = (0..12).map(|t| bound(&Picked::of(&json, t))).collect();
            folder.text("bounds.json", &json.to_string());
            folder.run("verify pool.npy bounds.json")
        };
        assert_eq!(run(right).code, 0);
        for (slip, bound) in slips {
            let run = run(*bound);
            assert_eq!(run.code, REFUSED, "{slip}: {}{}", run.out, run.err);
            assert!(
                run.out.starts_with("wrong: the lower bound after pick "),
                "{slip}: {}",
                run.out
            );
        }
    }
}

/// What the bound after pick `t` is made of: the radius, and the weights of the picks so far and of the row farthest from them.
struct Picked {
    radius: f64,
    weights: Vec<f64>,
}

impl Picked {
    /// The weights are those of [`weighted`].
    fn of(json: &serde_json::Value, t: usize) -> Picked {
        let rows = json["centers"].as_array().unwrap().iter().chain([&json["farthest"]]);
        let weight = |row: &serde_json::Value| 1.0 + (row.as_u64().unwrap() % 3) as f64;
        Picked {
            radius: json["radii"][t].as_f64().unwrap(),
            weights: rows.take(t + 2).map(weight).collect(),
        }
    }

    /// The largest of `ratio(earlier, later)`.
    fn largest(&self, ratio: fn(f64, f64) -> f64) -> f64 {
        let pairs = |j: usize| (0..j).map(move |i| (i, j));
        let all = (0..self.weights.len()).flat_map(pairs);
        all.map(|(i, j)| ratio(self.weights[i], self.weights[j])).fold(0.0, f64::max)
    }

    /// `radius / (1 + ratio)`, rounded as docs/contract.md says.
    fn over_one_and(&self, ratio: f64) -> f64 {
        match ratio {
            1.0 => self.radius / 2.0,
            _ => (self.radius / (1.0 + ratio.next_up()).next_up()).next_down(),
        }
    }
}

type Bound = fn(&Picked) -> f64;

fn unweighted(picked: &Picked) -> f64 {
    picked.radius / 2.0
}

const UNWEIGHTED: &[(&str, Bound)] = &[
    ("not halved", |picked| picked.radius),
    ("a third", |picked| picked.radius / 3.0),
    ("a step above", |picked| (picked.radius / 2.0).next_up()),
];

fn over_the_largest_ratio(picked: &Picked) -> f64 {
    picked.over_one_and(picked.largest(|earlier, later| later / earlier))
}

const WEIGHTED: &[(&str, Bound)] = &[
    ("half, whatever the weights", unweighted),
    ("of ratios upside down", |picked| {
        picked.over_one_and(picked.largest(|earlier, later| earlier / later))
    }),
    ("of neighbours alone", |picked| {
        let [.., earlier, later] = picked.weights[..] else { unreachable!("there are two") };
        picked.over_one_and(later / earlier)
    }),
    ("of the picks without the farthest row", |picked| {
        let weights = picked.weights[..picked.weights.len() - 1].to_vec();
        over_the_largest_ratio(&Picked { weights, ..*picked })
    }),
    ("rounded to nearest", |picked| {
        picked.radius / (1.0 + picked.largest(|earlier, later| later / earlier))
    }),
];

#[test]
fn picks_past_the_stop_radius_are_refused() {
    let folder = Folder::new();
    folder.run("select pool.npy -k 12 -o picks.txt");
    let run = folder.run("verify pool.npy picks.txt --stop-radius 1000000");
    assert_eq!(run.code, REFUSED);
    assert!(run.out.contains("within the stop radius 1000000"), "{}", run.out);
}

#[test]
fn another_pool_or_changed_files_are_errors() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n3\n");
    folder.run("select pool.npy -k 12 --labeled rows.txt -o picks.json");
    folder.vectors("other.npy", &[1.0; N * 3], 3);
    folder.run("verify other.npy picks.json").fails(
        1,
        "error: picks.json: is of a pool with other values (pool.npy): the hashes differ",
    );
    folder.text("rows.txt", "7\n4\n");
    folder
        .run("verify pool.npy picks.json")
        .fails(1, "error: picks.json: names rows.txt, which has changed since");
    folder.text("damaged.json", "{\"centers\": [1, 2]}");
    let damaged = folder.run("verify pool.npy damaged.json");
    assert_eq!(damaged.code, 1);
    assert!(damaged.err.starts_with("error: damaged.json: not a selection that farpoint wrote"));
}

/// Without a budget a .txt may be the start of any longer run; a .json says how long the run was to be.
#[test]
fn too_few_picks_are_refused_where_the_budget_is_known() {
    let folder = Folder::new();
    folder.run("select pool.npy -k 12 -o picks.txt");
    assert_eq!(folder.run("verify pool.npy picks.txt").code, 0);
    assert_eq!(folder.run("verify pool.npy picks.txt --stop-radius 0.5").code, 0);
    assert_eq!(folder.run("verify pool.npy picks.txt -k 12").code, 0);
    let run = folder.run("verify pool.npy picks.txt -k 13");
    assert_eq!(run.code, REFUSED);
    assert!(run.out.starts_with("wrong: there are 12 picks for a budget of 13"), "{}", run.out);
    folder.run("select pool.npy --stop-radius 6 -o stopped.json");
    assert_eq!(folder.run("verify pool.npy stopped.json").code, 0);
}

/// The labeled rows may be enough.
#[test]
fn no_picks_can_be_right() {
    let folder = Folder::new();
    folder.text("rows.txt", "7\n");
    for name in with_parquet(&["none.json", "none.npy", "none.csv", "none.txt"], "none.parquet") {
        let words = "pool.npy --labeled rows.txt --stop-radius 1000";
        let run = folder.run(&format!("select {words} -o {name}"));
        assert_eq!((run.code, &*run.out), (0, ""), "{name}: {}", run.err);
        let options = "--labeled rows.txt --stop-radius 1000";
        let run = folder.run(&format!("verify pool.npy {name} {options}"));
        assert_eq!(run.code, 0, "{name}: {}{}", run.out, run.err);
    }
}

/// A limit under which the pool stays in its file.
#[test]
fn a_pool_that_memory_cannot_hold_is_checked_too() {
    let folder = Folder::new();
    folder.run("synth large.npy --shape sift -n 200000 -d 64");
    assert_eq!(folder.run("select large.npy -k 40 -o picks.txt").code, 0);
    let run = folder.run("verify large.npy picks.txt --memory 260MB --quiet");
    assert!(run.code == 0 && run.out.starts_with("ok: 40 picks"), "{}{}", run.out, run.err);
    let mut picks: Vec<&str> = Vec::new();
    let text = folder.read("picks.txt");
    picks.extend(text.lines());
    picks.swap(20, 30);
    folder.text("wrong.txt", &picks.join("\n"));
    let run = folder.run("verify large.npy wrong.txt --memory 260MB");
    assert!(run.code == REFUSED && run.out.starts_with("wrong: pick 21 "), "{}", run.out);
}

/// What `Selection.to_json` of the Python package writes: no pool, and no options.
#[test]
fn a_selection_that_python_wrote() {
    let folder = Folder::new();
    assert_eq!(folder.run("select pool.npy -k 5 -o own.json").code, 0);
    let own: serde_json::Value = serde_json::from_str(&folder.read("own.json")).unwrap();
    let kept = ["centers", "radii", "initial_radius", "lower_bounds", "farthest", "interrupted"];
    let mut python = serde_json::Map::new();
    for key in kept {
        python.insert(key.into(), own[key].clone());
    }
    folder.text("python.json", &serde_json::to_string(&python).unwrap());
    let right = folder.run("verify pool.npy python.json");
    assert_eq!(right.code, 0, "{}{}", right.out, right.err);
    let on = folder.run("select pool.npy -k 8 --resume python.json").rows();
    assert_eq!(on, folder.run("select pool.npy -k 8").rows());
    let words =
        "--loss-lipschitz 1 --regression-lipschitz 1 --loss-bound 2 --classes 10 --gamma 0.05";
    let bound = folder.run(&format!("bound pool.npy python.json {words} --json"));
    assert_eq!(bound.out, folder.run(&format!("bound pool.npy own.json {words} --json")).out);
    assert_eq!(bound.code, 0, "{}", bound.err);
    python["radii"][2] = 1.into();
    folder.text("python.json", &serde_json::to_string(&python).unwrap());
    assert_eq!(folder.run("verify pool.npy python.json").code, 3);
}
