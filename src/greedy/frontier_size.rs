//! How large frontiers are.

use crate::statistics::Statistics;

/// How many rows a frontier holds, adapted from round to round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrontierSize {
    /// Rows of the next frontier.
    pub rows: usize,
    /// Rows that a round looks at.
    of: usize,
    least: usize,
    most: usize,
    /// Whether the backend sweeps after a frontier without a pick.
    sweeps: bool,
}

/// The bounds of an adaptive frontier; small pools have smaller ones, and very large ones a row of so many.
const LEAST: usize = 256;
/// The least where sweeps find the next pick, whatever the frontier.
const LEAST_BESIDE_SWEEPS: usize = 64;
const START: usize = 512;
const MOST: usize = 8192;
const MOST_OF: usize = 512;
/// Live rows are packed: at most 64 MB of them, but for very long rows.
const MOST_VALUES: usize = 16 << 20;

impl FrontierSize {
    /// Adapted to how the rounds of a pool of `n` rows of `d` values go, on a backend that `sweeps` or not.
    pub fn adaptive(n: usize, d: usize, sweeps: bool) -> FrontierSize {
        let most = MOST.max(n / MOST_OF).min(MOST_VALUES / d).max(START);
        let least = if sweeps { LEAST_BESIDE_SWEEPS } else { LEAST };
        FrontierSize { rows: START, of: n, least, most: (n / 8).clamp(START, most), sweeps }
    }

    /// Always this size.
    pub fn fixed(rows: usize) -> FrontierSize {
        let rows = rows.max(1);
        FrontierSize { rows, of: 0, least: rows, most: rows, sweeps: false }
    }

    /// A large frontier means few rounds, each of which looks at all bounds, but more live rows to pick among: balance the
    /// pairs computed for the two. Where picks outdate more rows than any frontier holds, a sweep finds the next pick, and large
    /// frontiers are in vain.
    pub fn adapt(&mut self, picks: usize, before: &Statistics, after: &Statistics) {
        let picking = after.pick_evaluations - before.pick_evaluations;
        let refreshing = after.refresh_evaluations - before.refresh_evaluations + self.of as u64;
        if picking > refreshing || (self.sweeps && picks == 0) {
            self.rows = (self.rows / 2).max(self.least);
        } else if 4 * picking < refreshing && after.sweeps == before.sweeps {
            self.rows = (self.rows * 2).min(self.most);
        }
    }
}
