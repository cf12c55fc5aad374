//! The frontier's rows against a window of centers: `kernels/refresh.cu` and `kernels/refresh_90a.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::{Frontier, Round, Window};
use super::{Multiplier, grid::of_blocks};
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::backend::cuda::driver::tensor_map::TensorMap;
use crate::backend::interval::Interval;
use crate::limits::{BOX_CENTERS, BOX_ROWS, MMA_TILE, RING_BYTES, TILES_RESIDENT, WGMMA_THREADS};

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefreshArguments {
    pub interval: Interval,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub window: Window,
    pub window_first: u32,
    pub end: u32,
    pub depth: u32,
}

/// The same, with maps of both operands, by which boxes of them are copied.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefreshBoxes {
    pub refresh: RefreshArguments,
    pub packed: TensorMap,
    pub window: TensorMap,
}

impl Kernels {
    /// Refresh at most `size` frontier rows, of `capacity` packed ones.
    pub fn refresh(
        &self,
        stream: &CudaStream,
        multiplier: Multiplier,
        size: u32,
        capacity: u32,
        a: &RefreshArguments,
    ) -> Result<(), DriverError> {
        let centers = a.end - a.window_first;
        if let (Multiplier::Fastest, Some(kernel)) = (multiplier, &self.refresh_wgmma) {
            let boxes = RefreshBoxes {
                refresh: *a,
                packed: TensorMap::of_halves(
                    a.frontier.packed.values,
                    capacity,
                    a.depth,
                    BOX_ROWS,
                )?,
                window: TensorMap::of_halves(a.window.values, centers, a.depth, BOX_CENTERS)?,
            };
            let tiles = size.div_ceil(BOX_ROWS) * centers.div_ceil(BOX_CENTERS);
            let blocks = of_blocks(tiles.min(self.multiprocessors));
            let shape = Shape { threads: WGMMA_THREADS, shared: RING_BYTES, ..blocks };
            return kernel.launch(stream, shape, &boxes);
        }
        let tiles = size.div_ceil(MMA_TILE) * centers.div_ceil(MMA_TILE);
        self.refresh_mma.launch(
            stream,
            of_blocks(tiles.min(TILES_RESIDENT * self.multiprocessors)),
            a,
        )
    }
}
