//! The arguments of the laboratory's probes: `kernels/probe.cu`, `kernels/probe_mma.cu` and `kernels/probe_90a.cu`.

use super::types::Offer;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::tensor_map::TensorMap;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ProbeArguments {
    /// In pieces of 16 bytes, as the target.
    pub source: Pointer<u8>,
    pub target: Pointer<u8>,
    pub pieces: u64,
    pub offers: Pointer<Offer>,
    pub barrier: Pointer<u32>,
    pub result: Pointer<u64>,
    pub never: f32,
    pub repeats: u32,
}

/// One tile of products, for the probes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ProductsArguments {
    pub row_boxes: TensorMap,
    pub column_boxes: TensorMap,
    pub rows: Pointer<u16>,
    pub columns: Pointer<u16>,
    pub products: Pointer<f32>,
    pub depth: u32,
    pub repeats: u32,
}
