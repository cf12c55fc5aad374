//! The CPU backend: products in the cheapest arithmetic the machine has as a filter, the canonical distance as the judge.
//!
//! | file | what |
//! | --- | --- |
//! | this one | one device as a backend: a shard that holds all rows, and picks among its live ones where they lie |
//! | `shard.rs`, `held_rows.rs` | rounds but for the picks; what they need of rows, whether those are floats or int8 values |
//! | `state.rs` | rows and their state, 16 bytes a row |
//! | `prepare.rs`, `bulk.rs`, `medians.rs`, `beyond.rs`, `centers.rs` | what comes before the first round; the middle of most rows, from a sample's medians; rows far beyond those; centers by number |
//! | `frontier.rs`, `maxima.rs` | the rows of largest key, by histogram; the largest key of each block of rows |
//! | `sweep.rs`, `direct.rs`, `apart.rs` | after a frontier without a pick: every row that may be next, in order; few centers applied without a filter; how far those are from the others |
//! | `plain/` | the plain loop, for few picks |
//! | `pack.rs`, `panels.rs`, `row_panel.rs` | rows and centers as the multiplier sees them; rows with a test each |
//! | `refresh.rs`, `pick.rs`, `join.rs` | the three places where pairs are evaluated |
//! | `catch_up.rs`, `before.rs` | what many centers from the start take; how far picks to resume from lay from those before them |
//! | `keys.rs` | the live row of largest key |
//! | `picker.rs` | picks among live rows lent by shards |
//! | `int8/` | the same rounds on int8 values, which most selections take |
//! | `spread.rs`, `crowd.rs` | whether int8 values tell rows apart, by a sample; rounds on them until they do not, then on floats |
//! | `cells/` | rows of few values, in cells of near rows |
//! | `space.rs` | distances over a pool |
//! | `kernels/` | products: `gemm` (f32, every machine), AVX-512 BF16, AMX; all unsafe code of the backend |

mod apart;
mod before;
mod beyond;
mod bulk;
mod catch_up;
mod cells;
mod centers;
#[cfg(test)]
mod containment;
mod crowd;
mod direct;
mod frontier;
mod held_rows;
mod int8;
mod join;
#[allow(unsafe_code)]
pub(crate) mod kernels;
mod keys;
mod maxima;
mod medians;
mod pack;
mod panels;
mod pick;
mod picker;
mod plain;
mod prepare;
mod refresh;
mod row_panel;
mod shard;
mod space;
mod spread;
mod state;
mod sweep;

use std::time::Instant;

pub(crate) use before::distances_before;
pub(crate) use cells::{
    CellValue, CellsCpu, MOST_DIMENSIONS as MOST_CELL_DIMENSIONS,
    distances_before as distances_before_in_cells, spread_in_few_directions,
};
pub(crate) use crowd::Int8UntilCrowd;
pub(crate) use held_rows::HeldRows;
use int8::SettledRows;
pub(crate) use int8::{Int8Cpu, Int8State, Whole};
use kernels::Multiplier;
use pick::{Live, Terms};
pub(crate) use picker::CpuPicker;
pub(crate) use plain::{PlainCpu, SMALL_VALUES};
pub(crate) use shard::CpuShard;
pub(crate) use space::CpuSpace;
pub(crate) use spread::interval_beside_spread;
pub(crate) use state::CpuRows;

use super::shard::Shard;
use super::zeros::{pick_zeros, zeros};
use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::mean;
use crate::statistics::Statistics;

/// Rows a refresh tile holds at most: with a panel of centers they fit the second-level cache.
const TILE: usize = 256;
/// Bytes of packed rows a tile holds at most.
const TILE_BYTES: usize = 4 << 20;

/// All rows of a pool, and the picks among them.
pub(crate) struct Cpu<'p, M: Multiplier> {
    multiplier: M,
    ground: &'p HostGround<'p>,
    shard: CpuShard<'p, CpuRows<'p, M>>,
    /// This round's frontier, where no key is above 0: its rows in order.
    zeros: Option<Vec<Candidate>>,
    outside: Option<Candidate>,
    /// The refreshed row of largest key, if the last frontier left no row live.
    reached: Option<Candidate>,
}

impl<'p, M: Multiplier> Cpu<'p, M> {
    pub fn new(ground: &'p HostGround<'p>, multiplier: M, width: f64) -> Cpu<'p, M> {
        let shard = CpuShard::new(CpuRows::new(ground, multiplier, width), 0);
        Cpu { multiplier, ground, shard, zeros: None, outside: None, reached: None }
    }

    /// Goes on from where other rounds have come.
    fn go_on(
        ground: &'p HostGround<'p>,
        multiplier: M,
        width: f64,
        mut settled: SettledRows<'p>,
    ) -> Cpu<'p, M> {
        let reached = settled.reached.take();
        let shard = CpuShard::new(CpuRows::go_on(ground, multiplier, width, settled), 0);
        Cpu { multiplier, ground, shard, zeros: None, outside: None, reached }
    }
}

/// A few tiles a thread, so that none waits long for another.
fn tile_rows<M: Multiplier>(rows: usize, d: usize) -> usize {
    let most = (TILE_BYTES / (M::depth(d) * size_of::<M::Value>())).clamp(32, TILE);
    (rows / (4 * rayon::current_num_threads())).next_multiple_of(32).clamp(32, most)
}

impl<M: Multiplier> Middle for Cpu<'_, M> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl<M: Multiplier> Backend for Cpu<'_, M> {
    fn sweeps(&self) -> bool {
        true
    }

    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        self.shard.rows.choose(rows.iter().copied());
        Ok(())
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        // A part at a time, so that a caller may end the run in between.
        if let Some(caught_up) = self.shard.catch_up() {
            return Ok(caught_up);
        }
        self.shard.rows.statistics.sweeps += usize::from(self.reached.is_some());
        let frontier = self.shard.frontier(size, self.reached.take())?;
        if frontier.rows.is_empty() {
            return Ok(0);
        }
        self.shard.rows.statistics.rounds += 1;
        self.outside = frontier.outside;
        self.zeros = zeros(&frontier.rows);
        if let Some(rows) = &self.zeros {
            return Ok(rows.len());
        }
        let refreshed = self.shard.refresh(self.outside)?;
        self.reached = refreshed.reached(self.outside);
        Ok(refreshed.rows)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        if let Some(rows) = self.zeros.take() {
            let picked = pick_zeros(rows, limit, stop);
            self.shard.rows.choose(picked.picks.iter().map(|pick| pick.row));
            return Ok(picked);
        }
        let started = Instant::now();
        let applied = self.shard.rows.centers.len();
        let block = self.shard.live_block();
        let terms = Terms {
            multiplier: self.multiplier,
            packing: self.shard.rows.packing(),
            outside: self.outside,
            applied,
            interrupt: self.ground.interrupt(),
        };
        let mut live = Live::new(terms, &block);
        let picked = live.pick(limit, stop);
        let mut counts = Statistics { row_reads: block.rows.len() as u64, ..Statistics::default() };
        live.count(&mut counts);
        counts.pick_seconds = started.elapsed().as_secs_f64();
        let states = live.state;
        self.shard.lower(&states)?;
        self.shard.rows.choose(picked.picks.iter().map(|pick| pick.row));
        self.shard.rows.count(counts);
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.shard.settle()
    }

    fn statistics(&self) -> Statistics {
        self.shard.statistics()
    }
}
