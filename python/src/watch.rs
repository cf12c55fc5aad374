//! Runs the engine beside the interpreter: the interpreter's lock is released, and the calling thread checks for
//! signals and progress now and then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

use crate::errors::panicked;

/// Between two looks at signals.
const TICK: Duration = Duration::from_millis(20);

/// The result of the work, and an exception that a signal or `tick` raised meanwhile.
pub type Watched<T> = (T, Option<PyErr>);

/// Does `work` in the calling thread, without such checks: for work that takes no longer than a tick.
///
/// # Errors
/// RuntimeError where `work` panics.
pub fn at_once<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> T + Send,
) -> PyResult<Watched<T>> {
    let never = AtomicBool::new(false);
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&never))));
    done.map(|done| (done, None)).map_err(|panic| panicked(&*panic))
}

/// Do `work` in a thread of its own, calling `tick` in the caller's now and then. What `tick` raises, and a signal's exception, ends the
/// work early: the flag that `work` is given is set.
///
/// # Errors
/// RuntimeError where `work` panics, or no thread can be started.
pub fn watched<T: Send>(
    py: Python<'_>,
    tick: impl FnMut(Python<'_>) -> PyResult<()>,
    work: impl FnOnce(&AtomicBool) -> T + Send,
) -> PyResult<Watched<T>> {
    watched_by_many(py, tick, |interrupt| work(interrupt))
}

/// As [`watched`], for work whose own threads look at the flag.
///
/// # Errors
/// As there.
pub fn watched_by_many<T: Send>(
    py: Python<'_>,
    mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
    work: impl FnOnce(&Arc<AtomicBool>) -> T + Send,
) -> PyResult<Watched<T>> {
    let (interrupt, is_done) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    let caller = thread::current();
    let run = || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&interrupt)));
        is_done.store(true, Ordering::Release);
        caller.unpark();
        done
    };
    let mut raised = None;
    let done = thread::scope(|scope| {
        let worker = thread::Builder::new().name("farpoint".into()).spawn_scoped(scope, run);
        let worker = worker.map_err(|error| {
            PyRuntimeError::new_err(format!(
                "1 thread cannot be started: {error}: raise the limit of processes (ulimit -u, or pids.max of the control group)"
            ))
        })?;
        while !is_done.load(Ordering::Acquire) {
            py.detach(|| thread::park_timeout(TICK));
            if raised.is_none()
                && let Err(error) = py.check_signals().and_then(|()| tick(py))
            {
                interrupt.store(true, Ordering::Relaxed);
                raised = Some(error);
            }
        }
        PyResult::Ok(py.detach(|| worker.join()).expect("its panics are caught"))
    })?;
    done.map(|done| (done, raised)).map_err(|panic| panicked(&*panic))
}

/// The exception that ended a run before anything was chosen: its `selection` is None.
pub fn without_selection(py: Python<'_>, raised: PyErr) -> PyErr {
    // An exception that takes no attributes is raised all the same.
    let _ = raised.value(py).setattr("selection", py.None());
    raised
}

/// The same of Ctrl-C while a pool was read; any other exception as it is.
pub fn without_selection_if_interrupted(py: Python<'_>, raised: PyErr) -> PyErr {
    match raised.is_instance_of::<PyKeyboardInterrupt>(py) {
        true => without_selection(py, raised),
        false => raised,
    }
}
