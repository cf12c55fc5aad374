//! Lists of rows and of weights in files, read as the program reads them.

use std::path::PathBuf;

use farpoint::pool;
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::raised;

/// The rows that a file lists, `(m,)`.
#[pyfunction]
pub fn read_rows(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyArray1<i64>>> {
    let rows = raised(py.detach(|| pool::read_rows(&path)))?;
    let number = |row| {
        let beyond = || format!("{}: no pool has a row {row}", path.display());
        i64::try_from(row).map_err(|_| PyValueError::new_err(beyond()))
    };
    let rows: PyResult<Vec<i64>> = rows.into_iter().map(number).collect();
    Ok(rows?.into_pyarray(py))
}

/// The weights in a file, `(n,)`.
#[pyfunction]
pub fn read_weights(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyArray1<f32>>> {
    Ok(raised(py.detach(|| pool::read_weights(&path)))?.into_pyarray(py))
}
