//! Consecutive rows of a pool on the CPU, all of them or a shard's: rounds but for the picks, on floats or on int8 values.

use std::ops::Range;

use super::catch_up::{CatchUp, catch_up};
use super::held_rows::HeldRows;
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
pub(crate) struct CpuShard<'p, R: HeldRows<'p>> {
    pub(super) rows: R,
    ground: &'p HostGround<'p>,
    /// The pool row that is row 0 here.
    first: usize,
    /// How far the centers from the start are applied, while that is under way.
    catch_up: Option<CatchUp>,
    /// The rows of the last frontier, until they are refreshed; then those that are live.
    frontier: Vec<Candidate>,
    pub(super) live: Vec<usize>,
}

/// What refreshing a frontier came to.
pub(super) struct FrontierRefreshed {
    /// Rows refreshed.
    pub rows: usize,
    /// The first of them, by its bound.
    pub best: Option<usize>,
}

impl<'p, R: HeldRows<'p>> CpuShard<'p, R> {
    /// Of `rows` the first is pool row `first`.
    pub fn new(rows: R, first: usize) -> CpuShard<'p, R> {
        let ground = rows.ground();
        CpuShard { rows, ground, first, catch_up: None, frontier: Vec::new(), live: Vec::new() }
    }

    /// Part of what must come before a frontier: how many rows were refreshed for it, none once all is done. No row is live.
    pub(super) fn catch_up(&mut self) -> Option<usize> {
        if self.rows.prepare() {
            self.catch_up = CatchUp::new(self.rows.centers().len());
        }
        catch_up(&mut self.catch_up, &mut self.rows)
    }

    /// The live rows of the last refresh, their values where they lie.
    pub(super) fn live_block(&self) -> LiveBlock<'_> {
        let weights = self.ground.weights;
        LiveBlock {
            rows: self.live.iter().map(|row| self.first + row).collect(),
            states: self.live.iter().map(|&row| self.rows.state(row)).collect(),
            values: LiveValues::Held { rows: &self.ground.rows, first: self.first },
            weights: weights.map(|weights| self.live.iter().map(|&row| weights[row]).collect()),
        }
    }

    /// Applies the pending centers to all rows that may precede pool row `reached`.
    fn sweep(&mut self, reached: Candidate) {
        let centers = self.rows.centers().len();
        // A row before those held precedes all of them that have the same key.
        let reached = Candidate { row: reached.row.saturating_sub(self.first), ..reached };
        sweep(&mut self.rows, reached, centers);
    }

    /// Applies the pending centers to the rows of the last frontier that precede `outside`. Those that then may still precede it are live;
    /// their bounds need not be exact.
    pub(super) fn refresh_frontier(&mut self, outside: Option<Candidate>) -> FrontierRefreshed {
        let frontier = std::mem::take(&mut self.frontier);
        let precedes = |row: &Candidate| self.pool_row(*row).precedes_outside(outside);
        let mut rows: Vec<usize> =
            frontier.into_iter().filter(precedes).map(|row| row.row).collect();
        let centers = self.rows.centers().len();
        self.rows.refresh(&mut rows, centers);
        let best = rows.iter().map(|&row| self.candidate(row)).reduce(Candidate::first_of);
        let refreshed =
            FrontierRefreshed { rows: rows.len(), best: best.map(|best| best.row - self.first) };
        self.live = rows;
        self.retain_live(outside);
        self.live.sort_unstable();
        refreshed
    }

    /// Leaves those rows live that precede `outside`.
    fn retain_live(&mut self, outside: Option<Candidate>) {
        let mut live = std::mem::take(&mut self.live);
        live.retain(|&row| self.candidate(row).precedes_outside(outside));
        self.live = live;
    }

    /// A row here, as the pool's.
    pub(super) fn candidate(&self, row: usize) -> Candidate {
        let key = self.rows.key(row, self.rows.bounds()[row]);
        self.pool_row(Candidate { key, row })
    }

    /// The pool row that a row here is.
    fn pool_row(&self, candidate: Candidate) -> Candidate {
        Candidate { row: self.first + candidate.row, ..candidate }
    }
}

impl<'p, R: HeldRows<'p>> Shard for CpuShard<'p, R> {
    fn held(&self) -> Range<usize> {
        self.first..self.first + self.ground.rows.len()
    }

    fn values(&self, rows: &[usize]) -> Result<RowBlock> {
        let (mut values, mut scratch) = (RowBlock::default(), RowScratch::new());
        let mut push =
            |row: &usize| values.push(self.ground.rows.get(row - self.first, &mut scratch));
        rows.iter().for_each(&mut push);
        Ok(values)
    }

    fn take(&mut self, centers: &CenterBlock) -> Result<()> {
        let (held, first) = (self.held(), self.first);
        let own = |row: usize| held.contains(&row).then(|| row - first);
        self.rows.centers_mut().take(centers, own);
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
        let found = self.rows.frontier(size);
        let rows = found.rows.iter().map(|&row| self.pool_row(row)).collect();
        let outside = found.outside.map(|row| self.pool_row(row));
        self.frontier = found.rows;
        Ok(FrontierRows { rows, outside })
    }

    fn refresh(&mut self, outside: Option<Candidate>) -> Result<Refreshed> {
        let FrontierRefreshed { rows, best } = self.refresh_frontier(outside);
        let open: &[usize] = if self.live.is_empty() { best.as_slice() } else { &self.live };
        self.rows.make_exact(open);
        let best = open.iter().map(|&row| self.candidate(row)).reduce(Candidate::first_of);
        self.retain_live(outside);
        Ok(Refreshed { rows, best })
    }

    fn lend(&mut self) -> Result<LiveBlock<'_>> {
        self.rows.statistics_mut().row_reads += self.live.len() as u64;
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
        mean::add_sums(self.ground, &self.ground.rows, sums);
        Ok(())
    }

    fn nearest_to(&mut self, point: &[f64]) -> Result<Option<NearPoint>> {
        let found = mean::nearest_to(self.ground, &self.ground.rows, point);
        Ok(found.map(|found| NearPoint { row: self.first + found.row, ..found }))
    }

    fn statistics(&self) -> Statistics {
        let statistics = self.rows.statistics().clone();
        let of_pool = |beyond: Beyond| Beyond { row: self.first + beyond.row, ..beyond };
        Statistics { beyond: statistics.beyond.map(of_pool), ..statistics }
    }
}
