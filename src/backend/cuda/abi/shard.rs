//! What a device that holds a part of a pool does in the place of picking: `kernels/shard.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Round, State};
use crate::backend::cuda::driver::Pointer;
use crate::backend::shard::RowState;
use crate::limits::THREADS;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ShardStatesArguments {
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub states: Pointer<RowState>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ShardPlaceArguments {
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub count: u32,
    pub staged: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ShardLowerArguments {
    pub state: State,
    pub rows: Pointer<u32>,
    pub states: Pointer<RowState>,
    pub count: u32,
}

impl Kernels {
    /// Copy the states of the frontier's rows, at most `size`, to one place.
    pub fn shard_states(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &ShardStatesArguments,
    ) -> Result<(), DriverError> {
        self.shard_states.launch(stream, of_blocks(size.div_ceil(THREADS)), a)
    }

    /// Give the slots to the rows that are named there.
    pub fn shard_place(
        &self,
        stream: &CudaStream,
        a: &ShardPlaceArguments,
    ) -> Result<(), DriverError> {
        self.shard_place.launch(stream, of_blocks(a.count.div_ceil(THREADS)), a)
    }

    /// Set the states of any rows.
    pub fn shard_lower(
        &self,
        stream: &CudaStream,
        a: &ShardLowerArguments,
    ) -> Result<(), DriverError> {
        self.shard_lower.launch(stream, of_blocks(a.count.div_ceil(THREADS)), a)
    }
}
