//! The launches before the first round: `kernels/prepare.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Rows, State};
use crate::backend::cuda::driver::Pointer;
use crate::limits::THREADS;
use crate::pool::Dtype;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareMeanArguments {
    pub rows: Rows,
    pub mean: Pointer<u8>,
    pub count: u64,
    pub d: u32,
    pub step: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareReachArguments {
    pub centers: Pointer<u8>,
    pub mean: Pointer<u8>,
    pub farthest: Pointer<u64>,
    pub first: u32,
    pub end: u32,
    pub d: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareCheckArguments {
    pub values: Pointer<u8>,
    pub norms: Pointer<f64>,
    pub not_finite: Pointer<u32>,
    pub without_direction: Pointer<u32>,
    pub first: u64,
    pub count: u64,
    pub d: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareFirstArguments {
    pub rows: Rows,
    pub state: State,
    pub roles: Pointer<u8>,
    pub center: Pointer<u8>,
    pub farthest: Pointer<u64>,
    pub first: u64,
    pub count: u64,
    pub d: u32,
}

impl Kernels {
    /// A vector near the middle: the mean of every `step`-th row.
    pub fn prepare_mean(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareMeanArguments,
    ) -> Result<(), DriverError> {
        self.prepare_mean.of(dtype).launch(stream, of_blocks(a.d.div_ceil(THREADS)), a)
    }

    /// How far centers lie from that vector.
    pub fn prepare_reach(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareReachArguments,
    ) -> Result<(), DriverError> {
        self.prepare_reach.of(dtype).launch(stream, self.by_warp((a.end - a.first) as usize), a)
    }

    /// The first row that is not finite or has no direction, and canonical norms.
    pub fn prepare_check(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareCheckArguments,
    ) -> Result<(), DriverError> {
        self.prepare_check.of(dtype).launch(stream, self.by_warp(rows(a.count)), a)
    }

    /// Every row's distance to the first center.
    pub fn prepare_first(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareFirstArguments,
    ) -> Result<(), DriverError> {
        self.prepare_first.of(dtype).launch(stream, self.by_warp(rows(a.count)), a)
    }
}

fn rows(count: u64) -> usize {
    usize::try_from(count).expect("rows are numbered by usize")
}
