//! The engine's own threads.

use crate::error::{Error, Result};
use crate::float_environment;

/// A larger number is a mistake: no machine has so many cores, and starting so many threads would bring it down.
const MOST_THREADS: usize = 4096;

/// Runs `work` on threads of the engine's own, as many as asked for, with the floating-point environment of the
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
        thread.run();
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_scoped(start, |pool| pool.install(work))
        .map_err(|reason| Error::Options(format!("{threads} threads cannot be started: {reason}")))
}
