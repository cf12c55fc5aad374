//! The CPU backend: products in the cheapest arithmetic the machine has as a filter, the canonical distance as the judge.

mod centers;
#[cfg(test)]
mod containment;
mod frontier;
mod join;
#[allow(unsafe_code)]
pub(crate) mod kernels;
mod pack;
mod panels;
mod pick;
mod prepare;
mod refresh;
mod row_panel;
mod space;

use std::sync::Mutex;
use std::time::Instant;

use centers::Centers;
use kernels::Multiplier;
use pack::Packing;
use panels::Panels;
use pick::{LEFT, Live};
use rayon::prelude::*;
use refresh::{Cost, Nearest, Refresh, Scratch};
pub(crate) use space::CpuSpace;

use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::first::mean;
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::rows::Gather;
use crate::statistics::Statistics;

/// Rows a refresh tile holds at most: with a panel of centers they fit the second-level cache.
const TILE: usize = 256;
/// Rows settled at a time: what a refresh returns is held for no more.
const SETTLED_AT_ONCE: usize = 1 << 16;
/// Bytes of packed rows a tile holds at most.
const TILE_BYTES: usize = 4 << 20;

/// A pool's state on the CPU: 16 bytes a row.
pub(crate) struct Cpu<'p, M: Multiplier> {
    multiplier: M,
    ground: &'p HostGround<'p>,
    centers: Centers<'p>,
    panels: Panels<M>,
    packing: Option<Packing>,
    /// `LEFT` for rows that left the order. Empty until the first center is applied.
    bounds: Vec<f64>,
    nearest: Vec<u32>,
    seen: Vec<u32>,
    live: Vec<usize>,
    outside: Option<Candidate>,
    /// No key is larger.
    ceiling: f64,
    /// 1; tests widen the filter's interval or narrow it to nothing.
    width: f64,
    /// One a thread.
    scratch: Vec<Mutex<Scratch<M>>>,
    statistics: Statistics,
}

impl<'p, M: Multiplier> Cpu<'p, M> {
    pub fn new(ground: &'p HostGround<'p>, multiplier: M, width: f64) -> Cpu<'p, M> {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        Cpu {
            multiplier,
            ground,
            centers: Centers::new(ground),
            panels: Panels::new(d),
            packing: None,
            bounds: Vec::new(),
            nearest: vec![NO_CENTER; n],
            seen: vec![0; n],
            live: Vec::new(),
            outside: None,
            ceiling: f64::INFINITY,
            width,
            scratch: (0..rayon::current_num_threads())
                .map(|_| Mutex::new(Scratch::new(d)))
                .collect(),
            statistics: Statistics { device: "cpu".into(), ..Statistics::default() },
        }
    }

    /// Apply center 0 to every row, and take the rows that cannot be chosen out of the order.
    fn prepare(&mut self) {
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
        self.centers.picks().iter().for_each(|&row| self.bounds[row] = LEFT);
        let key = |(row, &bound): (usize, &f64)| {
            if bound < 0.0 { 0.0 } else { self.ground.key(row, bound) }
        };
        self.ceiling = self.bounds.par_iter().enumerate().map(key).reduce(|| 0.0, f64::max);
        self.statistics.row_reads += self.bounds.len() as u64;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
    }

    fn state(&self, row: usize) -> Nearest {
        Nearest { bound: self.bounds[row], center: self.nearest[row], seen: self.seen[row] }
    }

    fn set_state(&mut self, row: usize, state: Nearest) {
        (self.bounds[row], self.nearest[row], self.seen[row]) =
            (state.bound, state.center, state.seen);
    }

    /// Apply to `rows` their pending centers. Sorts them: rows of like pending centers share a tile.
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
        let done: Vec<(Vec<Nearest>, Cost)> = rows.par_chunks(tile).map(work).collect();
        for (rows, (states, cost)) in rows.chunks(tile).zip(done) {
            rows.iter().zip(states).for_each(|(&row, state)| self.set_state(row, state));
            self.count(cost);
        }
        self.statistics.refreshed_rows += rows.len() as u64;
        self.statistics.row_reads += rows.len() as u64;
    }

    fn count(&mut self, cost: Cost) {
        self.statistics.refresh_evaluations += cost.evaluations;
        self.statistics.tile_evaluations += cost.tile_evaluations;
        self.statistics.refresh_canonical += cost.canonical;
    }

    /// All keys left are 0: the lowest rows are next, and no distance is needed.
    fn pick_zeros(&mut self, limit: usize, stop: f64) -> Picked {
        let live = std::mem::take(&mut self.live);
        let mut rows = live.iter().map(|&row| Candidate { key: 0.0, row });
        let limit = if stop >= 0.0 { 0 } else { limit };
        let picks: Vec<Candidate> = rows.by_ref().take(limit).collect();
        let next = rows.next();
        self.take_in(&picks.iter().map(|pick| pick.row).collect::<Vec<_>>());
        Picked { picks, next }
    }

    fn take_in(&mut self, rows: &[usize]) {
        for &row in rows {
            self.centers.push(row);
            // Before the first center is applied there are no bounds; `prepare` sees to these rows.
            if let Some(bound) = self.bounds.get_mut(row) {
                *bound = LEFT;
            }
        }
    }

    fn key(&self, row: usize) -> f64 {
        self.ground.key(row, self.bounds[row])
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
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        self.take_in(rows);
        Ok(())
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        if self.packing.is_none() {
            self.prepare();
        }
        let started = Instant::now();
        let key = |row, bound| self.ground.key(row, bound);
        let frontier = frontier::frontier(&self.bounds, key, self.ceiling, size);
        self.ceiling = frontier.rows.iter().map(|c| c.key).fold(0.0, f64::max);
        self.outside = frontier.outside;
        self.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        let mut rows: Vec<usize> = frontier.rows.iter().map(|c| c.row).collect();
        if rows.is_empty() {
            return Ok(0);
        }
        self.statistics.rounds += 1;
        // Keys of 0 are exact: there is nothing to come nearer to.
        if self.ceiling > 0.0 {
            self.refresh_rows(&mut rows);
        }
        let refreshed = rows.len();
        let live = |&row: &usize| {
            let candidate = Candidate { key: self.key(row), row };
            self.outside.is_none_or(|outside| candidate.precedes(outside))
        };
        rows.retain(live);
        rows.sort_unstable();
        self.live = rows;
        Ok(refreshed)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        if self.ceiling == 0.0 {
            return Ok(self.pick_zeros(limit, stop));
        }
        let started = Instant::now();
        let rows = std::mem::take(&mut self.live);
        let state = rows.iter().map(|&row| self.state(row)).collect();
        let packing = self.packing.as_ref().expect("prepared before the first pick");
        let applied = u32::try_from(self.centers.len()).expect("centers are numbered below 2^32");
        self.statistics.row_reads += rows.len() as u64;
        let mut live =
            Live::new(self.multiplier, self.ground, packing, self.outside, rows, state, applied);
        let picked = live.pick(limit, stop);
        self.statistics.pick_evaluations += live.evaluations;
        self.statistics.pick_canonical += live.canonical;
        let (rows, states) = (live.rows, live.state);
        rows.iter().zip(states).for_each(|(&row, state)| self.set_state(row, state));
        picked.picks.iter().for_each(|pick| self.centers.push(pick.row));
        self.statistics.pick_seconds += started.elapsed().as_secs_f64();
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let started = Instant::now();
        if self.packing.is_none() {
            self.prepare();
        }
        for row in (0..self.bounds.len()).filter(|&row| self.ground.excluded[row]) {
            self.set_state(row, Nearest { bound: f64::INFINITY, center: NO_CENTER, seen: 0 });
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

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
