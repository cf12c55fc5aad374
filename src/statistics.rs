//! The counts and times of a run, which explain its speed.

use serde::Serialize;

/// Counts and times of one run. A plain loop evaluates `n k` pairs and reads every row `k` times.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Where the work was done: `cpu`, or `cuda:` and the GPU's number.
    pub device: String,
    /// Why no GPU was used, if [`crate::Device::Auto`] found a driver but could not use a GPU.
    pub fallback: Option<String>,
    /// Bytes of device memory that the run allocated, with those of a pool that was copied there; 0 on the CPU.
    pub device_bytes: u64,
    /// Rounds: frontiers refreshed and picked from.
    pub rounds: usize,
    /// Row-center pairs that the refreshes needed.
    pub refresh_evaluations: u64,
    /// Of those, the ones for [`crate::Options::assign`] at the end.
    pub settle_evaluations: u64,
    /// Row-center pairs that the refreshes computed: tiles compute some that were not needed.
    pub tile_evaluations: u64,
    /// Row-center pairs computed while picking inside frontiers.
    pub pick_evaluations: u64,
    /// Rows refreshed; a row counts each time.
    pub refreshed_rows: u64,
    /// Canonical distances evaluated by refreshes.
    pub refresh_canonical: u64,
    /// Canonical distances evaluated while picking.
    pub pick_canonical: u64,
    /// Rows read from the pool; a row counts each time.
    pub row_reads: u64,
    /// Seconds for what comes before the first round: reading the pool, finding the mean and the scale, applying the
    /// first center.
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
