//! Turns the end of a search into a selection: exact distances, outliers, the certificate.

use super::question::number;
use super::search::Search;
use super::selection::{End, RobustSelection};
use super::start::Start;
use crate::certificate::{Certificate, Dual, LowerBy};
use crate::error::Result;
use crate::statistics::Statistics;

/// Every row's distance and nearest center.
type Assigned = (Vec<f64>, Vec<i64>);

/// Centers, in increasing order, and how they cover the pool.
struct Settled {
    centers: Vec<usize>,
    upper: f64,
    outliers: Vec<usize>,
    assigned: Option<Assigned>,
}

impl Search<'_, '_> {
    /// The selection. `nearest`: per row, the labeled center that is nearest.
    pub fn finish(
        mut self,
        end: End,
        start: &Start,
        nearest: &[u32],
        assign: bool,
        statistics: Statistics,
    ) -> Result<RobustSelection> {
        let fills = start.centers.len() == self.question.budget;
        let Settled { centers, upper, outliers, assigned } =
            match self.settle_all(nearest, assign, fills)? {
                Some(settled) => settled,
                None => self.as_it_stands(),
            };
        let end = if self.is_interrupted() { End::Interrupted } else { end };
        let (lower, lower_by, dual, end) = self.lower_side(end, start);
        let certificate = Certificate {
            budget: self.question.budget,
            outliers: self.question.outliers,
            centers: centers.clone(),
            upper,
            uncovered: outliers.clone(),
            lower,
            lower_by,
            dual,
        };
        let (min_distances, assignment) = assigned.unzip();
        Ok(RobustSelection {
            centers,
            lower,
            upper,
            outliers,
            greedy_radius: start.upper,
            greedy_lower: start.dual.radius,
            decisions: self.decisions,
            certificate,
            min_distances,
            assignment,
            end,
            statistics,
            search: self.statistics,
        })
    }

    /// The best centers found, filled up to the budget if wanted, and their distances. `None` if the run is interrupted and a pass over
    /// the pool would be needed.
    fn settle_all(
        &mut self,
        nearest: &[u32],
        assign: bool,
        fills: bool,
    ) -> Result<Option<Settled>> {
        let mut centers: Vec<usize> = self.centers.iter().map(|&row| row as usize).collect();
        if fills && !self.fill(&mut centers)? {
            return Ok(None);
        }
        centers.sort_unstable();
        let assign = assign && !self.is_interrupted();
        let Some((distances, assigned)) = self.settle(&centers, nearest, assign)? else {
            return Ok(None);
        };
        let upper = self.question.radius(&distances);
        let outliers = self.question.beyond(upper, &distances);
        Ok(Some(Settled { centers, upper, outliers, assigned }))
    }

    /// What the search knows of its best centers, without another look at the pool.
    fn as_it_stands(&mut self) -> Settled {
        let mut centers: Vec<usize> = self.centers.iter().map(|&row| row as usize).collect();
        centers.sort_unstable();
        let outliers = std::mem::take(&mut self.uncovered);
        Settled { centers, upper: self.upper, outliers, assigned: None }
    }

    /// The counted rows' distances to the centers; with `assign`, also every row's distance and nearest center. Without
    /// `assign` the pairs held may suffice, which saves a pass over the pool. `None` if the run is interrupted in that.
    fn settle(
        &mut self,
        centers: &[usize],
        nearest: &[u32],
        assign: bool,
    ) -> Result<Option<(Vec<f64>, Option<Assigned>)>> {
        let numbers: Vec<u32> = centers.iter().copied().map(number).collect();
        if let Some(distances) = self.distances_by_pairs(&numbers).filter(|_| !assign) {
            return Ok(Some((distances, None)));
        }
        let Some((to_centers, positions)) = self.nearest(centers)? else { return Ok(None) };
        let distances = self.question.with_labeled(to_centers.clone());
        let assigned = assign.then(|| self.assign(centers, to_centers, positions, nearest));
        Ok(Some((distances, assigned)))
    }

    /// The lower bound that holds for every choice of centers ([`Search::stated_lower`]), its proof, and how the search
    /// ended.
    fn lower_side(&self, end: End, start: &Start) -> (f64, LowerBy, Dual, End) {
        let lower = self.stated_lower(start);
        if lower < self.lower {
            let end = if end == End::Optimal { End::Candidates } else { end };
            return (lower, LowerBy::Dual, start.dual.clone(), end);
        }
        (self.lower, self.lower_by, self.dual.clone(), end)
    }

    /// Fewer centers than the budget may suffice. Rows far from them fill the budget, then the lowest rows. False if the run is interrupted
    /// before those are known.
    fn fill(&mut self, centers: &mut Vec<usize>) -> Result<bool> {
        let missing = self.question.budget - centers.len();
        if missing == 0 {
            return Ok(true);
        }
        let chosen: Vec<u32> = centers.iter().copied().map(number).collect();
        let by_pairs = self.distances_by_pairs(&chosen);
        let distances = match by_pairs {
            Some(distances) => Some(distances),
            None => self.distances(&chosen)?,
        };
        let Some(distances) = distances else { return Ok(false) };
        centers.extend(self.question.far_apart(0.0, distances, missing, |_| false));
        let mut is_center = vec![false; self.question.n];
        centers.iter().for_each(|&row| is_center[row] = true);
        let lowest = self.question.counted().filter(|&row| !is_center[row]);
        centers.extend(lowest.take(self.question.budget - centers.len()).collect::<Vec<_>>());
        Ok(true)
    }

    /// Every row's distance and nearest center. A labeled center comes first among equally near ones, and a center's
    /// nearest is itself.
    fn assign(
        &self,
        centers: &[usize],
        mut distances: Vec<f64>,
        positions: Vec<u32>,
        nearest: &[u32],
    ) -> (Vec<f64>, Vec<i64>) {
        let mut assignment: Vec<i64> = positions.into_iter().map(i64::from).collect();
        for row in 0..self.question.n {
            if self.question.labeled[row] <= distances[row]
                && self.question.labeled[row].is_finite()
            {
                (distances[row], assignment[row]) =
                    (self.question.labeled[row], -1 - i64::from(nearest[row]));
            }
        }
        for (entry, &row) in (0i64..).zip(self.question.ground.labeled) {
            (distances[row], assignment[row]) = (0.0, -1 - entry);
        }
        for (position, &row) in (0i64..).zip(centers) {
            (distances[row], assignment[row]) = (0.0, position);
        }
        (distances, assignment)
    }
}
