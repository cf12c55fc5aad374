//! What may be said about a selection, as `farpoint._terms` checked it.

use std::sync::atomic::AtomicBool;

use farpoint::{Device, First, Metric, Options, Pool};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// Taken from the attributes of these names.
#[derive(FromPyObject)]
pub struct Terms<'py> {
    metric: String,
    labeled: Option<PyReadonlyArray1<'py, i64>>,
    weights: Option<PyReadonlyArray1<'py, f32>>,
    exclude: Option<PyReadonlyArray1<'py, i64>>,
    resume: Option<PyReadonlyArray1<'py, i64>>,
    stop_radius: Option<f64>,
    first: Bound<'py, PyAny>,
    seed: u64,
    device: String,
    threads: usize,
    assign: bool,
}

impl Terms<'_> {
    /// The engine's options.
    ///
    /// # Errors
    /// ValueError, TypeError, IndexError: names that say nothing, rows below 0.
    pub fn options(&self) -> PyResult<Options<'static>> {
        Ok(Options {
            labeled: rows("labeled", self.labeled.as_ref())?,
            labeled_vectors: None,
            excluded: rows("excluded", self.exclude.as_ref())?,
            weights: self.weights.as_ref().map(|weights| weights.as_array().to_vec()),
            stop_radius: self.stop_radius,
            first: first(&self.first)?,
            metric: metric(&self.metric)?,
            seed: self.seed,
            device: device(&self.device)?,
            threads: self.threads,
            resume: rows("resume", self.resume.as_ref())?,
            interrupt: None,
            assign: self.assign,
        })
    }
}

/// `options` with what lives no longer than a call.
pub fn with<'a>(
    options: &Options<'static>,
    vectors: Option<&'a Pool<'a>>,
    interrupt: &'a AtomicBool,
) -> Options<'a> {
    Options { labeled_vectors: vectors, interrupt: Some(interrupt), ..options.clone() }
}

/// Rows that are neither labeled nor excluded: the most there are to choose.
pub fn available(options: &Options, rows: usize) -> usize {
    let mut is_free = vec![true; rows];
    let taken = options.labeled.iter().chain(&options.excluded);
    taken.filter(|&&row| row < rows).for_each(|&row| is_free[row] = false);
    is_free.into_iter().filter(|&free| free).count()
}

pub fn metric(name: &str) -> PyResult<Metric> {
    match name {
        "euclidean" => Ok(Metric::Euclidean),
        "cosine" => Ok(Metric::Cosine),
        _ => Err(PyValueError::new_err(format!(
            "metric '{name}' is neither 'euclidean' nor 'cosine'"
        ))),
    }
}

fn device(name: &str) -> PyResult<Device> {
    let refused = || {
        PyValueError::new_err(format!(
            "device '{name}' is none of 'auto', 'cpu', 'cuda' and 'cuda:<number>'"
        ))
    };
    match name {
        "auto" => Ok(Device::Auto),
        "cpu" => Ok(Device::Cpu),
        "cuda" => Ok(Device::Cuda(0)),
        _ => {
            let number = name.strip_prefix("cuda:").and_then(|number| number.parse().ok());
            number.map(Device::Cuda).ok_or_else(refused)
        }
    }
}

fn first(first: &Bound<'_, PyAny>) -> PyResult<First> {
    if let Ok(row) = first.extract::<i64>() {
        return Ok(First::Row(row_of("first", row)?));
    }
    let name: String =
        first.extract().map_err(|_| PyTypeError::new_err("first is a row or a name"))?;
    match &*name {
        "lowest" => Ok(First::Lowest),
        "mean" => Ok(First::Mean),
        "heaviest" => Ok(First::Heaviest),
        "random" => Ok(First::Random),
        _ => Err(PyValueError::new_err(format!(
            "first '{name}' is no row and none of 'lowest', 'mean', 'heaviest' and 'random'"
        ))),
    }
}

pub fn rows(role: &str, rows: Option<&PyReadonlyArray1<'_, i64>>) -> PyResult<Vec<usize>> {
    let Some(rows) = rows else { return Ok(Vec::new()) };
    rows.as_array().iter().map(|&row| row_of(role, row)).collect()
}

fn row_of(role: &str, row: i64) -> PyResult<usize> {
    usize::try_from(row).map_err(|_| {
        pyo3::exceptions::PyIndexError::new_err(format!(
            "{role} row {row} is not in the pool, whose rows count from 0"
        ))
    })
}
