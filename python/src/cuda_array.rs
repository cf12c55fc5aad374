//! `__cuda_array_interface__`: how libraries without DLPack lend arrays on a GPU.

use farpoint::Dtype;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dlpack::Place;
use crate::view::{Keeper, NOT_ROW_MAJOR, Unfit, View, handle};

/// The array of an object that has the interface; `None` if it has not.
pub fn of(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<Result<View, Unfit>>> {
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
    let typestr: String = needed("typestr")?.extract()?;
    let dtype = match &*typestr {
        "<f4" => Dtype::F32,
        "<f2" => Dtype::F16,
        "|u1" => Dtype::U8,
        "|i1" => Dtype::I8,
        _ => return Ok(Some(Err(Unfit(format!("has {typestr} values").into())))),
    };
    let shape: Vec<usize> = needed("shape")?.extract()?;
    let strides: Option<Vec<i64>> = match get("strides")? {
        Some(strides) => strides.extract()?,
        None => None,
    };
    if strides.is_some_and(|strides| shape.len() == 2 && !is_row_major(&shape, &strides, dtype)) {
        return Ok(Some(Err(NOT_ROW_MAJOR)));
    }
    let (address, _): (u64, bool) = needed("data")?.extract()?;
    let stream: Option<i64> = match get("stream")? {
        Some(stream) => stream.extract()?,
        None => None,
    };
    let device = device(object)?;
    let keeper = Keeper::Object(object.clone().unbind());
    View::at(address, Place::Cuda(device), &shape, dtype, handle(stream), keeper, what)
        .map(|view| Some(Ok(view)))
}

/// Strides here are in bytes.
fn is_row_major(shape: &[usize], strides: &[i64], dtype: Dtype) -> bool {
    let size = i64::try_from(dtype.bytes()).expect("at most 4");
    let values: Vec<i64> = strides.iter().map(|stride| stride / size).collect();
    strides.iter().all(|stride| stride % size == 0) && crate::view::is_row_major(shape, &values)
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
