//! The canonical distance decides among the candidates: `kernels/refine.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::{Frontier, Round, Rows, State};
use crate::backend::cuda::driver::Pointer;
use crate::pool::Dtype;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefineArguments {
    pub rows: Rows,
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub centers: Pointer<u8>,
    pub live_slots: Pointer<u32>,
    pub end: u32,
    pub d: u32,
}

impl Kernels {
    pub fn refine(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &RefineArguments,
    ) -> Result<(), DriverError> {
        self.refine.of(dtype).launch(stream, self.by_warp(size as usize), a)
    }
}
