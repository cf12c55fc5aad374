//! What a selection makes the driver do, counted by the test bed.
#![cfg(all(target_os = "linux", feature = "cuda", feature = "lab"))]

mod common;

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::bed::{self, Bed, Counters};
use common::filter::{self, Filter, select_tuned};
use farpoint::synth::{Shape, pool};
use farpoint::{Metric, Options, Pool, Result, Selection};

/// Launches of a round. A staged one that makes no picks leaves no center to be packed.
const LAUNCHES: u64 = 9;
/// Of those, the ones of the refresh, which is queued before its predecessor is known to have been the last: once in vain, unless
/// that one was asked for no pick.
const AHEAD: u64 = 5;
/// Waits for the device in a round: for the answer; where the pool stays on the host for the rows to stage, and for their buffer.
const WAITS: u64 = 1;
const STAGED_WAITS: u64 = 3;

/// On int8 values: one launch more, since rows are opened, and then refined where they are live; if they are staged, another says where.
/// Of products with centers none is left out.
const INT8_LAUNCHES: u64 = 10;

const N: usize = 900;
const D: usize = 12;

/// The bed, whose counters and knobs are the whole process's: one test at a time.
struct Counted {
    bed: &'static Bed,
    _alone: MutexGuard<'static, ()>,
}

/// A selection and what it took.
struct Run {
    selection: Selection,
    rounds: u64,
    /// Rounds without a pick, though asked for some.
    idle: u64,
    /// Rounds asked for no pick: the last ones, until a row is known to be next, or none.
    unasked: u64,
    counters: Counters,
}

impl Counted {
    fn new() -> Option<Counted> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let bed = bed::load().filter(|_| bed::has_cuda())?;
        Some(Counted { bed, _alone: alone })
    }

    /// `call` with this knob set.
    fn with<T>(&self, knob: &str, value: i64, before: i64, call: impl FnOnce() -> T) -> T {
        self.bed.set_limit(knob, value);
        let result = call();
        self.bed.set_limit(knob, before);
        result
    }

    /// `call` with a pool that must stay on the host: there was no memory for it.
    fn staging<T>(&self, call: impl FnOnce() -> T) -> T {
        self.with("fail_allocation", 1, 0, call)
    }

    fn run(&self, pool: &Pool, budget: usize, options: &Options, frontier: usize) -> Run {
        self.run_by(filter::CUDA, pool, budget, options, frontier)
    }

    fn run_by(
        &self,
        filter: Filter,
        pool: &Pool,
        budget: usize,
        options: &Options,
        frontier: usize,
    ) -> Run {
        let mut chosen = Vec::new();
        self.bed.reset_counters();
        let filter = filter.with_frontier(frontier);
        let selection = select_tuned(pool, budget, options, &filter, &mut |progress| {
            chosen.push(progress.chosen);
            ControlFlow::Continue(())
        })
        .unwrap();
        let counters = self.bed.counters();
        let unasked = chosen.iter().filter(|&&picks| picks == budget).count() as u64;
        chosen.push(selection.centers.len());
        let idle = chosen.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64 - unasked;
        Run { rounds: selection.statistics.rounds as u64, selection, idle, unasked, counters }
    }
}

fn select(
    pool: &Pool,
    budget: usize,
    options: &Options,
    frontier: Option<usize>,
    watch: &mut (dyn FnMut(farpoint::Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    let filter = frontier.map_or(filter::CUDA, |rows| filter::CUDA.with_frontier(rows));
    select_tuned(pool, budget, options, &filter, watch)
}

/// The same by the CPU.
fn expected(pool: &Pool, budget: usize, options: &Options) -> Selection {
    select_tuned(pool, budget, options, &filter::CPU_F32, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

fn assert_same(found: Selection, expected: &Selection) {
    assert_eq!(Selection { statistics: expected.statistics.clone(), ..found }, *expected);
}

/// Every number is exact: what a round costs the host depends on nothing that was picked in it.
#[test]
fn a_round_is_a_fixed_number_of_launches_and_waits() {
    let Some(counted) = Counted::new() else { return };
    for shape in [Shape::Text, Shape::Gaussian, Shape::Integers] {
        let values = pool(shape, N, D, 3);
        let pool = Pool::new(&values, D).unwrap();
        for (is_int8, is_staged) in [(false, false), (false, true), (true, false), (true, true)] {
            let waits = if is_staged { STAGED_WAITS } else { WAITS };
            let launches_a_round = match is_int8 {
                true => INT8_LAUNCHES + u64::from(is_staged),
                false => LAUNCHES,
            };
            let filter = if is_int8 { filter::CUDA_INT8 } else { filter::CUDA };
            let mut bases = Vec::new();
            for (budget, frontier) in [(40, 20), (80, 20), (40, 100), (300, 100), (600, 300)] {
                let options = &Options::default();
                let run = || counted.run_by(filter, &pool, budget, options, frontier);
                let run = if is_staged { counted.staging(run) } else { run() };
                let idle = if is_staged { run.idle } else { 0 };
                // Without a pick to be made, neither products nor values are needed; after such a round no center is left to be packed.
                let unasked = 2 * run.unasked + run.unasked.saturating_sub(1);
                let all = run.counters.launches + idle + unasked;
                let ahead = if is_staged || run.unasked > 0 { 0 } else { AHEAD };
                let launches = all - launches_a_round * run.rounds - ahead;
                let (waited, most) = (run.counters.synchronizations, waits * run.rounds);
                // Where no row is live, none is sent.
                let beside = match is_int8 && is_staged {
                    true => waited.saturating_sub(most + 12),
                    false => waited - most,
                };
                bases.push((launches, beside));
            }
            let same = bases.iter().all(|base| *base == bases[0]);
            assert!(
                same,
                "{shape:?}, int8 {is_int8}, staged {is_staged}: launches and waits beside the rounds' {bases:?}"
            );
            assert!(bases[0].0 < 10 && bases[0].1 < 10, "{bases:?}");
        }
    }
}

#[test]
fn settling_is_a_fixed_number_of_launches_a_block() {
    let Some(counted) = Counted::new() else { return };
    let options = Options { assign: true, ..Options::default() };
    let launches = |shape, budget| {
        let values = pool(shape, N, D, 3);
        let pool = Pool::new(&values, D).unwrap();
        let whole = counted.run(&pool, budget, &options, 100);
        let unsettled = counted.run(&pool, budget, &Options::default(), 100);
        whole.counters.launches - unsettled.counters.launches
    };
    let each = [Shape::Text, Shape::Integers].map(|shape| [50, 400].map(|k| launches(shape, k)));
    assert_eq!(each.as_flattened(), [each[0][0]; 4]);
}

#[test]
fn one_allocation_that_is_given_back() {
    let Some(counted) = Counted::new() else { return };
    let values = pool(Shape::Text, N, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let before = counted.bed.counters().bytes_now;
    let is_back = |what: &str| assert_eq!(counted.bed.counters().bytes_now, before, "{what}");
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let weights = Some(vec![2.0; N]);
        for options in [
            Options { metric, assign: true, ..Options::default() },
            Options { metric, weights, labeled: vec![5, 9], ..Options::default() },
        ] {
            let run = counted.run(&pool, 100, &options, 64);
            assert_eq!(run.counters.allocations, 1);
            is_back("resident");
            let run = counted.staging(|| counted.run(&pool, 100, &options, 64));
            assert_eq!(run.counters.allocations, 1);
            is_back("staged");
        }
    }
    let mut stop = |_| ControlFlow::Break(());
    assert!(select(&pool, 100, &Options::default(), Some(64), &mut stop).unwrap().interrupted);
    is_back("interrupted");
    let mut go_on = |_| ControlFlow::Continue(());
    for n in 2..=4 {
        let mut failing = || select(&pool, 100, &Options::default(), None, &mut go_on);
        assert!(counted.with("fail_allocation", n, 0, &mut failing).is_err());
        is_back("a failed allocation");
    }
    let mut zeros = values.clone();
    zeros[..D].fill(0.0);
    let zeros = Pool::new(&zeros, D).unwrap();
    let cosine = Options { metric: Metric::Cosine, ..Options::default() };
    assert!(select(&zeros, 100, &cosine, None, &mut go_on).is_err());
    is_back("a zero row");
}

/// Past 16384 rows, which a frontier holds at most, only the rows themselves and their state grow with n.
#[test]
fn memory_is_the_pool_and_48_bytes_a_row() {
    let Some(counted) = Counted::new() else { return };
    let options = Options { metric: Metric::Cosine, labeled: vec![4], ..Options::default() };
    let peak = |n: usize| {
        let values = pool(Shape::Gaussian, n, 4, 3);
        let options = Options { weights: Some(vec![1.0; n]), ..options.clone() };
        let run = counted.run(&Pool::new(&values, 4).unwrap(), 5, &options, 1000);
        run.counters.bytes_peak
    };
    let (few, many) = (peak(17_000), peak(21_000));
    assert!(many <= 21_000 * (16 + 48) + (1 << 30), "{many}");
    // Both are rounded to whole pieces of 256 bytes, of which there are 32.
    assert!(many - few <= 4000 * (16 + 48) + 32 * 256, "{few}, {many}");
}

/// A pool that does not fit stays on the host: the same answer, and of its rows only those of the frontiers travel.
#[test]
fn a_pool_larger_than_the_device() {
    let Some(counted) = Counted::new() else { return };
    let (n, d) = (20_000, 24);
    let values = pool(Shape::Gaussian, n, d, 3);
    let pool = Pool::new(&values, d).unwrap();
    let row_bytes = 4 * d as u64;
    let options = Options { assign: true, labeled: vec![8], ..Options::default() };
    let run = |budget, options: &Options| counted.run(&pool, budget, options, 300);
    let (fits, staged) = (run(12, &options), counted.staging(|| run(12, &options)));
    let memory = (fits.counters.bytes_peak + staged.counters.bytes_peak) / 2;
    assert!(staged.counters.bytes_peak < memory);
    counted.with("memory", i64::try_from(memory).unwrap(), 4 << 30, || {
        let found = run(12, &options);
        assert_eq!(found.counters.bytes_peak, staged.counters.bytes_peak);
        assert_same(found.selection, &expected(&pool, 12, &options));
        let [few, many] = [12, 25].map(|budget| run(budget, &Options::default()));
        let travelled = many.counters.bytes_to_device - few.counters.bytes_to_device;
        assert!(many.rounds > few.rounds);
        assert_eq!(travelled, (many.rounds - few.rounds) * 300 * row_bytes);
    });
}

/// On int8 values the device keeps a quarter of an f32 row, its numbers and its state. Rows travel once, and then live ones alone.
#[test]
fn a_pool_four_times_as_large_as_the_device() {
    let Some(counted) = Counted::new() else { return };
    let (n, more, d) = (17_000, 1_000, 512);
    let values = pool(Shape::Text, n + more, d, 3);
    let run = |filter, rows| {
        let pool = Pool::new(&values[..rows * d], d).unwrap();
        counted.run_by(filter, &pool, 12, &Options::default(), 1000)
    };
    let (int8, halves) = (run(filter::CUDA_INT8_STAGED, n), run(filter::CUDA_STAGED, n));
    let larger = run(filter::CUDA_INT8_STAGED, n + more);
    let of_rows = larger.counters.bytes_peak - int8.counters.bytes_peak;
    // Both are rounded to whole pieces of 256 bytes.
    assert!(of_rows <= (more * (d + 12 + 17)) as u64 + 32 * 256, "{of_rows}");
    let travelled = |run: &Run| run.counters.bytes_to_device - (n * d * 4) as u64;
    assert!(3 * travelled(&int8) <= 2 * travelled(&halves), "{:?}", int8.counters);
    let pool = Pool::new(&values[..n * d], d).unwrap();
    assert_same(int8.selection, &expected(&pool, 12, &Options::default()));
}

/// Copies to memory that is not pinned may return before they are done: nothing is read before the device was waited for.
#[test]
fn answers_are_waited_for() {
    let Some(counted) = Counted::new() else { return };
    let values = pool(Shape::Text, N, D, 3);
    let pool = Pool::new(&values, D).unwrap();
    let options = Options { assign: true, labeled: vec![3], ..Options::default() };
    let answer = expected(&pool, 200, &options);
    counted.with("defer_pageable", 1, 0, || {
        assert_same(counted.run(&pool, 200, &options, 64).selection, &answer);
        let staged = counted.staging(|| counted.run(&pool, 200, &options, 64));
        assert_same(staged.selection, &answer);
    });
}
