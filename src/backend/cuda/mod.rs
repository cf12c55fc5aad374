//! The CUDA backend: the CPU's rounds, each queued whole on the device. The host decides nothing inside a round and waits once
//! for its answer; where the pool stays on the host it waits once more, for the rows that must travel.

pub(crate) mod accumulation;
mod at_once;
pub(crate) mod batch;
mod clock;
pub(crate) mod device;
mod feed;
mod join;
#[allow(unsafe_code)]
pub(crate) mod kernels;
mod launched;
pub(crate) mod lent;
pub(crate) mod mean;
mod prepare;
#[cfg(feature = "lab")]
pub(crate) mod probe;
mod roles;
mod settle;
mod space;
mod workspace;

use cudarc::driver::DriverError;

use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::Ground;
use crate::pool::Dtype;
use crate::rows::Rows;
use crate::statistics::Statistics;
use clock::Clock;
use feed::Feed;
use kernels::arguments as kernel;
use kernels::arguments::Pointer;
use kernels::borrow::{DevicePool, Stream};
use kernels::memory::{Pinned, fetch, fill};
use workspace::{Buffers, Extent, ROUND, Workspace};

pub(crate) use at_once::AtOnce;
pub(crate) use batch::check_count;
pub(crate) use kernels::Multiplier;
pub(crate) use space::CudaSpace;

/// Four such bytes are an f32 above what any row's test lets pass.
const ABOVE_ALL: u8 = 0x7f;
/// Marks of the clock in a round at most.
const MARKS: usize = 8;

/// A pool's state on a device: 29 bytes a row at most beside the pool, 8 of them under cosine and 4 with weights.
pub(crate) struct Cuda<'p> {
    stream: &'p Stream,
    ground: &'p Ground<'p>,
    placement: Placement<'p>,
    workspace: Workspace,
    pool: Place,
    /// Whether the pool was copied to the device already.
    is_sent: bool,
    /// How rows are packed, once the first center was applied.
    packing: Option<kernel::Packing>,
    /// Picks given before that: rows that an earlier run chose, or the first center.
    given: Vec<usize>,
    /// Centers whose values are on the device.
    centers: usize,
    /// Of those, the ones packed, where all of them fit the window.
    packed: usize,
    /// Rows that may still be chosen.
    left: usize,
    /// Rows of this round's frontier.
    size: u32,
    /// Rows that a frontier was last asked to have.
    wanted: usize,
    /// Rows of the next round's frontier, where its refresh has been queued already.
    ahead: Option<u32>,
    /// Live rows of all rounds, each of which picking reads.
    live_rows: u64,
    width: f64,
    multiplier: Multiplier,
    /// Of this round and of the next.
    clocks: [Clock; 2],
    answer: Pinned<u64>,
    statistics: Statistics,
}

/// How a device comes by the pool's rows.
#[derive(Clone, Copy)]
pub(crate) enum Placement<'p> {
    /// The host's rows are copied to it if they fit, else staged.
    Copied(&'p Rows<'p>),
    /// The host's rows stay there, and the ones that a round needs travel.
    Staged(&'p Rows<'p>),
    /// They lie on the device already.
    Lent(&'p DevicePool<'p>),
}

impl<'p> Placement<'p> {
    /// The rows, where the host has them.
    fn on_host(self) -> Option<&'p Rows<'p>> {
        match self {
            Placement::Copied(rows) | Placement::Staged(rows) => Some(rows),
            Placement::Lent(_) => None,
        }
    }

    /// The pool, where it lies on the device already.
    fn lent(self) -> Option<&'p DevicePool<'p>> {
        match self {
            Placement::Lent(pool) => Some(pool),
            Placement::Copied(_) | Placement::Staged(_) => None,
        }
    }
}

/// What a selection may come to, for whoever allocates its memory before it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Picks at most.
    pub picks: usize,
    /// Of those, the ones given before the first round.
    pub given: usize,
    /// Centers at most: labeled ones and picks.
    pub centers: usize,
}

/// Where the pool's rows are.
enum Place {
    /// On the device, at this address.
    Device(Pointer<u8>),
    /// On the host: the rows that a round needs are staged by slot.
    Host(Feed),
}

impl<'p> Cuda<'p> {
    /// Allocates all the memory that a selection of at most `most_centers` will use, labeled ones and picks.
    ///
    /// # Errors
    /// Too little device memory for the state of the rows, even with the pool left on the host.
    pub fn new(
        ground: &'p Ground<'p>,
        most_centers: usize,
        stream: &'p Stream,
        placement: Placement<'p>,
        width: f64,
        multiplier: Multiplier,
    ) -> Result<Cuda<'p>> {
        let (gpu, cuda_stream) = (stream.gpu(), stream.cuda_stream());
        let (workspace, pool) = allocate(ground, most_centers, stream, placement)?;
        // Rows to be staged have their place there, too.
        let answer =
            workspace.buffers.answer.len().max(ROUND + workspace.extent.capacity.div_ceil(2));
        let clock = || stream.checked(Clock::new(cuda_stream, MARKS));
        Ok(Cuda {
            placement,
            is_sent: false,
            packing: None,
            given: Vec::new(),
            centers: 0,
            packed: 0,
            left: 0,
            size: 0,
            wanted: 0,
            ahead: None,
            live_rows: 0,
            clocks: [clock()?, clock()?],
            answer: stream.checked(Pinned::zeroed(gpu.context(), answer))?,
            statistics: Statistics {
                device: format!("cuda:{}", gpu.context().ordinal()),
                device_bytes: workspace.extent.bytes(),
                ..Statistics::default()
            },
            stream,
            ground,
            workspace,
            pool,
            width,
            multiplier,
        })
    }

    fn checked<T>(&self, result: std::result::Result<T, DriverError>) -> Result<T> {
        self.stream.checked(result)
    }

    fn buffers(&self) -> &Buffers {
        &self.workspace.buffers
    }

    fn extent(&self) -> &Extent {
        &self.workspace.extent
    }

    fn dtype(&self) -> Dtype {
        self.ground.rows.dtype()
    }

    fn is_staged(&self) -> bool {
        matches!(self.pool, Place::Host(_))
    }

    /// The rows as kernels find them: all of them, or the ones staged.
    fn rows(&self) -> kernel::Rows {
        let values = match &self.pool {
            Place::Device(address) => *address,
            Place::Host(_) => self.buffers().staged.pointer(),
        };
        kernel::Rows { values, norms: self.buffers().norms.pointer_if_any() }
    }

    fn frontier_arguments(&self, size: u32) -> kernel::FrontierArguments {
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
        }
    }

    fn packing(&self) -> kernel::Packing {
        self.packing.expect("prepared before the first refresh")
    }

    fn pack_arguments(&self) -> kernel::PackArguments {
        self.pack_arguments_with(self.packing())
    }

    fn pack_arguments_with(&self, packing: kernel::Packing) -> kernel::PackArguments {
        let b = self.buffers();
        kernel::PackArguments {
            packing,
            rows: self.rows(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            centers: b.centers.pointer(),
            operands: b.center_operands.pointer(),
            bases: b.bases.pointer(),
            peaks: b.peaks.pointer(),
            window: b.window.pointer(),
            sources: Pointer::NULL,
            pool_rows: Pointer::NULL,
            count: 0,
            first: 0,
            window_first: 0,
        }
    }

    /// Queue a round's frontier, of at most `size` rows, and its refresh, once there are at most `centers` centers.
    fn queue_refresh(&mut self, size: u32, centers: usize) -> Result<()> {
        self.mark()?;
        let arguments = self.frontier_arguments(size);
        self.checked(self.stream.gpu().kernels().frontier(self.stream.cuda_stream(), &arguments))?;
        self.mark()?;
        self.apply_pending(size, centers)?;
        self.mark()
    }

    /// Queue the next round's refresh before this one's picks are known: the device finds out by itself how many there were, and
    /// does nothing if they were the last. Only where the host is not needed: rows are on the device, and all centers are packed
    /// at once. The frontier is as large as this round's was asked to be.
    fn queue_ahead(&mut self, limit: usize) -> Result<()> {
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
    fn frontier_size(&self, wanted: usize) -> usize {
        wanted.min(self.extent().capacity).min(self.left)
    }

    /// Apply every center, of which there are at most `centers`, to the rows placed in the frontier's slots, at most `size`.
    fn apply_pending(&mut self, size: u32, centers: usize) -> Result<()> {
        self.stage(size)?;
        let (kernels, dtype) = (self.stream.gpu().kernels(), self.dtype());
        self.checked(kernels.pack_rows(
            self.stream.cuda_stream(),
            dtype,
            size,
            &self.pack_arguments(),
        ))?;
        let window = self.extent().window;
        for first in (0..centers).step_by(window) {
            self.refresh_window(size, first, centers.min(first + window), centers)?;
        }
        let b = self.buffers();
        let refine = kernel::RefineArguments {
            rows: self.rows(),
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            centers: b.centers.pointer(),
            end: number(centers),
            d: number(self.extent().d),
        };
        self.checked(self.stream.gpu().kernels().refine(
            self.stream.cuda_stream(),
            dtype,
            size,
            &refine,
        ))
    }

    /// Filter the placed rows against centers `first` to `end` of `centers`.
    fn refresh_window(
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
            let count = number(end - from);
            let window_first = number(first);
            let pack = kernel::PackArguments {
                count,
                first: number(from),
                window_first,
                ..self.pack_arguments()
            };
            self.checked(
                self.stream.gpu().kernels().pack_centers(self.stream.cuda_stream(), &pack),
            )?;
        }
        self.packed = if fits { end } else { 0 };
        let b = self.buffers();
        let refresh = kernel::RefreshArguments {
            interval: self.packing().interval,
            frontier: b.frontier(),
            round: b.round().pointer(),
            window: b.window.pointer(),
            operands: b.center_operands.pointer(),
            bases: b.bases.pointer(),
            peaks: b.peaks.pointer(),
            window_first: number(first),
            end: number(end),
            depth: number(self.extent().depth),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        let rows = number(self.extent().capacity);
        self.checked(kernels.refresh(stream, self.multiplier, size, rows, &refresh))
    }

    /// No center is in the window, so none passes.
    fn clear_window(&self) -> Result<()> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        let cleared = fill(stream, b.bases, ABOVE_ALL).and_then(|()| fill(stream, b.peaks, 0));
        self.checked(cleared)
    }

    /// Bring the rows placed in the slots to the device, where the pool stays on the host. The host must know them for that.
    fn stage(&mut self, size: u32) -> Result<()> {
        if !self.is_staged() {
            return Ok(());
        }
        let size = size as usize;
        let (placed, found) = (self.buffers().rows.part(0, size), self.buffers().answer);
        // Until the round's answer comes its place is free.
        let (round, rows) = self.answer.as_mut_slice().split_at_mut(ROUND);
        let rows: &mut [u32] = &mut bytemuck::cast_slice_mut(rows)[..size];
        let stream = self.stream.cuda_stream();
        let queued = fetch(stream, placed, rows)
            .and_then(|()| fetch(stream, found.part(0, ROUND), round))
            .and_then(|()| stream.synchronize());
        self.checked(queued)?;
        let rows: Vec<u32> =
            bytemuck::cast_slice(&self.answer.as_slice()[ROUND..])[..size].to_vec();
        self.send_rows(self.fetched_round().count as usize, |i| rows[i] as usize)
    }

    /// Stage `count` of the host's rows by slot.
    fn send_rows(&mut self, count: usize, row: impl Fn(usize) -> usize + Sync) -> Result<()> {
        let staged = self.workspace.buffers.staged;
        let (Place::Host(feed), Some(rows)) = (&mut self.pool, self.placement.on_host()) else {
            return Ok(());
        };
        let (gpu, stream) = (self.stream.gpu(), self.stream.cuda_stream());
        feed.send(gpu, stream, rows.pool(), count, row, staged)
    }

    fn pick_arguments(&self, limit: usize, stop: f64) -> kernel::PickArguments {
        let (b, e) = (self.buffers(), self.extent());
        kernel::PickArguments {
            interval: self.packing().interval,
            rows: self.rows(),
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            live_slots: b.live_slots.pointer(),
            products: b.products.pointer(),
            pick_rows: b.pick_rows(e.live_capacity).pointer(),
            pick_slots: b.pick_slots.pointer(),
            pick_keys: b.pick_keys(e.live_capacity).pointer(),
            stop,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            applied: number(self.centers),
            capacity: number(e.live_capacity),
            d: number(e.d),
            depth: number(e.depth),
        }
    }

    fn panel_arguments(&self) -> kernel::PanelArguments {
        let b = self.buffers();
        kernel::PanelArguments {
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            keys: b.panel_keys.pointer(),
            slots: b.panel_slots.pointer(),
            live_slots: b.live_slots.pointer(),
            capacity: number(self.extent().live_capacity),
        }
    }

    fn queue_answer(&mut self) -> Result<()> {
        let answer = self.workspace.buffers.answer;
        let words = &mut self.answer.as_mut_slice()[..answer.len()];
        let queued = fetch(self.stream.cuda_stream(), answer, words);
        self.checked(queued)?;
        self.mark()
    }

    /// Wait for the round's answer, and for nothing queued after it.
    fn fetch_answer(&mut self) -> Result<(kernel::Round, Vec<Candidate>)> {
        self.checked(self.clocks[0].wait())?;
        let (round, words) = (self.fetched_round(), self.answer.as_slice());
        let live_capacity = self.extent().live_capacity;
        let rows: &[u32] = bytemuck::cast_slice(&words[ROUND + live_capacity..]);
        let keys = &words[ROUND..][..round.picks as usize];
        let pick = |(&key, &row)| Candidate { key: f64::from_bits(key), row: row as usize };
        Ok((round, keys.iter().zip(rows).map(pick).collect()))
    }

    fn fetched_round(&self) -> kernel::Round {
        bytemuck::pod_read_unaligned(bytemuck::cast_slice(&self.answer.as_slice()[..ROUND]))
    }

    /// The picks' values join the centers', from where the frontier's rows are; of at most `limit` picks.
    fn queue_gather(&mut self, limit: usize) -> Result<()> {
        if limit == 0 {
            return Ok(());
        }
        let rows = self.buffers().pick_rows(self.extent().live_capacity).pointer();
        let slots = self.buffers().pick_slots.pointer();
        let gather = kernel::PackArguments {
            sources: if self.is_staged() { slots } else { rows },
            pool_rows: rows,
            count: self.size.min(u32::try_from(limit).unwrap_or(u32::MAX)),
            ..self.pack_arguments()
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.gather(stream, self.dtype(), &gather))
    }

    fn take_picks(&mut self, picks: usize) {
        self.centers += picks;
        self.left -= picks;
        if self.ahead.is_some() {
            self.packed = self.centers;
        }
    }

    /// Counts add up on the device; times are told by the clock's marks.
    fn count(&mut self, counts: &kernel::Counts) {
        let n = self.extent().n as u64;
        let s = &mut self.statistics;
        s.refresh_evaluations = counts.evaluations;
        s.tile_evaluations = counts.tile_evaluations;
        s.refresh_canonical = counts.refresh_canonical;
        s.refreshed_rows = counts.refreshed_rows;
        s.pick_evaluations = counts.pick_evaluations;
        s.pick_canonical = counts.pick_canonical;
        s.row_reads = n + counts.refreshed_rows + self.live_rows;
    }

    fn mark(&mut self) -> Result<()> {
        let marked = self.clocks[0].mark(self.stream.cuda_stream());
        self.checked(marked)
    }
}

impl Middle for Cuda<'_> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        self.nearest_its_mean()
    }
}

impl Backend for Cuda<'_> {
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        assert!(self.packing.is_none(), "picks are taken in where they are made");
        self.given.extend_from_slice(rows);
        Ok(())
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        if self.packing.is_none() {
            self.prepare()?;
        }
        self.wanted = size;
        let size = self.frontier_size(size);
        if size == 0 {
            return Ok(0);
        }
        self.statistics.rounds += 1;
        self.size = match self.ahead.take() {
            Some(queued) => queued,
            None => {
                self.queue_refresh(number(size), self.centers)?;
                number(size)
            }
        };
        Ok(self.size as usize)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let arguments = self.pick_arguments(limit, stop);
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        let panel = self.panel_arguments();
        self.checked(kernels.pick(stream, self.dtype(), self.size, &panel, &arguments))?;
        self.queue_gather(limit)?;
        self.mark()?;
        self.queue_answer()?;
        self.queue_ahead(limit)?;
        let (round, picks) = self.fetch_answer()?;
        self.take_picks(picks.len());
        self.live_rows += u64::from(round.live);
        self.count(&round.counts);
        let seconds = self.clocks[0].seconds();
        let seconds = self.checked(seconds)?;
        self.statistics.frontier_seconds += seconds[0];
        self.statistics.refresh_seconds += seconds[1];
        self.statistics.pick_seconds += seconds[2];
        self.clocks.swap(0, 1);
        let next = Candidate { key: f64::from_bits(round.next_key), row: round.next_row as usize };
        Ok(Picked { picks, next: (round.has_next > 0).then_some(next) })
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.settle_all()
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}

/// A count of rows, centers or dimensions as kernels take it.
fn number(count: usize) -> u32 {
    u32::try_from(count).expect("rows and centers are numbered below 2^32")
}

/// The workspace, and in it the pool if that is to be copied and fits.
fn allocate(
    ground: &Ground,
    most_centers: usize,
    stream: &Stream,
    placement: Placement,
) -> Result<(Workspace, Place)> {
    let gpu = stream.gpu();
    let extent = Extent::of(ground, most_centers, gpu);
    let pool = match placement {
        Placement::Copied(rows) | Placement::Staged(rows) => rows.pool(),
        Placement::Lent(pool) => {
            return Ok((Workspace::allocate(stream, extent)?, Place::Device(pool.address)));
        }
    };
    let resident = Extent { pool_bytes: pool.bytes(), ..extent };
    if let Placement::Copied(_) = placement
        && let Some(workspace) = Workspace::try_allocate(stream, resident)?
    {
        let address = workspace.buffers.pool.pointer();
        return Ok((workspace, Place::Device(address)));
    }
    let row_bytes = pool.row_bytes(0).len();
    let workspace = Workspace::allocate(stream, Extent { staged_row_bytes: row_bytes, ..extent })?;
    let feed = Feed::new(gpu, row_bytes, extent.capacity)?;
    Ok((workspace, Place::Host(feed)))
}
