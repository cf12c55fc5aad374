//! Maps of matrices in device memory, from which a kernel copies boxes to shared memory.

use std::ffi::c_void;

use cudarc::driver::DriverError;
use cudarc::driver::sys::{
    CUtensorMap, CUtensorMapDataType, CUtensorMapFloatOOBfill, CUtensorMapInterleave,
    CUtensorMapL2promotion, CUtensorMapSwizzle, cuTensorMapEncodeTiled,
};

use super::Pointer;
use crate::limits::BOX_DEPTH;

const HALF_BYTES: u64 = 2;
/// Halves that begin at multiples of this are aligned as a map asks for.
const ALIGNED_HALVES: u32 = 8;

/// A matrix in device memory and the shape of its boxes: an argument of a kernel, `TensorMap` of kernels/ptx_90a.cuh. Like a
/// pointer, it does not keep the memory.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct TensorMap {
    pub words: [u64; 16],
}

impl TensorMap {
    /// A map of `rows` rows of `depth` halves, a multiple of 8, one after another. Its boxes have 64 halves of each of
    /// `box_rows` rows, in the 128-byte swizzle. Cells of a box outside the matrix are 0. A context is bound to this
    /// thread.
    pub fn of_halves(
        address: Pointer<u16>,
        rows: u32,
        depth: u32,
        box_rows: u32,
    ) -> Result<TensorMap, DriverError> {
        assert_eq!(depth % ALIGNED_HALVES, 0, "{depth} halves a row");
        let sizes = [u64::from(depth), u64::from(rows)];
        let row_bytes = [HALF_BYTES * sizes[0]];
        let box_sizes = [BOX_DEPTH, box_rows];
        let steps = [1, 1];
        let mut map = CUtensorMap { opaque: [0; 16] };
        // SAFETY: writes the map. Of two dimensions it reads two sizes, one distance, two sizes of a box and two steps, all of
        // which outlive the call. The address is not followed: the kernel that gets the map answers for it, as for pointers.
        unsafe {
            cuTensorMapEncodeTiled(
                &raw mut map,
                CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
                2,
                address.address as *mut c_void,
                sizes.as_ptr(),
                row_bytes.as_ptr(),
                box_sizes.as_ptr(),
                steps.as_ptr(),
                CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
                CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
                CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        }
        .result()?;
        Ok(TensorMap { words: map.opaque })
    }
}
