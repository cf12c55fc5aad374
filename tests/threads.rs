//! The engine's threads are its own and end with the call: the process's own pool, which would not outlive a fork, is never started.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use farpoint::{
    Device, First, Metric, Options, PlanOptions, Pool, RobustOptions, coverage, plan, robust,
    select, select_with, verify, verify_certificate,
};

const D: usize = 64;

/// Without `synth`, which works on the process's pool.
fn values(rows: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).expect("16 bits")) / 65_536.0
    };
    (0..rows * D).map(next).collect()
}

/// The only test of this program: whether the process's pool was started can be asked once.
#[test]
fn no_call_starts_the_pool_of_the_process() {
    // Large enough that every part works in parallel.
    let (values, vectors) = (values(20_000), values(300));
    let pool = Pool::new(&values, D).unwrap();
    let labeled_vectors = Pool::new(&vectors, D).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let options = Options {
            metric,
            first: First::Mean,
            labeled_vectors: (metric == Metric::Cosine).then_some(&labeled_vectors),
            device: Device::Cpu,
            assign: true,
            ..Options::default()
        };
        let selection = select(&pool, 200, &options).unwrap();
        assert!(verify(&pool, &selection.centers, None, &options).unwrap().is_right());
        coverage(&pool, &selection.centers, &options).unwrap();
        let outline = farpoint::pool::Outline::of(&pool);
        let asked =
            PlanOptions { robust: Some(RobustOptions::default()), ..PlanOptions::default() };
        plan(&outline, None, 10, &options, &asked).unwrap();
        let limit = RobustOptions {
            time_limit: Some(Duration::from_millis(300)),
            ..RobustOptions::default()
        };
        let found = robust(&pool, 50, &options, &limit).unwrap();
        assert!(verify_certificate(&pool, &found.certificate, &options).unwrap().is_right());
    }
    small_selections_start_no_thread();
    Pool::open("data/digits.npy").unwrap();
    // It can be started only if it was not.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
}

/// They run on the caller's thread, whatever is asked, one row far beyond the others among it.
fn small_selections_start_no_thread() {
    let mut values = values(40);
    values[7 * D] = 1e12;
    let pool = Pool::new(&values, D).unwrap();
    let labeled_vectors = Pool::new(&values[..3 * D], D).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        for first in [First::Lowest, First::Mean, First::Random] {
            for labeled_vectors in [None, Some(&labeled_vectors)] {
                let device = Device::Cpu;
                let options =
                    Options { metric, first, labeled_vectors, device, ..Options::default() };
                let before = (thread::current().id(), threads());
                let mut looks = 0;
                let found = select_with(&pool, 5, &options, &mut |_| {
                    looks += 1;
                    assert_eq!((thread::current().id(), threads()), before);
                    ControlFlow::Continue(())
                });
                let found = found.unwrap();
                // Of labeled vectors' rounds the first has no pick to tell of, and it is the only one.
                assert!(looks > 0 || labeled_vectors.is_some());
                let is_told = metric == Metric::Euclidean;
                assert_eq!(found.statistics.beyond.is_some(), is_told, "{first:?}");
            }
        }
    }
}

/// Threads of this process; 0 where the system does not say.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
