//! `__cuda_array_interface__`: how libraries without DLPack lend arrays on a GPU.

use farpoint::Dtype;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::lent::{Lent, Place, handle, is_row_major};

/// The array of an object that has the interface; `None` if it has not.
pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Lent>> {
    let Some(interface) =
        object.getattr_opt(pyo3::intern!(object.py(), "__cuda_array_interface__"))?
    else {
        return Ok(None);
    };
    let interface = interface.cast_into::<PyDict>()?;
    let get = |name: &str| interface.get_item(name);
    let needed = |name: &str| {
        get(name)?
            .ok_or_else(|| PyTypeError::new_err(format!("__cuda_array_interface__ has no {name}")))
    };
    let dtype = dtype(needed("typestr")?.extract()?);
    let shape: Vec<usize> = needed("shape")?.extract()?;
    let strides: Option<Vec<i64>> = match get("strides")? {
        Some(strides) => strides.extract()?,
        None => None,
    };
    let stream: Option<i64> = match get("stream")? {
        Some(stream) => stream.extract()?,
        None => None,
    };
    let (address, _): (u64, bool) = needed("data")?.extract()?;
    Ok(Some(Lent {
        address,
        place: Place::Cuda(device(object)?),
        is_row_major: strides.is_none_or(|strides| lies_row_major(&shape, &strides, &dtype)),
        shape,
        dtype,
        stream: Some(handle(stream)),
        keeper: Box::new(object.clone().unbind()),
    }))
}

fn dtype(typestr: String) -> Result<Dtype, String> {
    match &*typestr {
        "<f8" => Ok(Dtype::F64),
        "<f4" => Ok(Dtype::F32),
        "<f2" => Ok(Dtype::F16),
        "|u1" => Ok(Dtype::U8),
        "|i1" => Ok(Dtype::I8),
        _ => Err(typestr),
    }
}

/// Strides here are in bytes; of types that pools have not nothing is asked.
fn lies_row_major(shape: &[usize], strides: &[i64], dtype: &Result<Dtype, String>) -> bool {
    let size = dtype.as_ref().map_or(1, |dtype| i64::try_from(dtype.bytes()).expect("at most 8"));
    let values: Vec<i64> = strides.iter().map(|stride| stride / size).collect();
    strides.iter().all(|stride| stride % size == 0) && is_row_major(shape, &values)
}

/// The interface does not say which GPU: the array's library may, else it is the first.
fn device(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    let Some(device) = object.getattr_opt(pyo3::intern!(object.py(), "device"))? else {
        return Ok(0);
    };
    // CuPy's name for it, and PyTorch's.
    for name in ["id", "index"] {
        if let Some(number) = device.getattr_opt(name)?.filter(|number| !number.is_none()) {
            return number.extract();
        }
    }
    Ok(0)
}
