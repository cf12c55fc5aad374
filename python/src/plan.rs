//! `farpoint.plan`.

use std::sync::atomic::AtomicBool;

use farpoint::pool::{Outline, Sample};
use farpoint::{PlanOptions, RobustOptions};
use pyo3::prelude::*;

use crate::errors::raised;
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, with};
use crate::watch::watched;

/// The plan, as JSON; of a robust selection where `outliers` are given.
#[pyfunction]
#[pyo3(signature = (pool, budget, terms, labeled_vectors=None, outliers=None))]
pub fn plan(
    pool: &Bound<'_, PyAny>,
    budget: usize,
    terms: Terms<'_>,
    labeled_vectors: Option<&Bound<'_, PyAny>>,
    outliers: Option<usize>,
) -> PyResult<String> {
    let source = Source::of(pool, None)?;
    source.check_on_host("pool")?;
    let vectors = Source::vectors(labeled_vectors)?;
    let options = terms.options()?;
    let robust = outliers.map(|outliers| RobustOptions { outliers, ..RobustOptions::default() });
    let asked = PlanOptions { robust, ..PlanOptions::default() };
    let work = |interrupt: &AtomicBool| {
        let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
        let options = with(&options, vectors.as_deref(), interrupt);
        let pool = source.pool(interrupt)?;
        let sample = Sample::of(&pool)?;
        farpoint::plan(&Outline::of(&pool), Some(&sample), budget, &options, &asked)
    };
    match watched(pool.py(), |_| Ok(()), work)? {
        (_, Some(error)) => Err(error),
        (plan, None) => {
            Ok(serde_json::to_string(&raised(plan)?).expect("numbers and names are JSON"))
        }
    }
}
