//! Every pending center applied to every row, in blocks of rows that take the frontier's place.

use std::time::Instant;

use super::{Cuda, number};
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::driver::copies::fetch;
use crate::error::Result;
use crate::limits::NO_ROW;

/// The rows that a pass over all rows leaves out: those that do not precede this key, as bits, at this row.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    pub key: u64,
    pub row: u32,
}

/// Every row precedes it.
const EVERY_ROW: Floor = Floor { key: 0, row: NO_ROW };

impl Cuda<'_> {
    pub(super) fn settle_all(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let started = Instant::now();
        if self.filter.is_none() {
            self.prepare()?;
        }
        let (n, b) = (self.extent().n, self.buffers());
        let start =
            kernel::SettleArguments { state: b.state(), roles: b.roles.pointer(), n: n as u64 };
        self.checked(self.stream.gpu().kernels().settle_start(self.stream.cuda_stream(), &start))?;
        self.apply_to_all(EVERY_ROW)?;
        let settled = self.fetch_state()?;
        self.statistics.settle_seconds += started.elapsed().as_secs_f64();
        Ok(settled)
    }

    /// Applies every pending center to all rows that precede `floor`, in blocks of rows.
    pub(super) fn apply_to_all(&mut self, floor: Floor) -> Result<()> {
        let (n, at_once) = (self.extent().n, self.extent().full_rows());
        for first in (0..n).step_by(at_once) {
            let end = n.min(first + at_once);
            let size = number(end - first);
            let block = kernel::FrontierArguments {
                first: first as u64,
                end: end as u64,
                settling: 1,
                floor_row: floor.row,
                floor_key: floor.key,
                ..self.frontier_arguments(size)
            };
            self.checked(self.stream.gpu().kernels().frontier(self.stream.cuda_stream(), &block))?;
            self.apply_pending(size, self.centers)?;
            if self.is_int8() {
                self.list_live(size, &self.pick_arguments(0, 0.0))?;
                self.live_rows += u64::from(size);
            }
        }
        Ok(())
    }

    fn fetch_state(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let n = self.extent().n;
        let (mut bounds, mut nearest) = (vec![0.0; n], vec![0; n]);
        self.checked(fetch(self.stream.cuda_stream(), self.buffers().bounds, &mut bounds))?;
        self.checked(fetch(self.stream.cuda_stream(), self.buffers().nearest, &mut nearest))?;
        self.clocks[0].restart();
        self.queue_answer()?;
        let (round, _) = self.fetch_answer()?;
        self.count(&round.counts);
        Ok((bounds, nearest))
    }
}
