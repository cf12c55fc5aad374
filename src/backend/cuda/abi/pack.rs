//! Rows and centers as the multiplier takes them, and centers' values: `kernels/pack.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::{Frontier, Peak, Round, Rows};
use crate::backend::cuda::driver::Pointer;
use crate::backend::interval::{Interval, Operand};
use crate::pool::Dtype;

/// How rows are packed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Packing {
    pub interval: Interval,
    pub mean: Pointer<f32>,
    pub pre: f32,
    pub post: f32,
    pub post_again: f32,
    pub d: u32,
    pub depth: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackArguments {
    pub packing: Packing,
    pub rows: Rows,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub centers: Pointer<f32>,
    pub operands: Pointer<Operand>,
    pub bases: Pointer<f32>,
    pub peaks: Pointer<Peak>,
    pub window: Pointer<u16>,
    pub sources: Pointer<u32>,
    pub pool_rows: Pointer<u32>,
    pub count: u32,
    pub first: u32,
    pub window_first: u32,
}

impl Kernels {
    /// Pack the frontier's rows, at most `size`.
    pub fn pack_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &PackArguments,
    ) -> Result<(), DriverError> {
        self.pack_rows.of(dtype).launch(stream, self.by_warp(size as usize), a)
    }

    pub fn pack_centers(&self, stream: &CudaStream, a: &PackArguments) -> Result<(), DriverError> {
        self.pack_centers.launch(stream, self.by_warp(a.count as usize), a)
    }

    pub fn gather(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PackArguments,
    ) -> Result<(), DriverError> {
        self.gather.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }
}
