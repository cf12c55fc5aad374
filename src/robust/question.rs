//! The checked question of a robust selection, and the radius that distances leave.

use crate::distance::distance;
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::options::Options;
use crate::question;
use crate::values::RowScratch;

use super::options::{Candidates, RobustOptions};

/// Rows among which those far from one another are sought.
const LOOKED_AT: usize = 4096;

/// What is asked, and the distances to the labeled centers.
pub struct Question<'a> {
    pub ground: &'a Ground<'a>,
    pub n: usize,
    pub d: usize,
    pub budget: usize,
    pub outliers: usize,
    pub gap: f64,
    candidates: Candidates,
    /// Per row, its distance to the nearest labeled center.
    pub labeled: Vec<f64>,
}

/// Refuses options that a robust selection does not take, more rows than 32 bits number, and as many outliers as rows
/// to cover. Returns the number of rows to cover.
pub fn check(
    ground: &Ground,
    budget: usize,
    options: &Options,
    robust: &RobustOptions,
) -> Result<usize> {
    question::Question::new(budget, options, &ground)?;
    check_rows(ground.rows.len())?;
    options.check_robust()?;
    if !(robust.gap.is_finite() && robust.gap >= 0.0) {
        return Err(Error::Options(format!(
            "gap {} is not a finite number of at least 0",
            robust.gap
        )));
    }
    let available = ground.eligible_count();
    if robust.outliers >= available {
        return Err(Error::OutliersTooMany { outliers: robust.outliers, available });
    }
    Ok(available)
}

/// Rows are held by numbers of 32 bits, of which the last stands for none.
fn check_rows(rows: usize) -> Result<()> {
    let numbered = u32::try_from(rows).is_ok_and(|rows| rows < u32::MAX);
    numbered.then_some(()).ok_or_else(|| {
        Error::Options(format!(
            "{rows} rows are more than the 2^32 - 2 that a robust selection numbers"
        ))
    })
}

/// A row's number in 32 bits. [`check`] made sure that it fits.
pub fn number(row: usize) -> u32 {
    u32::try_from(row).expect("rows are numbered below 2^32")
}

impl<'a> Question<'a> {
    pub fn new(
        ground: &'a Ground<'a>,
        budget: usize,
        robust: &RobustOptions,
        labeled: Vec<f64>,
    ) -> Question<'a> {
        Question {
            ground,
            n: ground.rows.len(),
            d: ground.rows.dimensions(),
            budget,
            outliers: robust.outliers,
            gap: robust.gap,
            candidates: robust.candidates,
            labeled,
        }
    }

    /// Rows that must be covered or be outliers. Labeled rows are covered already, excluded rows are not counted.
    pub fn counted(&self) -> impl Iterator<Item = usize> {
        self.ground.eligible_rows()
    }

    pub fn is_restricted(&self) -> bool {
        self.candidates == Candidates::Greedy
    }

    /// The rows that may be centers, where not all may.
    pub fn candidates(&self, picks: &[usize]) -> Option<Vec<bool>> {
        self.is_restricted().then(|| {
            let mut candidates = vec![false; self.n];
            picks.iter().for_each(|&row| candidates[row] = true);
            candidates
        })
    }

    /// Each row's distance to the nearest of the new centers, whose distances are given, and the labeled ones. It is 0
    /// where a row need not be covered.
    pub fn with_labeled(&self, mut distances: Vec<f64>) -> Vec<f64> {
        for (row, distance) in distances.iter_mut().enumerate() {
            *distance =
                if self.ground.eligible[row] { distance.min(self.labeled[row]) } else { 0.0 };
        }
        distances
    }

    /// The largest of `distances`, the outliers left aside.
    pub fn radius(&self, distances: &[f64]) -> f64 {
        if distances.len() <= self.outliers {
            return 0.0;
        }
        let mut distances = distances.to_vec();
        let descending = |a: &f64, b: &f64| b.total_cmp(a);
        *distances.select_nth_unstable_by(self.outliers, descending).1
    }

    /// The rows farther than `radius` that need covering, the lowest first.
    pub fn beyond(&self, radius: f64, distances: &[f64]) -> Vec<usize> {
        self.counted().filter(|&row| distances[row] > radius).collect()
    }

    /// At most `count` rows farther than `radius` that are not in `known`, farthest first among the farthest few thousand.
    pub fn far_apart(
        &self,
        radius: f64,
        distances: Vec<f64>,
        count: usize,
        known: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut far: Vec<(f64, usize)> = distances.into_iter().zip(0..).collect();
        far.retain(|&(distance, row)| {
            distance > radius && self.ground.eligible[row] && !known(row)
        });
        far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        far.truncate(LOOKED_AT);
        let (mut x, mut c) = (RowScratch::new(), RowScratch::new());
        let mut chosen = Vec::new();
        while chosen.len() < count {
            let farthest = far.iter().copied().reduce(|a, b| if b.0 > a.0 { b } else { a });
            let Some((_, pick)) = farthest else { break };
            chosen.push(pick);
            let center = self.ground.rows.get(pick, &mut c);
            for (distance_left, row) in &mut far {
                *distance_left =
                    distance_left.min(distance(self.ground.rows.get(*row, &mut x), center));
            }
            far.retain(|&(distance, row)| distance > radius && row != pick);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::check_rows;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn more_rows_than_are_numbered_are_refused() {
        assert!(check_rows(0xffff_fffe).is_ok());
        for rows in [0xffff_ffff, 1 << 32, usize::MAX] {
            let message = check_rows(rows).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{rows} rows are more than")), "{message}");
        }
    }
}
