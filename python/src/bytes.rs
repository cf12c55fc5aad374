//! The memory of arrays that others own, as bytes.
#![allow(unsafe_code)]

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// The `length` bytes at `address`, which `keeper` keeps.
pub fn of<K>(address: u64, length: usize, _keeper: &K) -> &[u8] {
    let start =
        std::ptr::with_exposed_provenance::<u8>(usize::try_from(address).expect("a host address"));
    // SAFETY: an array's library says that one of so many bytes lies there: `View`, which alone asks, has refused null addresses, gaps and
    // empty shapes, and holds what keeps it. Other
    // threads of the program may write to it meanwhile, as with any array library: the selection then reads one or the other value
    // of each byte, and decides nothing about memory by them.
    unsafe { std::slice::from_raw_parts(start, length) }
}

/// Where the values of an array begin.
pub fn address_of(array: &Bound<'_, PyUntypedArray>) -> u64 {
    // SAFETY: a live array's own fields, read with the interpreter attached.
    let start = unsafe { (*array.as_array_ptr()).fields.data };
    start.expose_provenance() as u64
}
