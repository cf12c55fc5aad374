//! Arrays of other libraries, seen where they lie.

use std::borrow::Cow;

use farpoint::Dtype;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::dlpack::{self, Lent, Place};
use crate::{bytes, cuda_array};

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

/// What keeps the memory while it is looked at.
#[expect(dead_code, reason = "held, never read")]
pub enum Keeper {
    Object(Py<PyAny>),
    Lent(Lent),
}

/// Why an array must be copied first.
pub struct Unfit(pub Cow<'static, str>);

impl View {
    /// The array `object`, called `what` in errors; one that is no pool as it lies is copied by `farpoint._arrays.fitting`, which says so.
    ///
    /// # Errors
    /// TypeError and ValueError: no array, not of two dimensions, of values that pools have not.
    pub fn of(object: &Bound<'_, PyAny>, stream: Option<i64>, what: &str) -> PyResult<View> {
        let reason = match View::in_place(object, stream, what)? {
            Ok(view) => return Ok(view),
            Err(Unfit(reason)) => reason,
        };
        let arrays = object.py().import(pyo3::intern!(object.py(), "farpoint._arrays"))?;
        let copy = arrays.call_method1("fitting", (object, what, reason))?;
        let refused = |Unfit(reason)| PyTypeError::new_err(format!("the {what} {reason}"));
        View::in_place(&copy, stream, what)?.map_err(refused)
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
    ) -> PyResult<Result<View, Unfit>> {
        if let Ok(array) = object.cast::<PyUntypedArray>() {
            return numpy_array(array, what);
        }
        if let Some(lent) = dlpack::exchange(object)? {
            return lent_tensor(lent, None, what);
        }
        if let Some(lent) = dlpack::capsule(object, stream)? {
            return lent_tensor(lent, stream, what);
        }
        if let Some(array) = cuda_array::of(object, what)? {
            return Ok(array);
        }
        Ok(Err(Unfit("is no array".into())))
    }

    /// A view of what lies at `address`.
    pub fn at(
        address: u64,
        place: Place,
        shape: &[usize],
        dtype: Dtype,
        stream: u64,
        keeper: Keeper,
        what: &str,
    ) -> PyResult<View> {
        let shape = rows_and_dimensions(shape, what)?;
        if address == 0 {
            return Err(PyTypeError::new_err(format!(
                "the {what} has no memory: it is a fake tensor, or its storage was freed"
            )));
        }
        Ok(View { address, place, shape, dtype, stream, _keeper: keeper })
    }
}

/// `(n, d)`.
fn rows_and_dimensions(shape: &[usize], what: &str) -> PyResult<(usize, usize)> {
    match *shape {
        [n, d] if n > 0 && d > 0 => Ok((n, d)),
        [n, d] => {
            Err(PyValueError::new_err(format!("the {what} is empty: its shape is ({n}, {d})")))
        }
        _ => Err(PyValueError::new_err(format!(
            "the {what} has {} dimensions; it is (n, d): pass a.reshape(len(a), -1)",
            shape.len()
        ))),
    }
}

fn numpy_array(array: &Bound<'_, PyUntypedArray>, what: &str) -> PyResult<Result<View, Unfit>> {
    if array.getattr_opt(pyo3::intern!(array.py(), "mask"))?.is_some() {
        return Err(PyTypeError::new_err(format!(
            "the {what} is a masked array: fill it, and pass the rows left out as `exclude`"
        )));
    }
    let descriptor = array.dtype();
    let is_native = descriptor.is_native_byteorder() != Some(false);
    let dtype = match descriptor.num() {
        1 => Dtype::I8,
        2 => Dtype::U8,
        11 if is_native => Dtype::F32,
        23 if is_native => Dtype::F16,
        // Types that others register, as ml_dtypes does.
        256.. if descriptor.getattr("name")?.extract::<String>()? == "bfloat16" => Dtype::Bf16,
        _ => return Ok(Err(Unfit(format!("has {} values", descriptor.str()?).into()))),
    };
    if array.ndim() == 2 && !array.is_c_contiguous() {
        return Ok(Err(NOT_ROW_MAJOR));
    }
    let keeper = Keeper::Object(array.clone().into_any().unbind());
    View::at(bytes::address_of(array), Place::Host, array.shape(), dtype, 0, keeper, what).map(Ok)
}

/// Said of arrays whose rows do not follow each other.
pub const NOT_ROW_MAJOR: Unfit = Unfit(Cow::Borrowed("is not row-major without gaps"));

fn lent_tensor(lent: Lent, stream: Option<i64>, what: &str) -> PyResult<Result<View, Unfit>> {
    let dtype = match lent.dtype {
        (2, 32) => Dtype::F32,
        (2, 16) => Dtype::F16,
        (4, 16) => Dtype::Bf16,
        (1, 8) => Dtype::U8,
        (0, 8) => Dtype::I8,
        (code, bits) => {
            return Ok(Err(Unfit(format!("has {} values", dtype_name(code, bits)).into())));
        }
    };
    if lent.shape.len() == 2 && !is_row_major(&lent.shape, &lent.strides) {
        return Ok(Err(NOT_ROW_MAJOR));
    }
    let stream = lent.stream.unwrap_or_else(|| handle(stream));
    let (address, place, shape) = (lent.address, lent.place, lent.shape.clone());
    View::at(address, place, &shape, dtype, stream, Keeper::Lent(lent), what).map(Ok)
}

/// What DLPack numbers streams by, as the driver does: its 1 is the default stream.
pub fn handle(stream: Option<i64>) -> u64 {
    match stream {
        Some(stream @ 2..) => u64::try_from(stream).expect("positive"),
        _ => 0,
    }
}

/// Whether values lie one after another; strides, in values, of sides of one value say nothing.
pub fn is_row_major(shape: &[usize], strides: &[i64]) -> bool {
    let mut expected = 1;
    strides.is_empty()
        || shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(&side, &stride)| {
            let fits = side <= 1 || i64::try_from(expected) == Ok(stride);
            expected *= side;
            fits
        })
}

fn dtype_name(code: u8, bits: u8) -> String {
    match code {
        0 => format!("int{bits}"),
        1 => format!("uint{bits}"),
        2 => format!("float{bits}"),
        4 => format!("bfloat{bits}"),
        5 => format!("complex{bits}"),
        6 => "bool".into(),
        _ => format!("{bits}-bit"),
    }
}
