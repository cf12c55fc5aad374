//! `Selection.report`.

use farpoint::report::{About, html};
use farpoint::{Error, Selection, Statistics};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::on_host::on_host;
use crate::terms::{Terms, rows};

/// A selection as `farpoint._selection` has it. Taken from the attributes of these names.
#[derive(FromPyObject)]
pub struct Answered<'py> {
    centers: PyReadonlyArray1<'py, i64>,
    radii: PyReadonlyArray1<'py, f64>,
    initial_radius: f64,
    lower_bounds: PyReadonlyArray1<'py, f64>,
    farthest: Option<usize>,
    min_distance: Option<PyReadonlyArray1<'py, f64>>,
    assignment: Option<PyReadonlyArray1<'py, i64>>,
    interrupted: bool,
    /// As JSON.
    statistics: String,
}

impl Answered<'_> {
    pub fn selection(&self) -> PyResult<Selection> {
        let statistics: Statistics = serde_json::from_str(&self.statistics)
            .map_err(|error| PyValueError::new_err(format!("these are no statistics: {error}")))?;
        Ok(Selection {
            centers: rows("center", Some(&self.centers))?,
            radii: self.radii.as_array().to_vec(),
            initial_radius: self.initial_radius,
            lower_bounds: self.lower_bounds.as_array().to_vec(),
            farthest: self.farthest,
            min_distances: self.min_distance.as_ref().map(|all| all.as_array().to_vec()),
            assignment: self.assignment.as_ref().map(|all| all.as_array().to_vec()),
            interrupted: self.interrupted,
            statistics,
        })
    }
}

/// Refuse a selection of another pool, whose rows are not there.
fn check_of(rows: usize, selection: &Selection) -> farpoint::Result<()> {
    let is_there = |row: &usize| *row < rows;
    let lengths = [
        selection.min_distances.as_ref().map(Vec::len),
        selection.assignment.as_ref().map(Vec::len),
    ];
    let are_of_it = lengths.into_iter().flatten().all(|length| length == rows)
        && selection.centers.iter().all(is_there)
        && selection.farthest.iter().all(is_there);
    if are_of_it {
        return Ok(());
    }
    Err(Error::Options(format!("the selection is of another pool than this one of {rows} rows")))
}

/// The page of a selection from `pool`, which is called `name`.
#[pyfunction]
#[pyo3(signature = (pool, answered, terms, name, labeled_vectors=None))]
pub fn report<'py>(
    pool: &Bound<'py, PyAny>,
    answered: Answered<'py>,
    terms: Terms<'py>,
    name: &str,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
) -> PyResult<String> {
    let selection = answered.selection()?;
    let version = [("farpoint".to_string(), env!("CARGO_PKG_VERSION").to_string())];
    on_host(pool, &terms, labeled_vectors, |pool, options| {
        check_of(pool.rows(), &selection)?;
        let page = html(
            pool,
            &selection,
            &About { pool: name, options, ids: &[], command: "", facts: &version },
        );
        pool.check_reads()?;
        Ok(page)
    })
}
