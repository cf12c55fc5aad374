//! The CPU backend on int8 values: rounds read the int8 copy alone, and canonical distances are evaluated only of the row that is about
//! to be picked.
//!
//! | file | what |
//! | --- | --- |
//! | this one | the backend |
//! | `quantize.rs`, `whole.rs`, `copy.rs` | a row as int8 values: near ones, or its own; all rows |
//! | `measure.rs` | from a product to an interval, or to the distance itself where rows are whole numbers |
//! | `nearest.rs`, `state.rs` | the centers that can be a row's nearest; rows and their state |
//! | `panels.rs`, `row_panel.rs` | centers and live rows as the multiplier sees them |
//! | `refresh.rs`, `pick.rs` | the two places where pairs are evaluated |
//! | `settle.rs` | canonical distances |

#[cfg(test)]
mod containment;
mod copy;
mod measure;
mod nearest;
mod panels;
mod pick;
mod quantize;
mod refresh;
mod row_panel;
mod settle;
mod state;
mod whole;

use std::time::Instant;

use super::centers::Centers;
use super::held_rows::HeldRows;
use super::kernels::int8::Int8Multiplier;
use super::shard::CpuShard;
use crate::backend::shard::Shard;
use crate::backend::zeros::{pick_zeros, zeros};
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::mean;
use crate::statistics::Statistics;
use pick::{Live, LiveRow, Terms, Workspace};
pub(crate) use state::Int8State;
pub(crate) use whole::Whole;

/// Rows settled for a pick, of so many picks at least, that make a crowd.
const CROWD: u64 = 8;
const CROWD_PICKS: usize = 32;

/// All rows once each was settled, for rounds that go on from there.
pub(crate) struct SettledRows<'p> {
    pub(super) centers: Centers<'p>,
    /// Each row's distance to the nearest of the centers that it has seen, `LEFT` for rows that left the order; that center's number; and
    /// how many it has seen.
    pub bounds: Vec<f64>,
    pub nearest: Vec<u32>,
    pub seen: Vec<u32>,
    /// A row whose key is exact, if the last frontier came to no pick.
    pub reached: Option<Candidate>,
    /// What the rounds so far took.
    pub statistics: Statistics,
}

/// All rows of a pool, and the picks among them.
pub(crate) struct Int8Cpu<'p, K: Int8Multiplier> {
    multiplier: K,
    ground: &'p HostGround<'p>,
    shard: CpuShard<'p, Int8State<'p, K>>,
    /// Whether the last picks were made in a crowd.
    is_in_crowd: bool,
    workspace: Workspace,
    /// This round's frontier, where no key is above 0: its rows in order.
    zeros: Option<Vec<Candidate>>,
    outside: Option<Candidate>,
    /// A row whose key is exact, if the last frontier came to no pick.
    reached: Option<Candidate>,
}

impl<'p, K: Int8Multiplier> Int8Cpu<'p, K> {
    /// `whole`: what the rows are whole numbers of, as far as a sample tells.
    pub fn new(
        ground: &'p HostGround<'p>,
        whole: Option<Whole>,
        multiplier: K,
        width: f64,
    ) -> Int8Cpu<'p, K> {
        let shard = CpuShard::new(Int8State::new(ground, whole, multiplier, width), 0);
        Int8Cpu {
            multiplier,
            ground,
            shard,
            is_in_crowd: false,
            workspace: Workspace::default(),
            zeros: None,
            outside: None,
            reached: None,
        }
    }

    /// Whether so many rows were settled for each of the last picks that rounds on floats take less: intervals are wide beside what sets
    /// rows apart.
    pub fn is_in_crowd(&self) -> bool {
        self.is_in_crowd
    }

    /// Settles every row, and ends. `None` of an interrupted run, of which only the picks count.
    pub fn settle_for_good(&mut self) -> Option<SettledRows<'p>> {
        let rows = &mut self.shard.rows;
        let (bounds, nearest) = rows.settle_seen()?;
        Some(SettledRows {
            centers: std::mem::replace(&mut rows.centers, Centers::new(self.ground)),
            bounds,
            nearest,
            seen: std::mem::take(&mut rows.seen),
            reached: self.reached.take(),
            statistics: rows.statistics.clone(),
        })
    }

    /// The live rows; what is known of their nearest centers is theirs until the round ends.
    fn live_rows(&mut self) -> Vec<LiveRow> {
        let rows = &mut self.shard.rows;
        let live = |row: usize| {
            let nearest = rows.nearest.take(row);
            LiveRow {
                row,
                bound: rows.bounds[row],
                nearest,
                seen: rows.seen[row],
                was_settled: false,
            }
        };
        std::mem::take(&mut self.shard.live).into_iter().map(live).collect()
    }
}

impl<K: Int8Multiplier> Middle for Int8Cpu<'_, K> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl<K: Int8Multiplier> Backend for Int8Cpu<'_, K> {
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
        let refreshed = self.shard.refresh_frontier(self.outside);
        if let Some(best) = refreshed.best.filter(|_| self.shard.live.is_empty()) {
            self.shard.rows.settle_rows(&[best]);
            self.reached = Some(self.shard.candidate(best));
        }
        Ok(refreshed.rows)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        if let Some(rows) = self.zeros.take() {
            let picked = pick_zeros(rows, limit, stop);
            self.shard.rows.choose(picked.picks.iter().map(|pick| pick.row));
            return Ok(picked);
        }
        let started = Instant::now();
        let live = self.live_rows();
        let terms = Terms {
            multiplier: self.multiplier,
            ground: self.ground,
            prepared: self.shard.rows.prepared(),
            centers: &self.shard.rows.centers,
            outside: self.outside,
            interrupt: self.ground.interrupt(),
        };
        let mut live = Live::new(terms, live, &mut self.workspace);
        let picked = live.pick(limit, stop);
        let (states, mut counts) = (live.rows, live.counts);
        let is_in_vain = picked.picks.is_empty() && picked.next.is_none();
        for LiveRow { row, bound, nearest, seen, was_settled } in states {
            let rows = &mut self.shard.rows;
            (rows.bounds[row], rows.seen[row]) = (bound, seen);
            let is_reached = is_in_vain && nearest.is_exact();
            rows.nearest.set(row, nearest);
            if was_settled {
                rows.was_settled(row);
            }
            if is_reached {
                self.reached = Candidate::first(self.reached, Some(self.shard.candidate(row)));
            }
        }
        self.shard.rows.choose(picked.picks.iter().map(|pick| pick.row));
        let picks = picked.picks.len().max(CROWD_PICKS) as u64;
        self.is_in_crowd = counts.settled_rows > CROWD * picks;
        counts.pick_seconds = started.elapsed().as_secs_f64();
        let statistics = &mut self.shard.rows.statistics;
        *statistics = std::mem::take(statistics).and(counts);
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.shard.settle()
    }

    fn statistics(&self) -> Statistics {
        self.shard.rows.statistics.clone()
    }
}
