//! `farpoint.coverage` and `farpoint.bound`.

use farpoint::BoundInputs;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::errors::exception;
use crate::on_host::on_host;
use crate::terms::{Terms, rows};

/// The counted rows' distances to their nearest centers, the least first.
#[pyfunction]
#[pyo3(signature = (pool, centers, terms, labeled_vectors=None))]
pub fn coverage<'py>(
    pool: &Bound<'py, PyAny>,
    centers: PyReadonlyArray1<'py, i64>,
    terms: Terms<'py>,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let centers = rows("center", Some(&centers))?;
    let coverage = on_host(pool, &terms, labeled_vectors, |pool, options| {
        farpoint::coverage(pool, &centers, options)
    })?;
    Ok(coverage.distances().to_vec().into_pyarray(pool.py()))
}

/// What is known of the loss.
#[derive(FromPyObject)]
pub struct Constants {
    loss_lipschitz: f64,
    regression_lipschitz: f64,
    loss_bound: f64,
    classes: usize,
    gamma: f64,
}

/// Covering, uncovered and Hoeffding's term of the bound, their sum, and whether it says nothing.
#[pyfunction]
pub fn bound(
    constants: Constants,
    rows: usize,
    radius: f64,
    uncovered: usize,
) -> PyResult<(f64, f64, f64, f64, bool)> {
    let Constants { loss_lipschitz, regression_lipschitz, loss_bound, classes, gamma } = constants;
    let inputs = BoundInputs {
        loss_lipschitz,
        regression_lipschitz,
        loss_bound,
        classes,
        gamma,
        rows,
        radius,
        uncovered,
    };
    let bound = farpoint::bound(&inputs).map_err(exception)?;
    Ok((
        bound.covering_term,
        bound.uncovered_term,
        bound.hoeffding_term,
        bound.total,
        bound.vacuous,
    ))
}
