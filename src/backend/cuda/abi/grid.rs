//! The grids of kernels: how many blocks they are given.

use super::Kernels;
use crate::backend::cuda::driver::launch::Shape;
use crate::limits::THREADS;

/// Warps of a block: rows it works on at a time, where a warp works on one.
const WARPS: u32 = THREADS / 32;
/// Blocks a multiprocessor that a kernel striding over rows is given.
const WAVES: u32 = 8;

/// So many blocks of the usual size, at least one.
pub fn of_blocks(count: u32) -> Shape {
    Shape { blocks: (count.max(1), 1), threads: THREADS, shared: 0 }
}

impl Kernels {
    /// Blocks for `work` pieces, `each` of which one block does at a time.
    fn striding(&self, work: usize, each: u32) -> Shape {
        let count = u32::try_from(work.div_ceil(each as usize)).unwrap_or(u32::MAX);
        of_blocks(count.min(self.multiprocessors * WAVES))
    }

    /// A thread a row.
    pub(super) fn by_row(&self, rows: usize) -> Shape {
        self.striding(rows, THREADS)
    }

    /// A warp a row.
    pub(super) fn by_warp(&self, rows: usize) -> Shape {
        self.striding(rows, WARPS)
    }
}
