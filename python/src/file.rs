//! Pools on disk.

use std::path::PathBuf;

use farpoint::Pool;
use pyo3::prelude::*;

use crate::errors::raised;
use crate::watch::at_once;

/// A pool in a file, a folder of files or a pattern: in memory where it fits, else read when it is needed; its values are checked when they are read. Made by `farpoint.open`.
#[pyclass(frozen, name = "Pool", module = "farpoint")]
pub struct FilePool {
    pub pool: Pool<'static>,
    path: PathBuf,
}

#[pymethods]
impl FilePool {
    /// `(n, d)`.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.pool.rows(), self.pool.dimensions())
    }

    /// How values are stored: 'f32', 'f16', 'bf16', 'u8' or 'i8'.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.pool.dtype().name()
    }

    /// Bytes of the values.
    #[getter]
    fn nbytes(&self) -> usize {
        self.pool.bytes()
    }

    /// What was converted on the way in, a sentence each.
    #[getter]
    fn notices(&self) -> Vec<String> {
        self.pool.notices().to_vec()
    }

    /// The path it was opened by.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn __len__(&self) -> usize {
        self.pool.rows()
    }

    fn __repr__(&self) -> String {
        let ((n, d), dtype) = (self.shape(), self.dtype());
        format!("farpoint.Pool('{}', shape=({n}, {d}), dtype='{dtype}')", self.path.display())
    }
}

/// The pool at `path`; of a file with several arrays the one called `name`.
#[pyfunction]
#[pyo3(signature = (path, name=None))]
pub fn open(py: Python<'_>, path: PathBuf, name: Option<&str>) -> PyResult<FilePool> {
    let (pool, _) = at_once(py, |_| Pool::open_named(&path, name))?;
    let pool = raised(pool)?;
    Ok(FilePool { pool, path })
}
