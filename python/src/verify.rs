//! `farpoint.verify`.

use farpoint::Certificate;
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::on_host::on_host;
use crate::terms::{Terms, rows};

/// Whether it is right, and what was found, in words.
type Verdict = (bool, String);

/// Check picks, and their radii where given.
#[pyfunction]
#[pyo3(signature = (pool, centers, radii, terms, labeled_vectors=None))]
pub fn verify<'py>(
    pool: &Bound<'py, PyAny>,
    centers: PyReadonlyArray1<'py, i64>,
    radii: Option<PyReadonlyArray1<'py, f64>>,
    terms: Terms<'py>,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
) -> PyResult<Verdict> {
    let centers = rows("center", Some(&centers))?;
    let radii = radii.map(|radii| radii.as_array().to_vec());
    on_host(pool, &terms, labeled_vectors, |pool, options| {
        let verdict = farpoint::verify(pool, &centers, radii.as_deref(), options)?;
        Ok((verdict.is_right(), verdict.to_string()))
    })
}

/// Check a robust selection's certificate, as JSON.
#[pyfunction]
#[pyo3(signature = (pool, certificate, terms, labeled_vectors=None))]
pub fn verify_certificate<'py>(
    pool: &Bound<'py, PyAny>,
    certificate: &str,
    terms: Terms<'py>,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
) -> PyResult<Verdict> {
    let certificate: Certificate = serde_json::from_str(certificate)
        .map_err(|error| PyValueError::new_err(format!("this is no certificate: {error}")))?;
    on_host(pool, &terms, labeled_vectors, |pool, options| {
        let verdict = farpoint::verify_certificate(pool, &certificate, options)?;
        Ok((verdict.is_right(), verdict.to_string()))
    })
}
