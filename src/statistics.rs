//! What a run did: the counts behind its speed.

use serde::Serialize;

/// Counts and times of one run. A plain loop would make `n k` evaluations and read every row `k` times.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Where the work was done: `cpu`, or `cuda:` and the GPU's number.
    pub device: String,
    /// Why no GPU was used, where [`crate::Device::Auto`] found a driver and would have.
    pub fallback: Option<String>,
    /// Bytes of device memory that the run allocated, the pool's among them where it was copied there; 0 on the CPU.
    pub device_bytes: u64,
    /// Rounds: frontiers refreshed and picked from.
    pub rounds: usize,
    /// Row-center pairs that refreshing needed.
    pub refresh_evaluations: u64,
    /// Row-center pairs the refresh computed, with those that tiles rounded up to.
    pub tile_evaluations: u64,
    /// Row-center pairs computed while picking inside frontiers.
    pub pick_evaluations: u64,
    /// Rows refreshed, each time counted.
    pub refreshed_rows: u64,
    /// Canonical distances evaluated by refreshes.
    pub refresh_canonical: u64,
    /// Canonical distances evaluated while picking.
    pub pick_canonical: u64,
    /// Rows read from the pool, each time counted.
    pub row_reads: u64,
    /// Seconds to read, center and scale the pool and apply the first center.
    pub prepare_seconds: f64,
    /// Seconds selecting frontiers.
    pub frontier_seconds: f64,
    /// Seconds refreshing.
    pub refresh_seconds: f64,
    /// Seconds picking.
    pub pick_seconds: f64,
    /// Seconds settling every row at the end.
    pub settle_seconds: f64,
}
