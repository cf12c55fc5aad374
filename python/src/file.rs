//! Pools on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use farpoint::memory::parse_size;
use farpoint::pool::{OpenOptions, Outline};
use farpoint::{Dtype, Pool};
use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::errors::{as_arguments, raised};
use crate::select::rows;
use crate::terms::named;
use crate::watch::watched_by_many;

/// A pool in a file, a folder of files or a pattern, here or in an object store: in memory where it fits, else read when it is needed; its values are checked when they are read. Made by `farpoint.open`.
#[pyclass(frozen, name = "Pool", module = "farpoint")]
pub struct FilePool {
    pub pool: Pool<'static>,
    path: PathBuf,
    origin: Origin,
}

/// How a pool was opened: another process opens it so again.
struct Origin {
    /// Absolute: the other process may be in another folder.
    paths: Vec<PathBuf>,
    /// Of a part of a pool.
    rows: Option<(usize, usize)>,
    name: Option<String>,
    memory: Option<String>,
    scratch: Option<PathBuf>,
    /// Columns, dtype and format, as they were said.
    meant: [Option<String>; 3],
    /// The metric under which rows without distances are left out.
    skip_bad: Option<String>,
}

impl FilePool {
    /// The format of the files, where it was said.
    pub fn format(&self) -> Option<&str> {
        self.origin.meant[2].as_deref()
    }
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
        self.pool.notices().iter().map(|notice| as_arguments(notice)).collect()
    }

    /// The files that the rows come from, in their order.
    #[getter]
    fn files(&self) -> Vec<PathBuf> {
        self.pool.files().to_vec()
    }

    /// The row at which each of `files` begins.
    #[getter]
    fn first_rows(&self) -> Vec<usize> {
        self.pool.first_rows().to_vec()
    }

    /// The rows that were left out, as `skip_bad` asks.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        rows(py, self.pool.skipped())
    }

    /// The path it was opened by; an address, as `s3://`, stays a string, since `pathlib` takes `//` for `/`.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.path.to_str().filter(|path| path.contains("://")) {
            Some(address) => Ok(address.into_pyobject(py)?.into_any()),
            None => Ok(self.path.as_path().into_pyobject(py)?.into_any()),
        }
    }

    /// NumPy would make an array of one object of it.
    #[pyo3(signature = (*_arguments, **_options))]
    fn __array__(
        &self,
        _arguments: &Bound<'_, PyTuple>,
        _options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "an open pool is no array: pass it to farpoint as it is, or read the file by the library of its format, such as np.load",
        ))
    }

    fn __len__(&self) -> usize {
        self.pool.rows()
    }

    /// A pickle names the files, and has none of the values.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let Origin { paths, rows, name, memory, scratch, meant, skip_bad } = &self.origin;
        let paths: Vec<&str> = paths.iter().map(|path| text(path)).collect::<PyResult<_>>()?;
        let scratch = scratch.as_deref().map(text).transpose()?;
        let is = (self.shape(), self.dtype());
        let reopened = py.import(pyo3::intern!(py, "farpoint._open"))?.getattr("reopened")?;
        Ok((
            reopened,
            (paths, *rows, name, memory, scratch, meant, skip_bad, is).into_pyobject(py)?,
        ))
    }

    fn __repr__(&self) -> String {
        let ((n, d), dtype) = (self.shape(), self.dtype());
        format!("farpoint.Pool('{}', shape=({n}, {d}), dtype='{dtype}')", self.path.display())
    }
}

/// The pool at `path`; of a file with several arrays the one called `name`, or the `columns` that are a dimension each; raw values are of
/// `dtype`, the format is as `format` says. `memory` is a size as `4GB`, `skip_bad` the metric under which rows without distances are left out.
#[pyfunction]
#[pyo3(signature = (path, name=None, memory=None, scratch=None, columns=None, dtype=None, format=None, skip_bad=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of the Python function")]
pub fn open(
    py: Python<'_>,
    path: PathBuf,
    name: Option<&str>,
    memory: Option<&str>,
    scratch: Option<PathBuf>,
    columns: Option<&str>,
    dtype: Option<&str>,
    format: Option<&str>,
    skip_bad: Option<&str>,
) -> PyResult<FilePool> {
    let meant = [columns, dtype, format].map(|word| word.map(str::to_string));
    let origin = Origin {
        meant,
        skip_bad: skip_bad.map(str::to_string),
        ..Origin::new(&[&path], None, name, memory, scratch.as_deref())
    };
    let dtype = dtype.map(named_dtype).transpose()?;
    let skip_bad = skip_bad.map(named).transpose()?;
    opened(py, path.clone(), origin, |memory, interrupt| {
        let (scratch, interrupt) = (scratch.as_deref(), Some(interrupt));
        let options = OpenOptions {
            name,
            columns,
            dtype,
            format,
            memory,
            scratch,
            on_disk: false,
            skip_bad,
            interrupt,
        };
        Pool::open_with(&path, &options)
    })
}

/// A dtype by the name that pools have it by.
pub fn named_dtype(name: &str) -> PyResult<Dtype> {
    let all = [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::Bf16, Dtype::U8, Dtype::I8];
    all.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| {
        let names = all.map(Dtype::name).join(", ");
        PyValueError::new_err(format!("dtype is '{name}', not one of {names}"))
    })
}

/// Some rows of the pool that `files` are, in this order; other arguments as of [`open`].
#[pyfunction]
#[pyo3(signature = (files, start, end, name=None, memory=None, scratch=None, columns=None, dtype=None, format=None))]
#[expect(clippy::too_many_arguments, reason = "each is one of a part's")]
pub fn open_part(
    py: Python<'_>,
    files: Vec<PathBuf>,
    start: usize,
    end: usize,
    name: Option<&str>,
    memory: Option<&str>,
    scratch: Option<PathBuf>,
    columns: Option<&str>,
    dtype: Option<&str>,
    format: Option<&str>,
) -> PyResult<FilePool> {
    let path = files.first().cloned().ok_or_else(|| PyValueError::new_err("no files"))?;
    let origin = Origin::new(&files, Some((start, end)), name, memory, scratch.as_deref());
    let meant = [columns, dtype, format].map(|word| word.map(str::to_string));
    let origin = Origin { meant, ..origin };
    let dtype = dtype.map(named_dtype).transpose()?;
    opened(py, path, origin, |memory, interrupt| {
        let (scratch, interrupt) = (scratch.as_deref(), Some(interrupt));
        let options = OpenOptions {
            name,
            columns,
            dtype,
            format,
            memory,
            scratch,
            interrupt,
            ..OpenOptions::default()
        };
        Pool::open_part(&files, start..end, &options)
    })
}

impl Origin {
    fn new(
        paths: &[impl AsRef<Path>],
        rows: Option<(usize, usize)>,
        name: Option<&str>,
        memory: Option<&str>,
        scratch: Option<&Path>,
    ) -> Origin {
        Origin {
            paths: paths.iter().map(|path| absolute(path.as_ref())).collect(),
            rows,
            name: name.map(str::to_string),
            memory: memory.map(str::to_string),
            scratch: scratch.map(absolute),
            meant: Default::default(),
            skip_bad: None,
        }
    }
}

/// A path from anywhere; addresses are that already.
fn absolute(path: &Path) -> PathBuf {
    let is_address = path.to_str().is_some_and(|path| path.contains("://"));
    let whole = if is_address { None } else { std::path::absolute(path).ok() };
    whole.unwrap_or_else(|| path.to_path_buf())
}

fn text(path: &Path) -> PyResult<&str> {
    path.to_str().ok_or_else(|| {
        PyValueError::new_err(format!(
            "{} is no text, and cannot be pickled: rename it",
            path.display()
        ))
    })
}

/// What `open` gives, called with the memory of `origin` in bytes; signals end it.
fn opened(
    py: Python<'_>,
    path: PathBuf,
    origin: Origin,
    open: impl FnOnce(Option<u64>, &Arc<AtomicBool>) -> farpoint::Result<Pool<'static>> + Send,
) -> PyResult<FilePool> {
    let memory = raised(origin.memory.as_deref().map(parse_size).transpose())?;
    match watched_by_many(py, |_| Ok(()), |interrupt| open(memory, interrupt))? {
        (_, Some(exception)) => Err(exception),
        (pool, None) => Ok(FilePool { pool: raised(pool)?, path, origin }),
    }
}

/// The pool at one of `paths`, or of several files in the order given, without its values: its shape, its files and their first rows are
/// what it is for. Other arguments as of [`open`].
#[pyfunction]
#[pyo3(signature = (paths, name=None, columns=None, dtype=None, format=None))]
pub fn outline(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    name: Option<&str>,
    columns: Option<&str>,
    dtype: Option<&str>,
    format: Option<&str>,
) -> PyResult<FilePool> {
    let path = paths.first().cloned().ok_or_else(|| PyValueError::new_err("no files"))?;
    let meant = [columns, dtype, format].map(|word| word.map(str::to_string));
    let origin = Origin { meant, ..Origin::new(&paths, None, name, None, None) };
    let dtype = dtype.map(named_dtype).transpose()?;
    opened(py, path, origin, |_, interrupt| {
        let interrupt = Some(interrupt);
        let options =
            OpenOptions { name, columns, dtype, format, interrupt, ..OpenOptions::default() };
        Outline::pool(&paths, &options)
    })
}
