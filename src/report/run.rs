//! The run's settings, its counts, and where its time went.

use super::About;
use super::files::files;
use super::format::{count, escape, number, percent};
use super::words::absent;
use crate::options::{First, Metric, Options};
use crate::pool::Pool;
use crate::robust::{Candidates, RobustOptions, RobustSelection};
use crate::selection::Selection;

/// A list of names and values.
fn list(facts: &[(String, String)]) -> String {
    let lines: String = facts
        .iter()
        .map(|(name, value)| {
            format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
        })
        .collect();
    format!("<dl>{lines}</dl>")
}

fn fact(name: &str, value: String) -> (String, String) {
    (name.into(), value)
}

/// The pool, the options that are not their defaults, what more was `asked`, and what the caller adds.
pub(super) fn settings(pool: &Pool, about: &About, asked: &[(String, String)]) -> String {
    let shape =
        format!("{} × {} {}", count(pool.rows()), count(pool.dimensions()), pool.dtype().name());
    let mut facts = vec![fact("Pool", format!("{} ({shape})", about.pool))];
    facts.extend(
        Some(files(pool)).filter(|files| !files.is_empty()).map(|files| fact("Files", files)),
    );
    facts.extend(option_facts(about.options));
    facts.extend_from_slice(asked);
    facts.extend_from_slice(about.facts);
    let command = match about.command {
        "" => String::new(),
        command => format!("<pre class=\"command\"><code>{}</code></pre>", escape(command)),
    };
    list(&facts) + &command
}

fn option_facts(options: &Options) -> Vec<(String, String)> {
    let metric = match options.metric {
        Metric::Euclidean => "euclidean",
        Metric::Cosine => "cosine (radii are chords; cosine distance is half the square)",
    };
    let labeled = options.labeled.len();
    let vectors = options.labeled_vectors.map_or(0, Pool::rows);
    let mut facts = vec![fact("Metric", metric.into())];
    let mut some = |there: bool, name: &str, value: String| {
        if there {
            facts.push(fact(name, value));
        }
    };
    some(labeled + vectors == 0, "First center", first_center(options));
    some(labeled > 0, "Labeled rows", count(labeled));
    some(vectors > 0, "Labeled vectors", count(vectors));
    some(!options.excluded.is_empty(), "Excluded rows", count(options.excluded.len()));
    some(options.weights.is_some(), "Weights", "one a row".into());
    some(
        !options.resume.is_empty(),
        "Resumed after",
        format!("{} picks", count(options.resume.len())),
    );
    if let Some(stop) = options.stop_radius {
        facts.push(fact("Stop radius", number(stop)));
    }
    facts
}

fn first_center(options: &Options) -> String {
    match options.first {
        First::Lowest => "the lowest row".into(),
        First::Row(row) => format!("row {row}"),
        First::Mean => "the row nearest the mean".into(),
        First::Heaviest => "the row of largest weight".into(),
        First::Random => format!("a random row, seed {}", options.seed),
        First::FarthestFromMean => "the row farthest from the mean".into(),
        First::FarthestPair => "the lower of the two farthest rows".into(),
        First::Loneliest => "the row whose nearest other row is farthest".into(),
    }
}

/// The counts behind the run's speed, or a sentence where none were kept.
pub(super) fn statistics(pool: &Pool, selection: &Selection) -> String {
    let s = &selection.statistics;
    if s.rounds == 0 {
        return absent("This run kept no counts.");
    }
    let (n, k) = (pool.rows() as f64, selection.centers.len() as f64);
    let picking = s.refresh_evaluations + s.pick_evaluations - s.settle_evaluations;
    let of_plain = |evaluations: u64| percent(evaluations as f64, n * k);
    let rounds = format!("{}, {:.1} picks each", count(s.rounds), k / s.rounds as f64);
    let mut facts = vec![
        fact("Rounds", rounds),
        fact("Distances needed", format!("{} of the plain loop's n × k", of_plain(picking))),
        fact(
            "Times each row was read",
            format!("{:.1}, not {}", s.row_reads as f64 / n, count(selection.centers.len())),
        ),
        fact("Distances settled exactly", total(s.refresh_canonical + s.pick_canonical)),
    ];
    if s.settle_evaluations > 0 {
        let more = format!("{} of n × k more", of_plain(s.settle_evaluations));
        facts.insert(2, fact("Distances for every row’s nearest center", more));
    }
    if let Some(distinct) = s.distinct_rows {
        facts.insert(0, fact("Different rows, each held once", count(distinct)));
    }
    list(&facts) + &phases(selection)
}

/// The time that the search for a robust selection took, and why it ended.
pub(super) fn search(pool: &Pool, selection: &RobustSelection) -> String {
    let search = &selection.search;
    let facts = [
        fact("Radii decided", decided(selection)),
        fact("Search ended", selection.end.to_string()),
        fact("Rows held", format!("{} of {}", count(search.rows), count(pool.rows()))),
        fact("Pairs of rows held", count(search.pairs)),
        fact("Greedy", duration(search.greedy_seconds)),
        fact("Distances between rows", duration(search.neighbours_seconds)),
        fact("Decisions", duration(search.decide_seconds) + ", with the distances they needed"),
        fact("Device", selection.statistics.device.clone()),
    ];
    list(&facts)
}

fn decided(selection: &RobustSelection) -> String {
    let decisions = &selection.decisions;
    let of = |verdict: &str| {
        let decided = decisions.iter().filter(|decision| decision.verdict() == verdict).count();
        (decided > 0).then(|| format!("{} {verdict}", count(decided)))
    };
    let verdicts: Vec<String> = ["covered", "refuted", "open"].into_iter().filter_map(of).collect();
    match verdicts.is_empty() {
        true => "none".into(),
        false => format!("{}: {}", count(decisions.len()), verdicts.join(", ")),
    }
}

/// The options of a robust selection beside those of every selection.
pub(super) fn asked(selection: &RobustSelection, robust: &RobustOptions) -> Vec<(String, String)> {
    let mut facts = vec![
        fact("Budget", count(selection.certificate.budget)),
        fact("Rows that may stay uncovered", count(selection.certificate.outliers)),
    ];
    if let Some(limit) = robust.time_limit {
        facts.push(fact("Time limit", duration(limit.as_secs_f64())));
    }
    if robust.gap > 0.0 {
        facts.push(fact("Gap that is narrow enough", percent(robust.gap, 1.0)));
    }
    if robust.candidates == Candidates::Greedy {
        facts.push(fact("Candidates", "greedy's first picks, budget and outliers together".into()));
    }
    facts
}

fn total(evaluations: u64) -> String {
    count(usize::try_from(evaluations).unwrap_or(usize::MAX))
}

/// Where the time went, as one bar and its legend.
fn phases(selection: &Selection) -> String {
    let s = &selection.statistics;
    let replay = (s.replay_seconds > 0.0).then_some(("replay", s.replay_seconds));
    let rounds = [
        ("prepare", s.prepare_seconds),
        ("frontier", s.frontier_seconds),
        ("refresh", s.refresh_seconds),
        ("pick", s.pick_seconds),
        ("settle", s.settle_seconds),
    ];
    let phases: Vec<(&str, f64)> = replay.into_iter().chain(rounds).collect();
    let all: f64 = phases.iter().map(|(_, seconds)| seconds).sum();
    if all <= 0.0 {
        return String::new();
    }
    let (mut bar, mut legend) = (String::new(), String::new());
    for (name, seconds) in phases {
        bar += &format!(r#"<i class="{name}" style="flex-grow:{:.4}"></i>"#, seconds / all);
        legend += &format!(r#"<span class="key {name}">{name} {}</span> "#, duration(seconds));
    }
    format!(
        r#"<figure class="phases"><div class="bar" aria-hidden="true">{bar}</div><figcaption>{} in all: {legend}</figcaption></figure>"#,
        duration(all)
    )
}

fn duration(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", 1000.0 * seconds) } else { format!("{seconds:.2} s") }
}
