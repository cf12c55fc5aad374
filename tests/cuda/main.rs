//! What only a GPU has: batches and lent pools, its benchmark, and GPUs that fail. On the test bed, or on a GPU.
#![cfg(all(target_os = "linux", feature = "cuda"))]

use std::sync::{Mutex, MutexGuard, PoisonError};

#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "cli")]
#[path = "../cli/folder.rs"]
mod folder;

mod batch;
#[cfg(feature = "cli")]
mod bench;
#[cfg(feature = "cli")]
mod faults;

/// The bed counts for the whole process, so one test at a time. None where there is no CUDA device.
fn alone() -> Option<MutexGuard<'static, ()>> {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    common::has_cuda().then_some(guard)
}
