//! What went wrong while rows were read from files in the middle of a run. Whoever reads gets zeros, and the run ends soon after.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A row that could not be read, or holds what no row may.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub path: PathBuf,
    /// In the pool.
    pub row: usize,
    /// What to say of it.
    pub reason: String,
    /// The row was read, and its values are at fault: so may be those of lower rows.
    pub of_values: bool,
}

/// The first fault of a pool, kept from when it is met.
#[derive(Default)]
pub(super) struct Faults {
    any: AtomicBool,
    first: Mutex<Option<Fault>>,
}

impl Faults {
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Keep `fault`, unless one is kept. A file that cannot be read says more than a value that it gave.
    pub fn keep(&self, fault: Fault) {
        let mut first = self.first.lock().expect("no thread panics while it holds this");
        if first.as_ref().is_none_or(|kept| kept.of_values && !fault.of_values) {
            *first = Some(fault);
        }
        self.any.store(true, Ordering::Release);
    }

    pub fn first(&self) -> Option<Fault> {
        self.first.lock().expect("no thread panics while it holds this").clone()
    }
}
