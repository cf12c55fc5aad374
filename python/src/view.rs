//! Arrays of other libraries, seen where they lie.

use farpoint::Dtype;
use numpy::PyUntypedArray;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::lent::{Keeper, Lent, Place, handle};
use crate::{arrow, bytes, cuda_array, dlpack, numpy_array};

/// An `(n, d)` array that is a pool as it lies: row-major without gaps, of a type that pools have.
pub struct View {
    pub address: u64,
    pub place: Place,
    pub shape: (usize, usize),
    pub dtype: Dtype,
    /// The stream its owner works on; for CUDA alone.
    pub stream: u64,
    _keeper: Keeper,
}

/// Why an array must be copied first.
struct Unfit(String);

impl View {
    /// The array `object`, called `what` in errors; one that is no pool as it lies is copied by `farpoint._arrays.fitting`, which says so.
    ///
    /// # Errors
    /// TypeError and ValueError: no array, not of two dimensions, of values that pools have not.
    pub fn of(object: &Bound<'_, PyAny>, stream: Option<i64>, what: &str) -> PyResult<View> {
        let called = called(object)?;
        let reason = match View::in_place(object, stream, what, called)? {
            Ok(view) => return Ok(view),
            Err(Unfit(reason)) => reason,
        };
        let arrays = object.py().import(pyo3::intern!(object.py(), "farpoint._arrays"))?;
        let copy = arrays.call_method1("fitting", (object, what, reason))?;
        let refused = |Unfit(reason)| PyTypeError::new_err(format!("the {what} {reason}"));
        View::in_place(&copy, stream, what, called)?.map_err(refused)
    }

    /// The values, which lie in host memory.
    pub fn bytes(&self) -> &[u8] {
        assert_eq!(self.place, Place::Host, "only the host's memory is read");
        let (n, d) = self.shape;
        bytes::of(self.address, n * d * self.dtype.bytes(), self)
    }

    fn in_place(
        object: &Bound<'_, PyAny>,
        stream: Option<i64>,
        what: &str,
        called: &str,
    ) -> PyResult<Result<View, Unfit>> {
        match lent(object, stream, what)? {
            Some(lent) => View::of_lent(lent, stream, what, called),
            None => Ok(Err(Unfit("is no array".into()))),
        }
    }

    fn of_lent(
        lent: Lent,
        stream: Option<i64>,
        what: &str,
        called: &str,
    ) -> PyResult<Result<View, Unfit>> {
        let dtype = match lent.dtype {
            Ok(dtype) => dtype,
            Err(name) => return Ok(Err(Unfit(format!("has {name} values")))),
        };
        if lent.shape.len() == 2 && !lent.is_row_major {
            return Ok(Err(Unfit("is not row-major without gaps".into())));
        }
        let shape = rows_and_dimensions(&lent.shape, what, called)?;
        if lent.address == 0 {
            return Err(PyTypeError::new_err(format!(
                "the {what} has no memory: it is a fake tensor, or its storage was freed"
            )));
        }
        let stream = lent.stream.unwrap_or_else(|| handle(stream));
        let Lent { address, place, keeper, .. } = lent;
        Ok(Ok(View { address, place, shape, dtype, stream, _keeper: keeper }))
    }
}

/// The array `object`, by the first of the ways that its library has to lend it.
fn lent(object: &Bound<'_, PyAny>, stream: Option<i64>, what: &str) -> PyResult<Option<Lent>> {
    if let Some(array) = numpy_array::of(object, what)? {
        return Ok(Some(array));
    }
    if let Some(tensor) = dlpack::exchange(object)? {
        return Ok(Some(tensor));
    }
    if let Some(column) = arrow::of(object, what)? {
        return Ok(Some(column));
    }
    if let Some(tensor) = dlpack::capsule(object, stream)? {
        return Ok(Some(tensor));
    }
    cuda_array::of(object)
}

/// `(n, d)`. Advice calls the array as it is `called`.
fn rows_and_dimensions(shape: &[usize], what: &str, called: &str) -> PyResult<(usize, usize)> {
    match *shape {
        [n, d] if n > 0 && d > 0 => Ok((n, d)),
        [n, d] => {
            Err(PyValueError::new_err(format!("the {what} is empty: its shape is ({n}, {d})")))
        }
        _ => Err(PyValueError::new_err(format!(
            "the {what} has {} dimensions; it is (n, d): {}",
            shape.len(),
            as_rows(shape, called)
        ))),
    }
}

/// How advice names what was passed: an array with NumPy's methods, or what NumPy makes one of.
fn called(object: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let lends = object.cast::<PyUntypedArray>().is_ok()
        || object.hasattr("__dlpack__")?
        || object.hasattr("__cuda_array_interface__")?;
    Ok(if lends && object.hasattr("reshape")? { "a" } else { "np.asarray(a)" })
}

/// What may be meant by an array of another number of dimensions, `a`.
fn as_rows(shape: &[usize], a: &str) -> String {
    match *shape {
        [] => "a number is no pool".into(),
        [_] => format!("pass {a}.reshape(-1, 1) if each number is a row"),
        [1, ..] if shape.len() == 3 => format!("pass {a}[0]"),
        [n, channels, _, _] => format!(
            "pass {a}.reshape({n}, -1) if each entry is a row; of feature maps (B, C, H, W) each place is one by \
             np.moveaxis({a}, 1, -1).reshape(-1, {channels}), of tensors a.movedim(1, -1).reshape(-1, {channels})"
        ),
        [n, .., last] => format!(
            "pass {a}.reshape({n}, -1) if each entry is a row, or {a}.reshape(-1, {last}) if each vector in it is one"
        ),
    }
}
