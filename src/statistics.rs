//! The counts and times of a run, which explain its speed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Counts and times of one run. A plain loop evaluates `n k` pairs and reads every row `k` times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Where the work was done: `cpu`, or `cuda:` and the GPU's number; of several, one after another.
    pub device: String,
    /// On the CPU, what the rounds computed with: `int8` values or `floats`, which rule centers out, or the canonical distances of rows in
    /// `cells`; or `plain loop`, which takes no rounds.
    pub filter: String,
    /// Why no GPU was used, if [`crate::Device::Auto`] found a driver but could not use a GPU.
    pub fallback: Option<String>,
    /// Rows many orders beyond the others, as far as the first center and a sample tell. Rounds on a GPU and on cells do not look for them.
    pub beyond: Option<Beyond>,
    /// How many different rows the pool has, where equal ones were taken together: rounds then hold one of each. Rows that are labeled, resumed
    /// from or of weight 0 are counted one by one. None where every row was held.
    pub distinct_rows: Option<usize>,
    /// Bytes of device memory that the run allocated, with those of a pool that was copied there; 0 on the CPU.
    pub device_bytes: u64,
    /// Pairs of a pick to resume from and a center before it, computed to find the pick's radius again.
    pub replay_evaluations: u64,
    /// Canonical distances evaluated for that.
    pub replay_canonical: u64,
    /// Rounds: frontiers refreshed and picked from.
    pub rounds: usize,
    /// Rounds that began with a sweep: the frontier before had been outdated as a whole, and every row that might be next was brought up
    /// to date.
    pub sweeps: usize,
    /// Bounds of rows looked at in search of the largest keys, and maxima of blocks of them, on a CPU. A plain loop looks at `n k`.
    pub bounds_looked_at: u64,
    /// Row-center pairs that the refreshes needed.
    pub refresh_evaluations: u64,
    /// The part of those that [`crate::Options::assign`] takes at the end.
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
    /// Rows whose bound was made exact by canonical distances because they were about to be picked; a row counts each
    /// time. 0 where every bound is exact as soon as it is lowered.
    pub settled_rows: u64,
    /// The same, each row counted once; 0 on a GPU, which does not count them so.
    pub distinct_settled_rows: u64,
    /// Rows read from the pool; a row counts each time.
    pub row_reads: u64,
    /// Exchanges with the shards of a pool in rounds, two a round; 0 if one device holds the whole pool.
    pub exchanges: u64,
    /// Bytes of all messages to the shards and of their answers. The bytes of a round do not grow with the pool.
    pub exchange_bytes: u64,
    /// Times that a shard was started again meanwhile, and was told all centers again.
    pub replayed_shards: usize,
    /// Seconds finding the radii of the picks to resume from again.
    pub replay_seconds: f64,
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

/// Rows that lie more than a million times as far from the middle of a pool as most of its rows do: often garbage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    /// How many there are.
    pub rows: u64,
    /// The farthest of them.
    pub row: usize,
    /// How far it lies from the middle at least.
    pub distance: f64,
    /// How far most rows lie from it at most.
    pub most: f64,
}

impl fmt::Display for Beyond {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Beyond { rows, row, distance, most } = self;
        let (s, lie) = if *rows == 1 { ("", "lies") } else { ("s", "lie") };
        write!(
            out,
            "{rows} row{s} {lie} more than a million times as far from the middle as most: row {row}, at {distance:.2e} where most are \
             within {most:.2e}"
        )
    }
}

impl Beyond {
    /// The rows of both, with the farthest of all, the lowest of equally far ones.
    pub(crate) fn and(self, other: Beyond) -> Beyond {
        let is_first = self.distance > other.distance
            || (self.distance == other.distance && self.row < other.row);
        let farthest = if is_first { self } else { other };
        Beyond { rows: self.rows + other.rows, ..farthest }
    }
}

impl Statistics {
    /// Adds up the counts and times of two parts of a run. A text that only one of them has is kept.
    pub(crate) fn and(self, other: Statistics) -> Statistics {
        Statistics {
            device: both(self.device, other.device),
            filter: both(self.filter, other.filter),
            fallback: self.fallback.or(other.fallback),
            beyond: match (self.beyond, other.beyond) {
                (Some(one), Some(other)) => Some(one.and(other)),
                (one, other) => one.or(other),
            },
            distinct_rows: self.distinct_rows.or(other.distinct_rows),
            device_bytes: self.device_bytes + other.device_bytes,
            replay_evaluations: self.replay_evaluations + other.replay_evaluations,
            replay_canonical: self.replay_canonical + other.replay_canonical,
            rounds: self.rounds + other.rounds,
            sweeps: self.sweeps + other.sweeps,
            bounds_looked_at: self.bounds_looked_at + other.bounds_looked_at,
            refresh_evaluations: self.refresh_evaluations + other.refresh_evaluations,
            tile_evaluations: self.tile_evaluations + other.tile_evaluations,
            pick_evaluations: self.pick_evaluations + other.pick_evaluations,
            settle_evaluations: self.settle_evaluations + other.settle_evaluations,
            refreshed_rows: self.refreshed_rows + other.refreshed_rows,
            refresh_canonical: self.refresh_canonical + other.refresh_canonical,
            pick_canonical: self.pick_canonical + other.pick_canonical,
            settled_rows: self.settled_rows + other.settled_rows,
            distinct_settled_rows: self.distinct_settled_rows + other.distinct_settled_rows,
            row_reads: self.row_reads + other.row_reads,
            exchanges: self.exchanges + other.exchanges,
            exchange_bytes: self.exchange_bytes + other.exchange_bytes,
            replayed_shards: self.replayed_shards + other.replayed_shards,
            replay_seconds: self.replay_seconds + other.replay_seconds,
            prepare_seconds: self.prepare_seconds + other.prepare_seconds,
            frontier_seconds: self.frontier_seconds + other.frontier_seconds,
            refresh_seconds: self.refresh_seconds + other.refresh_seconds,
            pick_seconds: self.pick_seconds + other.pick_seconds,
            settle_seconds: self.settle_seconds + other.settle_seconds,
        }
    }
}

/// Two names, told once if they are one.
fn both(one: String, other: String) -> String {
    match () {
        () if other.is_empty() || other == one => one,
        () if one.is_empty() => other,
        () => format!("{one}, {other}"),
    }
}
