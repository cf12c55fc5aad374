//! A round's frontier and its refresh, queued; the next round's, too, before this one's picks are known.

use super::Cuda;
use super::int8::Filter;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::copies::fill;
use crate::backend::cuda::packing::ABOVE_ALL;
use crate::backend::interval::Interval;
use crate::error::Result;
use crate::limits::NO_ROW;

/// Every slot of the frontier, where live ones could be named.
const ALL_SLOTS: Pointer<u32> = Pointer::NULL;

impl Cuda<'_> {
    pub(super) fn frontier_arguments(&self, size: u32) -> kernel::FrontierArguments {
        let b = self.buffers();
        kernel::FrontierArguments {
            state: b.state(),
            frontier: b.frontier(),
            list: b.list(),
            select: b.select.pointer(),
            round: b.round().pointer(),
            histograms: b.histograms.pointer(),
            first: 0,
            end: self.extent().n as u64,
            size,
            settling: 0,
            staged: self.is_staged().into(),
            floor_row: NO_ROW,
            floor_key: 0,
        }
    }

    pub(super) fn interval(&self) -> &Interval {
        match self.filter.as_ref().expect("prepared before the first refresh") {
            Filter::Halves(packing) => &packing.interval,
            Filter::Int8 { interval, .. } => interval,
        }
    }

    fn packing(&self) -> kernel::Packing {
        match &self.filter {
            Some(Filter::Halves(packing)) => *packing,
            _ => unreachable!("rounds on halves, prepared"),
        }
    }

    /// Queues a round's frontier, of at most `size` rows, and its refresh. There are at most `centers` centers by then.
    pub(super) fn queue_refresh(&mut self, size: u32, centers: usize) -> Result<()> {
        self.mark()?;
        let arguments = self.frontier_arguments(size);
        self.checked(self.stream.gpu().kernels().frontier(self.stream.cuda_stream(), &arguments))?;
        self.mark()?;
        self.apply_pending(size, centers)?;
        self.mark()
    }

    /// Queues the next round's refresh before this one's picks are known. The device finds out by itself how many picks
    /// there were, and does nothing if they were the last. This is done only where the host is not needed in between:
    /// if the rows are on the device and all centers are packed at once. The frontier is as large as this round's was
    /// asked to be.
    pub(super) fn queue_ahead(&mut self, limit: usize) -> Result<()> {
        let centers = self.centers + limit.min(self.size as usize);
        if limit == 0 || self.is_staged() || centers > self.extent().window {
            return Ok(());
        }
        let size = number(self.frontier_size(self.wanted));
        self.clocks.swap(0, 1);
        let queued = self.queue_refresh(size, centers);
        self.clocks.swap(0, 1);
        self.ahead = Some(size);
        queued
    }

    /// Rows that a frontier can have.
    pub(super) fn frontier_size(&self, wanted: usize) -> usize {
        wanted.min(self.extent().capacity).min(self.left)
    }

    /// Applies every pending center, of at most `centers` centers, to the rows in the frontier's slots, at most `size`
    /// rows.
    pub(super) fn apply_pending(&mut self, size: u32, centers: usize) -> Result<()> {
        if self.is_int8() {
            self.quantize_slots(size)?;
            self.refresh_windows(size, centers)?;
            return self.open_rows(size, centers);
        }
        self.stage(size)?;
        self.apply_to_staged(size, centers)
    }

    /// The same, on halves, of rows that need not travel any more.
    pub(super) fn apply_to_staged(&mut self, size: u32, centers: usize) -> Result<()> {
        let (kernels, dtype) = (self.stream.gpu().kernels(), self.dtype());
        let pack = kernel::PackRowsArguments {
            packing: self.packing(),
            rows: self.rows(),
            frontier: self.buffers().frontier(),
            round: self.buffers().round().pointer(),
        };
        self.checked(kernels.pack_rows(self.stream.cuda_stream(), dtype, size, &pack))?;
        self.refresh_windows(size, centers)?;
        self.refine(size, centers, ALL_SLOTS)
    }

    /// Makes the bounds of the rows in these slots exact, at most `size`, by their candidates among at most `centers` centers.
    pub(super) fn refine(&self, size: u32, centers: usize, live_slots: Pointer<u32>) -> Result<()> {
        let b = self.buffers();
        let refine = kernel::RefineArguments {
            rows: self.rows(),
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            centers: b.centers.pointer(),
            live_slots,
            end: number(centers),
            d: number(self.extent().d),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.refine(stream, self.dtype(), size, &refine))
    }

    /// Filters the rows in the slots against all centers, at most `centers`.
    fn refresh_windows(&mut self, size: u32, centers: usize) -> Result<()> {
        let window = self.extent().window;
        for first in (0..centers).step_by(window) {
            self.refresh_window(size, first, centers.min(first + window), centers)?;
        }
        Ok(())
    }

    /// Filters the rows in the slots against centers `first` to `end` of `centers`.
    pub(super) fn refresh_window(
        &mut self,
        size: u32,
        first: usize,
        end: usize,
        centers: usize,
    ) -> Result<()> {
        let fits = centers <= self.extent().window;
        let from = if fits { self.packed } else { first };
        if from == first {
            self.clear_window()?;
        }
        if from < end {
            if self.is_int8() {
                self.quantize_centers(from, end, first)?;
            } else {
                self.pack_centers(from, end, first)?;
            }
        }
        self.packed = if fits { end } else { 0 };
        let b = self.buffers();
        let refresh = kernel::RefreshArguments {
            interval: *self.interval(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            window: b.window(),
            window_first: number(first),
            end: number(end),
            depth: number(self.extent().depth),
        };
        if self.is_int8() {
            return self.refresh_int8(size, &refresh);
        }
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        let rows = number(self.extent().capacity);
        self.checked(kernels.refresh(stream, self.multiplier, size, rows, &refresh))
    }

    /// Pack centers `from` to `end` to the window that begins with center `window_first`.
    fn pack_centers(&self, from: usize, end: usize, window_first: usize) -> Result<()> {
        let b = self.buffers();
        let pack = kernel::PackCentersArguments {
            packing: self.packing(),
            round: b.round().pointer(),
            centers: b.centers.pointer(),
            window: b.window(),
            first: number(from),
            count: number(end - from),
            window_first: number(window_first),
        };
        let kernels = self.stream.gpu().kernels();
        self.checked(kernels.pack_centers(self.stream.cuda_stream(), self.dtype(), &pack))
    }

    /// Empties the window: at a place without a center nothing passes.
    pub(super) fn clear_window(&self) -> Result<()> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        let cleared = fill(stream, b.bases, ABOVE_ALL)
            .and_then(|()| fill(stream, b.peaks, 0))
            .and_then(|()| fill(stream, b.window_steps, 0));
        self.checked(cleared)
    }
}
