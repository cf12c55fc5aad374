//! A selection in rounds: the CPU's, each queued whole on the device. The host decides nothing inside a round and waits
//! once, for its answer; if the pool stays on the host it waits once more, for the rows that must travel.
//! docs/kernels.md follows a round.
//!
//! | file | what it has |
//! | --- | --- |
//! | this one | the state of a selection, and the backend |
//! | `workspace` | all device memory of a selection |
//! | `stage` | where the pool's rows are, and how rows of the host travel |
//! | `int8` | rounds on int8 values: every row quantized once, and only live rows read in full |
//! | `prepare`, `mean` | the launches before the first round; the row nearest the mean |
//! | `refresh` | a round's frontier and refresh, and the next round's ahead |
//! | `pick` | the picks, and the answer that brings them to the host |
//! | `shard` | a part of a pool: its frontiers and refreshes, without the picks |
//! | `settle` | every pending center applied to every row |
//! | `values` | values of a shard's rows, for the host |
//! | `clock` | how long phases took |

pub mod clock;
mod int8;
mod mean;
mod pick;
mod prepare;
mod refresh;
mod settle;
mod shard;
mod stage;
mod values;
mod workspace;

use cudarc::driver::DriverError;

use super::abi as kernel;
use super::abi::{Multiplier, number};
use super::driver::copies::Pinned;
use super::lent::Stream;
use super::placement::Placement;
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::Ground;
use crate::pool::Dtype;
use crate::statistics::Statistics;
use clock::Clock;
use int8::Filter;
pub(crate) use shard::CudaShard;
use stage::{Place, allocate};
use workspace::{Buffers, Extent, ROUND, Workspace};

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
    /// How rows become operands, once the first center was applied.
    filter: Option<Filter>,
    /// How the rows were quantized that are staged.
    quantizer: Option<kernel::Quantizer>,
    /// How far from the mean of a sample rows and centers lie, at most.
    reach: f64,
    /// Picks given before that: rows that an earlier run chose, or the first center.
    given: Vec<usize>,
    /// Number of centers; once prepared, their values are on the device.
    centers: usize,
    /// How many of those are packed, if all of them fit the window; else 0.
    packed: usize,
    /// Rows that may still be chosen.
    left: usize,
    /// Size of this round's frontier.
    size: u32,
    /// The size last asked for.
    wanted: usize,
    /// Size of the next round's frontier, if its refresh has been queued already.
    ahead: Option<u32>,
    /// Live rows of all rounds: picking reads each of them.
    live_rows: u64,
    width: f64,
    multiplier: Multiplier,
    /// The clocks of this round and of the next.
    clocks: [Clock; 2],
    answer: Pinned<u64>,
    statistics: Statistics,
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
        let is_int8 = multiplier == Multiplier::Int8;
        let extent = Extent::of(ground, most_centers, stream.gpu(), is_int8);
        Cuda::of_extent(ground, extent, stream, placement, width, multiplier)
    }

    fn of_extent(
        ground: &'p Ground<'p>,
        extent: Extent,
        stream: &'p Stream,
        placement: Placement<'p>,
        width: f64,
        multiplier: Multiplier,
    ) -> Result<Cuda<'p>> {
        let (gpu, cuda_stream) = (stream.gpu(), stream.cuda_stream());
        let (workspace, pool) = allocate(stream, placement, extent)?;
        // The numbers of rows to be staged are fetched to the same memory.
        let answer =
            workspace.buffers.answer.len().max(ROUND + workspace.extent.capacity.div_ceil(2));
        let clock = || stream.checked(Clock::new(cuda_stream, MARKS));
        Ok(Cuda {
            placement,
            is_sent: false,
            filter: None,
            quantizer: None,
            reach: 0.0,
            given: Vec::new(),
            centers: ground.labeled_count(),
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

    fn is_shard(&self) -> bool {
        self.extent().is_shard
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

    /// Takes over the counts, which add up on the device. Times come from the clock's marks.
    fn count(&mut self, counts: &kernel::Counts) {
        let n = self.extent().n as u64;
        let is_int8 = self.extent().is_int8;
        let s = &mut self.statistics;
        s.refresh_evaluations = counts.evaluations;
        s.tile_evaluations = counts.tile_evaluations;
        s.refresh_canonical = counts.refresh_canonical;
        s.refreshed_rows = counts.refreshed_rows;
        s.pick_evaluations = counts.pick_evaluations;
        s.pick_canonical = counts.pick_canonical;
        s.settled_rows = counts.settled_rows;
        let refreshed = if is_int8 { 0 } else { counts.refreshed_rows };
        s.row_reads = n + refreshed + self.live_rows;
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
        assert!(self.filter.is_none(), "picks are taken in where they are made");
        self.given.extend_from_slice(rows);
        self.centers += rows.len();
        Ok(())
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        if self.filter.is_none() {
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
        self.list_live(self.size, &arguments)?;
        // If no pick is to be made, no product is needed.
        if limit > 0 {
            self.pick_products(self.size, &arguments)?;
        }
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.pick_greedy(stream, self.dtype(), self.size, &arguments))?;
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
