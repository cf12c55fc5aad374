//! `farpoint.verify`.

use std::sync::atomic::AtomicBool;

use farpoint::{Certificate, Options, Pool};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::raised;
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, rows, with};
use crate::watch::watched;

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
    checked(pool, &terms, labeled_vectors, |pool, options| {
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
    checked(pool, &terms, labeled_vectors, |pool, options| {
        let verdict = farpoint::verify_certificate(pool, &certificate, options)?;
        Ok((verdict.is_right(), verdict.to_string()))
    })
}

fn checked(
    pool: &Bound<'_, PyAny>,
    terms: &Terms<'_>,
    labeled_vectors: Option<&Bound<'_, PyAny>>,
    check: impl Fn(&Pool, &Options) -> farpoint::Result<Verdict> + Sync,
) -> PyResult<Verdict> {
    let source = Source::of(pool, None)?;
    source.check_on_host("pool")?;
    let vectors = Source::vectors(labeled_vectors)?;
    let options = terms.options()?;
    let work = |interrupt: &AtomicBool| {
        let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
        let options = with(&options, vectors.as_deref(), interrupt);
        let pool = source.pool(interrupt)?;
        check(&pool, &options)
    };
    match watched(pool.py(), |_| Ok(()), work)? {
        (_, Some(error)) => Err(error),
        (verdict, None) => raised(verdict),
    }
}
