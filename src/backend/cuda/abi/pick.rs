//! Picks inside a frontier: `kernels/pick.cu`, `kernels/panel.cu` and `kernels/greedy.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Round, Rows, State};
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::backend::interval::Interval;
use crate::limits::{GREEDY_THREADS, LIVE_BYTES, LIVE_EACH, MMA_TILE, THREADS, TILES_RESIDENT};
use crate::pool::Dtype;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PickArguments {
    pub interval: Interval,
    pub rows: Rows,
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub live_slots: Pointer<u32>,
    pub products: Pointer<f32>,
    pub pick_rows: Pointer<u32>,
    pub pick_slots: Pointer<u32>,
    pub pick_keys: Pointer<u64>,
    pub stop: f64,
    pub limit: u32,
    pub applied: u32,
    pub capacity: u32,
    pub d: u32,
    pub depth: u32,
}

/// Keeps the best live rows, if there are more than can be picked among at once.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PanelArguments {
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub keys: Pointer<u64>,
    pub slots: Pointer<u32>,
    pub live_slots: Pointer<u32>,
    pub capacity: u32,
}

impl Kernels {
    /// Pick inside a frontier of at most `size` rows: 3 launches, whatever the picks, and 2 more if not all of the rows could be
    /// picked at once.
    pub fn pick(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        panel: &PanelArguments,
        a: &PickArguments,
    ) -> Result<(), DriverError> {
        let by_slot = of_blocks(size.div_ceil(THREADS));
        if size > a.capacity {
            self.panel_list.launch(stream, by_slot, panel)?;
            self.panel_rank.launch(stream, by_slot, panel)?;
            self.panel_end.launch(stream, of_blocks(1), panel)?;
        } else {
            self.pick_live.launch(stream, by_slot, a)?;
        }
        let size = size.min(a.capacity);
        // If no pick is to be made, no product is needed.
        if a.limit > 0 {
            let side = size.div_ceil(MMA_TILE);
            let shape = of_blocks((side * side).min(TILES_RESIDENT * self.multiprocessors));
            self.pick_products.launch(stream, shape, a)?;
        }
        let threads = size.next_multiple_of(32).min(GREEDY_THREADS);
        assert!(size <= threads * LIVE_EACH, "{size} rows by {threads} threads");
        let shape = Shape { threads, shared: a.capacity * LIVE_BYTES, ..of_blocks(1) };
        self.pick_greedy.of(dtype).launch(stream, shape, a)
    }
}
