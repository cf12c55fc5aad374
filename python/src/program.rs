//! The `farpoint` program, as the wheel has it.

use std::ffi::OsString;
use std::path::Path;

use farpoint::pool::{Id, OpenOptions, Outline};
use farpoint::program::{Answer, Asked, Cluster, Ended, main, main_on};
use farpoint::{Dtype, Options, Pool};
use numpy::IntoPyArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::file::named_dtype;
use crate::report::Answered;
use crate::select::rows;

/// How many rows a budget written as text, such as `10%` or `1e3`, is of a pool of `rows`.
///
/// # Errors
/// ValueError: a text that is no budget.
#[pyfunction]
pub fn budget(text: &str, rows: usize) -> PyResult<usize> {
    farpoint::program::budget_of(text, rows).map_err(PyValueError::new_err)
}

/// What the process is to end with, once the program has run with the `words` of its command line, its own name first.
#[pyfunction]
pub fn program(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| main(words))
}

/// As [`program`], and selections are made by `select`, as `farpoint.ray._program` has it. `outline` says rows, dimensions and type of a
/// pool that only the cluster reads, and None of files.
#[pyfunction]
pub fn program_on_cluster(
    py: Python<'_>,
    words: Vec<OsString>,
    outline: Py<PyAny>,
    select: Py<PyAny>,
) -> u8 {
    let cluster = OfPython { outline, select };
    py.detach(|| main_on(words, &cluster))
}

/// A cluster that functions of Python reach.
struct OfPython {
    outline: Py<PyAny>,
    select: Py<PyAny>,
}

/// What Python's `select` gives: the selection, its ids, its seconds, and what ended it early, which of Ctrl-C is empty.
type Given<'py> = (Option<Answered<'py>>, Option<Vec<Named>>, f64, Option<String>);

/// An id as Python has it.
#[derive(FromPyObject)]
enum Named {
    Integer(i64),
    Text(String),
}

impl Cluster for OfPython {
    fn outline(&self, path: &Path, tensor: Option<&str>) -> Result<Option<Pool<'static>>, String> {
        let told: Option<(usize, usize, String)> =
            with_python(|py| self.outline.bind(py).call1((path.to_str(), tensor))?.extract())?;
        let stand_in = |(rows, d, dtype): (usize, usize, String)| {
            let dtype: Dtype = named_dtype(&dtype).map_err(|error| error.to_string())?;
            Outline::stand_in(path, (rows, d), dtype).map_err(|error| error.to_string())
        };
        told.map(stand_in).transpose()
    }

    fn select(&self, asked: &Asked) -> Result<Answer, String> {
        with_python(|py| {
            let arguments = (names(asked)?, asked.budget, asked.quiet, options(py, asked)?);
            let given = self.select.bind(py).call1(arguments)?;
            let (selection, ids, seconds, ended): Given = given.extract()?;
            Ok(Answer {
                selection: selection.map(|selection| selection.selection()).transpose()?,
                ids: ids.map(|ids| ids.into_iter().map(Id::from).collect()),
                seconds,
                ended: ended.map(|reason| match reason.is_empty() {
                    true => Ended::Interrupted,
                    false => Ended::Failed(reason),
                }),
            })
        })
    }
}

impl From<Named> for Id {
    fn from(named: Named) -> Id {
        match named {
            Named::Integer(number) => Id::Integer(number),
            Named::Text(text) => Id::Text(text),
        }
    }
}

/// What `call` gives, with an exception in its own words.
fn with_python<T>(call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, String> {
    Python::attach(|py| {
        call(py).map_err(|error| {
            let words = error.value(py).to_string();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    })
}

fn names(asked: &Asked) -> PyResult<Vec<String>> {
    asked.pools.iter().map(|path| text(path)).collect()
}

/// A path as Python's text.
fn text(path: &Path) -> PyResult<String> {
    let name = path.to_str().map(str::to_string);
    name.ok_or_else(|| {
        let error = format!("{}: its name is no text: rename it", path.display());
        PyValueError::new_err(error)
    })
}

/// The arguments of `farpoint.ray.select` but the first two.
fn options<'py>(py: Python<'py>, asked: &Asked) -> PyResult<Bound<'py, PyDict>> {
    let given = PyDict::new(py);
    let OpenOptions { name, columns, dtype, format, memory, scratch, .. } = asked.open;
    given.set_item("column", name)?;
    given.set_item("columns", columns)?;
    given.set_item("dtype", dtype.map(Dtype::name))?;
    given.set_item("format", format)?;
    given.set_item("memory", memory)?;
    given.set_item("scratch", scratch.map(text).transpose()?)?;
    given.set_item("id_column", asked.id_column.as_deref())?;
    given.set_item("num_shards", asked.shards)?;
    given.set_item("num_cpus_per_shard", asked.cpus_per_shard)?;
    given.set_item("num_gpus_per_shard", asked.gpus_per_shard.unwrap_or_default())?;
    given.set_item("address", asked.address)?;
    given.set_item("checkpoint", asked.checkpoint.map(text).transpose()?)?;
    if let Some(timeout) = asked.timeout {
        given.set_item("timeout", timeout)?;
    }
    // A folder of the name `dataset` is one.
    let distances = asked.distances.map(std::path::absolute).transpose()?;
    given.set_item("distances", distances.as_deref().map(text).transpose()?)?;
    set_question(&given, asked.options)?;
    given.set_item("labeled_vectors", vectors(py, asked)?)?;
    Ok(given)
}

/// What is asked, in rows of the whole pool.
fn set_question(given: &Bound<'_, PyDict>, options: &Options) -> PyResult<()> {
    let py = given.py();
    let listed = |list: &[usize]| (!list.is_empty()).then(|| rows(py, list));
    given.set_item("labeled", listed(&options.labeled))?;
    given.set_item("exclude", listed(&options.excluded))?;
    given.set_item("resume", listed(&options.resume))?;
    given.set_item("weights", options.weights.clone().map(|weights| weights.into_pyarray(py)))?;
    given.set_item("metric", options.metric.name())?;
    given.set_item("stop_radius", options.stop_radius)?;
    let is_random = options.first == farpoint::First::Random;
    given.set_item("first", options.first.to_string())?;
    given.set_item("seed", is_random.then_some(options.seed))
}

/// Vectors from elsewhere, opened by the package.
fn vectors<'py>(py: Python<'py>, asked: &Asked) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(path) = asked.labeled_vectors else { return Ok(None) };
    let open = py.import("farpoint")?.getattr("open")?;
    open.call1((text(path)?,)).map(Some)
}
