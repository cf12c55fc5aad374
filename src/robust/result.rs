//! Turns the end of a search into a selection: exact distances, outliers, the certificate.

use super::question::number;
use super::search::Search;
use super::selection::{End, RobustSelection};
use super::start::Start;
use crate::certificate::{Certificate, Dual, LowerBy};
use crate::error::Result;
use crate::statistics::Statistics;

/// Every counted row's distance to its nearest center. If asked for, also every row's distance and nearest center.
type Settled = (Vec<f64>, Option<(Vec<f64>, Vec<i64>)>);

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
        let mut centers: Vec<usize> = self.centers.iter().map(|&row| row as usize).collect();
        if start.centers.len() == self.question.budget {
            self.fill(&mut centers)?;
        }
        centers.sort_unstable();
        let (distances, assigned) = self.settle(&centers, nearest, assign)?;
        let upper = self.question.radius(&distances);
        let outliers: Vec<usize> =
            self.question.counted().filter(|&row| distances[row] > upper).collect();
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

    /// The counted rows' distances to the centers; with `assign`, also every row's distance and nearest center. Without
    /// `assign` the pairs held may suffice, which saves a pass over the pool.
    fn settle(&mut self, centers: &[usize], nearest: &[u32], assign: bool) -> Result<Settled> {
        let numbers: Vec<u32> = centers.iter().copied().map(number).collect();
        if let Some(distances) = self.distances_by_pairs(&numbers).filter(|_| !assign) {
            return Ok((distances, None));
        }
        let (to_centers, positions) = self.space.min_distances(centers)?;
        let distances = self.question.with_labeled(to_centers.clone());
        let assigned = assign.then(|| self.assign(centers, to_centers, positions, nearest));
        Ok((distances, assigned))
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

    /// Fewer centers than the budget may suffice. Rows far from them fill the budget, then the lowest rows.
    fn fill(&mut self, centers: &mut Vec<usize>) -> Result<()> {
        let missing = self.question.budget - centers.len();
        if missing == 0 {
            return Ok(());
        }
        let chosen: Vec<u32> = centers.iter().copied().map(number).collect();
        let distances = match self.distances_by_pairs(&chosen) {
            Some(distances) => distances,
            None => self.distances(&chosen)?,
        };
        centers.extend(self.question.far_apart(0.0, distances, missing, |_| false));
        let mut is_center = vec![false; self.question.n];
        centers.iter().for_each(|&row| is_center[row] = true);
        let lowest = self.question.counted().filter(|&row| !is_center[row]);
        centers.extend(lowest.take(self.question.budget - centers.len()).collect::<Vec<_>>());
        Ok(())
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
