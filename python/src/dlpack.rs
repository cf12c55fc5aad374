//! DLPack: how an array library lends a tensor. The layouts are those of dlpack.h 1.3, of which 1.0 and later only grow.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;

use farpoint::Dtype;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::lent::{Keeper, Lent, Place, is_row_major};

/// `DLDeviceType`s whose memory the host reads: CPU, pinned by CUDA.
const HOST: [c_int; 2] = [1, 3];
/// `kDLCUDAManaged`: the host could read it, but not before the device is done with it.
const MANAGED: c_int = 13;
/// `kDLCUDA`.
const CUDA: c_int = 2;
/// The version that both sides must agree on.
const MAJOR: u32 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
struct Device {
    kind: c_int,
    number: c_int,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct Tensor {
    data: *mut c_void,
    device: Device,
    dimensions: c_int,
    dtype: DataType,
    shape: *const i64,
    /// In values; null where rows lie one after another.
    strides: *const i64,
    byte_offset: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Version {
    major: u32,
    minor: u32,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
struct Versioned {
    version: Version,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Versioned)>,
    flags: u64,
    tensor: Tensor,
}

/// `DLManagedTensor`, from before there were versions.
#[repr(C)]
struct Unversioned {
    tensor: Tensor,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Unversioned)>,
}

/// `DLPackExchangeAPI`: the functions of a type that lend without a call through Python.
#[repr(C)]
struct ExchangeApi {
    version: Version,
    previous: *const c_void,
    allocate: Option<unsafe extern "C" fn()>,
    lend: Option<unsafe extern "C" fn(*mut ffi::PyObject, *mut *mut Versioned) -> c_int>,
    take: Option<unsafe extern "C" fn()>,
    borrow: Option<unsafe extern "C" fn()>,
    current_stream: Option<unsafe extern "C" fn(c_int, i32, *mut *mut c_void) -> c_int>,
}

const EXCHANGE: &CStr = c"dlpack_exchange_api";
const VERSIONED: &CStr = c"dltensor_versioned";
const UNVERSIONED: &CStr = c"dltensor";

/// A tensor that is given back when this is dropped.
struct Managed(NonNull<Versioned>);

// SAFETY: it is given back in the thread that was lent it: a view is dropped by the call that made it, with the interpreter attached. Others
// only read where it lies.
unsafe impl Send for Managed {}
// SAFETY: it is only read after it was made.
unsafe impl Sync for Managed {}

impl Drop for Managed {
    fn drop(&mut self) {
        // SAFETY: the producer's tensor, not given back yet; its deleter is called once, here.
        unsafe {
            if let Some(deleter) = self.0.as_ref().deleter {
                deleter(self.0.as_ptr());
            }
        }
    }
}

/// The tensor of an object whose type has the exchange functions; `None` if it has not.
pub fn exchange(object: &Bound<'_, PyAny>) -> PyResult<Option<Lent>> {
    let name = pyo3::intern!(object.py(), "__dlpack_c_exchange_api__");
    let Some(capsule) = object.get_type().getattr_opt(name)? else {
        return Ok(None);
    };
    let Ok(capsule) = capsule.cast::<PyCapsule>() else { return Ok(None) };
    let api = pointer::<ExchangeApi>(capsule, EXCHANGE)?;
    // SAFETY: a capsule of this name holds such a struct, which lives as long as the process; later minor versions only append.
    let api = unsafe { api.as_ref() };
    let (Some(lend), MAJOR) = (api.lend, api.version.major) else { return Ok(None) };
    let mut managed = std::ptr::null_mut();
    // SAFETY: the function of the object's own type, called with the interpreter attached; it writes one pointer.
    if unsafe { lend(object.as_ptr(), &mut managed) } != 0 {
        return Err(PyErr::fetch(object.py()));
    }
    let managed = Managed(NonNull::new(managed).ok_or_else(nothing_lent)?);
    // SAFETY: lent above, and kept by `managed`.
    let tensor = unsafe { &managed.0.as_ref().tensor };
    // SAFETY: as above.
    let mut lent = unsafe { read(tensor, Box::new(managed)) }?;
    if let (Place::Cuda(device), Some(current)) = (lent.place, api.current_stream) {
        let mut stream = std::ptr::null_mut();
        let device = i32::try_from(device).expect("it came from an i32");
        // SAFETY: as above.
        if unsafe { current(CUDA, device, &mut stream) } != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        lent.stream = Some(stream as u64);
    }
    Ok(Some(lent))
}

/// The tensor of an object with `__dlpack__`; `None` if it has none. `stream` is where its owner must have it ready, for CUDA.
pub fn capsule(object: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<Option<Lent>> {
    let py = object.py();
    let Some(lend) = object.getattr_opt(pyo3::intern!(py, "__dlpack__"))? else {
        return Ok(None);
    };
    let arguments = PyDict::new(py);
    if let Some(stream) = stream {
        arguments.set_item("stream", stream)?;
    }
    arguments.set_item("max_version", (MAJOR, 3))?;
    let lent = match lend.call((), Some(&arguments)) {
        Err(error) if error.is_instance_of::<PyTypeError>(py) => {
            // From before there were versions.
            arguments.del_item("max_version")?;
            lend.call((), Some(&arguments))
        }
        lent => lent,
    }?;
    let capsule = lent.cast::<PyCapsule>()?;
    // Its own destructor gives the tensor back.
    let keeper: Keeper = Box::new(capsule.clone().into_any().unbind());
    let lent = if capsule.name()?.is_some_and(|name| is(&name, VERSIONED)) {
        let managed = pointer::<Versioned>(capsule, VERSIONED)?;
        // SAFETY: a capsule of this name holds such a tensor, until it is destroyed.
        let managed = unsafe { managed.as_ref() };
        if managed.version.major != MAJOR {
            return Err(PyTypeError::new_err("the tensor is of another version of DLPack"));
        }
        // SAFETY: as above.
        unsafe { read(&managed.tensor, keeper) }
    } else {
        let managed = pointer::<Unversioned>(capsule, UNVERSIONED)?;
        // SAFETY: as above.
        unsafe { read(&managed.as_ref().tensor, keeper) }
    }?;
    Ok(Some(lent))
}

fn is(name: &pyo3::types::capsule::CapsuleName, wanted: &CStr) -> bool {
    // SAFETY: the name is a C string of the capsule's, which lives here.
    unsafe { name.as_cstr() == wanted }
}

fn pointer<T>(capsule: &Bound<'_, PyCapsule>, name: &'static CStr) -> PyResult<NonNull<T>> {
    Ok(capsule.pointer_checked(Some(name))?.cast())
}

fn nothing_lent() -> PyErr {
    PyTypeError::new_err("the array's library lent nothing")
}

/// # Safety
/// `tensor` is as dlpack.h says, for as long as `keeper` is held.
unsafe fn read(tensor: &Tensor, keeper: Keeper) -> PyResult<Lent> {
    let dimensions = usize::try_from(tensor.dimensions).unwrap_or(0);
    // SAFETY: there are so many of each, by dlpack.h; strides may be null.
    let numbers = |pointer: *const i64| unsafe {
        if pointer.is_null() || dimensions == 0 {
            &[]
        } else {
            std::slice::from_raw_parts(pointer, dimensions)
        }
    };
    let shape: Vec<usize> =
        numbers(tensor.shape).iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
    let number = usize::try_from(tensor.device.number).unwrap_or(0);
    let place = match tensor.device.kind {
        CUDA | MANAGED => Place::Cuda(number),
        kind if HOST.contains(&kind) => Place::Host,
        kind => return Err(PyTypeError::new_err(elsewhere(kind))),
    };
    if tensor.dtype.lanes != 1 {
        return Err(PyTypeError::new_err(
            "the array's values are vectors: a value is a single number",
        ));
    }
    Ok(Lent {
        address: tensor.data as u64 + tensor.byte_offset,
        place,
        is_row_major: is_row_major(&shape, numbers(tensor.strides)),
        shape,
        dtype: dtype(tensor.dtype.code, tensor.dtype.bits),
        stream: None,
        keeper,
    })
}

/// By the code of the type and the bits a value.
fn dtype(code: u8, bits: u8) -> Result<Dtype, String> {
    match (code, bits) {
        (2, 64) => Ok(Dtype::F64),
        (2, 32) => Ok(Dtype::F32),
        (2, 16) => Ok(Dtype::F16),
        (4, 16) => Ok(Dtype::Bf16),
        (1, 8) => Ok(Dtype::U8),
        (0, 8) => Ok(Dtype::I8),
        (0, bits) => Err(format!("int{bits}")),
        (1, bits) => Err(format!("uint{bits}")),
        (2, bits) => Err(format!("float{bits}")),
        (4, bits) => Err(format!("bfloat{bits}")),
        (5, bits) => Err(format!("complex{bits}")),
        (6, _) => Err("bool".into()),
        (_, bits) => Err(format!("{bits}-bit")),
    }
}

fn elsewhere(kind: c_int) -> String {
    let device = match kind {
        4 | 7 => "a Vulkan or OpenCL",
        8 => "a Metal (mps)",
        10 | 11 => "a ROCm",
        14 => "a oneAPI (xpu)",
        15 => "a WebGPU",
        _ => "another kind of",
    };
    format!(
        "the array lies on {device} device, which farpoint cannot use: NVIDIA GPUs and host memory alone; copy it to the host"
    )
}
