//! `farpoint.robust`.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use farpoint::{Candidates, RobustOptions, RobustProgress, RobustSelection, robust_with};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Serialize;

use crate::errors::raised;
use crate::select::rows;
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, with};
use crate::watch::{watched, without_selection};

/// A robust selection as `farpoint._robust` takes it, and the exception that ended it early.
#[derive(IntoPyObject)]
pub struct Answer<'py> {
    centers: Bound<'py, PyArray1<i64>>,
    outliers: Bound<'py, PyArray1<i64>>,
    lower: f64,
    upper: f64,
    greedy_radius: f64,
    end: String,
    /// Why no GPU was used, where one would have been.
    fallback: Option<String>,
    min_distance: Option<Bound<'py, PyArray1<f64>>>,
    assignment: Option<Bound<'py, PyArray1<i64>>>,
    /// JSON, as the three after it.
    decisions: String,
    certificate: String,
    statistics: String,
    search: String,
    raised: Option<PyErr>,
}

/// Of a robust selection alone.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct RobustTerms {
    outliers: usize,
    time_limit: Option<f64>,
    gap: f64,
    candidates: String,
}

impl RobustTerms {
    fn options(&self) -> PyResult<RobustOptions> {
        let candidates = match &*self.candidates {
            "all" => Candidates::All,
            "greedy" => Candidates::Greedy,
            name => {
                return Err(PyValueError::new_err(format!(
                    "candidates '{name}' is neither 'all' nor 'greedy'"
                )));
            }
        };
        let duration = |seconds| {
            Duration::try_from_secs_f64(seconds).map_err(|_| {
                PyValueError::new_err(format!("time_limit {seconds} is not a number of seconds"))
            })
        };
        let time_limit = self.time_limit.map(duration).transpose()?;
        Ok(RobustOptions { outliers: self.outliers, time_limit, gap: self.gap, candidates })
    }
}

/// `tick` is called with seconds, lower and upper now and then, in the calling thread.
#[pyfunction]
#[pyo3(signature = (pool, budget, terms, robust_terms, labeled_vectors=None, tick=None))]
pub fn robust<'py>(
    pool: &Bound<'py, PyAny>,
    budget: usize,
    terms: Terms<'py>,
    robust_terms: RobustTerms,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
    tick: Option<&Bound<'py, PyAny>>,
) -> PyResult<Answer<'py>> {
    let source = Source::of(pool, None)?;
    source.check_on_host("pool")?;
    let vectors = Source::vectors(labeled_vectors)?;
    let (options, robust_options) = (terms.options()?, robust_terms.options()?);
    let latest = Mutex::new(None);
    let work = |interrupt: &AtomicBool| {
        let watch = &mut |progress| {
            *latest.lock().expect("nothing panics while it is held") = Some(progress);
            ControlFlow::Continue(())
        };
        let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
        let options = with(&options, vectors.as_deref(), interrupt);
        let pool = source.pool(interrupt)?;
        robust_with(&pool, budget, &options, &robust_options, watch)
    };
    let tell = |_: Python<'_>| {
        // The engine may report more meanwhile.
        let progress = latest.lock().expect("as above").take();
        tell(tick, progress)
    };
    match watched(pool.py(), tell, work)? {
        (Err(_), Some(error)) => Err(without_selection(pool.py(), error)),
        (selection, error) => Ok(answer(pool.py(), raised(selection)?, error)),
    }
}

fn tell(tick: Option<&Bound<'_, PyAny>>, progress: Option<RobustProgress>) -> PyResult<()> {
    if let (Some(tick), Some(RobustProgress { seconds, lower, upper })) = (tick, progress) {
        tick.call1((seconds, lower, upper))?;
    }
    Ok(())
}

fn answer(py: Python<'_>, selection: RobustSelection, raised: Option<PyErr>) -> Answer<'_> {
    Answer {
        centers: rows(py, &selection.centers),
        outliers: rows(py, &selection.outliers),
        lower: selection.lower,
        upper: selection.upper,
        greedy_radius: selection.greedy_radius,
        end: selection.end.to_string(),
        fallback: selection.statistics.fallback.clone(),
        decisions: json(&selection.decisions),
        certificate: json(&selection.certificate),
        statistics: json(&selection.statistics),
        search: json(&selection.search),
        min_distance: selection.min_distances.map(|distances| distances.into_pyarray(py)),
        assignment: selection.assignment.map(|assignment| assignment.into_pyarray(py)),
        raised,
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and names are JSON")
}
