//! Many small pools at once: whole selections in one launch, without a decision of the host.

use std::sync::Arc;

use cudarc::driver::CudaStream;
use cudarc::driver::sys::CUstreamCaptureStatus;

use crate::backend::cuda::abi::number;
use crate::backend::cuda::check_count;
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::cuda::once::{Layout, Outcome, Run, check_values};
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::pool::Dtype;
use crate::question::{check_budget, check_stop_radius};
use crate::selection::Selection;
use crate::statistics::Statistics;

/// The options of a batch. The default selects from row 0 of each pool.
#[derive(Debug, Clone, Default)]
pub struct BatchOptions {
    /// The metric.
    pub metric: Metric,
    /// A pool is done once its radius is at most this.
    pub stop_radius: Option<f64>,
    /// The first center of each pool, a row of that pool; row 0 if not given.
    pub first: Option<Vec<usize>>,
}

/// Selections from many small pools that lie on a device one after another, prepared once and run as often as wanted.
///
/// [`Batch::queue`] is one launch on the caller's stream: nothing is allocated, decided or waited for, so a CUDA graph can
/// capture it. Rows and radii are those of [`crate::select`], to the bit. Takes 12 bytes a row, 20 under cosine. Time
/// `O(n k d)`, the rows read from shared memory where they fit.
///
/// The pools' memory, and for a captured graph this too, must live until the work is done, which [`Batch::fetch`] waits for.
pub struct Batch {
    run: Run,
    stop: f64,
    /// The stream on which it was last queued.
    stream: Arc<CudaStream>,
}

impl Batch {
    /// Memory for pools of `d` values of `dtype`, on the stream's GPU: pool `p` is rows `offsets[p] .. offsets[p + 1]`, and
    /// `budgets[p]` of them are selected.
    ///
    /// # Errors
    /// [`Error::Options`] if the offsets do not ascend from 0 with one budget a pool, or a pool is too large for a launch
    /// (some thousand rows fit); [`Error::BudgetZero`], [`Error::BudgetTooLarge`], [`Error::RowOutOfRange`]; [`Error::CudaMemory`] if
    /// the device has too little memory.
    pub fn new(
        stream: &Stream,
        dtype: Dtype,
        d: usize,
        offsets: &[usize],
        budgets: &[usize],
        options: &BatchOptions,
    ) -> Result<Batch> {
        check_offsets(offsets, budgets, d)?;
        check_stop_radius(options.stop_radius)?;
        check_count(offsets[budgets.len()], stream)?;
        let rows = |pool: usize| offsets[pool + 1] - offsets[pool];
        budgets.iter().enumerate().try_for_each(|(p, &budget)| check_budget(budget, rows(p)))?;
        let layout = Layout {
            offsets: offsets.to_vec(),
            budgets: budgets.to_vec(),
            d,
            dtype,
            metric: options.metric,
            given: 0,
            has_firsts: options.first.is_some(),
            has_roles: false,
            has_weights: false,
            pool_bytes: 0,
        };
        let largest = layout.largest();
        let too_large = || {
            Error::Options(format!(
                "a batch of {} pools of at most {largest} x {d} values is too large for one launch: \
                 select from such pools one by one",
                budgets.len()
            ))
        };
        if !Run::fits(stream, &layout) {
            return Err(too_large());
        }
        let no_memory = || stream.gpu().out_of_memory();
        let run = Run::new(stream, layout)?.ok_or_else(no_memory)?;
        let stop = options.stop_radius.unwrap_or(f64::NEG_INFINITY);
        let mut batch = Batch { run, stop, stream: stream.cuda_stream().clone() };
        if let Some(first) = &options.first {
            batch.set_first(first, stream)?;
        }
        // The memory is then ready on whatever stream a run is queued.
        stream.synchronize()?;
        Ok(batch)
    }

    /// Other first centers for the runs queued from now on, a row of each pool: for a batch that was made with first centers. Waits for the
    /// copy.
    ///
    /// # Errors
    /// [`Error::Options`] if there is not one for each pool, or the batch was made without; [`Error::RowOutOfRange`];
    /// [`Error::Lost`] if the driver refuses, as while the stream is captured.
    pub fn set_first(&mut self, first: &[usize], stream: &Stream) -> Result<()> {
        check_first(first, &self.run.layout.offsets)?;
        if !self.run.layout.has_firsts {
            return Err(Error::Options("the batch was made without first centers".into()));
        }
        self.go_on_from(stream)?;
        let firsts: Vec<u32> = first.iter().map(|&row| number(row)).collect();
        self.run.send(stream.cuda_stream(), &firsts, self.run.buffers.firsts)?;
        stream.synchronize()
    }

    /// Queue the selections from `pools`, `(offsets[pools], d)`, on the stream. On another stream than before, the host waits
    /// for that one first: the runs share this memory. Not while the stream is captured: the graph must be launched after that work.
    ///
    /// # Errors
    /// [`Error::Options`] if `pools` has another shape or dtype; [`Error::Lost`] if the driver refuses.
    /// [`Batch::fetch`] reports what goes wrong on the device.
    pub fn queue(&mut self, pools: &DevicePool, stream: &Stream) -> Result<()> {
        self.check(pools, stream)?;
        self.go_on_from(stream)?;
        self.run.queue(stream.cuda_stream(), pools.address, self.stop)
    }

    fn go_on_from(&mut self, stream: &Stream) -> Result<()> {
        if self.stream.cu_stream() != stream.cuda_stream().cu_stream() {
            let status = stream.checked(stream.cuda_stream().capture_status())?;
            // Captured work runs later, in an order that the caller who launches the graph must see to. And a capture
            // must not wait.
            if status == CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE {
                stream.checked(self.stream.synchronize())?;
            }
            self.stream = stream.cuda_stream().clone();
        }
        Ok(())
    }

    /// Pools of the shape and the GPU that this was made for.
    fn check(&self, pools: &DevicePool, stream: &Stream) -> Result<()> {
        pools.check_on(stream)?;
        let l = &self.run.layout;
        let (made, given) = ((l.rows(), l.d, l.dtype), (pools.rows, pools.d, pools.dtype));
        if made != given {
            let text = |(n, d, dtype): (usize, usize, Dtype)| format!("{n} x {d} {}", dtype.name());
            let reason = format!("the batch was made for {}, this is {}", text(made), text(given));
            return Err(Error::Options(reason));
        }
        Ok(())
    }

    /// Wait for what was queued last: each pool's selection, rows counted from its own first; none has a pick where nothing was
    /// queued. `pools` are those it was queued for.
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::ZeroRow`], whose rows are counted through all pools; [`Error::Options`] if `pools` has
    /// another shape or dtype; [`Error::Lost`].
    pub fn fetch(&mut self, pools: &DevicePool, stream: &Stream) -> Result<Vec<Selection>> {
        self.check(pools, stream)?;
        self.go_on_from(stream)?;
        self.run.fetch(stream.cuda_stream())?;
        for (outcome, &offset) in self.run.outcomes().zip(&self.run.layout.offsets) {
            check_values(&outcome.result, offset, |row| pools.not_finite(row, stream))?;
        }
        Ok(self.run.outcomes().map(|outcome| self.selection(&outcome)).collect())
    }

    /// The picks' address on the device, for work that goes on there: u32 rows, those of pool `p` from `budgets[..p]`'s
    /// sum on. They are valid once the launch is done. If a pool had fewer picks than its budget, the rest is
    /// undefined.
    pub fn picks_address(&self) -> u64 {
        self.run.buffers.picks.pointer().address
    }

    /// The radii's address on the device: f64, those of pool `p` from `budgets[..p]`'s sum plus `p` plus 1 on.
    pub fn radii_address(&self) -> u64 {
        self.run.buffers.curve.pointer().address
    }

    /// The address of the pools' status on the device: 32 bytes a pool. The first u32 is the number of picks made. The
    /// fourth and fifth are 0 unless a row of the pool is not finite or, under cosine, has no direction.
    pub fn status_address(&self) -> u64 {
        self.run.buffers.results.pointer().address
    }

    fn selection(&self, outcome: &Outcome) -> Selection {
        let (result, radii) = (&outcome.result, outcome.curve[1..].to_vec());
        Selection {
            centers: outcome.picks.iter().map(|&row| row as usize).collect(),
            lower_bounds: radii.iter().map(|radius| radius / 2.0).collect(),
            radii,
            initial_radius: f64::INFINITY,
            farthest: (result.has_next > 0).then_some(result.next_row as usize),
            min_distances: None,
            assignment: None,
            interrupted: false,
            statistics: Statistics {
                device: format!("cuda:{}", self.run.gpu.context().ordinal()),
                rounds: 1,
                pick_canonical: result.canonical,
                ..Statistics::default()
            },
        }
    }
}

fn check_offsets(offsets: &[usize], budgets: &[usize], d: usize) -> Result<()> {
    let ascend = offsets.first() == Some(&0) && offsets.is_sorted_by(|a, b| a < b);
    if ascend && !budgets.is_empty() && offsets.len() == budgets.len() + 1 && d > 0 {
        return Ok(());
    }
    Err(Error::Options(format!(
        "the offsets of {} pools are {} numbers that ascend from 0, and rows have at least one value",
        budgets.len(),
        budgets.len() + 1
    )))
}

fn check_first(first: &[usize], offsets: &[usize]) -> Result<()> {
    if first.len() + 1 != offsets.len() {
        let pools = offsets.len() - 1;
        return Err(Error::Options(format!("{} first rows for {pools} pools", first.len())));
    }
    let rows = offsets.windows(2).map(|pair| pair[1] - pair[0]);
    match first.iter().zip(rows).find(|(row, rows)| *row >= rows) {
        Some((&row, rows)) => Err(Error::RowOutOfRange { role: "first", row, rows }),
        None => Ok(()),
    }
}
