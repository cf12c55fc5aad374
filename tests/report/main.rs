//! The report: complete in itself, safe with any name, small, and defined for every kind of selection.

mod robust;

use std::ops::ControlFlow;

use farpoint::pool::Id;
use farpoint::report::{About, beside_the_best, curve_plot, curve_table, html};
use farpoint::{First, Metric, Options, Pool, Selection, select, select_with, synth};

fn about<'a>(options: &'a Options<'a>) -> About<'a> {
    About { pool: "pool.npy", options, ids: &[], command: "farpoint select pool.npy", facts: &[] }
}

fn assigned() -> Options<'static> {
    Options { assign: true, ..Options::default() }
}

fn labels_exclusions_and_cosine<'v>(vectors: &'v Pool) -> Options<'v> {
    Options {
        labeled: vec![3, 4],
        labeled_vectors: Some(vectors),
        excluded: vec![7, 8, 9],
        metric: Metric::Cosine,
        ..assigned()
    }
}

/// The page of a selection, with everything checked that holds for every page.
fn page(pool: &Pool, budget: usize, options: &Options) -> (Selection, String) {
    let selection = select(pool, budget, options).expect("the options are good");
    let page = html(pool, &selection, &about(options));
    check(&page);
    (selection, page)
}

fn check(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("{{") && !page.contains("NaN") && !page.contains(">inf"), "{page}");
    loads_nothing(page);
    closes_its_elements(page);
    points(page);
}

/// The network appears in links that a reader may follow, and in text; nothing is fetched.
fn loads_nothing(page: &str) {
    for loader in ["<link", "<img", "<iframe", "@import", "url(", "fetch(", "XMLHttp", "src="] {
        assert!(!page.contains(loader), "{loader}");
    }
    for (at, _) in page.match_indices("href=\"") {
        assert!(page[at..].starts_with("href=\"https://arxiv.org/abs/1708.00489\""));
    }
}

fn closes_its_elements(page: &str) {
    for name in ["div", "span", "section", "figure", "table", "tr", "td", "th", "svg", "p", "dl"] {
        let opened =
            page.matches(&format!("<{name}>")).count() + page.matches(&format!("<{name} ")).count();
        assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}");
    }
}

/// What the page's script reads.
fn points(page: &str) -> serde_json::Value {
    let start = "<script type=\"application/json\" id=\"points\">";
    let (_, rest) = page.split_once(start).expect("the page holds its points");
    let (json, _) = rest.split_once("</script>").expect("and ends them");
    serde_json::from_str(json).expect("and they are JSON")
}

fn gaussian(n: usize, d: usize) -> Vec<f32> {
    synth::pool(synth::Shape::Gaussian, n, d, 3)
}

#[test]
fn shows_what_was_selected() {
    let values = gaussian(300, 8);
    let pool = Pool::new(&values, 8).expect("finite");
    let (selection, page) = page(&pool, 20, &assigned());
    assert!(page.contains("20 of 300 rows selected"));
    assert!(page.contains("at most twice the least radius that as many rows can have."));
    assert!(!page.contains("proven"), "half of a radius is no news");
    let points = points(&page);
    assert_eq!(points["curve"].as_array().map(Vec::len), Some(20));
    assert_eq!(points["map"]["pick_rows"], serde_json::json!(selection.centers));
    assert_eq!(points["map"]["farthest_row"], serde_json::json!(selection.farthest));
    let served: u64 =
        points["map"]["served"].as_array().into_iter().flatten().flat_map(|v| v.as_u64()).sum();
    assert_eq!(served, 300);
}

/// With weights a promise is another number, rounded up; at radius 0 and of nothing there is none.
#[test]
fn a_radius_is_told_beside_the_best() {
    let told = |radii: Vec<f64>, lower_bounds: Vec<f64>| {
        let values = gaussian(9, 2);
        let pool = Pool::new(&values, 2).expect("finite");
        let made = select(&pool, 2, &Options::default()).expect("the options are good");
        beside_the_best(&Selection { radii, lower_bounds, ..made })
    };
    assert_eq!(told(vec![9.0, 3.0], vec![4.5, 1.5]).as_deref(), Some("twice"));
    assert_eq!(told(vec![1.0], vec![1.0 / 3.3333]).as_deref(), Some("3.34 times"));
    assert_eq!(told(vec![1.0, 0.0], vec![0.5, 0.0]), None);
    assert_eq!(told(vec![1.0], vec![0.0]), None);
    assert_eq!(told(vec![], vec![]), None);
}

#[test]
fn the_same_arguments_give_the_same_page() {
    let values = gaussian(700, 24);
    let pool = Pool::new(&values, 24).expect("finite");
    let options = assigned();
    let selection = select(&pool, 30, &options).expect("the options are good");
    assert_eq!(
        html(&pool, &selection, &about(&options)),
        html(&pool, &selection, &about(&options))
    );
}

#[test]
fn names_are_escaped() {
    let pool = Pool::new(&[0.0f32, 1.0, 5.0], 1).expect("finite");
    let options = assigned();
    let selection = select(&pool, 2, &options).expect("the options are good");
    let evil = "</script><script>alert('{{script}}')</script>&\"";
    let facts = [(evil.to_owned(), evil.to_owned())];
    let about = About { pool: evil, options: &options, ids: &[], command: evil, facts: &facts };
    let page = html(&pool, &selection, &about);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("&lt;script&gt;alert(&#39;{{script}}&#39;)").count(), 6);
    loads_nothing(&page);
}

/// The distances at a share of the rows, as they stand in the table.
fn baseline(page: &str) -> Option<Vec<[String; 2]>> {
    let (_, section) = page.split_once("<h2>Beside as many random rows</h2>")?;
    let (section, _) = section.split_once("</section>").expect("it ends");
    let lines = section.split("<tr><td>").skip(1).map(|line| {
        let mut cells = line.split("</td><td>").skip(1).map(|cell| cell.split('<').next().unwrap());
        [cells.next().unwrap().to_string(), cells.next().unwrap().to_string()]
    });
    Some(lines.collect())
}

/// On a line of whole numbers every distance can be counted.
#[test]
fn as_many_random_rows_stand_beside_the_picks() {
    let values: Vec<f32> = (0..1000).map(|row| (row * row) as f32).collect();
    let pool = Pool::new(&values, 1).expect("finite");
    let (selection, page) = page(&pool, 9, &assigned());
    let found = baseline(&page).expect("there is one");
    let mut of_picks = selection.min_distances.expect("asked for");
    of_picks.sort_by(f64::total_cmp);
    let picks: Vec<f64> = [499, 899, 989, 999].map(|at| of_picks[at]).to_vec();
    let told: Vec<f64> =
        found.iter().map(|[picks, _]| picks.replace(',', "").parse().unwrap()).collect();
    let is_near = |(told, picks): (&f64, &f64)| (told - picks).abs() <= 1e-3 * picks;
    assert!(told.iter().zip(&picks).all(is_near), "{told:?} {picks:?}");
    // Whatever rows are drawn, nine of them have the last of the line no nearer than picks have it.
    let random: Vec<f64> =
        found.iter().map(|[_, random]| random.replace(',', "").parse().unwrap()).collect();
    assert!(random.is_sorted() && random[3] >= 0.999 * picks[3], "{random:?}");
    assert!(page.contains("9 rows drawn with fixed seeds in the place of the picks.</p>"));
    assert!(
        page.contains("of the rows some random row is nearer") || page.contains("For most rows, ")
    );
}

#[test]
fn random_rows_are_drawn_of_those_that_may_be_chosen() {
    // All other rows are a million away.
    let values: Vec<f32> = (0..100).map(|row| if row < 50 { 1e6 } else { row as f32 }).collect();
    let pool = Pool::new(&values, 1).expect("finite");
    let options = Options { excluded: (0..50).collect(), ..assigned() };
    let found = baseline(&page(&pool, 5, &options).1).expect("there is one");
    assert!(found[3][1].parse::<f64>().unwrap() < 50.0, "{found:?}");
    let labeled = Options { labeled: vec![3], ..assigned() };
    let found = baseline(&page(&pool, 5, &labeled).1).expect("there is one");
    assert_eq!(found[0], ["0", "0"]);
}

#[test]
fn without_anything_to_say_of_random_rows_there_is_no_baseline() {
    let values = gaussian(60, 3);
    let pool = Pool::new(&values, 3).expect("finite");
    let weighted = Options { weights: Some(vec![0.5; 60]), ..assigned() };
    let vectors = Pool::new(&values[..6], 3).expect("finite");
    let outside = Options { labeled_vectors: Some(&vectors), ..assigned() };
    let all = Options { excluded: (5..60).collect(), ..assigned() };
    for (budget, options) in
        [(5, &weighted), (5, &outside), (31, &assigned()), (5, &Options::default()), (3, &all)]
    {
        assert_eq!(baseline(&page(&pool, budget, options).1), None);
    }
    assert!(baseline(&page(&pool, 30, &assigned()).1).is_some());
}

#[test]
fn the_page_holds_the_picks_as_a_table() {
    let values = gaussian(60, 3);
    let pool = Pool::new(&values, 3).expect("finite");
    let options = assigned();
    let selection = select(&pool, 3, &options).expect("the options are good");
    let ids = ["plain", "a,\"b\"", "</script>"].map(|id| Id::Text(id.into()));
    let page = html(&pool, &selection, &About { ids: &ids, ..about(&options) });
    check(&page);
    assert_eq!(page.matches("<script").count(), 2);
    let [a, b, c] = selection.centers[..] else { panic!("three picks") };
    let [x, y, z] = selection.radii[..] else { panic!("three radii") };
    let expected = format!(
        "rank,row,id,radius\n1,{a},plain,{x}\n2,{b},\"a,\"\"b\"\"\",{y}\n3,{c},</script>,{z}\n"
    );
    assert_eq!(points(&page)["picks"], expected);
    assert!(page.contains("id=\"save\""));
}

#[test]
fn picks_are_counted_by_file() {
    let folder = tempfile::tempdir().expect("there is a disk");
    let rows =
        |values: std::ops::Range<u32>| values.map(|v| format!("{}.5\n", v * v)).collect::<String>();
    std::fs::write(folder.path().join("a.csv"), rows(0..10)).expect("written");
    std::fs::write(folder.path().join("b<i>.csv"), rows(10..40)).expect("written");
    let pool = Pool::open(folder.path()).expect("two files");
    let (selection, page) = page(&pool, 4, &assigned());
    let of_a = selection.centers.iter().filter(|&&row| row < 10).count();
    assert!(page.contains("<h2>Picks by file</h2>"));
    let line = |file: &str, rows: usize, picks: usize| {
        format!("{file}</td><td>{rows}</td><td>{picks}</td><td>{} %</td>", 25 * picks)
    };
    assert!(page.contains(&line("a.csv", 10, of_a)), "{page}");
    assert!(page.contains(&line("b&lt;i&gt;.csv", 30, 4 - of_a)), "{page}");
}

#[test]
fn large_pools_make_small_pages() {
    let values = gaussian(60_000, 2);
    let pool = Pool::new(&values, 2).expect("finite");
    let options = Options { labeled: (50_000..60_000).collect(), ..Options::default() };
    let centers: Vec<usize> = (0..40_000).collect();
    let radii: Vec<f64> = centers.iter().map(|&t| 3.7 / (t as f64 + 1.3).sqrt()).collect();
    let short = select(&pool, 1, &Options::default()).expect("the options are good");
    let selection = Selection {
        lower_bounds: radii.iter().map(|radius| radius / 2.0).collect(),
        min_distances: Some(vec![0.01; 60_000]),
        assignment: Some((0..60_000).map(|row| row % 40_000).collect()),
        centers,
        radii,
        ..short
    };
    let page = html(&pool, &selection, &about(&options));
    check(&page);
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let points = points(&page);
    let curve = points["curve"].as_array().expect("a list");
    assert!(curve.len() <= 2000);
    assert_eq!((&curve[0][0], &curve[curve.len() - 1][0]), (&1.into(), &40_000.into()));
    assert_eq!(points["map"]["pick_rows"].as_array().map(Vec::len), Some(10_000));
    assert!(page.contains("20,000 of 60,000 rows, evenly sampled"));
    // So many picks are a file of their own.
    assert!(points["picks"].is_null() && page.contains("--output picks.csv"));
}

#[test]
fn without_distances_the_histogram_is_left_out() {
    let values = gaussian(50, 3);
    let pool = Pool::new(&values, 3).expect("finite");
    let (_, page) = page(&pool, 5, &Options::default());
    assert!(page.contains("were not asked for"));
    assert!(!page.contains("class=\"histogram\""));
}

#[test]
fn budget_one() {
    let values = gaussian(50, 3);
    let pool = Pool::new(&values, 3).expect("finite");
    let (_, page) = page(&pool, 1, &assigned());
    assert!(page.contains("1 of 50 rows selected"));
    assert_eq!(points(&page)["curve"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_empty_selection() {
    let values = gaussian(50, 3);
    let pool = Pool::new(&values, 3).expect("finite");
    let options = Options { labeled: vec![1, 2], stop_radius: Some(1e3), ..assigned() };
    let (selection, page) = page(&pool, 5, &options);
    assert!(selection.centers.is_empty());
    assert!(page.contains("No row selected of 50") && page.contains("nothing had to be selected"));
    assert!(page.contains("no curve to draw"));
    assert!(curve_table(&selection).contains("\n       0"));
    assert_eq!(curve_plot(&selection, 80), "");
}

#[test]
fn a_pool_of_one_row_repeated() {
    let pool = Pool::new(&[2.5f32; 40], 4).expect("finite");
    let (selection, page) = page(&pool, 3, &assigned());
    assert_eq!(selection.radius(), 0.0);
    assert!(page.contains("nothing to map") && page.contains("nothing is left to cover"));
    assert!(points(&page)["map"].is_null());
    assert_eq!(curve_plot(&selection, 80), "");
}

#[test]
fn every_row_selected() {
    let values = gaussian(6, 2);
    let pool = Pool::new(&values, 2).expect("finite");
    let (_, page) = page(&pool, 6, &assigned());
    assert!(page.contains("Every row is a center"));
    assert!(points(&page)["map"]["farthest_row"].is_null());
}

#[test]
fn one_dimension_two_one_row_and_bytes() {
    let line = Pool::new(&[0.0f32, 1.0, 2.0, 9.0], 1).expect("finite");
    assert!(page(&line, 2, &assigned()).1.contains("the one direction they vary in"));
    let plane = Pool::new(&[0.0f32, 0.0, 1.0, 3.0, 4.0, 1.0], 2).expect("finite");
    assert!(page(&plane, 2, &assigned()).1.contains("as they lie"));
    let single = Pool::new(&[4.0f32, 5.0], 2).expect("finite");
    page(&single, 1, &assigned());
    let bytes: Vec<u8> = (0..=255).cycle().take(600).collect();
    let bytes = Pool::new(&bytes, 3).expect("bytes are finite");
    assert!(page(&bytes, 9, &assigned()).1.contains("200 × 3 u8"));
}

#[test]
fn interrupted_runs_say_what_is_not_known() {
    let values = gaussian(4000, 16);
    let pool = Pool::new(&values, 16).expect("finite");
    for (picks, options) in [(1, Options::default()), (2, assigned())] {
        let mut stop = |progress: farpoint::Progress| match progress.chosen >= picks {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let selection =
            select_with(&pool, 2000, &options, &mut stop).expect("the options are good");
        let page = html(&pool, &selection, &about(&options));
        check(&page);
        assert!(selection.interrupted && page.contains("interrupted after"));
        assert_eq!(page.contains("were not asked for"), !options.assign);
        assert_eq!(page.contains("ended before distances"), options.assign);
        assert!(curve_table(&selection).contains("unknown"));
    }
}

#[test]
fn weights_exclusions_labels_and_cosine() {
    let values = gaussian(90, 4);
    let pool = Pool::new(&values, 4).expect("finite");
    let vectors = gaussian(2, 4);
    let vectors = Pool::new(&vectors, 4).expect("finite");
    let options = Options {
        weights: Some((0..90).map(|row| (row % 5) as f32).collect()),
        ..labels_exclusions_and_cosine(&vectors)
    };
    let (_, page) = page(&pool, 12, &options);
    for words in ["weighted radius", "unweighted here", "cosine distance", "3 excluded rows were"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("The 4 labeled centers alone") && page.contains("not shown"));
}

#[test]
fn every_first_center_is_named() {
    let values = gaussian(30, 2);
    let pool = Pool::new(&values, 2).expect("finite");
    for first in [First::Lowest, First::Row(4), First::Mean, First::Random] {
        page(&pool, 3, &Options { first, ..assigned() });
    }
}

#[test]
fn the_table_is_at_round_numbers() {
    let values = gaussian(200, 5);
    let pool = Pool::new(&values, 5).expect("finite");
    let selection = select(&pool, 73, &Options::default()).expect("the options are good");
    let table = curve_table(&selection);
    let picks: Vec<&str> =
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(picks, ["1", "2", "5", "10", "20", "50", "73"]);
    let plot = curve_plot(&selection, 60);
    assert!(plot.lines().all(|line| line.chars().count() <= 66), "{plot}");
}

/// What finding every row's nearest center takes is no part of what picking took.
#[test]
fn the_assignment_is_counted_apart() {
    let values = gaussian(3000, 16);
    let pool = Pool::new(&values, 16).expect("finite");
    let options = Options { device: farpoint::Device::Cpu, ..assigned() };
    let (with, page) = page(&pool, 200, &options);
    let without = Options { assign: false, ..options };
    let without = select(&pool, 200, &without).expect("the options are good");
    let (with, without) = (with.statistics, without.statistics);
    assert!(with.settle_evaluations > 0 && without.settle_evaluations == 0);
    assert_eq!(with.refresh_evaluations - with.settle_evaluations, without.refresh_evaluations);
    let share = |evaluations: u64| 100.0 * evaluations as f64 / (3000.0 * 200.0);
    let needed = share(without.refresh_evaluations + without.pick_evaluations);
    assert!(
        page.contains(&format!("<dd>{needed:.0} % of the plain loop&#39;s n"))
            || page.contains(&format!("<dd>{needed:.0} % of the plain loop")),
        "{needed}"
    );
    let more = share(with.settle_evaluations);
    assert!(page.contains(&format!("<dd>{more:.0} % of n × k more</dd>")), "{more}");
}

#[test]
fn picks_at_radius_zero_are_counted() {
    let pool = Pool::new(&[0.0f32, 5.0, 0.0, 5.0, 0.0], 1).expect("finite");
    let (selection, text) = page(&pool, 4, &assigned());
    assert_eq!(selection.idle_picks(), 2);
    assert!(
        text.contains("2 picks were made at radius 0, where every row left is equal to a center.")
    );
    let (selection, text) = page(&pool, 2, &assigned());
    assert_eq!(selection.idle_picks(), 0);
    assert!(!text.contains("at radius 0"));
    let weighted = Options { weights: Some(vec![1.0, 0.0, 1.0, 0.0, 1.0]), ..assigned() };
    assert_eq!(page(&pool, 3, &weighted).0.idle_picks(), 2);
}
