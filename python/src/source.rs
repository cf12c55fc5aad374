//! Where a call's pool comes from: an array of another library, or a file.

use std::ops::Deref;
use std::sync::atomic::AtomicBool;

use farpoint::{Error, Options, Pool};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::device::leave_own_stream;
use crate::errors::exception;
use crate::file::FilePool;
use crate::lent::Place;
use crate::view::View;
use crate::watch::without_selection_if_interrupted;

/// The name of labeled vectors in errors.
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
                let without = |raised| without_selection_if_interrupted(object.py(), raised);
                let mut view = View::of(object, stream, what).map_err(without)?;
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

    /// How many rows are neither labeled, excluded nor left out.
    pub fn available(&self, options: &Options) -> usize {
        let mut options = options.clone();
        if let Source::File(file) = self {
            options.excluded.extend(file.get().pool.skipped());
        }
        options.available(self.shape().0)
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

    /// The pool, which lies on the host, its values checked.
    pub fn pool(&self, interrupt: &AtomicBool) -> farpoint::Result<Checked<'_>> {
        match self {
            Source::Array(view) => {
                Pool::of_bytes(view.bytes(), view.shape.1, view.dtype, Some(interrupt))
                    .map(|pool| Checked::Array(Box::new(pool)))
            }
            Source::File(file) => Ok(Checked::File(&file.get().pool)),
        }
    }
}

/// A pool of a [`Source`].
pub enum Checked<'a> {
    Array(Box<Pool<'a>>),
    File(&'a Pool<'static>),
}

impl<'a> Deref for Checked<'a> {
    type Target = Pool<'a>;

    fn deref(&self) -> &Pool<'a> {
        match self {
            Checked::Array(pool) => pool,
            Checked::File(pool) => pool,
        }
    }
}

/// Labeled vectors as a pool, if there are any; errors tell them from the pool's rows.
pub fn checked_vectors<'a>(
    vectors: Option<&'a Source>,
    interrupt: &AtomicBool,
) -> farpoint::Result<Option<Checked<'a>>> {
    let of_vectors = |error| match error {
        Error::NotFinite { row, dimension, value, .. } => {
            Error::NotFinite { what: "labeled vector", row, dimension, value }
        }
        Error::TooLarge { row, dimension, value, .. } => {
            Error::TooLarge { what: "labeled vector", row, dimension, value }
        }
        error => error,
    };
    vectors.map(|vectors| vectors.pool(interrupt).map_err(of_vectors)).transpose()
}
