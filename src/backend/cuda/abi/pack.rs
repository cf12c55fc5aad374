//! Rows and centers as the multiplier takes them, and centers' values: `kernels/pack.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::{Frontier, PackedRows, Round, Rows, Window};
use crate::backend::cuda::driver::Pointer;
use crate::backend::interval::Interval;
use crate::pool::Dtype;

/// How rows are packed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Packing {
    pub interval: Interval,
    pub mean: Pointer<u8>,
    pub pre: f32,
    pub post: f32,
    pub post_again: f32,
    pub d: u32,
    pub depth: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackRowsArguments {
    pub packing: Packing,
    pub rows: Rows,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackCentersArguments {
    pub packing: Packing,
    pub round: Pointer<Round>,
    pub centers: Pointer<u8>,
    pub window: Window,
    pub first: u32,
    pub count: u32,
    pub window_first: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackBlockArguments {
    pub packing: Packing,
    pub rows: Rows,
    pub pool_rows: Pointer<u32>,
    pub block: PackedRows,
    pub limit: f64,
    pub count: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackWantedArguments {
    pub packing: Packing,
    pub values: Pointer<u8>,
    pub window: Window,
    pub count: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GatherPicksArguments {
    pub rows: Rows,
    pub round: Pointer<Round>,
    pub sources: Pointer<u32>,
    pub pool_rows: Pointer<u32>,
    pub centers: Pointer<u8>,
    pub d: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GatherRowsArguments {
    pub rows: Rows,
    pub pool_rows: Pointer<u32>,
    pub values: Pointer<u8>,
    pub count: u32,
    pub d: u32,
}

impl Kernels {
    /// Pack the frontier's rows, at most `size`.
    pub fn pack_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &PackRowsArguments,
    ) -> Result<(), DriverError> {
        self.pack_rows.of(dtype).launch(stream, self.by_warp(size as usize), a)
    }

    /// Pack centers of a window.
    pub fn pack_centers(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PackCentersArguments,
    ) -> Result<(), DriverError> {
        self.pack_centers.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }

    /// Pack a join's block of pool rows.
    pub fn pack_block(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PackBlockArguments,
    ) -> Result<(), DriverError> {
        self.pack_block.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }

    /// Pack the rows that a join is asked about as centers.
    pub fn pack_wanted(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PackWantedArguments,
    ) -> Result<(), DriverError> {
        self.pack_wanted.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }

    /// The round's picks, at most `most`, become centers.
    pub fn gather_picks(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        most: u32,
        a: &GatherPicksArguments,
    ) -> Result<(), DriverError> {
        self.gather_picks.of(dtype).launch(stream, self.by_warp(most as usize), a)
    }

    /// Values of any pool rows, as the metric sees them.
    pub fn gather_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &GatherRowsArguments,
    ) -> Result<(), DriverError> {
        self.gather_rows.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }
}
