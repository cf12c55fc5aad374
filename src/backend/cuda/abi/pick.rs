//! Picks inside a frontier: `kernels/pick.cu`, `kernels/panel.cu` and `kernels/greedy.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Int8Copy, Round, Rows, State};
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::backend::interval::Interval;
use crate::limits::{GREEDY_THREADS, LIVE_BYTES, LIVE_EACH, THREADS};
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
    pub pick_sources: Pointer<u32>,
    pub pick_keys: Pointer<u64>,
    pub stop: f64,
    pub limit: u32,
    pub applied: u32,
    pub capacity: u32,
    pub d: u32,
    pub depth: u32,
}

/// The same, with products of int8 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PickInt8Arguments {
    pub pick: PickArguments,
    pub copy: Int8Copy,
    pub steps: Pointer<f32>,
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
    /// Lists the live rows of a frontier of at most `size`: one launch, and 2 more if not all of them could be picked at once.
    pub fn pick_live(
        &self,
        stream: &CudaStream,
        size: u32,
        panel: &PanelArguments,
        a: &PickArguments,
    ) -> Result<(), DriverError> {
        let by_slot = of_blocks(size.div_ceil(THREADS));
        if size <= a.capacity {
            return self.pick_live.launch(stream, by_slot, a);
        }
        self.panel_list.launch(stream, by_slot, panel)?;
        self.panel_rank.launch(stream, by_slot, panel)?;
        self.panel_end.launch(stream, of_blocks(1), panel)
    }

    /// Products of the live rows, of a frontier of at most `size`, with each other.
    pub fn pick_products(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &PickArguments,
    ) -> Result<(), DriverError> {
        let side = size.min(a.capacity);
        self.pick_products.launch(stream, self.of_tiles(side, side), a)
    }

    /// The same, of their int8 values.
    pub fn pick_products_int8(
        &self,
        stream: &CudaStream,
        size: u32,
        a: &PickInt8Arguments,
    ) -> Result<(), DriverError> {
        let side = size.min(a.pick.capacity);
        self.pick_products_int8.launch(stream, self.of_tiles(side, side), a)
    }

    /// Picks among them: one launch, whatever the picks.
    pub fn pick_greedy(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &PickArguments,
    ) -> Result<(), DriverError> {
        let size = size.min(a.capacity);
        let threads = size.next_multiple_of(32).min(GREEDY_THREADS);
        assert!(size <= threads * LIVE_EACH, "{size} rows by {threads} threads");
        let shape = Shape { threads, shared: a.capacity * LIVE_BYTES, ..of_blocks(1) };
        self.pick_greedy.of(dtype).launch(stream, shape, a)
    }
}
