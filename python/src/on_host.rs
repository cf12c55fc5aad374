//! Work of the CPU on a pool in host memory, under the options of a call.

use std::sync::atomic::AtomicBool;

use farpoint::{Options, Pool};
use pyo3::prelude::*;

use crate::errors::raised;
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, with};
use crate::watch::watched;

/// What `work` makes of the pool; a signal ends it.
///
/// # Errors
/// TypeError of a pool on a GPU; what the options are refused for; the work's own.
pub fn on_host<T: Send>(
    pool: &Bound<'_, PyAny>,
    terms: &Terms<'_>,
    labeled_vectors: Option<&Bound<'_, PyAny>>,
    work: impl Fn(&Pool, &Options) -> farpoint::Result<T> + Sync,
) -> PyResult<T> {
    let source = Source::of(pool, None)?;
    source.check_on_host("pool")?;
    let vectors = Source::vectors(labeled_vectors)?;
    let options = terms.options()?;
    let work = |interrupt: &AtomicBool| {
        let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
        let options = with(&options, vectors.as_deref(), interrupt);
        let pool = source.pool(interrupt)?;
        work(&pool, &options)
    };
    match watched(pool.py(), |_| Ok(()), work)? {
        (_, Some(error)) => Err(error),
        (made, None) => raised(made),
    }
}
