//! The engine's own threads.

use std::cell::Cell;

use crate::error::{Error, Result};
use crate::float_environment;

/// A larger number is a mistake: no machine has so many cores, and starting so many threads would bring it down.
const MOST_THREADS: usize = 4096;
/// No more are started than the larger of this and so many a core. Measured on two cores: 500 of 15,625 x 768 take 0.16 s by 64 threads, 0.56 s
/// by 256 and 21 s by 1,000, which wait for each other.
const ENOUGH_THREADS: usize = 64;
const ENOUGH_A_CORE: usize = 4;

thread_local! {
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is one of the engine's own. Elsewhere parallel work would start the process's own pool, which does not
/// outlive a fork, or take a pool of the caller's, whose threads have a floating-point environment of their own.
pub(crate) fn are_own() -> bool {
    IS_OWN.get()
}

/// Runs `work` on threads of the engine's own, as many as asked for or as are enough, with the floating-point environment of the
/// contract. The threads have ended when this returns.
pub(crate) fn on_engine_threads<T: Send>(
    threads: usize,
    work: impl FnOnce() -> T + Send,
) -> Result<T> {
    if threads > MOST_THREADS {
        return Err(Error::Options(format!("{threads} threads are more than {MOST_THREADS}")));
    }
    let start = |thread: rayon::ThreadBuilder| {
        float_environment::set_default();
        IS_OWN.set(true);
        thread.run();
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.min(enough()))
        .build_scoped(start, |pool| pool.install(work))
        .map_err(|reason| Error::Threads { threads, reason: reason.to_string() })
}

fn enough() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    ENOUGH_THREADS.max(ENOUGH_A_CORE * cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_threads_are_started_than_are_of_use() {
        let started = |threads| on_engine_threads(threads, rayon::current_num_threads).unwrap();
        assert_eq!(started(3), 3);
        assert_eq!(started(ENOUGH_THREADS), ENOUGH_THREADS);
        assert_eq!(started(MOST_THREADS), enough());
        assert!(on_engine_threads(MOST_THREADS + 1, || ()).is_err());
    }
}
