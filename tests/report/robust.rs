//! The page of a robust selection: what it says of an interval, of rows left uncovered, and of searches that ended early.

use std::ops::ControlFlow;

use farpoint::report::{About, robust_html};
use farpoint::{
    Candidates, Decision, End, LowerBy, Options, Pool, RobustOptions, RobustSelection, robust,
    robust_with,
};

use super::{
    about, assigned, check, gaussian, labels_exclusions_and_cosine, loads_nothing, points,
};

fn outliers(outliers: usize) -> RobustOptions {
    RobustOptions { outliers, ..RobustOptions::default() }
}

/// The page of a robust selection, with everything checked that holds for every page of one.
fn robust_page(
    pool: &Pool,
    budget: usize,
    options: &Options,
    asked: &RobustOptions,
) -> (RobustSelection, String) {
    let selection = robust(pool, budget, options, asked).expect("the options are good");
    let page = page_of(pool, &selection, options, asked);
    (selection, page)
}

fn page_of(
    pool: &Pool,
    selection: &RobustSelection,
    options: &Options,
    asked: &RobustOptions,
) -> String {
    let page = robust_html(pool, selection, asked, &about(options));
    check(&page);
    claims_no_order(&page);
    page
}

/// Nothing is said of a robust selection that holds of greedy's picks alone.
fn claims_no_order(page: &str) {
    for words in ["farthest first", "the next to be picked", "coverage curve", "rank</th>"] {
        let (html, _) = page.split_once("<script").expect("the page has scripts");
        assert!(!html.contains(words), "{words}");
    }
    let map = &points(page)["map"];
    if !map.is_null() {
        assert_eq!((&map["ordered"], &map["farthest_row"]), (&false.into(), &None::<u8>.into()));
        assert_eq!(map["radii"], serde_json::json!([]));
    }
}

/// Eight rows around two places, and one far from both.
const APART: [f32; 9] = [0.0, 1.0, 2.0, 3.0, 7.0, 8.0, 9.0, 9.5, 100.0];

/// A hundred and twenty rows in four dimensions: a question with something to decide.
fn question() -> Vec<f32> {
    gaussian(120, 4)
}

#[test]
fn a_robust_selection_shows_what_is_proven() {
    let values = question();
    let pool = Pool::new(&values, 4).expect("finite");
    let (selection, page) = robust_page(&pool, 6, &assigned(), &outliers(3));
    assert!(selection.is_optimal() && !selection.decisions.is_empty());
    let left = selection.outliers.len();
    assert!(page.contains(&format!("6 of 120 rows selected, {left} left uncovered")));
    assert!(page.contains(&format!("Every row but {left} lies within")));
    let choice = "no choice of 6 rows that leaves at most 3 uncovered has a smaller radius";
    assert!(page.contains(choice) && page.contains("<b>optimal</b>"));
    assert!(page.contains("greedy’s radius, with the same budget"));
    assert!(page.contains("<dd>no better radius is possible</dd>"));
    let points = points(&page);
    let curve = points["curve"].as_array().expect("a list");
    assert_eq!(curve.len(), selection.decisions.len() + 1);
    assert_eq!(curve[curve.len() - 1][2], curve[curve.len() - 1][3]);
    assert_eq!(points["map"]["pick_rows"], serde_json::json!(selection.centers));
    assert_eq!(points["map"]["outlier_rows"], serde_json::json!(selection.outliers));
    assert_eq!(page, robust_html(&pool, &selection, &outliers(3), &about(&assigned())));
}

#[test]
fn rows_left_uncovered_are_listed_the_farthest_first() {
    let pool = Pool::new(&APART, 1).expect("finite");
    let (selection, page) = robust_page(&pool, 2, &assigned(), &outliers(1));
    assert_eq!(selection.outliers, [8]);
    let distance = selection.min_distances.expect("distances were asked for")[8];
    assert!(page.contains(&format!("<td>8</td><td>{distance:.2}</td>")), "{distance}");
    assert!(page.contains("1 row beyond the radius, left uncovered"));
    assert!(page.contains("The last bar also holds the rows beyond"));
    let (_, all) = robust_page(&pool, 2, &assigned(), &outliers(0));
    assert!(all.contains("2 of 9 rows selected<") && all.contains("Every row lies within"));
    assert!(!all.contains("key beyond") && !all.contains("key outlier"));
    let (_, unknown) = robust_page(&pool, 2, &Options::default(), &outliers(1));
    assert!(unknown.contains("were not asked for") && !unknown.contains("class=\"histogram\""));
}

#[test]
fn every_end_of_a_search_is_told() {
    let values = question();
    let pool = Pool::new(&values, 4).expect("finite");
    let (optimal, _) = robust_page(&pool, 6, &assigned(), &outliers(3));
    let lower = 0.75 * optimal.upper;
    for (end, words) in [
        (End::Gap, "The search ended there: the gap asked for is reached."),
        (End::TimeLimit, "The search ended there: the time limit was reached."),
        (End::Interrupted, "The search ended there: interrupted."),
        (
            End::Memory,
            "The search ended there: more pairs of rows are needed than are kept, or than there is memory for.",
        ),
        (End::Candidates, "The search ended there: greedy's picks have no better radius."),
    ] {
        let ended = RobustSelection { end, lower, ..optimal.clone() };
        let page = page_of(&pool, &ended, &assigned(), &outliers(3));
        assert!(page.contains(words), "{words}");
        assert!(page.contains("at most 25 % smaller") && !page.contains("<b>optimal</b>"));
    }
    let mut nothing = RobustSelection { end: End::TimeLimit, lower: 0.0, ..optimal.clone() };
    let page = page_of(&pool, &nothing, &assigned(), &outliers(3));
    assert!(page.contains("none is proven yet") && page.contains("is not known"));
    nothing.decisions.clear();
    let page = page_of(&pool, &nothing, &assigned(), &outliers(3));
    assert!(page.contains("ended before a radius was decided"));
}

#[test]
fn a_bound_by_search_alone_is_told_from_a_proof() {
    let values = question();
    let pool = Pool::new(&values, 4).expect("finite");
    let (mut selection, page) = robust_page(&pool, 6, &assigned(), &outliers(3));
    let proven = page.contains("proven by a certificate");
    assert_eq!(proven, selection.certificate.lower_by == LowerBy::Dual);
    selection.certificate.lower_by = LowerBy::BranchAndBound;
    selection.certificate.dual.radius = 0.125;
    let page = page_of(&pool, &selection, &assigned(), &outliers(3));
    assert!(page.contains("by branch and bound; a certificate proves 0.125000"));
    assert!(
        page.contains("the word of an exhaustive search") && !page.contains("proven by a cert")
    );
}

#[test]
fn interrupted_searches_say_what_is_not_known() {
    let values = question();
    let pool = Pool::new(&values, 4).expect("finite");
    let (options, asked) = (assigned(), outliers(3));
    let selection = robust_with(&pool, 6, &options, &asked, &mut |_| ControlFlow::Break(()));
    let selection = selection.expect("the options are good");
    let page = page_of(&pool, &selection, &options, &asked);
    assert!(selection.end == End::Interrupted && page.contains("interrupted"));
    let nothing = RobustSelection {
        centers: Vec::new(),
        outliers: Vec::new(),
        decisions: Vec::new(),
        lower: 0.0,
        upper: f64::INFINITY,
        greedy_radius: f64::INFINITY,
        greedy_lower: 0.0,
        min_distances: Some(vec![f64::INFINITY; 120]),
        assignment: Some(vec![i64::from(u32::MAX); 120]),
        ..selection
    };
    let page = page_of(&pool, &nothing, &options, &asked);
    for words in [
        "No row selected of 120<",
        "before any center was found",
        "after 0 of 6 picks",
        "<b>unknown</b>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("no center that rows could be near"));
}

#[test]
fn a_radius_of_zero_is_the_best_there_is() {
    let values: Vec<f32> = [1.0f32, 5.0].into_iter().cycle().take(12).chain([90.0]).collect();
    let pool = Pool::new(&values, 1).expect("finite");
    let (selection, page) = robust_page(&pool, 2, &assigned(), &outliers(1));
    assert_eq!(selection.upper, 0.0);
    assert!(
        page.contains("a radius cannot be smaller") && page.contains("nothing is left to cover")
    );
    let pool = Pool::new(&[2.5f32; 40], 4).expect("finite");
    let (_, page) = robust_page(&pool, 3, &assigned(), &outliers(0));
    assert!(page.contains("nothing to map") && page.contains("none had to be decided"));
}

#[test]
fn robust_with_exclusions_labels_and_cosine() {
    let values = gaussian(90, 4);
    let pool = Pool::new(&values, 4).expect("finite");
    let vectors = gaussian(2, 4);
    let vectors = Pool::new(&vectors, 4).expect("finite");
    let options = labels_exclusions_and_cosine(&vectors);
    let (_, page) = robust_page(&pool, 5, &options, &outliers(2));
    for words in
        ["a chord; cosine distance", "3 excluded rows were", "a labeled center", "key labeled"]
    {
        assert!(page.contains(words), "{words}");
    }
}

/// Decisions among greedy's picks prove nothing of other rows.
#[test]
fn candidates_of_greedy_are_told_from_all_rows() {
    let values = question();
    let pool = Pool::new(&values, 4).expect("finite");
    let asked = RobustOptions { candidates: Candidates::Greedy, ..outliers(3) };
    let (selection, page) = robust_page(&pool, 6, &assigned(), &asked);
    assert_eq!((selection.end, selection.lower), (End::Candidates, selection.greedy_lower));
    assert!(page.contains("where the best radius of greedy’s picks lies"));
    assert!(!page.contains("where the best possible radius lies"));
    assert!(
        page.contains("proven of every choice of rows") && page.contains("at most three times")
    );
}

#[test]
fn names_are_escaped_on_robust_pages() {
    let pool = Pool::new(&APART, 1).expect("finite");
    let options = assigned();
    let selection = robust(&pool, 2, &options, &outliers(1)).expect("the options are good");
    let evil = "</script><script>alert('{{script}}')</script>&\"";
    let facts = [(evil.to_owned(), evil.to_owned())];
    let about = About { pool: evil, options: &options, ids: &[], command: evil, facts: &facts };
    let page = robust_html(&pool, &selection, &outliers(1), &about);
    loads_nothing(&page);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("<script").count(), 2);
}

#[test]
fn large_pools_and_long_searches_make_small_robust_pages() {
    let values = gaussian(60_000, 2);
    let pool = Pool::new(&values, 2).expect("finite");
    let options = Options { labeled: (50_000..60_000).collect(), ..Options::default() };
    let short = Pool::new(&APART, 1).expect("finite");
    let short = robust(&short, 2, &Options::default(), &outliers(0)).expect("good options");
    let decision = short.decisions[0];
    let decisions = (0..50_000u32).map(|at| Decision {
        radius: 3.7 / f64::from(at + 2).sqrt(),
        feasible: [Some(true), Some(false), None][at as usize % 3],
        elapsed: 0.731 * f64::from(at),
        upper: 3.7 / f64::from(at + 1).sqrt(),
        lower: 1.3 / f64::from(at + 1).sqrt(),
        ..decision
    });
    let selection = RobustSelection {
        centers: (0..40_000).collect(),
        outliers: (20_000..50_000).collect(),
        decisions: decisions.collect(),
        min_distances: Some((0..60_000).map(|row| f64::from(row) / 7e4).collect()),
        assignment: Some((0..60_000).map(|row| row % 40_000).collect()),
        ..short
    };
    let page = page_of(&pool, &selection, &options, &outliers(30_000));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let points = points(&page);
    assert!(points["curve"].as_array().map_or(0, Vec::len) <= 2001);
    assert_eq!(points["map"]["pick_rows"].as_array().map(Vec::len), Some(10_000));
    assert!(points["map"]["outlier_rows"].as_array().map_or(0, Vec::len) <= 5_000);
    assert!(page.contains("Radii 13 to 200 of 50,000"));
}
