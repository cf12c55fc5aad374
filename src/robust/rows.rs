//! Which rows a search holds: all that need covering, if their pairs fit; else those that the covers found so far did
//! not cover.

use std::time::Instant;

use super::search::{HeldRows, Search};
use super::selection::End;
use super::start::Start;
use crate::error::Result;
use crate::memory::Memory;

/// Pairs kept at most where all rows that need covering are held from the start.
const MOST_PAIRS: usize = 12 << 20;
/// Pairs kept at most.
pub const MOST_PAIRS_LAZY: usize = 48 << 20;
/// Bytes a row that a search takes beside the pool and its pairs: distances to labeled centers and to the best ones, copies of those in
/// order, who is held, and the state of a pass over the pool.
pub const ROW_BYTES: u64 = 170;
/// Bytes a pair of rows near each other: as it is found, as it is held, and in two problems of covering. Measured: 37 to 62.
pub const PAIR_BYTES: u64 = 64;
/// Products that the distances between all those rows may take.
const MOST_PRODUCTS: f64 = 4e12;
/// Products that one range join may take, a fraction of a second. The clock is looked at between two joins.
const PRODUCTS_AT_ONCE: u64 = 20_000_000_000;
/// Rows of one such join, at least and at most.
const ROWS_AT_ONCE: (usize, usize) = (256, 4096);

impl Search<'_, '_> {
    /// Holds the rows that every search begins with: greedy's picks and the row farthest from them, which are pairwise
    /// far apart.
    pub fn hold_first(&mut self, start: &Start) -> Result<()> {
        self.rows =
            if self.question.is_restricted() { HeldRows::AsNeeded } else { self.choose_rows()? };
        let mut first: Vec<usize> = start.picks.iter().copied().chain(start.farthest).collect();
        first.sort_unstable();
        first.dedup();
        // Greedy's lower bound rests on these rows, so they must be held.
        if !self.hold(&first, MOST_PAIRS_LAZY)? {
            self.clock.end(End::Memory);
        }
        Ok(())
    }

    /// Whether all rows that need covering can be held: a sample of them tells about how many pairs they have.
    fn choose_rows(&mut self) -> Result<HeldRows> {
        let reach = self.upper;
        let open: Vec<usize> = self
            .question
            .counted()
            .filter(|&row| self.question.labeled[row] > 0.9 * reach)
            .collect();
        let products = open.len() as f64 * self.question.n as f64 * self.question.d as f64;
        if products > MOST_PRODUCTS {
            return Ok(HeldRows::AsNeeded);
        }
        let sample: Vec<usize> =
            open.iter().copied().step_by(open.len().div_ceil(64).max(1)).collect();
        let started = Instant::now();
        let most = MOST_PAIRS.min(pairs_that_fit());
        let found = self.space.within(&sample, reach, most)?;
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        let fits = found.is_some_and(|found| found.len() * open.len() / sample.len().max(1) < most);
        Ok(if fits { HeldRows::All } else { HeldRows::AsNeeded })
    }

    /// Holds those of `rows` that are not held yet. Returns false if they have too many pairs, or more than there is memory for, or the clock
    /// ended the search.
    fn hold(&mut self, rows: &[usize], most: usize) -> Result<bool> {
        let new: Vec<usize> = rows.iter().copied().filter(|&row| !self.held.holds(row)).collect();
        let started = Instant::now();
        let mut done = true;
        let row_products = self.question.n as u64 * self.question.d as u64;
        let at_once = usize::try_from(PRODUCTS_AT_ONCE / row_products).unwrap_or(usize::MAX);
        let at_once = at_once.clamp(ROWS_AT_ONCE.0, ROWS_AT_ONCE.1);
        let most = most.min(self.held.pairs() + pairs_that_fit());
        for rows in new.chunks(at_once) {
            let room = most.saturating_sub(self.held.pairs());
            let labeled = &self.question.labeled;
            done = !self.clock.is_over()
                && self.held.add(self.space, rows, labeled, self.upper, room)?
                && !self.is_interrupted();
            if !done {
                break;
            }
        }
        self.statistics.neighbours_seconds += started.elapsed().as_secs_f64();
        (self.statistics.rows, self.statistics.pairs) = (self.held.rows(), self.held.pairs());
        Ok(done)
    }

    /// Holds every row that may need covering. Returns false if they have too many pairs.
    pub fn hold_all(&mut self) -> Result<bool> {
        let rows: Vec<usize> = self.question.counted().collect();
        self.hold(&rows, MOST_PAIRS)
    }

    /// Holds every row that the labeled centers leave uncovered at `radius`. If they have too many pairs, rows are held
    /// as needed from now on.
    pub fn hold_open(&mut self, radius: f64) -> Result<()> {
        let labeled = &self.question.labeled;
        let open: Vec<usize> =
            self.question.counted().filter(|&row| labeled[row] > radius).collect();
        if self.hold(&open, MOST_PAIRS)? {
            self.floor = radius;
        } else if !self.clock.is_over() {
            self.rows = HeldRows::AsNeeded;
        }
        Ok(())
    }

    /// Holds more rows that are farther than `radius`, and far from one another. The search is over if there is no room
    /// for them.
    pub fn hold_uncovered(&mut self, radius: f64, distances: Vec<f64>) -> Result<()> {
        let count = self.question.outliers + 32.max(self.held.rows() / 8);
        let new = self.question.far_apart(radius, distances, count, |row| self.held.holds(row));
        if !self.hold(&new, MOST_PAIRS_LAZY)? {
            self.clock.end(End::Memory);
        }
        Ok(())
    }
}

/// How many pairs more there is memory for. Half of what is left is for what grows by doubling.
fn pairs_that_fit() -> usize {
    let fit = |memory: Memory| usize::try_from(memory.bytes / 2 / PAIR_BYTES).unwrap_or(usize::MAX);
    Memory::available().map_or(usize::MAX, fit)
}
