//! Runs that begin with many centers, labeled or resumed from: the answers of a run from scratch, to the bit, for no more work.
#![cfg(feature = "lab")]

use std::ops::ControlFlow;

use farpoint::synth::{Shape, pool};
use farpoint::{Metric, Options, Pool, Result, Selection, Statistics};

use crate::common::filter::{self, Filter, select_tuned};
use crate::common::pools;

/// More rows than one block of picks is replayed of, and more centers than are left to the rounds.
const N: usize = 1300;
const D: usize = 6;
const BUDGET: usize = 1200;

fn run(pool: &Pool, budget: usize, options: &Options, filter: Filter) -> Result<Selection> {
    select_tuned(pool, budget, options, &filter, &mut |_| ControlFlow::Continue(()))
}

/// The fastest, the plainest, and shards, each of which catches up by itself.
const FILTERS: [Filter; 3] = [filter::CPU, filter::CPU_F32, filter::CPU_3_SHARDS];

/// All but what the run did.
fn answer(selection: Selection) -> Selection {
    Selection { statistics: Statistics::default(), ..selection }
}

fn assert_resumes(what: &str, pool: &Pool, options: &Options) -> Selection {
    let options = Options { assign: true, ..options.clone() };
    let whole = answer(run(pool, BUDGET, &options, filter::CPU_F32).unwrap());
    for (at, cut) in [600, 1100, whole.centers.len()].into_iter().enumerate() {
        let cut = cut.min(whole.centers.len());
        let resumed = Options { resume: whole.centers[..cut].to_vec(), ..options.clone() };
        let found = run(pool, BUDGET, &resumed, FILTERS[at]).unwrap();
        assert!(answer(found) == whole, "{what}, resumed after {cut}");
    }
    whole
}

fn weights() -> Vec<f32> {
    (0..N).map(|row| [1.0, 0.5, 3.0, 0.0, 0.25][row % 5]).collect()
}

#[test]
fn hostile_pools() {
    let labeled = Options { labeled: vec![9, 2, 1201], ..Options::default() };
    let weighted = Options { weights: Some(weights()), ..Options::default() };
    let excluded = Options { excluded: (40..120).collect(), ..weighted.clone() };
    for (at, named) in pools::hostile(N, D).iter().enumerate() {
        let pool = Pool::new(&named.values, D).unwrap();
        assert_resumes(named.name, &pool, &Options::default());
        let options = [&labeled, &weighted, &excluded][at % 3];
        assert_resumes(named.name, &pool, options);
    }
}

#[test]
fn cosine() {
    let values = pool(Shape::Text, N, D, 4);
    let pool = Pool::new(&values, D).unwrap();
    for labeled in [vec![], vec![7, 1000]] {
        let options = Options { metric: Metric::Cosine, labeled, ..Options::default() };
        assert_resumes("cosine", &pool, &options);
    }
}

#[test]
fn up_to_a_stop_radius() {
    let values = pool(Shape::Mixture, N, D, 4);
    let pool = Pool::new(&values, D).unwrap();
    let whole = assert_resumes("no stop", &pool, &Options::default());
    for stop in [650, 1150] {
        let options = Options { stop_radius: Some(whole.radii[stop]), ..Options::default() };
        let stopped = assert_resumes("a stop radius", &pool, &options);
        assert_eq!(stopped.centers, whole.centers[..=stop]);
        let resume = whole.centers[..stop + 2].to_vec();
        let past = run(&pool, BUDGET, &Options { resume, ..options }, filter::CPU);
        assert!(past.unwrap_err().to_string().contains("within the stop radius"));
    }
}

/// Centers that were chosen may as well be labeled, or come from elsewhere.
#[test]
fn many_labeled_centers() {
    for named in pools::hostile(N, D) {
        let pool = Pool::new(&named.values, D).unwrap();
        let whole = run(&pool, BUDGET, &Options::default(), filter::CPU_F32).unwrap();
        for (at, cut) in [520, 900, 1100].into_iter().enumerate() {
            let labeled = Options { labeled: whole.centers[..cut].to_vec(), ..Options::default() };
            let found = run(&pool, BUDGET - cut, &labeled, FILTERS[at]).unwrap();
            assert_eq!(found.centers, whole.centers[cut..], "{} after {cut}", named.name);
            assert_eq!(found.radii, whole.radii[cut..], "{} after {cut}", named.name);
            let rows: Vec<f32> =
                labeled.labeled.iter().flat_map(|&row| row_of(&pool, row)).collect();
            let vectors = Pool::new(&rows, D).unwrap();
            let outside = Options {
                labeled_vectors: Some(&vectors),
                excluded: labeled.labeled.clone(),
                ..Options::default()
            };
            let found = run(&pool, BUDGET - cut, &outside, FILTERS[at]).unwrap();
            assert_eq!(found.centers, whole.centers[cut..], "{} beside vectors", named.name);
        }
    }
}

fn row_of(pool: &Pool, row: usize) -> Vec<f32> {
    pool.row(row, &mut Vec::new()).to_vec()
}

/// More centers than are packed at once, because they are so long.
#[test]
fn long_rows() {
    let (n, d) = (900, 20_000);
    let values = pool(Shape::Gaussian, n, d, 4);
    let pool = Pool::new(&values, d).unwrap();
    let whole = answer(run(&pool, 850, &Options::default(), filter::CPU_F32).unwrap());
    let options = Options { resume: whole.centers[..840].to_vec(), ..Options::default() };
    assert!(answer(run(&pool, 850, &options, filter::CPU_F32).unwrap()) == whole);
}

#[test]
fn a_wider_interval_changes_nothing_and_none_is_caught() {
    let mut wrong = 0;
    for named in pools::hostile(N, D) {
        let pool = Pool::new(&named.values, D).unwrap();
        let whole = answer(run(&pool, BUDGET, &Options::default(), filter::CPU_F32).unwrap());
        // Every pick is resumed from: what can be wrong is their radii.
        let options = Options { resume: whole.centers.clone(), ..Options::default() };
        let found = |width| run(&pool, BUDGET, &options, filter::CPU_F32.with_width(width));
        assert!(answer(found(100.0).unwrap()) == whole, "{}", named.name);
        wrong += usize::from(!found(0.0).is_ok_and(|found| found.radii == whole.radii));
    }
    assert!(wrong > 0, "an interval of no width went unnoticed");
}

fn pairs(counts: &Statistics) -> u64 {
    counts.replay_evaluations + counts.refresh_evaluations + counts.pick_evaluations
}

fn canonical(counts: &Statistics) -> u64 {
    counts.replay_canonical + counts.refresh_canonical + counts.pick_canonical
}

/// Of pairs a tenth more is allowed: rounds end elsewhere.
fn assert_no_more_work(what: &str, found: &Statistics, scratch: &Statistics) {
    let what = format!("{what}: {found:?}, from scratch {scratch:?}");
    assert!(10 * pairs(found) <= 11 * pairs(scratch), "pairs, {what}");
    // Of whole numbers rounds evaluate none, and finding the picks' radii again a few.
    let replay = if canonical(scratch) == 0 { found.replay_canonical } else { 0 };
    assert!(canonical(found) <= canonical(scratch) + replay, "canonical distances, {what}");
    assert!(found.row_reads <= scratch.row_reads, "reads, {what}");
}

/// Rounds from scratch see about 0.4 n k pairs. All centers from the start at once would be n k, and the picks' own canonical distances
/// k^2 / 2.
#[test]
fn to_go_on_is_no_more_work_than_to_start_over() {
    let (n, d, budget) = (10_000, 32, 1600);
    for shape in [Shape::Gaussian, Shape::Mixture, Shape::Text, Shape::Integers] {
        let values = pool(shape, n, d, 7);
        let pool = Pool::new(&values, d).unwrap();
        let whole = run(&pool, budget, &Options::default(), filter::CPU).unwrap();
        for cut in [budget / 2, budget - 1] {
            let first = || whole.centers[..cut].to_vec();
            let resumed = Options { resume: first(), ..Options::default() };
            let found = run(&pool, budget, &resumed, filter::CPU).unwrap();
            let counts = &found.statistics;
            assert_no_more_work(
                &format!("{shape:?} resumed after {cut}"),
                counts,
                &whole.statistics,
            );
            assert!(counts.replay_evaluations <= (cut * cut / 2) as u64, "{counts:?}");
            assert!(counts.replay_seconds > 0.0, "{counts:?}");
            let labeled = Options { labeled: first(), ..Options::default() };
            let found = run(&pool, budget - cut, &labeled, filter::CPU).unwrap();
            let what = format!("{shape:?} beside {cut} labeled");
            assert_no_more_work(&what, &found.statistics, &whole.statistics);
        }
    }
}
