//! What a refresh on int8 values leaves of the frontier's rows: `kernels/open.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Round, State};
use crate::backend::cuda::driver::Pointer;
use crate::limits::THREADS;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct OpenArguments {
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub live_slots: Pointer<u32>,
    pub live_rows: Pointer<u32>,
    pub end: u32,
}

impl Kernels {
    /// Sets the bounds of the frontier's rows, at most `size`, to upper ends.
    pub fn open_rows(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &OpenArguments,
    ) -> Result<(), DriverError> {
        self.open_rows.launch(stream, of_blocks(size.div_ceil(THREADS)), a)
    }

    /// Where live rows, at most `size`, are to be staged.
    pub fn open_sources(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &OpenArguments,
    ) -> Result<(), DriverError> {
        self.open_sources.launch(stream, of_blocks(size.div_ceil(THREADS)), a)
    }
}
