//! The options of a selection, as `farpoint._terms` checked them.

use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use farpoint::{First, Options, Pool, UnknownName};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

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
            metric: named(&self.metric)?,
            seed: self.seed,
            device: named(&self.device)?,
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

/// The metric, device or first center of this name.
///
/// # Errors
/// ValueError, with the names there are.
pub fn named<T: FromStr<Err = UnknownName>>(name: &str) -> PyResult<T> {
    name.parse().map_err(|error: UnknownName| PyValueError::new_err(error.to_string()))
}

/// A row, or the name of a policy.
fn first(first: &Bound<'_, PyAny>) -> PyResult<First> {
    if let Ok(name) = first.cast::<PyString>() {
        return named(name.to_str()?);
    }
    let row = first.extract().map_err(|_| PyTypeError::new_err("first is a row or a name"))?;
    Ok(First::Row(row_of("first", row)?))
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
