//! Consecutive rows of a pool on the CPU, all of them or a shard's: rounds but for the picks.

use std::ops::Range;
use std::time::Instant;

use super::catch_up::{CatchUp, catch_up};
use super::frontier;
use super::int8::SettledRows;
use super::kernels::Multiplier;
use super::state::CpuRows;
use super::sweep::sweep;
use crate::backend::Candidate;
use crate::backend::shard::{
    CenterBlock, FrontierRows, LiveBlock, LiveValues, Refreshed, RowState, Shard,
};
use crate::error::Result;
use crate::ground::HostGround;
use crate::mean;
use crate::mean::{NearPoint, Sums};
use crate::rows::Gather;
use crate::statistics::{Beyond, Statistics};
use crate::values::{RowBlock, RowScratch};

/// Inside, rows are numbered from 0.
pub(crate) struct CpuShard<'p, M: Multiplier> {
    pub(super) rows: CpuRows<'p, M>,
    /// The pool row that is row 0 here.
    first: usize,
    /// How far the centers from the start are applied, while that is under way.
    catch_up: Option<CatchUp>,
    /// The rows of the last frontier, until they are refreshed; then those that are live.
    frontier: Vec<Candidate>,
    live: Vec<usize>,
}

impl<'p, M: Multiplier> CpuShard<'p, M> {
    /// The rows of `ground`, of which the first is pool row `first`. Labeled centers of the ground are taken in.
    pub fn new(
        ground: &'p HostGround<'p>,
        first: usize,
        multiplier: M,
        width: f64,
    ) -> CpuShard<'p, M> {
        let rows = CpuRows::new(ground, multiplier, width);
        CpuShard { rows, first, catch_up: None, frontier: Vec::new(), live: Vec::new() }
    }

    /// All rows of `ground`, from where other rounds have come.
    pub(super) fn go_on(
        ground: &'p HostGround<'p>,
        multiplier: M,
        width: f64,
        settled: SettledRows<'p>,
    ) -> CpuShard<'p, M> {
        let rows = CpuRows::go_on(ground, multiplier, width, settled);
        CpuShard { rows, first: 0, catch_up: None, frontier: Vec::new(), live: Vec::new() }
    }

    /// Part of what must come before a frontier: how many rows were refreshed for it, none once all is done. No row is live.
    pub(super) fn catch_up(&mut self) -> Option<usize> {
        if self.rows.prepare() {
            self.catch_up = CatchUp::new(self.rows.centers.len());
        }
        catch_up(&mut self.catch_up, &mut self.rows)
    }

    /// The live rows of the last refresh, their values where they lie.
    pub(super) fn live_block(&self) -> LiveBlock<'_> {
        let weights = self.rows.ground.weights;
        LiveBlock {
            rows: self.live.iter().map(|row| self.first + row).collect(),
            states: self.live.iter().map(|&row| self.rows.state(row)).collect(),
            values: LiveValues::Held { rows: &self.rows.ground.rows, first: self.first },
            weights: weights.map(|weights| self.live.iter().map(|&row| weights[row]).collect()),
        }
    }

    /// Applies the pending centers to all rows that may precede pool row `reached`.
    fn sweep(&mut self, reached: Candidate) {
        let centers = self.rows.centers.len();
        // A row before those held precedes all of them that have the same key.
        let reached = Candidate { row: reached.row.saturating_sub(self.first), ..reached };
        sweep(&mut self.rows, reached, centers);
    }

    /// The pool row that a row here is.
    fn pool_row(&self, candidate: Candidate) -> Candidate {
        Candidate { row: self.first + candidate.row, ..candidate }
    }
}

impl<M: Multiplier> Shard for CpuShard<'_, M> {
    fn held(&self) -> Range<usize> {
        self.first..self.first + self.rows.ground.rows.len()
    }

    fn values(&self, row: usize) -> Result<RowBlock> {
        let mut values = RowBlock::default();
        values.push(self.rows.ground.rows.get(row - self.first, &mut RowScratch::new()));
        Ok(values)
    }

    fn take(&mut self, centers: &CenterBlock) -> Result<()> {
        let (held, first) = (self.held(), self.first);
        let own = |row: usize| held.contains(&row).then(|| row - first);
        self.rows.centers.take(centers, own);
        centers
            .rows
            .iter()
            .filter_map(|row| row.and_then(own))
            .for_each(|row| self.rows.leave(row));
        Ok(())
    }

    fn frontier(&mut self, size: usize, reached: Option<Candidate>) -> Result<FrontierRows> {
        while self.catch_up().is_some() {}
        if let Some(reached) = reached {
            self.sweep(reached);
        }
        let started = Instant::now();
        let key = |row, bound| self.rows.ground.key(row, bound);
        let (found, looks) =
            frontier::frontier(&self.rows.bounds, key, &mut self.rows.maxima, size);
        self.rows.statistics.bounds_looked_at += looks;
        let rows = found.rows.iter().map(|&row| self.pool_row(row)).collect();
        let outside = found.outside.map(|row| self.pool_row(row));
        self.frontier = found.rows;
        self.rows.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        Ok(FrontierRows { rows, outside })
    }

    fn refresh(&mut self, outside: Option<Candidate>) -> Result<Refreshed> {
        let first = self.first;
        let precedes = |key, row| {
            outside.is_none_or(|outside| Candidate { key, row: first + row }.precedes(outside))
        };
        let frontier = std::mem::take(&mut self.frontier);
        let rows = frontier.into_iter().filter(|row| precedes(row.key, row.row));
        let mut rows: Vec<usize> = rows.map(|row| row.row).collect();
        self.rows.refresh_rows(&mut rows, self.rows.centers.len());
        let pool_row = |&row: &usize| Candidate { key: self.rows.key(row), row: first + row };
        let best = rows.iter().map(pool_row).reduce(Candidate::first_of);
        let refreshed = Refreshed { rows: rows.len(), best };
        rows.retain(|&row| precedes(self.rows.key(row), row));
        rows.sort_unstable();
        self.live = rows;
        Ok(refreshed)
    }

    fn lend(&mut self) -> Result<LiveBlock<'_>> {
        self.rows.statistics.row_reads += self.live.len() as u64;
        Ok(self.live_block())
    }

    fn lower(&mut self, states: &[RowState]) -> Result<()> {
        let live = std::mem::take(&mut self.live);
        live.iter().zip(states).for_each(|(&row, &state)| self.rows.set_state(row, state));
        Ok(())
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        Ok(self.rows.settle())
    }

    fn add_sums(&mut self, sums: &mut Sums) -> Result<()> {
        mean::add_sums(self.rows.ground, &self.rows.ground.rows, sums);
        Ok(())
    }

    fn nearest_to(&mut self, point: &[f64]) -> Result<Option<NearPoint>> {
        let found = mean::nearest_to(self.rows.ground, &self.rows.ground.rows, point);
        Ok(found.map(|found| NearPoint { row: self.first + found.row, ..found }))
    }

    fn statistics(&self) -> Statistics {
        let statistics = self.rows.statistics.clone();
        let of_pool = |beyond: Beyond| Beyond { row: self.first + beyond.row, ..beyond };
        Statistics { beyond: statistics.beyond.map(of_pool), ..statistics }
    }
}
