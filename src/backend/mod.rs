//! Where selections are computed. The seam between the greedy loop and the hardware is a round.
//!
//! | file | what it has |
//! | --- | --- |
//! | this one | the traits that the greedy loop and its callers know: `Backend`, `Middle`, `Space` |
//! | `cpu/`, `cuda/` | the devices |
//! | `shard`, `sharded` | holders of a part of the rows, and the picker among rows that they lend; several shards as one backend |
//! | `interval` | from a product, an interval that holds the canonical distance |
//! | `distinct/` | one backend over another that holds one of equal rows |
//! | `settled` | distances to given centers, by any backend |
//! | `zeros` | picks once no key is above 0 |

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod distinct;
pub(crate) mod interval;
mod settled;
pub(crate) mod shard;
pub(crate) mod sharded;
mod zeros;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::statistics::Statistics;

/// A row and its key. Rows precede one another by key, the largest first, then by row, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub key: f64,
    pub row: usize,
}

impl Candidate {
    pub fn precedes(self, other: Candidate) -> bool {
        self.key > other.key || (self.key == other.key && self.row < other.row)
    }

    /// Whether it precedes the first row outside of a frontier, of which there may be none.
    pub fn precedes_outside(self, outside: Option<Candidate>) -> bool {
        outside.is_none_or(|outside| self.precedes(outside))
    }

    /// The one of the two that precedes the other.
    pub fn first_of(self, other: Candidate) -> Candidate {
        if other.precedes(self) { other } else { self }
    }

    /// The candidate that precedes the other, if there are two.
    pub fn first(a: Option<Candidate>, b: Option<Candidate>) -> Option<Candidate> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.first_of(b)),
            (a, b) => a.or(b),
        }
    }

    /// For sorting: the one that precedes comes first.
    pub fn order(&self, other: &Candidate) -> std::cmp::Ordering {
        other.key.total_cmp(&self.key).then(self.row.cmp(&other.row))
    }
}

/// The result of picking inside a frontier.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    /// The next centers, in order, each with the key it was chosen at.
    pub picks: Vec<Candidate>,
    /// The row that is next, where picking stopped for the limit or the stop radius; its key is exact.
    pub next: Option<Candidate>,
}

/// The middle of a pool, as a device finds it before the first center is known.
pub(crate) trait Middle {
    /// The eligible row nearest the mean of the rows that are not excluded, the lowest of equally near ones; any eligible row where the
    /// run is interrupted. How the mean is summed is part of the contract.
    fn nearest_the_mean(&mut self) -> Result<usize>;
}

/// How far picks to resume from lay from the centers before them, and what it cost to know.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// Per pick, the canonical distance to the nearest of the labeled centers and the picks before it; infinite without any. Of an
    /// interrupted run it may be the first picks alone.
    pub distances: Vec<f64>,
    /// Pairs of a pick and a center before it.
    pub evaluations: u64,
    /// Canonical distances evaluated.
    pub canonical: u64,
    pub seconds: f64,
}

/// A device that holds a pool's state: each row's bound, its nearest center so far and how many centers were applied to it. It
/// knows the ground and not the question: it is told neither the budget nor the stop radius but pick by pick, only, when it is made,
/// how many centers there can be at most. A row leaves the order when it becomes a center. Errors are the device's, and end the run.
pub(crate) trait Backend: Middle {
    /// Whether a frontier that left no row live is followed by a sweep: the next [`Backend::refresh`] then begins with applying the
    /// pending centers to every row that may be next, so that one of them is live.
    fn sweeps(&self) -> bool {
        false
    }

    /// Take in centers: pool rows, numbered on from those before. They are pending for every row.
    fn add_centers(&mut self, rows: &[usize]) -> Result<()>;

    /// Start a round: apply the pending centers to the `size` rows of largest bound, the frontier. Those that still precede
    /// every row outside are live. While many centers from the start are pending, it may apply some of them to any rows instead, which
    /// is no round, and leaves no row live. Returns the frontier's size, 0 if no row is left to be chosen.
    fn refresh(&mut self, size: usize) -> Result<usize>;

    /// Greedy inside the live rows: at most `limit` picks, each of a key above `stop`. The picks are taken in as centers.
    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked>;

    /// Apply every pending center to every row, and end: each row's distance to its nearest center and that center's number.
    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)>;

    /// Counts and times so far.
    fn statistics(&self) -> Statistics;
}

/// A row near another, and how far they are apart; `kernels/join.cu` has the same fields.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Neighbour {
    /// Position of the one among the rows asked about.
    pub slot: u32,
    /// The other, a pool row.
    pub row: u32,
    /// Their canonical distance.
    pub distance: f64,
}

impl Neighbour {
    /// By slot, then distance, then row: distances are never negative, so their bits sort as they do.
    fn order(&self) -> u128 {
        u128::from(self.slot) << 96
            | u128::from(self.distance.to_bits()) << 32
            | u128::from(self.row)
    }
}

/// Distances over a pool, as a device computes them without greedy's rounds.
pub(crate) trait Space {
    /// Each row's distance to the nearest labeled center, and that center's number; the distance is infinite if nothing
    /// is labeled. A labeled row's nearest center is itself.
    fn labeled_distances(&mut self) -> Result<(Vec<f64>, Vec<u32>)>;

    /// Each row's distance to the nearest of `centers` (pool rows, labeled ones left aside), and that center's position among them, the
    /// first of equally near ones. 0 for a center itself, infinite where there is no center.
    fn min_distances(&mut self, centers: &[usize]) -> Result<(Vec<f64>, Vec<u32>)>;

    /// For each of `rows`, which must be eligible, every eligible row within `reach` of it, itself included, ordered by
    /// distance, then by row. `None` if there are more than `most` pairs.
    fn within(&mut self, rows: &[usize], reach: f64, most: usize)
    -> Result<Option<Vec<Neighbour>>>;
}
