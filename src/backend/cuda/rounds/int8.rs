//! Rounds on int8 values: the device keeps a copy of every row in a quarter of f32's bytes, and reads rows in full only to settle
//! those that are live. If the pool stays on the host, those alone travel.

use super::Cuda;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::copies::{fetch, fill};
use crate::backend::cuda::packing::{int8_interval, quantizer};
use crate::backend::interval::Interval;
use crate::error::Result;

/// How rows become operands.
pub(super) enum Filter {
    /// Each frontier's rows are packed anew.
    Halves(kernel::Packing),
    /// Every row was quantized once.
    Int8 { interval: Interval, quantizer: kernel::Quantizer },
}

impl Cuda<'_> {
    pub(super) fn is_int8(&self) -> bool {
        self.extent().is_int8
    }

    fn int8_filter(&self) -> (&Interval, &kernel::Quantizer) {
        match &self.filter {
            Some(Filter::Int8 { interval, quantizer }) => (interval, quantizer),
            _ => unreachable!("rounds on int8 values, prepared"),
        }
    }

    /// The intervals' scale over the quantizer's.
    fn rescale(&self) -> f64 {
        let (interval, quantizer) = self.int8_filter();
        interval.scale / quantizer.scale
    }

    pub(super) fn int8_copy(&self, rescale: f64) -> kernel::Int8Copy {
        let b = self.buffers();
        kernel::Int8Copy {
            values: b.int8_values.pointer(),
            numbers: b.int8_numbers.pointer(),
            rescale,
            depth: number(self.extent().depth),
        }
    }

    /// The quantizer for rows of which `count` that lie at `rows` are a sample. Waits for their distances from the mean. Leaves
    /// the state of so many rows to be overwritten.
    pub(super) fn quantizer_of_sample(&self, count: usize) -> Result<kernel::Quantizer> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        self.apply(0, count, b.mean.pointer())?;
        let mut farthest = [0u64; 3];
        let found =
            fetch(stream, b.farthest, &mut farthest).and_then(|()| fill(stream, b.farthest, 0));
        self.checked(found)?;
        self.stream.synchronize()?;
        Ok(self.quantizer_for(f64::from_bits(farthest[0])))
    }

    fn quantizer_for(&self, reach: f64) -> kernel::Quantizer {
        quantizer(self.extent().d, reach, self.buffers().mean.pointer())
    }

    /// Quantizes rows [first, first + count), which lie at `rows`.
    pub(super) fn quantize_rows(
        &self,
        quantizer: &kernel::Quantizer,
        first: usize,
        count: usize,
    ) -> Result<()> {
        let quantize = kernel::QuantizeRowsArguments {
            quantizer: *quantizer,
            rows: self.rows(),
            copy: self.int8_copy(1.0),
            first: first as u64,
            count: count as u64,
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.quantize_rows(stream, self.dtype(), &quantize))
    }

    /// The filter, where rows and centers lie at most `reach` from the mean. Rows that were staged were quantized on the way, to the
    /// scale of a sample.
    pub(super) fn int8_filter_for(&self, reach: f64) -> Result<Filter> {
        let interval = int8_interval(self.extent().d, reach, self.width);
        let quantizer = match self.quantizer {
            Some(quantizer) => quantizer,
            None => {
                let quantizer = self.quantizer_for(reach);
                self.quantize_rows(&quantizer, 0, self.extent().n)?;
                quantizer
            }
        };
        Ok(Filter::Int8 { interval, quantizer })
    }

    /// What the intervals of the rows in the slots need.
    pub(super) fn quantize_slots(&self, size: u32) -> Result<()> {
        let slots = kernel::QuantizeSlotsArguments {
            interval: *self.int8_filter().0,
            frontier: self.buffers().frontier(),
            copy: self.int8_copy(self.rescale()),
            steps: self.buffers().steps.pointer(),
            round: self.buffers().round().pointer(),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.quantize_slots(stream, size, &slots))
    }

    /// Quantizes centers `from` to `end` to the window that begins with center `window_first`.
    pub(super) fn quantize_centers(
        &self,
        from: usize,
        end: usize,
        window_first: usize,
    ) -> Result<()> {
        let b = self.buffers();
        let (interval, quantizer) = self.int8_filter();
        let quantize = kernel::QuantizeCentersArguments {
            interval: *interval,
            quantizer: *quantizer,
            round: b.round().pointer(),
            centers: b.centers.pointer(),
            window: b.window(),
            values: b.int8_window.pointer(),
            steps: b.window_steps.pointer(),
            rescale: self.rescale(),
            first: number(from),
            count: number(end - from),
            window_first: number(window_first),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.quantize_centers(stream, self.dtype(), &quantize))
    }

    /// Filters the rows in the slots against the window.
    pub(super) fn refresh_int8(&self, size: u32, refresh: &kernel::RefreshArguments) -> Result<()> {
        let b = self.buffers();
        let refresh = kernel::RefreshInt8Arguments {
            refresh: *refresh,
            copy: self.int8_copy(self.rescale()),
            row_steps: b.steps.pointer(),
            window: b.int8_window.pointer(),
            window_steps: b.window_steps.pointer(),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.refresh_int8(stream, size, &refresh))
    }

    fn open_arguments(&self, centers: usize) -> kernel::OpenArguments {
        let b = self.buffers();
        kernel::OpenArguments {
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            live_slots: b.live_slots.pointer(),
            live_rows: b.live_rows.pointer(),
            end: number(centers),
        }
    }

    /// Leaves the rows in the slots open, where one of at most `centers` centers may be nearer.
    pub(super) fn open_rows(&self, size: u32, centers: usize) -> Result<()> {
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.open_rows(stream, size, &self.open_arguments(centers)))
    }

    /// Makes the bounds of the live rows exact, which are at most `size`. They are staged for that, and to be picked from.
    pub(super) fn settle_live(&mut self, size: u32) -> Result<()> {
        let size = size.min(number(self.extent().live_capacity));
        if self.is_staged() {
            self.stage_live(size)?;
        }
        self.refine(size, self.centers, self.buffers().live_slots.pointer())
    }

    fn stage_live(&mut self, size: u32) -> Result<()> {
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.open_sources(stream, size, &self.open_arguments(self.centers)))?;
        let rows = self.buffers().live_rows.part(0, size as usize);
        self.stage_rows(rows, |round| round.live)
    }

    /// Products of the live rows with each other.
    pub(super) fn pick_products(&self, size: u32, pick: &kernel::PickArguments) -> Result<()> {
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        if !self.is_int8() {
            return self.checked(kernels.pick_products(stream, size, pick));
        }
        let pick = kernel::PickInt8Arguments {
            pick: *pick,
            copy: self.int8_copy(self.rescale()),
            steps: self.buffers().steps.pointer(),
        };
        self.checked(kernels.pick_products_int8(stream, size, &pick))
    }
}
