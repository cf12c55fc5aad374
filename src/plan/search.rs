//! What a robust search takes: memory, and the time until it begins.

use std::time::Instant;

use serde::Serialize;

use super::given::Given;
use crate::engine::{Tuning, with_space};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::pool::Sample;
use crate::robust::{MOST_PAIRS, PAIR_BYTES, ROW_BYTES, RobustOptions};

/// Centers of the pass that is timed.
const CENTERS: usize = 256;

/// What a robust selection takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobustPlan {
    /// Rows that may stay uncovered.
    pub outliers: usize,
    /// Picks of greedy, where the search begins: budget and outliers together.
    pub greedy_picks: usize,
    /// Seconds until greedy's cover and the first interval are known, estimated. How long the search goes on from there no rehearsal
    /// tells: its time limit ends it.
    pub start_seconds: Option<f64>,
    /// Bytes of memory beside the pool until then, and for what the search holds a row.
    pub start_bytes: u64,
    /// Bytes of memory for each pair of near rows that the search holds.
    pub pair_bytes: u64,
    /// Bytes of memory beside the pool with as many pairs as it holds at most.
    pub memory_bytes: u64,
}

/// Picks of greedy before a search.
///
/// # Errors
/// As many outliers as there are rows to cover.
pub(super) fn greedy_picks(budget: usize, robust: &RobustOptions, given: &Given) -> Result<usize> {
    let (outliers, available) = (robust.outliers, given.available());
    match outliers >= available {
        true => Err(Error::OutliersTooMany { outliers, available }),
        false => Ok(available.min(budget.saturating_add(outliers))),
    }
}

/// Bytes that the search takes beside the pool: without pairs, and with as many as it may hold.
pub(super) fn bytes(n: usize) -> (u64, u64) {
    let state = ROW_BYTES * n as u64;
    let pairs = (MOST_PAIRS as u64).min((n as u64).saturating_mul(n as u64));
    (state, state + PAIR_BYTES * pairs)
}

/// Seconds for the passes over a pool of `n` rows before the search: to `centers`, labeled and new ones. One over `rows`, with fewer
/// centers, is timed.
///
/// # Errors
/// Threads that cannot be started; rows that cannot be read; [`Error::Interrupted`].
pub(super) fn passes(rows: &Sample, n: usize, centers: usize, options: &Options) -> Result<f64> {
    let (s, pool) = (rows.rows(), rows.pool()?);
    let timed = centers.clamp(1, CENTERS.min(s));
    let some: Vec<usize> = (0..timed).map(|at| at * s / timed).collect();
    let (seconds, _) = with_space(&pool, options, &Tuning::default(), |ground, space| {
        let started = Instant::now();
        space.min_distances(&some)?;
        let seconds = started.elapsed().as_secs_f64();
        if ground.is_interrupted() { Err(Error::Interrupted) } else { Ok(seconds) }
    })?;
    Ok(seconds * n as f64 / s as f64 * centers as f64 / timed as f64)
}
