//! The mean of the pool, and the row nearest to it: `kernels/mean.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::Rows;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::limits::THREADS;
use crate::pool::Dtype;

/// Blocks of a grid in its second dimension, at most.
const MOST_BLOCKS_DOWN: u32 = 65_535;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct MeanArguments {
    pub rows: Rows,
    pub roles: Pointer<u8>,
    pub sums: Pointer<f64>,
    pub mean: Pointer<f64>,
    pub least: Pointer<u64>,
    pub nearest: Pointer<u32>,
    pub n: u64,
    pub first_block: u64,
    pub count: f64,
    pub blocks: u32,
    pub d: u32,
}

impl Kernels {
    /// Add a part of the pool to its mean.
    pub fn mean_sums(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &MeanArguments,
    ) -> Result<(), DriverError> {
        let across = a.d.div_ceil(THREADS);
        let shape = Shape { blocks: (across, a.blocks.min(MOST_BLOCKS_DOWN)), ..of_blocks(1) };
        self.mean_sums.of(dtype).launch(stream, shape, a)?;
        self.mean_total.launch(stream, of_blocks(across), a)
    }

    /// The eligible row nearest to the mean, in two reads.
    pub fn mean_nearest(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &MeanArguments,
    ) -> Result<(), DriverError> {
        let rows = self.by_warp(usize::try_from(a.n).expect("rows are numbered by usize"));
        self.mean_distance.of(dtype).launch(stream, rows, a)?;
        self.mean_nearest.of(dtype).launch(stream, rows, a)
    }
}
