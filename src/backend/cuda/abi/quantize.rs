//! Rows and centers as int8 values: `kernels/quantize.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Int8Copy, Round, Rows, Window};
use crate::backend::cuda::driver::Pointer;
use crate::backend::interval::Interval;
use crate::limits::THREADS;
use crate::pool::Dtype;

/// How rows become int8 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Quantizer {
    pub mean: Pointer<u8>,
    pub scale: f64,
    pub d: u32,
    pub depth: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct QuantizeRowsArguments {
    pub quantizer: Quantizer,
    pub rows: Rows,
    pub copy: Int8Copy,
    pub first: u64,
    pub count: u64,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct QuantizeCentersArguments {
    pub interval: Interval,
    pub quantizer: Quantizer,
    pub round: Pointer<Round>,
    pub centers: Pointer<u8>,
    pub window: Window,
    pub values: Pointer<u8>,
    pub steps: Pointer<f32>,
    pub rescale: f64,
    pub first: u32,
    pub count: u32,
    pub window_first: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct QuantizeSlotsArguments {
    pub interval: Interval,
    pub frontier: Frontier,
    pub copy: Int8Copy,
    pub steps: Pointer<f32>,
    pub round: Pointer<Round>,
}

impl Kernels {
    /// Rows of the pool.
    pub fn quantize_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &QuantizeRowsArguments,
    ) -> Result<(), DriverError> {
        let count = usize::try_from(a.count).expect("rows are numbered by usize");
        self.quantize_rows.of(dtype).launch(stream, self.by_warp(count), a)
    }

    /// Centers of a window.
    pub fn quantize_centers(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &QuantizeCentersArguments,
    ) -> Result<(), DriverError> {
        self.quantize_centers.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }

    /// What the intervals of the frontier's rows, at most `size`, need.
    pub fn quantize_slots(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &QuantizeSlotsArguments,
    ) -> Result<(), DriverError> {
        self.quantize_slots.launch(stream, of_blocks(size.div_ceil(THREADS)), a)
    }
}
