//! Rows on the CPU, the whole pool's or a shard's: each row's state, and what changes it but picking.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;

use super::centers::Centers;
use super::kernels::Multiplier;
use super::pack::Packing;
use super::panels::Panels;
use super::refresh::{Cost, Refresh, Scratch};
use super::{frontier, kernels, prepare, tile_rows};
use crate::backend::Candidate;
use crate::backend::shard::{
    CenterBlock, FrontierRows, LEFT, LiveBlock, LiveValues, RowState, Shard,
};
use crate::error::Result;
use crate::first::mean;
use crate::first::mean::{NearPoint, Sums};
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::rows::Gather;
use crate::statistics::Statistics;

/// Rows settled at a time: a refresh's results are held for no more rows than these.
const SETTLED_AT_ONCE: usize = 1 << 16;

/// Consecutive rows and their state: 16 bytes a row. Inside, rows are numbered from 0.
pub(crate) struct CpuShard<'p, M: Multiplier> {
    multiplier: M,
    ground: &'p HostGround<'p>,
    /// The pool row that is row 0 here.
    first: usize,
    pub(super) centers: Centers<'p>,
    panels: Panels<M>,
    packing: Option<Packing>,
    /// `LEFT` for rows that left the order. Empty until the first center is applied.
    bounds: Vec<f64>,
    nearest: Vec<u32>,
    seen: Vec<u32>,
    /// The rows of the last frontier, until they are refreshed; then those that are live.
    frontier: Vec<Candidate>,
    live: Vec<usize>,
    /// No key is larger.
    ceiling: f64,
    /// 1; tests widen the filter's interval or narrow it to nothing.
    width: f64,
    /// One a thread.
    scratch: Vec<Mutex<Scratch<M>>>,
    pub(super) statistics: Statistics,
}

impl<'p, M: Multiplier> CpuShard<'p, M> {
    /// The rows of `ground`, of which the first is pool row `first`. Labeled centers of the ground are taken in.
    pub fn new(
        ground: &'p HostGround<'p>,
        first: usize,
        multiplier: M,
        width: f64,
    ) -> CpuShard<'p, M> {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        CpuShard {
            multiplier,
            ground,
            first,
            centers: Centers::new(ground),
            panels: Panels::new(d),
            packing: None,
            bounds: Vec::new(),
            nearest: vec![NO_CENTER; n],
            seen: vec![0; n],
            frontier: Vec::new(),
            live: Vec::new(),
            ceiling: f64::INFINITY,
            width,
            scratch: (0..rayon::current_num_threads())
                .map(|_| Mutex::new(Scratch::new(d)))
                .collect(),
            statistics: Statistics { device: "cpu".into(), ..Statistics::default() },
        }
    }

    /// How rows are packed, once the first center was applied.
    pub(super) fn packing(&self) -> &Packing {
        self.packing.as_ref().expect("prepared before the first frontier")
    }

    /// Apply center 0 to every row, and take the rows that cannot be chosen out of the order.
    fn prepare(&mut self) {
        if self.packing.is_some() {
            return;
        }
        let started = Instant::now();
        self.bounds = prepare::first_distances(self.ground, &self.centers);
        self.nearest.fill(0);
        self.seen.fill(1);
        let farthest = self.bounds.par_iter().copied().reduce(|| 0.0, f64::max);
        self.packing =
            Some(prepare::packing::<M>(self.ground, &self.centers, farthest, self.width));
        for (row, bound) in self.bounds.iter_mut().enumerate() {
            if !self.ground.eligible[row] {
                *bound = LEFT;
            }
        }
        self.centers.rows().for_each(|row| self.bounds[row] = LEFT);
        let key = |(row, &bound): (usize, &f64)| {
            if bound < 0.0 { 0.0 } else { self.ground.key(row, bound) }
        };
        self.ceiling = self.bounds.par_iter().enumerate().map(key).reduce(|| 0.0, f64::max);
        self.statistics.row_reads += self.bounds.len() as u64;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
    }

    fn state(&self, row: usize) -> RowState {
        RowState { bound: self.bounds[row], center: self.nearest[row], seen: self.seen[row] }
    }

    fn set_state(&mut self, row: usize, state: RowState) {
        (self.bounds[row], self.nearest[row], self.seen[row]) =
            (state.bound, state.center, state.seen);
    }

    /// Applies to `rows` their pending centers. Sorts the rows, so that rows with the same pending centers share a
    /// tile.
    fn refresh_rows(&mut self, rows: &mut [usize]) {
        let started = Instant::now();
        rows.par_sort_unstable_by_key(|&row| (self.seen[row], row));
        let end = self.centers.len();
        let mut start = rows.first().map_or(end, |&row| self.seen[row] as usize);
        while start < end && !self.ground.is_interrupted() {
            let window = start - start % kernels::PANEL;
            let window = window..end.min(window + self.panels.reach());
            start = window.end;
            self.refresh_window(rows, window);
        }
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
    }

    /// Apply the centers of `window`, as many as can be packed at once.
    fn refresh_window(&mut self, rows: &[usize], window: std::ops::Range<usize>) {
        let packing = self.packing.as_ref().expect("prepared before the first refresh");
        let end = window.end;
        let behind = rows.partition_point(|&row| (self.seen[row] as usize) < end);
        self.panels.ensure(window, &self.centers, packing);
        let (rows, tile) = (&rows[..behind], tile_rows::<M>(behind, self.ground.rows.dimensions()));
        let refresh = Refresh {
            multiplier: self.multiplier,
            ground: self.ground,
            centers: &self.centers,
            packing,
            panels: &self.panels,
            end,
        };
        let work = |tile: &[usize]| {
            let thread = rayon::current_thread_index().expect("the engine runs on its own threads");
            let mut scratch = self.scratch[thread].lock().expect("a panic ends the run");
            refresh.tile(tile, |row| self.state(row), &mut scratch)
        };
        let done: Vec<(Vec<RowState>, Cost)> = rows.par_chunks(tile).map(work).collect();
        for (rows, (states, cost)) in rows.chunks(tile).zip(done) {
            rows.iter().zip(states).for_each(|(&row, state)| self.set_state(row, state));
            self.count_refresh(cost);
        }
        self.statistics.refreshed_rows += rows.len() as u64;
        self.statistics.row_reads += rows.len() as u64;
    }

    /// Add what picking took.
    pub(super) fn count(&mut self, picking: Statistics) {
        self.statistics = std::mem::take(&mut self.statistics).and(picking);
    }

    fn count_refresh(&mut self, cost: Cost) {
        self.statistics.refresh_evaluations += cost.evaluations;
        self.statistics.tile_evaluations += cost.tile_evaluations;
        self.statistics.refresh_canonical += cost.canonical;
    }

    /// The live rows of the last refresh, their values where they lie.
    pub(super) fn live_block(&self) -> LiveBlock<'_> {
        let weights = self.ground.weights;
        LiveBlock {
            rows: self.live.iter().map(|row| self.first + row).collect(),
            states: self.live.iter().map(|&row| self.state(row)).collect(),
            values: LiveValues::Held { rows: &self.ground.rows, first: self.first },
            weights: weights.map(|weights| self.live.iter().map(|&row| weights[row]).collect()),
        }
    }

    /// Rows here become centers, in this order.
    pub(super) fn choose(&mut self, rows: impl Iterator<Item = usize>) {
        for row in rows {
            self.centers.push(row);
            self.leave(row);
        }
    }

    /// Before the first center is applied there are no bounds; `prepare` sees to the rows that were centers before.
    fn leave(&mut self, row: usize) {
        if let Some(bound) = self.bounds.get_mut(row) {
            *bound = LEFT;
        }
    }

    fn key(&self, row: usize) -> f64 {
        self.ground.key(row, self.bounds[row])
    }

    /// The pool row that a row here is.
    fn pool_row(&self, candidate: Candidate) -> Candidate {
        Candidate { row: self.first + candidate.row, ..candidate }
    }
}

impl<M: Multiplier> Shard for CpuShard<'_, M> {
    fn held(&self) -> Range<usize> {
        self.first..self.first + self.ground.rows.len()
    }

    fn values(&self, row: usize) -> Result<Vec<f32>> {
        Ok(self.ground.rows.get(row - self.first, &mut Vec::new()).to_vec())
    }

    fn take(&mut self, centers: &CenterBlock) -> Result<()> {
        let (held, first) = (self.held(), self.first);
        let own = |row: usize| held.contains(&row).then(|| row - first);
        self.centers.take(centers, own);
        centers.rows.iter().filter_map(|row| row.and_then(own)).for_each(|row| self.leave(row));
        Ok(())
    }

    fn frontier(&mut self, size: usize) -> Result<FrontierRows> {
        self.prepare();
        let started = Instant::now();
        let key = |row, bound| self.ground.key(row, bound);
        let found = frontier::frontier(&self.bounds, key, self.ceiling, size);
        self.ceiling = found.rows.iter().map(|row| row.key).fold(0.0, f64::max);
        let rows = found.rows.iter().map(|&row| self.pool_row(row)).collect();
        let outside = found.outside.map(|row| self.pool_row(row));
        self.frontier = found.rows;
        self.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        Ok(FrontierRows { rows, outside })
    }

    fn refresh(&mut self, outside: Option<Candidate>) -> Result<usize> {
        let first = self.first;
        let precedes = |key, row| {
            outside.is_none_or(|outside| Candidate { key, row: first + row }.precedes(outside))
        };
        let frontier = std::mem::take(&mut self.frontier);
        let rows = frontier.into_iter().filter(|row| precedes(row.key, row.row));
        let mut rows: Vec<usize> = rows.map(|row| row.row).collect();
        self.refresh_rows(&mut rows);
        let refreshed = rows.len();
        rows.retain(|&row| precedes(self.key(row), row));
        rows.sort_unstable();
        self.live = rows;
        Ok(refreshed)
    }

    fn lend(&mut self) -> Result<LiveBlock<'_>> {
        self.statistics.row_reads += self.live.len() as u64;
        Ok(self.live_block())
    }

    fn lower(&mut self, states: &[RowState]) -> Result<()> {
        let live = std::mem::take(&mut self.live);
        live.iter().zip(states).for_each(|(&row, &state)| self.set_state(row, state));
        Ok(())
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let started = Instant::now();
        self.prepare();
        for row in (0..self.bounds.len()).filter(|&row| self.ground.excluded[row]) {
            self.set_state(row, RowState { bound: f64::INFINITY, center: NO_CENTER, seen: 0 });
        }
        for start in (0..self.bounds.len()).step_by(SETTLED_AT_ONCE) {
            let block = start..self.bounds.len().min(start + SETTLED_AT_ONCE);
            // A row at distance 0, and one that left the order, cannot come nearer.
            let mut rows: Vec<usize> = block.filter(|&row| self.bounds[row] > 0.0).collect();
            self.refresh_rows(&mut rows);
        }
        self.statistics.settle_seconds += started.elapsed().as_secs_f64();
        Ok((std::mem::take(&mut self.bounds), std::mem::take(&mut self.nearest)))
    }

    fn add_sums(&mut self, sums: &mut Sums) -> Result<()> {
        mean::add_sums(self.ground, &self.ground.rows, sums);
        Ok(())
    }

    fn nearest_to(&mut self, point: &[f64]) -> Result<Option<NearPoint>> {
        let found = mean::nearest_to(self.ground, &self.ground.rows, point);
        Ok(found.map(|found| NearPoint { row: self.first + found.row, ..found }))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
