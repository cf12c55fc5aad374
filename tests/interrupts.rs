//! `Options::interrupt`: a run that is told to stop ends in the middle of a round, with picks that are right.

mod common;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::reference;
use farpoint::pool::{Outline, Sample};
use farpoint::synth::{Shape, pool};
use farpoint::{
    Device, End, Error, First, Options, PlanOptions, Pool, RobustOptions, RobustProgress,
    RobustSelection, plan, robust, robust_as_printed, robust_with, select, select_with, verify,
    verify_certificate,
};

const D: usize = 32;

fn interrupted_after(after: Duration, run: impl FnOnce(&AtomicBool)) -> Duration {
    let interrupt = AtomicBool::new(false);
    thread::scope(|scope| {
        let timer = scope.spawn(|| {
            thread::sleep(after);
            interrupt.store(true, Ordering::Relaxed);
            Instant::now()
        });
        run(&interrupt);
        let ended = Instant::now();
        ended.saturating_duration_since(timer.join().unwrap())
    })
}

fn on_cpu(interrupt: &AtomicBool) -> Options<'_> {
    Options { device: Device::Cpu, interrupt: Some(interrupt), ..Options::default() }
}

/// Wherever it comes, what is chosen is a prefix of the whole selection, and its radii are too.
#[test]
fn picks_are_a_prefix() {
    let values = pool(Shape::Gaussian, 30_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let options = Options { device: Device::Cpu, ..Options::default() };
    let whole = select(&pool, 6000, &options).unwrap();
    let mut cut_short = 0;
    for millis in [0, 1, 3, 10, 20, 40, 80, 160] {
        interrupted_after(Duration::from_millis(millis), |interrupt| {
            let part = select(&pool, 6000, &on_cpu(interrupt)).unwrap();
            cut_short += usize::from(part.interrupted);
            assert_eq!(part.interrupted, part.centers.len() < 6000);
            assert_eq!(part.centers, whole.centers[..part.centers.len()]);
            assert_eq!(part.radii, whole.radii[..part.radii.len()]);
            if part.interrupted {
                assert_eq!(part.radii.len(), part.centers.len().saturating_sub(1));
            }
        });
    }
    assert!(cut_short >= 3, "{cut_short} of 8 runs were cut short: the pool is too small");
}

/// A run told before it begins has nothing; one told while it settles has all picks and no distances.
#[test]
fn before_the_first_pick_and_after_the_last() {
    let values = pool(Shape::Gaussian, 20_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    for first in [
        First::Lowest,
        First::Mean,
        First::Row(7),
        First::FarthestFromMean,
        First::FarthestPair,
        First::Loneliest,
    ] {
        for labeled in [vec![], vec![5, 3]] {
            let told = AtomicBool::new(true);
            let options = Options { first, labeled, assign: true, ..on_cpu(&told) };
            let none = select(&pool, 10, &options).unwrap();
            assert!(none.interrupted && none.centers.is_empty() && none.min_distances.is_none());
        }
    }
    let told = AtomicBool::new(false);
    let options = Options { assign: true, ..on_cpu(&told) };
    let whole = select(&pool, 100, &options).unwrap();
    assert!(!whole.interrupted && whole.min_distances.is_some());
    // The last round's watch is called before its picks; from there on they are made to the end or to the flag.
    let mut watch = |_| {
        told.store(true, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let part = select_with(&pool, 100, &options, &mut watch).unwrap();
    assert!(part.interrupted && part.min_distances.is_none() && part.assignment.is_none());
    assert_eq!(part.centers, whole.centers[..part.centers.len()]);
}

/// Nobody knows what an interrupted check would have found.
#[test]
fn verify_says_nothing() {
    let values = pool(Shape::Gaussian, 20_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let options = Options { device: Device::Cpu, ..Options::default() };
    let found = select(&pool, 3000, &options).unwrap();
    let told = AtomicBool::new(true);
    let verdict = verify(&pool, &found.centers, Some(&found.radii), &on_cpu(&told));
    assert!(matches!(verdict, Err(Error::Interrupted)), "{verdict:?}");
}

/// A plan's measurements end with it, before they begin and in their middle.
#[test]
fn plan_says_nothing() {
    let values = pool(Shape::Gaussian, 100_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let (outline, sample) = (Outline::of(&pool), Sample::of(&pool).unwrap());
    let asked = PlanOptions { robust: Some(RobustOptions::default()), ..PlanOptions::default() };
    for sample in [None, Some(&sample)] {
        for millis in [0, 100] {
            interrupted_after(Duration::from_millis(millis), |interrupt| {
                interrupt.store(millis == 0, Ordering::Relaxed);
                let plan = plan(&outline, sample, 50_000, &on_cpu(interrupt), &asked);
                assert!(matches!(plan, Err(Error::Interrupted)), "{plan:?}");
            });
        }
    }
}

/// Also of a run resumed from so many picks that their radii and their share of the pool take time.
#[test]
fn resumed_picks_are_a_prefix() {
    let values = pool(Shape::Gaussian, 30_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let options = Options { device: Device::Cpu, ..Options::default() };
    let whole = select(&pool, 6000, &options).unwrap();
    for millis in [0, 1, 3, 10, 20, 40, 80, 160] {
        interrupted_after(Duration::from_millis(millis), |interrupt| {
            let options = Options { resume: whole.centers[..5000].to_vec(), ..on_cpu(interrupt) };
            let part = select(&pool, 6000, &options).unwrap();
            assert!(!part.centers.is_empty());
            assert_eq!(part.interrupted, part.centers.len() < 6000);
            assert_eq!(part.centers, whole.centers[..part.centers.len()]);
            assert_eq!(part.radii, whole.radii[..part.radii.len()]);
            if part.interrupted {
                assert_eq!(part.radii.len(), part.centers.len() - 1);
            }
        });
    }
}

#[test]
fn resumed_runs_are_interrupted_too() {
    let values = pool(Shape::Gaussian, 400, 8, 5);
    let pool = Pool::new(&values, 8).unwrap();
    let options = Options { device: Device::Cpu, ..Options::default() };
    let whole = reference::select(&pool, 40, &options);
    let told = AtomicBool::new(true);
    let options = Options { resume: whole.centers[..10].to_vec(), ..on_cpu(&told) };
    let part = select(&pool, 40, &options).unwrap();
    assert!(part.interrupted);
    assert_eq!(part.centers, whole.centers[..10]);
}

/// The watch never asks for the end: the flag alone does.
#[test]
fn a_robust_search_ends_with_what_it_has_proven() {
    let values = pool(Shape::Gaussian, 600, 6, 5);
    let pool = Pool::new(&values, 6).unwrap();
    let told = AtomicBool::new(false);
    let mut watch = |progress: farpoint::RobustProgress| {
        // Greedy is done: the search has a lower bound.
        told.fetch_or(progress.lower > 0.0, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let ten_out = RobustOptions { outliers: 10, ..RobustOptions::default() };
    let found = robust_with(&pool, 40, &on_cpu(&told), &ten_out, &mut watch).unwrap();
    assert_eq!(found.end, End::Interrupted);
    assert!(0.0 < found.lower && found.lower < found.upper && found.upper <= found.greedy_radius);
}

/// Wherever the flag is set, in greedy or in a pass over the pool, the run ends at once, with an interval that holds or with nothing.
#[test]
fn a_robust_run_ends_before_its_search() {
    let values = pool(Shape::Gaussian, 60_000, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let ten_out = RobustOptions { outliers: 10, ..RobustOptions::default() };
    let told = AtomicBool::new(true);
    assert!(matches!(robust(&pool, 8000, &on_cpu(&told), &ten_out), Err(Error::Interrupted)));
    let go_on = &mut |_| ControlFlow::Continue(());
    let printed = robust_as_printed(&pool, 8000, &on_cpu(&told), &ten_out, go_on);
    assert!(matches!(printed, Err(Error::Interrupted)));
    for labeled in [vec![], (0..60_000).step_by(10).collect()] {
        for millis in [100, 300, 500, 700, 900, 1200, 1500] {
            let labeled: Vec<usize> = labeled.clone();
            let late = interrupted_after(Duration::from_millis(millis), |interrupt| {
                let options = Options { labeled, assign: true, ..on_cpu(interrupt) };
                match robust(&pool, 8000, &options, &ten_out) {
                    Err(Error::Interrupted) => {}
                    found => check_interrupted(&found.unwrap(), 8000),
                }
            });
            assert!(late < Duration::from_millis(500), "{late:?} late after {millis} ms");
        }
    }
}

fn check_interrupted(found: &RobustSelection, budget: usize) {
    assert_eq!(found.end, End::Interrupted);
    assert!((1..=budget).contains(&found.centers.len()) && found.upper.is_finite());
    assert!(found.min_distances.is_none() && found.assignment.is_none());
}

/// What greedy had, and what a search had, is as true as a whole answer.
#[test]
fn an_interrupted_robust_run_is_right() {
    let values = pool(Shape::Gaussian, 4000, 6, 5);
    let pool = Pool::new(&values, 6).unwrap();
    let plain = Options { device: Device::Cpu, labeled: vec![7, 9], ..Options::default() };
    let ten_out = RobustOptions { outliers: 10, ..RobustOptions::default() };
    let mut in_greedy = 0;
    for calls in [0, 1, 2, 3, 5, 8] {
        let (told, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut watch = |_: RobustProgress| {
            let is_enough = seen.fetch_add(1, Ordering::Relaxed) >= calls;
            told.fetch_or(is_enough, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let options = Options { interrupt: Some(&told), assign: true, ..plain.clone() };
        let found = robust_with(&pool, 60, &options, &ten_out, &mut watch).unwrap();
        check_interrupted(&found, 60);
        in_greedy += usize::from(found.lower == 0.0);
        let verdict = verify_certificate(&pool, &found.certificate, &plain).unwrap();
        assert!(verdict.is_right(), "after {calls} calls: {verdict}");
    }
    assert!(in_greedy < 6, "no run came to its search");
}
