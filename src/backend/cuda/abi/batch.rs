//! Whole selections in one launch: `kernels/batch.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::Offer;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::pool::Dtype;

/// The result of one pool's run in a batch.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct PoolResult {
    pub picks: u32,
    pub has_next: u32,
    pub next_row: u32,
    pub not_finite: u32,
    pub without_direction: u32,
    pub unused: u32,
    pub canonical: u64,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct BatchArguments {
    pub values: Pointer<u8>,
    pub bounds: Pointer<f64>,
    pub nearest: Pointer<u32>,
    pub weights: Pointer<f32>,
    pub roles: Pointer<u8>,
    pub norms: Pointer<f64>,
    pub given_rows: Pointer<u32>,
    pub centers: Pointer<u8>,
    pub offsets: Pointer<u64>,
    pub budgets: Pointer<u32>,
    pub firsts: Pointer<u32>,
    pub starts: Pointer<u64>,
    pub picks: Pointer<u32>,
    pub curve: Pointer<f64>,
    pub results: Pointer<PoolResult>,
    pub offers: Pointer<Offer>,
    pub barriers: Pointer<u32>,
    pub stop: f64,
    pub relative: f32,
    pub absolute: f32,
    pub given: u32,
    pub d: u32,
    pub group: u32,
    pub slots: u32,
    pub is_cached: u32,
}

impl Kernels {
    /// Whole selections of `pools` pools, in one launch.
    pub fn batch(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        (pools, threads, shared): (u32, u32, u32),
        a: &BatchArguments,
    ) -> Result<(), DriverError> {
        let shape = Shape { blocks: (pools * a.group, 1), threads, shared };
        let kernel = self.batch.of(dtype);
        // Only blocks that meet at barriers must all be resident.
        if a.group > 1 {
            kernel.launch_together(stream, shape, a)
        } else {
            kernel.launch(stream, shape, a)
        }
    }
}
