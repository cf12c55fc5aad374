//! `farpoint.select`.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use farpoint::{Progress, Selection, Statistics, select_with};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::device;
use crate::errors::raised;
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, with};
use crate::watch::{Watched, at_once, watched, without_selection};

/// Products of values up to which a selection is sooner done than a tick: it runs in the calling thread.
pub const QUICK: usize = 1 << 26;

/// A selection as `farpoint._selection` takes it, and the exception that ended it early.
#[derive(IntoPyObject)]
pub struct Answer<'py> {
    centers: Bound<'py, PyArray1<i64>>,
    radii: Bound<'py, PyArray1<f64>>,
    initial_radius: f64,
    lower_bounds: Bound<'py, PyArray1<f64>>,
    farthest: Option<usize>,
    min_distance: Option<Bound<'py, PyArray1<f64>>>,
    assignment: Option<Bound<'py, PyArray1<i64>>>,
    interrupted: bool,
    /// The seconds that the engine took, the check of the values included.
    seconds: f64,
    /// Why no GPU was used, where one would have been.
    fallback: Option<String>,
    statistics: Counts,
    raised: Option<PyErr>,
}

/// The engine's counts, which are made JSON when they are asked for as text.
#[pyclass(frozen, module = "farpoint._native")]
pub struct Counts(Statistics);

#[pymethods]
impl Counts {
    fn __str__(&self) -> String {
        serde_json::to_string(&self.0).expect("counts and text are JSON")
    }
}

/// `terms` are those of [`Terms`]; `tick` is called with picks, budget and radius now and then, in the calling thread.
/// `stream` and `allocate` (bytes to an address and what keeps it) are for pools on a GPU.
#[pyfunction]
#[pyo3(signature = (pool, budget, terms, labeled_vectors=None, tick=None, stream=None, allocate=None))]
pub fn select<'py>(
    pool: &Bound<'py, PyAny>,
    budget: Option<usize>,
    terms: Terms<'py>,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
    tick: Option<&Bound<'py, PyAny>>,
    stream: Option<i64>,
    allocate: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let py = pool.py();
    let source = Source::of(pool, stream)?;
    let vectors = Source::vectors(labeled_vectors)?;
    let options = terms.options()?;
    let (n, d) = source.shape();
    let budget = budget.unwrap_or_else(|| source.available(&options).max(1));
    let latest = Mutex::new(None);
    let work = |interrupt: &AtomicBool| {
        let watch = &mut |progress| {
            *latest.lock().expect("nothing panics while it is held") = Some(progress);
            ControlFlow::Continue(())
        };
        let started = Instant::now();
        let mut select = || {
            let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
            let options = &with(&options, vectors.as_deref(), interrupt);
            if let Some(view) = source.on_device() {
                return device::select(view, budget, options, allocate.as_ref(), watch);
            }
            let pool = source.pool(interrupt)?;
            select_with(&pool, budget, options, watch)
        };
        (select(), started.elapsed().as_secs_f64())
    };
    let given =
        options.labeled.len() + options.resume.len() + vectors.as_ref().map_or(0, |v| v.shape().0);
    let products = n.saturating_mul(d).saturating_mul(budget.min(n) + given);
    // A file's values may have to be read first.
    let is_quick = products <= QUICK && tick.is_none() && matches!(source, Source::Array(_));
    let ((selection, seconds), raised_by) = if is_quick {
        at_once(py, work)?
    } else {
        watched(py, |_| tell(tick, take(&latest)), work)?
    };
    answer(py, finished(py, (selection, raised_by), tick, budget)?, seconds)
}

/// The engine's latest progress. The engine may report more while this is passed on.
pub fn take(latest: &Mutex<Option<Progress>>) -> Option<Progress> {
    latest.lock().expect("nothing panics while it is held").take()
}

/// Call `tick` with how far the run has come, if it has come farther.
pub fn tell(tick: Option<&Bound<'_, PyAny>>, progress: Option<Progress>) -> PyResult<()> {
    if let (Some(tick), Some(Progress { chosen, budget, radius })) = (tick, progress) {
        tick.call1((chosen, budget, radius))?;
    }
    Ok(())
}

/// An exception raised meanwhile comes before the engine's error, which it may have caused. The last picks are
/// reported, too.
pub fn finished(
    py: Python<'_>,
    (selection, raised_by): Watched<farpoint::Result<Selection>>,
    tick: Option<&Bound<'_, PyAny>>,
    budget: usize,
) -> PyResult<(Selection, Option<PyErr>)> {
    let (selection, raised_by) = match (selection, raised_by) {
        (Err(_), Some(error)) => return Err(without_selection(py, error)),
        (selection, raised_by) => (raised(selection)?, raised_by),
    };
    let (chosen, radius) = (selection.centers.len(), selection.radius());
    let last = Some(Progress { chosen, budget, radius });
    Ok((selection, raised_by.or_else(|| tell(tick, last).err())))
}

pub fn answer(
    py: Python<'_>,
    (selection, raised): (Selection, Option<PyErr>),
    seconds: f64,
) -> PyResult<Answer<'_>> {
    Ok(Answer {
        centers: rows(py, &selection.centers),
        radii: selection.radii.into_pyarray(py),
        initial_radius: selection.initial_radius,
        lower_bounds: selection.lower_bounds.into_pyarray(py),
        farthest: selection.farthest,
        min_distance: selection.min_distances.map(|distances| distances.into_pyarray(py)),
        assignment: selection.assignment.map(|assignment| assignment.into_pyarray(py)),
        interrupted: selection.interrupted,
        seconds,
        fallback: selection.statistics.fallback.clone(),
        statistics: Counts(selection.statistics),
        raised,
    })
}

/// Rows as Python numbers them.
pub fn rows<'py>(py: Python<'py>, rows: &[usize]) -> Bound<'py, PyArray1<i64>> {
    let number = |&row| i64::try_from(row).expect("a row of a pool in memory");
    rows.iter().map(number).collect::<Vec<i64>>().into_pyarray(py)
}
