//! Ids of rows: those in files of their own, and those of a pool in files.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use farpoint::pool::{self, Id, IdSource, Ids};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::errors::raised;
use crate::file::FilePool;

/// The ids in a list, in their order.
#[pyfunction]
pub fn read_ids(py: Python<'_>, path: PathBuf) -> PyResult<Vec<Py<PyAny>>> {
    let ids = raised(py.detach(|| pool::read_ids(&path, None)))?;
    ids.into_iter().map(|entry| object(py, entry.id)).collect()
}

/// The ids of `rows` of a pool in files, which `source` says where to find.
#[pyfunction]
pub fn ids_of_rows(
    py: Python<'_>,
    pool: &FilePool,
    source: &str,
    rows: Vec<usize>,
) -> PyResult<Vec<Py<PyAny>>> {
    let ids = py.detach(|| ids(pool, source)?.of_rows(&rows));
    raised(ids)?.into_iter().map(|id| object(py, id)).collect()
}

/// The rows whose ids are among `wanted`, by the texts of those.
#[pyfunction]
pub fn rows_of_ids(
    py: Python<'_>,
    pool: &FilePool,
    source: &str,
    wanted: HashSet<String>,
) -> PyResult<HashMap<String, usize>> {
    raised(py.detach(|| ids(pool, source)?.rows_of(&wanted)))
}

fn ids(pool: &FilePool, source: &str) -> farpoint::Result<Ids> {
    Ok(Ids::new(&pool.pool, IdSource::named(source))?.in_format(pool.format()))
}

fn object(py: Python<'_>, id: Id) -> PyResult<Py<PyAny>> {
    match id {
        Id::Integer(number) => number.into_py_any(py),
        Id::Text(text) => text.into_py_any(py),
    }
}
