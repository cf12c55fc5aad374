//! Equal rows taken together: a backend that holds one row of each group of equal ones, and answers for all of them.
//!
//! Rows that are equal as they are stored are equally far from every center. One stands for its group: the eligible row of largest weight, the
//! lowest of those, which no other of the group precedes. Once it is picked, the others are at distance 0. So picks of a key above 0 are
//! picks among the rows that stand for groups; when no key is above 0, the lowest rows left are next, whatever groups they are of.
//!
//! | file | what |
//! | --- | --- |
//! | this one | the backend |
//! | `sample.rs` | whether a sample shows that many rows are equal |
//! | `groups.rs` | rows in groups of equal ones |
//! | `rows.rs` | the rows that stand for groups, as a ground |

mod groups;
mod rows;
mod sample;

use rayon::prelude::*;

use super::zeros::pick_zeros;
use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::mean;
use crate::rows::Gather;
use crate::statistics::Statistics;
pub(crate) use rows::DistinctRows;
pub(crate) use sample::shows_equal_rows;

/// Backend `held` over the rows that stand for groups, as a backend over all rows.
pub(crate) struct Distinct<'p> {
    ground: &'p HostGround<'p>,
    rows: &'p DistinctRows,
    held: &'p mut dyn Backend,
    /// Of each center of `held`, its number among all centers.
    numbers: Vec<u32>,
    /// Of each group, the number of its first center.
    own: Vec<u32>,
    /// Rows that became centers.
    chosen: Vec<usize>,
    /// The rows that are left, once no key is above 0.
    left: Option<Left>,
    /// Rounds in which the held backend had no part.
    rounds: usize,
}

/// Rows that are left in the order, all of key 0.
struct Left {
    is_left: Vec<bool>,
    /// No row below is left.
    lowest: usize,
    /// This round's frontier.
    frontier: Vec<Candidate>,
}

impl Left {
    fn of(ground: &HostGround, chosen: &[usize]) -> Left {
        let mut is_left = ground.eligible.clone();
        chosen.iter().for_each(|&row| is_left[row] = false);
        Left { is_left, lowest: 0, frontier: Vec::new() }
    }

    /// The first `size` rows become the frontier. Returns how many there are.
    fn refresh(&mut self, size: usize) -> usize {
        let rows = (self.lowest..self.is_left.len()).filter(|&row| self.is_left[row]);
        self.frontier = rows.take(size).map(|row| Candidate { key: 0.0, row }).collect();
        self.lowest = self.frontier.first().map_or(self.is_left.len(), |first| first.row);
        self.frontier.len()
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Picked {
        let picked = pick_zeros(std::mem::take(&mut self.frontier), limit, stop);
        picked.picks.iter().for_each(|pick| self.is_left[pick.row] = false);
        picked
    }
}

impl<'p> Distinct<'p> {
    /// `held`: a backend over [`DistinctRows::ground`] of `ground`.
    pub fn new(
        ground: &'p HostGround<'p>,
        rows: &'p DistinctRows,
        held: &'p mut dyn Backend,
    ) -> Distinct<'p> {
        Distinct {
            ground,
            rows,
            held,
            numbers: (0..number(ground.labeled_count())).collect(),
            own: vec![NO_CENTER; rows.len()],
            chosen: Vec::new(),
            left: None,
            rounds: 0,
        }
    }

    /// `row` is the next center, and its group's row the next center of the held backend. Returns the latter.
    fn number_center(&mut self, row: usize) -> usize {
        let (group, center) =
            (self.rows.group(row), self.ground.labeled_count() + self.chosen.len());
        self.chosen.push(row);
        self.numbers.push(number(center));
        if self.own[group] == NO_CENTER {
            self.own[group] = number(center);
        }
        group
    }

    /// Rows of key 0 that become centers. Those at distance 0 from a center are nobody's nearest but their own.
    fn choose_of_key_0(&mut self, rows: &[usize]) -> Result<()> {
        for &row in rows {
            if self.ground.weights.is_some_and(|weights| weights[row] == 0.0) {
                let group = self.number_center(row);
                self.held.add_centers(&[group])?;
            } else {
                self.chosen.push(row);
            }
        }
        Ok(())
    }

    /// The held backend's picks, as rows of the pool.
    fn pick_held(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let picked = self.held.pick(limit, stop.max(0.0))?;
        let of_pool = |held: Candidate| Candidate { row: self.rows.row(held.row), ..held };
        let picks: Vec<Candidate> = picked.picks.into_iter().map(of_pool).collect();
        let next = picked.next.map(of_pool);
        for pick in &picks {
            self.number_center(pick.row);
        }
        if next.is_some_and(|next| next.key <= 0.0) {
            self.left = Some(Left::of(self.ground, &self.chosen));
        }
        Ok(Picked { picks, next: next.filter(|next| next.key > 0.0) })
    }
}

fn number(center: usize) -> u32 {
    u32::try_from(center).expect("centers are numbered below 2^32")
}

impl Middle for Distinct<'_> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        Ok(mean::nearest_the_mean(self.ground, &self.ground.rows))
    }
}

impl Backend for Distinct<'_> {
    fn sweeps(&self) -> bool {
        self.held.sweeps()
    }

    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        let held: Vec<usize> = rows.iter().map(|&row| self.number_center(row)).collect();
        self.held.add_centers(&held)
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        if self.left.is_none() {
            let refreshed = self.held.refresh(size)?;
            if refreshed > 0 {
                return Ok(refreshed);
            }
            self.left = Some(Left::of(self.ground, &self.chosen));
        }
        self.rounds += 1;
        Ok(self.left.as_mut().expect("just made").refresh(size))
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let Some(left) = &mut self.left else { return self.pick_held(limit, stop) };
        let picked = left.pick(limit, stop);
        let rows: Vec<usize> = picked.picks.iter().map(|pick| pick.row).collect();
        self.choose_of_key_0(&rows)?;
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let (distances, nearest) = self.held.settle()?;
        let of_group = |group: usize| match self.own[group] {
            // The group's first center was farther than 0 from those before it.
            own if own != NO_CENTER => (0.0, own),
            _ => {
                let number = self.numbers.get(nearest[group] as usize);
                (distances[group], number.copied().unwrap_or(NO_CENTER))
            }
        };
        let n = self.ground.rows.len();
        Ok((0..n).into_par_iter().map(|row| of_group(self.rows.group(row))).unzip())
    }

    fn statistics(&self) -> Statistics {
        let mut statistics = self.held.statistics();
        statistics.distinct_rows = Some(self.rows.len());
        statistics.rounds += self.rounds;
        statistics.row_reads += self.ground.rows.len() as u64;
        statistics.prepare_seconds += self.rows.seconds;
        if let Some(beyond) = &mut statistics.beyond {
            beyond.row = self.rows.row(beyond.row);
        }
        statistics
    }
}
