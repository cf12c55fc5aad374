//! The plain loop: each pick is one pass of canonical distances over all rows. For pools that fit a core's cache and few picks, where
//! the filter and its rounds take more time than they save.

use std::time::Instant;

use super::beyond::beyond_if_any;
use super::centers::Centers;
use super::keys::GONE;
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::distance::lower;
use crate::error::Result;
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::mean;
use crate::rows::Gather;
use crate::simd::widest;
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch};

/// All rows of a pool, widened, and their state.
pub(crate) struct PlainCpu<'p> {
    ground: &'p HostGround<'p>,
    centers: Centers<'p>,
    /// Under the metric, `(n, d)`.
    values: RowBlock,
    /// Each row's distance to the nearest of the centers applied, and that center's number.
    distances: Vec<f64>,
    nearest: Vec<u32>,
    /// Whether a row may still be picked.
    is_left: Vec<bool>,
    applied: usize,
    statistics: Statistics,
}

impl<'p> PlainCpu<'p> {
    pub fn new(ground: &'p HostGround<'p>) -> PlainCpu<'p> {
        let n = ground.rows.len();
        let mut is_left = ground.eligible.clone();
        ground.labeled.iter().for_each(|&row| is_left[row] = false);
        PlainCpu {
            ground,
            centers: Centers::new(ground),
            values: RowBlock::default(),
            distances: vec![f64::INFINITY; n],
            nearest: vec![NO_CENTER; n],
            is_left,
            applied: 0,
            statistics: Statistics {
                device: "cpu".into(),
                filter: "plain loop".into(),
                ..Statistics::default()
            },
        }
    }

    /// Applies the centers that were not applied yet.
    fn apply(&mut self) {
        let started = Instant::now();
        let n = self.ground.rows.len();
        let mut scratch = RowScratch::new();
        if self.values.len() == 0 {
            (0..n).for_each(|row| self.values.push(self.ground.rows.get(row, &mut scratch)));
            self.statistics.row_reads += n as u64;
        }
        for number in self.applied..self.centers.len() {
            if self.ground.is_interrupted() {
                return;
            }
            let center = self.centers.vector(number, &mut scratch);
            let number = u32::try_from(number).expect("centers are numbered below 2^32");
            widest(
                #[inline(always)]
                || lower(&self.values, center, number, &mut self.distances, &mut self.nearest),
            );
            if number == 0 {
                self.statistics.beyond = beyond_if_any(self.ground, &self.centers, &self.distances);
            }
            self.statistics.refresh_evaluations += n as u64;
            self.statistics.refresh_canonical += n as u64;
        }
        self.applied = self.centers.len();
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
    }

    /// The row that precedes the others.
    fn best(&self) -> Option<Candidate> {
        let mut best = Candidate { key: GONE, row: 0 };
        for (row, (&distance, &is_left)) in self.distances.iter().zip(&self.is_left).enumerate() {
            let key = if is_left { self.ground.key(row, distance) } else { GONE };
            if key > best.key {
                best = Candidate { key, row };
            }
        }
        (best.key != GONE).then_some(best)
    }

    fn choose(&mut self, row: usize) {
        self.centers.push(row);
        self.is_left[row] = false;
    }
}

impl Middle for PlainCpu<'_> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl Backend for PlainCpu<'_> {
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        rows.iter().for_each(|&row| self.choose(row));
        Ok(())
    }

    /// Every row is live.
    fn refresh(&mut self, _size: usize) -> Result<usize> {
        self.apply();
        self.statistics.rounds += 1;
        Ok(self.is_left.iter().filter(|&&is_left| is_left).count())
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let mut picked = Picked::default();
        while let Some(best) = self.best().filter(|_| !self.ground.is_interrupted()) {
            if picked.picks.len() == limit || best.key <= stop {
                picked.next = Some(best);
                break;
            }
            self.choose(best.row);
            picked.picks.push(best);
            self.apply();
        }
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.apply();
        Ok((std::mem::take(&mut self.distances), std::mem::take(&mut self.nearest)))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
