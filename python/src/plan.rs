//! `farpoint.plan`.

use std::sync::atomic::AtomicBool;

use farpoint::pool::{Outline, Sample};
use pyo3::prelude::*;

use crate::errors::raised;
use crate::source::Source;
use crate::terms::named;
use crate::watch::watched;

/// The plan, as JSON.
#[pyfunction]
#[pyo3(signature = (pool, budget, metric, threads))]
pub fn plan(
    pool: &Bound<'_, PyAny>,
    budget: usize,
    metric: &str,
    threads: usize,
) -> PyResult<String> {
    let source = Source::of(pool, None)?;
    source.check_on_host("pool")?;
    let metric = named(metric)?;
    let work = |interrupt: &AtomicBool| {
        let pool = source.pool(interrupt)?;
        let sample = Sample::of(&pool)?;
        farpoint::plan(
            &Outline::of(&pool),
            Some(&sample),
            budget,
            metric,
            threads,
            None,
            Some(interrupt),
        )
    };
    match watched(pool.py(), |_| Ok(()), work)? {
        (_, Some(error)) => Err(error),
        (plan, None) => {
            Ok(serde_json::to_string(&raised(plan)?).expect("numbers and names are JSON"))
        }
    }
}
