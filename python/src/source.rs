//! Where a call's pool comes from: an array of another library, or a file.

use farpoint::Pool;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::dlpack::Place;
use crate::errors::exception;
use crate::file::FilePool;
use crate::view::View;

/// A pool as it was passed.
pub enum Source {
    Array(View),
    File(Py<FilePool>),
}

impl Source {
    /// `stream` is the one that work on a GPU is to be queued on, where the array does not say itself.
    pub fn of(object: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<Source> {
        match object.cast::<FilePool>() {
            Ok(file) => Ok(Source::File(file.clone().unbind())),
            Err(_) => Ok(Source::Array(View::of(object, stream)?)),
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
        work: impl FnOnce(&Pool) -> farpoint::Result<T>,
    ) -> farpoint::Result<T> {
        match self {
            Source::Array(view) => work(&Pool::of_bytes(view.bytes(), view.shape.1, view.dtype)?),
            Source::File(file) => work(&file.get().pool),
        }
    }
}

/// Call `work` with the vectors given, if any.
pub fn with_vectors<T>(
    vectors: Option<&Source>,
    work: impl FnOnce(Option<&Pool>) -> farpoint::Result<T>,
) -> farpoint::Result<T> {
    match vectors {
        None => work(None),
        Some(vectors) => vectors.with_pool(|pool| work(Some(pool))),
    }
}

/// `result`, the engine's error as Python's.
pub fn raised<T>(result: farpoint::Result<T>) -> PyResult<T> {
    result.map_err(exception)
}
