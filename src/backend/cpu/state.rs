//! Rows on the CPU and their state, and what changes it but picking.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;

use super::apart::Apart;
use super::beyond::beyond;
use super::bulk::Bulk;
use super::catch_up::Stages;
use super::centers::Centers;
use super::direct::{Direct, DirectRows};
use super::held_rows::HeldRows;
use super::int8::SettledRows;
use super::kernels::Multiplier;
use super::maxima::BlockMaxima;
use super::pack::Packing;
use super::panels::Panels;
use super::refresh::{Cost, Pending, Refresh, Scratch};
use super::sweep::Looked;
use super::{frontier, kernels, prepare, tile_rows};
use crate::backend::Candidate;
use crate::backend::shard::{FrontierRows, LEFT, RowState};
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::rows::Gather;
use crate::statistics::Statistics;

/// Rows settled at a time: a refresh's results are held for no more rows than these.
pub const SETTLED_AT_ONCE: usize = 1 << 16;

/// Consecutive rows and their state: 16 bytes a row. Inside, rows are numbered from 0.
pub(crate) struct CpuRows<'p, M: Multiplier> {
    multiplier: M,
    pub ground: &'p HostGround<'p>,
    pub centers: Centers<'p>,
    panels: Panels<M>,
    packing: Option<Packing>,
    /// `LEFT` for rows that left the order. Empty until the first center is applied.
    pub bounds: Vec<f64>,
    nearest: Vec<u32>,
    pub seen: Vec<u32>,
    pub(super) maxima: BlockMaxima,
    apart: Apart,
    /// 1; tests widen the filter's interval or narrow it to nothing.
    width: f64,
    /// One a thread.
    scratch: Vec<Mutex<Scratch<M>>>,
    pub statistics: Statistics,
}

impl<'p, M: Multiplier> CpuRows<'p, M> {
    /// The rows of `ground`. Its labeled centers are taken in.
    pub fn new(ground: &'p HostGround<'p>, multiplier: M, width: f64) -> CpuRows<'p, M> {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        CpuRows {
            multiplier,
            ground,
            centers: Centers::new(ground),
            panels: Panels::new(d),
            packing: None,
            bounds: Vec::new(),
            nearest: vec![NO_CENTER; n],
            seen: vec![0; n],
            maxima: BlockMaxima::new(n),
            apart: Apart::default(),
            width,
            scratch: (0..rayon::current_num_threads())
                .map(|_| Mutex::new(Scratch::new(d)))
                .collect(),
            statistics: Statistics {
                device: "cpu".into(),
                filter: "floats".into(),
                ..Statistics::default()
            },
        }
    }

    /// All rows of `ground`, from where other rounds have come.
    pub(super) fn go_on(
        ground: &'p HostGround<'p>,
        multiplier: M,
        width: f64,
        settled: SettledRows<'p>,
    ) -> CpuRows<'p, M> {
        let rows = CpuRows::new(ground, multiplier, width);
        let SettledRows { centers, bounds, nearest, seen, reached: _, statistics } = settled;
        let packing = Some(Packing::new::<M>(&Bulk::of_ground(ground), width));
        let statistics = statistics.and(rows.statistics);
        CpuRows { centers, bounds, nearest, seen, packing, statistics, ..rows }
    }

    /// How rows are packed, once the first center was applied.
    pub fn packing(&self) -> &Packing {
        self.packing.as_ref().expect("prepared before the first frontier")
    }

    /// Applies to `rows` their pending centers below number `end`. Sorts the rows, so that rows with the same pending
    /// centers share a tile.
    pub fn refresh_rows(&mut self, rows: &mut [usize], end: usize) {
        let started = Instant::now();
        self.ground.rows.will_need(&mut rows.iter().copied());
        rows.par_sort_unstable_by_key(|&row| (self.seen[row], row));
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
    fn refresh_window(&mut self, rows: &[usize], window: Range<usize>) {
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
        };
        let work = |tile: &[usize]| {
            let thread = rayon::current_thread_index().expect("the engine runs on its own threads");
            let mut scratch = self.scratch[thread].lock().expect("a panic ends the run");
            let pending = |&row| Pending { row, before: self.state(row), end };
            let tile: Vec<Pending> = tile.iter().map(pending).collect();
            refresh.tile(&tile, &mut scratch, || !self.ground.is_interrupted())
        };
        let done: Vec<(Vec<RowState>, Cost)> = rows.par_chunks(tile).map(work).collect();
        for (rows, (states, cost)) in rows.chunks(tile).zip(done) {
            rows.iter().zip(states).for_each(|(&row, state)| self.set_state(row, state));
            self.count_refresh(cost);
        }
        self.statistics.refreshed_rows += rows.len() as u64;
        self.statistics.row_reads += rows.len() as u64;
    }

    /// Add what a part of the work took.
    pub fn count(&mut self, part: Statistics) {
        self.statistics = std::mem::take(&mut self.statistics).and(part);
    }

    fn count_refresh(&mut self, cost: Cost) {
        self.statistics.refresh_evaluations += cost.evaluations;
        self.statistics.tile_evaluations += cost.tile_evaluations;
        self.statistics.refresh_canonical += cost.canonical;
    }
}

impl<M: Multiplier> Stages for CpuRows<'_, M> {
    fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    fn seen(&self, row: usize) -> usize {
        self.seen[row] as usize
    }

    fn key(&self, row: usize, bound: f64) -> f64 {
        self.ground.key(row, bound)
    }

    fn refresh(&mut self, rows: &mut [usize], end: usize) {
        self.refresh_rows(rows, end);
    }

    /// A bound is exact here as soon as centers are applied.
    fn make_exact(&mut self, _rows: &[usize]) {}

    fn look(&mut self, part: Range<usize>, reached: Candidate, end: usize) -> Looked {
        let started = Instant::now();
        let direct = Direct::new(self.ground, &self.centers, &mut self.apart, reached, end);
        let rows = DirectRows {
            first: part.start,
            bounds: &mut self.bounds[part.clone()],
            nearest: &mut self.nearest[part.clone()],
            seen: &mut self.seen[part.clone()],
            maxima: self.maxima.of(part),
        };
        let (looked, counts) = direct.apply(rows);
        self.count(counts);
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
        looked
    }

    fn is_interrupted(&self) -> bool {
        self.ground.is_interrupted()
    }
}

impl<'p, M: Multiplier> HeldRows<'p> for CpuRows<'p, M> {
    fn ground(&self) -> &'p HostGround<'p> {
        self.ground
    }

    fn centers(&self) -> &Centers<'p> {
        &self.centers
    }

    fn centers_mut(&mut self) -> &mut Centers<'p> {
        &mut self.centers
    }

    fn prepare(&mut self) -> bool {
        if self.packing.is_some() {
            return false;
        }
        let started = Instant::now();
        self.bounds = prepare::first_distances(self.ground, &self.centers);
        self.nearest.fill(0);
        self.seen.fill(1);
        let bulk = Bulk::of_ground(self.ground);
        self.packing = Some(Packing::new::<M>(&bulk, self.width));
        self.statistics.beyond = beyond(self.ground, &self.centers, &bulk, &self.bounds);
        for (row, bound) in self.bounds.iter_mut().enumerate() {
            if !self.ground.eligible[row] {
                *bound = LEFT;
            }
        }
        self.centers.rows().for_each(|row| self.bounds[row] = LEFT);
        self.statistics.row_reads += self.bounds.len() as u64;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
        true
    }

    fn frontier(&mut self, size: usize) -> FrontierRows {
        let started = Instant::now();
        let key = |row, bound| self.ground.key(row, bound);
        let (found, looks) = frontier::frontier(&self.bounds, key, &mut self.maxima, size);
        self.statistics.bounds_looked_at += looks;
        self.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        found
    }

    fn state(&self, row: usize) -> RowState {
        RowState { bound: self.bounds[row], center: self.nearest[row], seen: self.seen[row] }
    }

    fn set_state(&mut self, row: usize, state: RowState) {
        (self.bounds[row], self.nearest[row], self.seen[row]) =
            (state.bound, state.center, state.seen);
    }

    fn leave(&mut self, row: usize) {
        if let Some(bound) = self.bounds.get_mut(row) {
            *bound = LEFT;
        }
    }

    fn settle(&mut self) -> (Vec<f64>, Vec<u32>) {
        let started = Instant::now();
        self.prepare();
        for row in (0..self.bounds.len()).filter(|&row| self.ground.excluded[row]) {
            self.set_state(row, RowState { bound: f64::INFINITY, center: NO_CENTER, seen: 0 });
        }
        for start in (0..self.bounds.len()).step_by(SETTLED_AT_ONCE) {
            let block = start..self.bounds.len().min(start + SETTLED_AT_ONCE);
            // A row at distance 0, and one that left the order, cannot come nearer.
            let mut rows: Vec<usize> = block.filter(|&row| self.bounds[row] > 0.0).collect();
            self.refresh_rows(&mut rows, self.centers.len());
        }
        self.statistics.settle_seconds += started.elapsed().as_secs_f64();
        (std::mem::take(&mut self.bounds), std::mem::take(&mut self.nearest))
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn statistics_mut(&mut self) -> &mut Statistics {
        &mut self.statistics
    }
}
