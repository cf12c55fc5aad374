//! The frontier's rows against a window of centers: `kernels/refresh.cu` and `kernels/refresh_90a.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::{Frontier, Int8Copy, Round, Window};
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
    pub unused: u64,
    pub packed: TensorMap,
    pub window: TensorMap,
}

/// The same, on int8 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefreshInt8Arguments {
    pub refresh: RefreshArguments,
    pub copy: Int8Copy,
    pub row_steps: Pointer<f32>,
    pub window: Pointer<u8>,
    pub window_steps: Pointer<f32>,
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
                unused: 0,
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
        self.refresh_mma.launch(stream, self.of_tiles(size, centers), a)
    }

    /// Refresh at most `size` frontier rows on int8 values.
    pub fn refresh_int8(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &RefreshInt8Arguments,
    ) -> Result<(), DriverError> {
        let centers = a.refresh.end - a.refresh.window_first;
        self.refresh_int8.launch(stream, self.of_tiles(size, centers), a)
    }

    /// Blocks for the portable tiles of so many rows and columns.
    pub(super) fn of_tiles(&self, rows: u32, columns: u32) -> Shape {
        let tiles = rows.div_ceil(MMA_TILE) * columns.div_ceil(MMA_TILE);
        of_blocks(tiles.min(TILES_RESIDENT * self.multiprocessors))
    }
}
