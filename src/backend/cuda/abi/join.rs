//! Pairs within reach of each other: `kernels/join.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{PackedRows, Rows, Window};
use crate::backend::Neighbour;
use crate::backend::cuda::driver::Pointer;
use crate::backend::interval::Interval;
use crate::limits::{MMA_TILE, TILES_RESIDENT};
use crate::pool::Dtype;

/// A pair that the interval lets pass.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Passed {
    pub place: u32,
    pub slot: u32,
}

/// How many pairs passed, and how many were found to be within reach.
#[derive(Debug, Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct JoinCounts {
    pub passed: u32,
    pub found: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct JoinArguments {
    pub interval: Interval,
    pub block: PackedRows,
    pub window: Window,
    pub rows: Rows,
    pub pool_rows: Pointer<u32>,
    pub wanted: Pointer<u32>,
    pub passed: Pointer<Passed>,
    pub found: Pointer<Neighbour>,
    pub counts: Pointer<JoinCounts>,
    pub reach: f64,
    pub count: u32,
    pub first_place: u32,
    pub end_place: u32,
    pub first_wanted: u32,
    pub capacity: u32,
    pub d: u32,
    pub depth: u32,
}

impl Kernels {
    /// Pairs within reach of each other, of places of the window and a block of the pool's rows.
    pub fn join(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &JoinArguments,
    ) -> Result<(), DriverError> {
        let tiles = a.count.div_ceil(MMA_TILE) * (a.end_place - a.first_place).div_ceil(MMA_TILE);
        self.join_mma.launch(
            stream,
            of_blocks(tiles.min(TILES_RESIDENT * self.multiprocessors)),
            a,
        )?;
        self.join_decide.of(dtype).launch(stream, self.by_warp(a.capacity as usize), a)
    }
}
