//! Where a call's pool comes from: an array of another library, or a file.

use std::sync::atomic::AtomicBool;

use farpoint::{Error, Pool};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::device::leave_own_stream;
use crate::dlpack::Place;
use crate::errors::exception;
use crate::file::FilePool;
use crate::view::View;

/// What labeled vectors are called in errors.
const VECTORS: &str = "array of labeled vectors";

/// A pool as it was passed.
pub enum Source {
    Array(View),
    File(Py<FilePool>),
}

impl Source {
    /// `stream` is the one that work on a GPU is to be queued on, where the array does not say itself.
    pub fn of(object: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<Source> {
        Source::named(object, stream, "pool")
    }

    /// Labeled vectors, in host memory.
    pub fn vectors(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Source>> {
        let Some(object) = object else { return Ok(None) };
        let vectors = Source::named(object, None, VECTORS)?;
        vectors.check_on_host(VECTORS)?;
        Ok(Some(vectors))
    }

    fn named(object: &Bound<'_, PyAny>, stream: Option<i64>, what: &str) -> PyResult<Source> {
        match object.cast::<FilePool>() {
            Ok(file) => Ok(Source::File(file.clone().unbind())),
            Err(_) => {
                let mut view = View::of(object, stream, what)?;
                leave_own_stream(&mut view).map_err(exception)?;
                Ok(Source::Array(view))
            }
        }
    }

    /// `(n, d)`.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Source::Array(view) => view.shape,
            Source::File(file) => (file.get().pool.rows(), file.get().pool.dimensions()),
        }
    }

    /// Where the rows lie, if on a GPU.
    pub fn on_device(&self) -> Option<&View> {
        match self {
            Source::Array(view) if view.place != Place::Host => Some(view),
            _ => None,
        }
    }

    /// Refuse rows on a GPU for `what`, which reads them on the host: no hidden copy is made.
    pub fn check_on_host(&self, what: &str) -> PyResult<()> {
        match self.on_device() {
            None => Ok(()),
            Some(_) => Err(PyTypeError::new_err(format!(
                "the {what} lies on a GPU and is needed in host memory: pass a copy (.cpu() or .get())"
            ))),
        }
    }

    /// Call `work` with the pool, which lies on the host, once its values are checked.
    pub fn with_pool<T>(
        &self,
        interrupt: &AtomicBool,
        work: impl FnOnce(&Pool) -> farpoint::Result<T>,
    ) -> farpoint::Result<T> {
        match self {
            Source::Array(view) => {
                work(&Pool::of_bytes(view.bytes(), view.shape.1, view.dtype, Some(interrupt))?)
            }
            Source::File(file) => work(&file.get().pool),
        }
    }
}

/// Call `work` with the vectors given, if any. Of them, rows are told apart from the pool's.
pub fn with_vectors<T>(
    vectors: Option<&Source>,
    interrupt: &AtomicBool,
    work: impl FnOnce(Option<&Pool>) -> farpoint::Result<T>,
) -> farpoint::Result<T> {
    let Some(vectors) = vectors else { return work(None) };
    let mut work = Some(work);
    let answer = vectors.with_pool(interrupt, |pool| {
        let work = work.take().expect("called once");
        work(Some(pool))
    });
    match answer {
        // `work` was not called: the error is of the vectors' own values.
        Err(Error::NotFinite { row, dimension, value, .. }) if work.is_some() => {
            Err(Error::NotFinite { what: "labeled vector", row, dimension, value })
        }
        answer => answer,
    }
}

/// `result`, the engine's error as Python's.
pub fn raised<T>(result: farpoint::Result<T>) -> PyResult<T> {
    result.map_err(exception)
}
