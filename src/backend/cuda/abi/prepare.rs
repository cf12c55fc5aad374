//! What comes before the first round: `kernels/prepare.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Rows, State};
use crate::backend::cuda::driver::Pointer;
use crate::limits::THREADS;
use crate::pool::Dtype;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareArguments {
    pub rows: Rows,
    pub state: State,
    pub roles: Pointer<u8>,
    pub centers: Pointer<f32>,
    pub mean: Pointer<f32>,
    pub norms: Pointer<f64>,
    pub farthest: Pointer<u64>,
    pub not_finite: Pointer<u32>,
    pub without_direction: Pointer<u32>,
    pub first: u64,
    pub count: u64,
    pub d: u32,
    pub step: u32,
    pub first_center: u32,
    pub end_center: u32,
}

impl PrepareArguments {
    /// Nothing given.
    pub const NONE: PrepareArguments = PrepareArguments {
        rows: Rows { values: Pointer::NULL, norms: Pointer::NULL },
        state: State {
            bounds: Pointer::NULL,
            nearest: Pointer::NULL,
            seen: Pointer::NULL,
            weights: Pointer::NULL,
        },
        roles: Pointer::NULL,
        centers: Pointer::NULL,
        mean: Pointer::NULL,
        norms: Pointer::NULL,
        farthest: Pointer::NULL,
        not_finite: Pointer::NULL,
        without_direction: Pointer::NULL,
        first: 0,
        count: 0,
        d: 0,
        step: 1,
        first_center: 0,
        end_center: 0,
    };
}

impl Kernels {
    pub fn mean(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        self.prepare_mean.of(dtype).launch(stream, of_blocks(a.d.div_ceil(THREADS)), a)
    }

    pub fn reach(&self, stream: &CudaStream, a: &PrepareArguments) -> Result<(), DriverError> {
        let centers = (a.end_center - a.first_center) as usize;
        self.prepare_reach.launch(stream, self.by_warp(centers), a)
    }

    pub fn check(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        let count = usize::try_from(a.count).expect("rows are numbered by usize");
        self.prepare_check.of(dtype).launch(stream, self.by_warp(count), a)
    }

    pub fn first(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        let count = usize::try_from(a.count).expect("rows are numbered by usize");
        self.prepare_first.of(dtype).launch(stream, self.by_warp(count), a)
    }
}
