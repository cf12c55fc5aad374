//! A part of a pool on a device: its frontiers and refreshes, as one shard of several. The host picks among the rows that it lends, and
//! sends the centers of all shards by value.

use std::ops::Range;
use std::time::Instant;

use super::Cuda;
use super::int8::Filter;
use super::prepare::{ELSEWHERE, ROUNDING};
use super::settle::Floor;
use super::values::Values;
use super::workspace::{Extent, ROUND};
use crate::backend::Candidate;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::{Multiplier, number};
use crate::backend::cuda::driver::copies::{fetch, send};
use crate::backend::cuda::lent::Stream;
use crate::backend::cuda::placement::{Placement, too_wide};
use crate::backend::shard::{
    CenterBlock, FrontierRows, LEFT, LiveBlock, Refreshed, RowState, Shard,
};
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::limits::{NO_CENTER, NO_ROW};
use crate::mean::{NearPoint, Sums};
use crate::pool::Dtype;
use crate::statistics::Statistics;
use crate::values::RowBlock;

/// What a row that left the order has in the place of a state.
const GONE: RowState = RowState { bound: LEFT, center: NO_CENTER, seen: 0 };

/// Inside, rows are numbered from 0.
pub(crate) struct CudaShard<'p> {
    cuda: Cuda<'p>,
    ground: &'p Ground<'p>,
    values: Values<'p>,
    /// The pool row that is row 0 here.
    first: usize,
    /// The rows of the last frontier, by slot, as pool rows.
    frontier: Vec<Candidate>,
    /// The live rows of the last refresh, the lowest first.
    live: Vec<Slot>,
}

/// A row in a slot, and its state.
#[derive(Clone, Copy)]
struct Slot {
    row: usize,
    state: RowState,
}

impl<'p> CudaShard<'p> {
    /// Of `ground` the first row is pool row `first`. Allocates all the memory that a selection of at most `most_centers` will use,
    /// the centers of all shards.
    ///
    /// # Errors
    /// Too little device memory for the state of the rows, even with the pool left on the host.
    pub fn new(
        ground: &'p Ground<'p>,
        first: usize,
        most_centers: usize,
        stream: &'p Stream,
        placement: Placement<'p>,
        width: f64,
        multiplier: Multiplier,
    ) -> Result<CudaShard<'p>> {
        let extent = Extent::of_shard(ground, most_centers, stream.gpu());
        let cuda = Cuda::of_extent(ground, extent, stream, placement, width, multiplier)?;
        let values = Values::of(ground, placement, stream);
        Ok(CudaShard { cuda, ground, values, first, frontier: Vec::new(), live: Vec::new() })
    }

    fn is_prepared(&self) -> bool {
        self.cuda.filter.is_some()
    }

    fn prepare(&mut self) -> Result<()> {
        let first = self.first;
        let of_pool = |error| match error {
            Error::ZeroRow { what, row } => Error::ZeroRow { what, row: first + row },
            Error::NotFinite { what, row, dimension, value } => {
                Error::NotFinite { what, row: first + row, dimension, value }
            }
            Error::TooLarge { what, row, dimension, value } => {
                Error::TooLarge { what, row: first + row, dimension, value }
            }
            error => error,
        };
        if self.is_prepared() { Ok(()) } else { self.cuda.prepare().map_err(of_pool) }
    }

    /// A row here, as the pool's.
    fn candidate(&self, slot: &Slot) -> Candidate {
        let key = self.ground.key(slot.row, slot.state.bound);
        Candidate { key, row: self.first + slot.row }
    }

    fn rows_held(&self, centers: &CenterBlock) -> Vec<usize> {
        let held = self.held();
        let rows = centers.rows.iter().flatten().filter(|row| held.contains(row));
        rows.map(|row| row - self.first).collect()
    }

    /// Applies the pending centers to all rows that may precede pool row `reached`.
    fn sweep(&mut self, reached: Candidate) -> Result<()> {
        // A row before those held precedes all of them that have the same key.
        let row = u32::try_from(reached.row.saturating_sub(self.first)).unwrap_or(NO_ROW);
        self.cuda.fit_centers()?;
        self.cuda.apply_to_all(Floor { key: reached.key.to_bits(), row })
    }
}

impl Shard for CudaShard<'_> {
    fn held(&self) -> Range<usize> {
        self.first..self.first + self.ground.rows.len()
    }

    fn values(&self, rows: &[usize]) -> Result<RowBlock> {
        let own: Vec<usize> = rows.iter().map(|row| row - self.first).collect();
        self.values.of_rows(&own)
    }

    fn take(&mut self, centers: &CenterBlock) -> Result<()> {
        let own = self.rows_held(centers);
        let is_prepared = self.is_prepared();
        self.cuda.take_values(centers, is_prepared)?;
        if !is_prepared {
            self.cuda.given.extend(own);
            return Ok(());
        }
        self.cuda.lower(own.into_iter().map(|row| Slot { row, state: GONE }))
    }

    fn frontier(&mut self, size: usize, reached: Option<Candidate>) -> Result<FrontierRows> {
        self.prepare()?;
        let started = Instant::now();
        if let Some(reached) = reached {
            self.sweep(reached)?;
            self.cuda.statistics.refresh_seconds += started.elapsed().as_secs_f64();
        }
        let started = Instant::now();
        let size = number(size.min(self.cuda.extent().capacity));
        self.cuda.queue_frontier(size)?;
        let (slots, round) = self.cuda.fetch_slots(size)?;
        self.frontier = slots.iter().map(|slot| self.candidate(slot)).collect();
        self.cuda.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        let outside = (round.has_outside > 0).then(|| Candidate {
            key: f64::from_bits(round.outside_key),
            row: self.first + round.outside_row as usize,
        });
        Ok(FrontierRows { rows: self.frontier.clone(), outside })
    }

    fn refresh(&mut self, outside: Option<Candidate>) -> Result<Refreshed> {
        let started = Instant::now();
        let all = self.frontier.len();
        let frontier = std::mem::take(&mut self.frontier);
        let kept = frontier.into_iter().filter(|row| row.precedes_outside(outside));
        let rows: Vec<u32> = kept.map(|row| number(row.row - self.first)).collect();
        self.live.clear();
        if rows.is_empty() {
            return Ok(Refreshed::default());
        }
        if rows.len() < all {
            self.cuda.place(&rows)?;
        }
        self.live = self.cuda.refresh_slots(&rows)?;
        let best = self.live.iter().map(|slot| self.candidate(slot)).reduce(Candidate::first_of);
        let mut live = std::mem::take(&mut self.live);
        live.retain(|slot| self.candidate(slot).precedes_outside(outside));
        live.sort_unstable_by_key(|slot| slot.row);
        self.live = live;
        self.cuda.statistics.refresh_seconds += started.elapsed().as_secs_f64();
        Ok(Refreshed { rows: rows.len(), best })
    }

    fn lend(&mut self) -> Result<LiveBlock<'_>> {
        let (live, weights) = (&self.live, self.ground.weights);
        let rows: Vec<usize> = live.iter().map(|slot| slot.row).collect();
        self.cuda.live_rows += live.len() as u64;
        Ok(LiveBlock {
            rows: live.iter().map(|slot| self.first + slot.row).collect(),
            states: live.iter().map(|slot| slot.state).collect(),
            values: self.values.lent(&rows, self.first)?,
            weights: weights.map(|weights| live.iter().map(|slot| weights[slot.row]).collect()),
        })
    }

    fn lower(&mut self, states: &[RowState]) -> Result<()> {
        let live = std::mem::take(&mut self.live);
        let lowered = live.iter().zip(states).map(|(slot, &state)| Slot { state, ..*slot });
        self.cuda.lower(lowered)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.prepare()?;
        self.cuda.fit_centers()?;
        self.cuda.settle_all()
    }

    fn add_sums(&mut self, sums: &mut Sums) -> Result<()> {
        self.values.add_sums(self.ground, sums)
    }

    fn nearest_to(&mut self, point: &[f64]) -> Result<Option<NearPoint>> {
        let found = self.values.nearest_to(self.ground, point)?;
        Ok(found.map(|found| NearPoint { row: self.first + found.row, ..found }))
    }

    fn statistics(&self) -> Statistics {
        self.cuda.statistics.clone()
    }
}

impl Cuda<'_> {
    /// Sends the values of centers that follow those before; once `is_prepared`, the round's count of them, too.
    fn take_values(&mut self, block: &CenterBlock, is_prepared: bool) -> Result<()> {
        let (first, end) = (self.centers, self.centers + block.rows.len());
        let row_bytes = self.extent().d * self.extent().seen_bytes;
        let stream = self.stream.cuda_stream();
        if matches!(block.values, RowBlock::F64(_)) && self.dtype() != Dtype::F64 {
            return Err(too_wide(self.dtype(), self.stream));
        }
        let mut values = block.values.clone();
        let values = values.seen_in(self.dtype());
        let target = self.buffers().centers.part(first * row_bytes, values.len());
        self.checked(send(stream, values, target))?;
        self.centers = end;
        if is_prepared && first < end {
            self.checked(send(stream, &[number(end)], self.buffers().centers_of_round()))?;
            self.reach_of_centers(first, end, ELSEWHERE)?;
        }
        Ok(())
    }

    /// Gives rows these states.
    fn lower(&self, slots: impl Iterator<Item = Slot>) -> Result<()> {
        let (rows, states): (Vec<u32>, Vec<RowState>) =
            slots.map(|slot| (number(slot.row), slot.state)).unzip();
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        let at_once = self.extent().capacity;
        for (rows, states) in rows.chunks(at_once).zip(states.chunks(at_once)) {
            let lower = kernel::ShardLowerArguments {
                state: b.state(),
                rows: b.rows.pointer(),
                states: b.states.pointer(),
                count: number(rows.len()),
            };
            let queued = send(stream, rows, b.rows.part(0, rows.len()))
                .and_then(|()| send(stream, states, b.states.part(0, states.len())))
                .and_then(|()| self.stream.gpu().kernels().shard_lower(stream, &lower));
            self.checked(queued)?;
        }
        Ok(())
    }

    fn queue_frontier(&self, size: u32) -> Result<()> {
        let arguments = self.frontier_arguments(size);
        self.checked(self.stream.gpu().kernels().frontier(self.stream.cuda_stream(), &arguments))
    }

    /// The rows in the slots, at most `size`, and the round. Waits for them.
    fn fetch_slots(&mut self, size: u32) -> Result<(Vec<Slot>, kernel::Round)> {
        let b = *self.buffers();
        let copy = kernel::ShardStatesArguments {
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            states: b.states.pointer(),
        };
        let (stream, most) = (self.stream.cuda_stream(), size as usize);
        let mut rows = vec![0u32; most];
        let mut states = vec![GONE; most];
        let mut farthest = [0u64];
        let round = &mut self.answer.as_mut_slice()[..ROUND];
        let queued = self.stream.gpu().kernels().shard_states(stream, size, &copy);
        let queued = queued
            .and_then(|()| fetch(stream, b.rows.part(0, most), &mut rows))
            .and_then(|()| fetch(stream, b.states.part(0, most), &mut states))
            .and_then(|()| fetch(stream, b.farthest.part(ELSEWHERE, 1), &mut farthest))
            .and_then(|()| fetch(stream, b.answer.part(0, ROUND), round))
            .and_then(|()| stream.synchronize());
        self.checked(queued)?;
        let round = self.fetched_round();
        self.count(&round.counts);
        self.fit(f64::from_bits(farthest[0]));
        let slots = rows.into_iter().zip(states).take(round.count as usize);
        Ok((slots.map(|(row, state)| Slot { row: row as usize, state }).collect(), round))
    }

    /// Gives the slots to these rows of the frontier, in the order that they had.
    fn place(&self, rows: &[u32]) -> Result<()> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        let place = kernel::ShardPlaceArguments {
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            count: number(rows.len()),
            staged: self.is_staged().into(),
        };
        let queued = send(stream, rows, b.rows.part(0, rows.len()))
            .and_then(|()| self.stream.gpu().kernels().shard_place(stream, &place));
        self.checked(queued)
    }

    /// Applies the pending centers to the rows in the slots, which are these. Waits for their states.
    fn refresh_slots(&mut self, rows: &[u32]) -> Result<Vec<Slot>> {
        let size = number(rows.len());
        self.send_rows(rows.len(), |slot| rows[slot] as usize)?;
        self.apply_to_staged(size, self.centers)?;
        Ok(self.fetch_slots(size)?.0)
    }

    /// Waits for the distances of the centers from the mean, and has the filter hold them.
    fn fit_centers(&mut self) -> Result<()> {
        let mut farthest = [0u64];
        let measured = self.buffers().farthest.part(ELSEWHERE, 1);
        self.checked(fetch(self.stream.cuda_stream(), measured, &mut farthest))?;
        self.stream.synchronize()?;
        self.fit(f64::from_bits(farthest[0]));
        Ok(())
    }

    /// Centers come from all shards, and one may lie farther out than any row here or center before: rows are then packed to another
    /// scale, and all centers anew. The scale is doubled at least, so that this is rare.
    fn fit(&mut self, farthest: f64) {
        let reach = farthest * ROUNDING;
        if reach > self.reach {
            self.reach = reach.max(2.0 * self.reach);
            self.filter = Some(Filter::Halves(self.packing_for(self.reach)));
            self.packed = 0;
        }
    }
}
