//! NumPy's arrays, and those of its subclasses.

use farpoint::Dtype;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::bytes;
use crate::lent::{Lent, Place};

/// The array `object`, called `what` in errors; `None` if it is not one of NumPy's.
///
/// # Errors
/// TypeError: a masked array.
pub fn of(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<Lent>> {
    let Ok(array) = object.cast::<PyUntypedArray>() else { return Ok(None) };
    // Only a subclass can have a mask, and asking in vain costs as much as converting the rest of an array.
    let is_plain = object.is_exact_instance_of::<PyUntypedArray>();
    if !is_plain && array.getattr_opt(pyo3::intern!(array.py(), "mask"))?.is_some() {
        return Err(PyTypeError::new_err(format!(
            "the {what} is a masked array: fill it, and pass the rows left out as `exclude`"
        )));
    }
    Ok(Some(Lent {
        address: bytes::address_of(array),
        place: Place::Host,
        shape: array.shape().to_vec(),
        is_row_major: array.is_c_contiguous(),
        dtype: dtype(array)?,
        stream: None,
        keeper: Box::new(array.clone().into_any().unbind()),
    }))
}

/// By the numbers that NumPy gives its types.
fn dtype(array: &Bound<'_, PyUntypedArray>) -> PyResult<Result<Dtype, String>> {
    let descriptor = array.dtype();
    let is_native = descriptor.is_native_byteorder() != Some(false);
    Ok(match descriptor.num() {
        1 => Ok(Dtype::I8),
        2 => Ok(Dtype::U8),
        11 if is_native => Ok(Dtype::F32),
        12 if is_native => Ok(Dtype::F64),
        23 if is_native => Ok(Dtype::F16),
        // Types that others register, as ml_dtypes does.
        256.. if descriptor.getattr("name")?.extract::<String>()? == "bfloat16" => Ok(Dtype::Bf16),
        _ => Err(descriptor.str()?.to_string()),
    })
}
