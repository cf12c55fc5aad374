//! One launch's memory and arguments: allocated and filled before it, so that queueing it decides nothing.

use std::sync::Arc;

use cudarc::driver::CudaStream;
use cudarc::driver::sys::CUresult;

use super::layout::{Buffers, Layout};
use super::spread::Spread;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::PoolResult;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::copies::{Pinned, fetch, fill, send};
use crate::backend::cuda::driver::memory::{Arena, Carver, Region, bytes_of};
use crate::backend::cuda::gpu::Gpu;
use crate::backend::cuda::lent::Stream;
use crate::error::Result;

/// A launch, ready to be queued.
pub struct Run {
    pub gpu: Arc<Gpu>,
    pub layout: Layout,
    pub spread: Spread,
    pub buffers: Buffers,
    /// Bytes of device memory it holds.
    pub device_bytes: u64,
    /// Before the arena: dropping pinned memory waits for the device, which may still work in both.
    answer: Answer,
    _arena: Arena,
}

/// Where the host finds what a launch came to.
struct Answer {
    results: Pinned<PoolResult>,
    picks: Pinned<u32>,
    curve: Pinned<f64>,
}

/// What one pool's run came to.
pub struct Outcome<'a> {
    pub result: PoolResult,
    pub picks: &'a [u32],
    /// One more than picks: the largest key left before each, and after the last.
    pub curve: &'a [f64],
}

impl Run {
    /// Whether the pools are small enough to be run at once.
    pub fn fits(stream: &Stream, layout: &Layout) -> bool {
        let shape = (layout.largest(), layout.d);
        let kernels = stream.gpu().kernels();
        Spread::of(kernels, layout.pools(), shape, layout.dtype).is_some()
    }

    /// None if the pools are too large to be run at once, or the device has not that much memory free.
    pub fn new(stream: &Stream, layout: Layout) -> Result<Option<Run>> {
        let gpu = stream.gpu();
        let shape = (layout.largest(), layout.d);
        let Some(spread) = Spread::of(gpu.kernels(), layout.pools(), shape, layout.dtype) else {
            return Ok(None);
        };
        let carve = |carver: &mut Carver| Buffers::carve(&layout, spread.group, carver);
        let (buffers, arena) = match stream.laid_out(carve) {
            Ok(laid_out) => laid_out,
            Err(error) if error.0 == CUresult::CUDA_ERROR_OUT_OF_MEMORY => return Ok(None),
            Err(error) => return Err(gpu.explain(error)),
        };
        let device_bytes = bytes_of(carve) as u64;
        let answer = Answer::new(gpu, &layout)?;
        let gpu = gpu.clone();
        let run = Run { gpu, layout, spread, buffers, device_bytes, answer, _arena: arena };
        run.send_layout(stream.cuda_stream())?;
        run.clear(stream.cuda_stream())?;
        Ok(Some(run))
    }

    fn send_layout(&self, stream: &CudaStream) -> Result<()> {
        let wide = |numbers: &[usize]| numbers.iter().map(|&x| x as u64).collect::<Vec<u64>>();
        let starts = self.layout.starts();
        self.send(stream, &wide(&self.layout.offsets), self.buffers.offsets)?;
        self.send(stream, &wide(&starts[..self.layout.pools()]), self.buffers.starts)?;
        self.send_budgets(stream, &self.layout.budgets)
    }

    /// No picks yet; and what no launch writes is no garbage either.
    fn clear(&self, stream: &CudaStream) -> Result<()> {
        let b = &self.buffers;
        fill(stream, b.results, 0)
            .and_then(|()| fill(stream, b.picks, 0))
            .and_then(|()| fill(stream, b.curve, 0))
            .map_err(|error| self.gpu.explain(error))
    }

    /// At most the budgets that the memory was made for.
    pub fn send_budgets(&self, stream: &CudaStream, budgets: &[usize]) -> Result<()> {
        assert!(budgets.iter().zip(&self.layout.budgets).all(|(now, most)| now <= most));
        let budgets: Vec<u32> = budgets.iter().map(|&budget| number(budget)).collect();
        self.send(stream, &budgets, self.buffers.budgets)
    }

    /// Waits until the values are on their way, so that they may be dropped.
    pub fn send<T: bytemuck::Pod>(
        &self,
        stream: &CudaStream,
        values: &[T],
        target: Region<T>,
    ) -> Result<()> {
        send(stream, values, target).map_err(|error| self.gpu.explain(error))
    }

    /// One memset and one launch: nothing is decided, allocated or waited for, so a stream that is being captured takes it.
    pub fn queue(&self, stream: &CudaStream, values: Pointer<u8>, stop: f64) -> Result<()> {
        let b = &self.buffers;
        let arguments = self.arguments(values, stop);
        let shape = (number(self.layout.pools()), self.spread.threads, self.spread.shared);
        fill(stream, b.barriers, 0)
            .and_then(|()| fill(stream, b.results, 0))
            .and_then(|()| self.gpu.kernels().batch(stream, self.layout.dtype, shape, &arguments))
            .map_err(|error| self.gpu.explain(error))
    }

    fn arguments(&self, values: Pointer<u8>, stop: f64) -> kernel::BatchArguments {
        let (b, d) = (&self.buffers, self.layout.d);
        kernel::BatchArguments {
            values,
            bounds: b.bounds.pointer(),
            nearest: b.nearest.pointer(),
            weights: b.weights.pointer_if_any(),
            roles: b.roles.pointer_if_any(),
            norms: b.norms.pointer_if_any(),
            given_rows: b.given_rows.pointer(),
            centers: b.centers.pointer(),
            offsets: b.offsets.pointer(),
            budgets: b.budgets.pointer(),
            firsts: b.firsts.pointer_if_any(),
            starts: b.starts.pointer(),
            picks: b.picks.pointer(),
            curve: b.curve.pointer(),
            results: b.results.pointer(),
            offers: b.offers.pointer(),
            barriers: b.barriers.pointer(),
            stop,
            relative: relative_error(d),
            absolute: absolute_error(d),
            given: number(self.layout.given),
            d: number(d),
            group: self.spread.group,
            slots: self.spread.slots,
            is_cached: self.spread.is_cached.into(),
        }
    }

    /// Wait for what was queued, and bring the answers of all pools.
    pub fn fetch(&mut self, stream: &CudaStream) -> Result<()> {
        let (b, a) = (&self.buffers, &mut self.answer);
        fetch(stream, b.results, a.results.as_mut_slice())
            .and_then(|()| fetch(stream, b.picks, a.picks.as_mut_slice()))
            .and_then(|()| fetch(stream, b.curve, a.curve.as_mut_slice()))
            .and_then(|()| stream.synchronize())
            .map_err(|error| self.gpu.explain(error))
    }

    /// What the last [`Run::fetch`] brought, pool by pool.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome<'_>> {
        let results = self.answer.results.as_slice().iter();
        results.zip(self.layout.starts()).enumerate().map(|(pool, (&result, start))| {
            let picks = result.picks as usize;
            Outcome {
                result,
                picks: &self.answer.picks.as_slice()[start..][..picks],
                curve: &self.answer.curve.as_slice()[start + pool..][..=picks],
            }
        })
    }
}

impl Answer {
    fn new(gpu: &Gpu, layout: &Layout) -> Result<Answer> {
        let picks = layout.budgets.iter().sum();
        let failed = |error| gpu.explain(error);
        Ok(Answer {
            results: Pinned::zeroed(gpu.context(), layout.pools()).map_err(failed)?,
            picks: Pinned::zeroed(gpu.context(), picks).map_err(failed)?,
            curve: Pinned::zeroed(gpu.context(), picks + layout.pools()).map_err(failed)?,
        })
    }
}

/// A bound on the relative error of a sum of `d` squared differences in f32, in any order: each difference, its square and at
/// most `d` additions round once, `(d + 3) 2^-24` to first order, here doubled.
#[expect(clippy::cast_precision_loss, reason = "far below 2^24 dimensions fit a block")]
fn relative_error(d: usize) -> f32 {
    (d as f32 + 16.0) / f32::from(1u16 << 12) / f32::from(1u16 << 11)
}

/// A bound on what underflow takes from such a sum: `2^-150` a square, here `2^-149`, the least f32. By its bits, so that no
/// setting of this thread flushes it to zero.
fn absolute_error(d: usize) -> f32 {
    f32::from_bits(number(d) + 8)
}
