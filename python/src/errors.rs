//! The engine's errors as Python's.

use std::io;

use farpoint::Error;
use pyo3::exceptions::{PyIndexError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The exception that a caller expects of `error`, with its message.
pub fn exception(error: Error) -> PyErr {
    let message = as_arguments(&error.to_string());
    match error {
        // FileNotFoundError and its like, as `open` raises them.
        Error::Io { path, source } => match source.raw_os_error() {
            Some(code) => PyOSError::new_err((code, strerror(&source), path)),
            None => io::Error::new(source.kind(), message).into(),
        },
        Error::RowOutOfRange { .. } => PyIndexError::new_err(message),
        Error::CudaMemory { .. } | Error::Memory { .. } => PyMemoryError::new_err(message),
        Error::Read { .. } => PyOSError::new_err(message),
        Error::Shard { is_input: false, .. }
        | Error::Unsupported { .. }
        | Error::Unavailable { .. }
        | Error::Threads { .. }
        | Error::Lost { .. } => PyRuntimeError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// `message` with arguments of `farpoint.open` in the place of the program's options that it names.
pub fn as_arguments(message: &str) -> String {
    OPTIONS
        .iter()
        .fold(message.to_string(), |message, (option, argument)| message.replace(option, argument))
}

/// Options of the program, and what they are in Python: those with a value come before those without.
const OPTIONS: [(&str, &str); 16] = [
    ("--tensor '", "name='"),
    ("--columns '", "columns='"),
    ("--dtype f64", "dtype='f64'"),
    ("--dtype f32", "dtype='f32'"),
    ("--dtype f16", "dtype='f16'"),
    ("--dtype bf16", "dtype='bf16'"),
    ("--dtype u8", "dtype='u8'"),
    ("--dtype i8", "dtype='i8'"),
    ("--format fbin", "format='fbin'"),
    ("--scratch DIR", "scratch=DIR"),
    ("--skip-bad", "skip_bad=True"),
    ("--tensor NAME", "name="),
    ("--tensor KEY", "name="),
    ("--columns", "columns"),
    ("--dtype", "dtype"),
    ("--format", "format"),
];

/// `result`, the engine's error as Python's.
pub fn raised<T>(result: farpoint::Result<T>) -> PyResult<T> {
    result.map_err(exception)
}

/// The exception for an engine that broke a promise of its own, or whose pool was changed under it: values are checked when a run begins.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    PyRuntimeError::new_err(format!(
        "a bug in farpoint, please report it, unless another thread wrote to the pool during the run, which none may: {text}"
    ))
}

/// The system's message, without the number that Rust puts behind it.
fn strerror(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}
