//! The rows of largest key, or a block of rows to settle: `kernels/frontier.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::grid::of_blocks;
use super::types::{Frontier, Round, State};
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::Shape;
use crate::limits::FRONTIER_THREADS;

/// Rows a block is given at least, if there are more.
const FRONTIER_ROWS: usize = 2048;

/// The counters that the blocks share which select a frontier.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Select {
    pub ceiling: u64,
    pub arrived: u32,
    pub finished: u32,
    pub entries: u32,
    pub edge: u32,
}

/// The rows that belong to the frontier for certain, and those at its edge.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct List {
    pub codes: Pointer<u64>,
    pub slots: Pointer<u32>,
    pub edge_keys: Pointer<u64>,
    pub edge_rows: Pointer<u32>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct FrontierArguments {
    pub state: State,
    pub frontier: Frontier,
    pub list: List,
    pub select: Pointer<Select>,
    pub round: Pointer<Round>,
    pub histograms: Pointer<u32>,
    pub first: u64,
    pub end: u64,
    pub size: u32,
    pub settling: u32,
    pub staged: u32,
    pub floor_row: u32,
    pub floor_key: u64,
}

impl Kernels {
    /// Select the frontier, or list the rows to settle, and place its rows: one launch.
    pub fn frontier(&self, stream: &CudaStream, a: &FrontierArguments) -> Result<(), DriverError> {
        let rows = usize::try_from(a.end - a.first).expect("rows are numbered by usize");
        let blocks = rows.div_ceil(FRONTIER_ROWS).clamp(1, self.multiprocessors as usize);
        let blocks = u32::try_from(blocks).expect("at most one a multiprocessor");
        let shape = Shape { threads: FRONTIER_THREADS, ..of_blocks(blocks) };
        self.frontier.launch_together(stream, shape, a)
    }
}
