//! The rows that stand for groups of equal ones, and what each may be.

use std::time::Instant;

use super::groups::Groups;
use crate::error::Result;
use crate::ground::HostGround;
use crate::pool::Pool;
use crate::rows::{Gather, Rows};

/// A pool of the rows that stand for groups, in the order of those rows.
pub(crate) struct DistinctRows {
    pool: Pool<'static>,
    /// The pool row that each of them is.
    rows: Vec<usize>,
    /// By pool row, which of them stands for it.
    groups: Vec<u32>,
    labeled: Vec<usize>,
    weights: Option<Vec<f32>>,
    /// What finding them took.
    pub(super) seconds: f64,
}

impl DistinctRows {
    /// The distinct rows of `ground`, whose pool is in memory; none if there are more than `most`, or the run is to end. Reads the pool once.
    ///
    /// Rows that are labeled, picks to `resume` from and rows of weight 0 stand for themselves alone: they may be centers although others are
    /// as near, or lie apart from all centers and yet be picked last.
    pub fn find(ground: &HostGround, resume: &[usize], most: usize) -> Option<DistinctRows> {
        let started = Instant::now();
        let mut alone = vec![false; ground.rows.len()];
        ground.labeled.iter().chain(resume).for_each(|&row| alone[row] = true);
        if let Some(weights) = ground.weights {
            alone.iter_mut().zip(weights).for_each(|(alone, weight)| *alone |= *weight == 0.0);
        }
        let Groups { of, firsts, .. } = Groups::find(ground, &alone, most)?;
        let standing = standing(ground, &of, firsts);
        let mut order: Vec<usize> = (0..standing.len()).collect();
        order.sort_unstable_by_key(|&group| standing[group]);
        let mut place = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&group, at)| place[group] = at);
        let groups: Vec<u32> = of.into_iter().map(|group| place[group as usize]).collect();
        let rows: Vec<usize> = order.iter().map(|&group| standing[group]).collect();
        Some(DistinctRows {
            pool: ground.rows.pool().copies(&rows),
            labeled: ground.labeled.iter().map(|&row| groups[row] as usize).collect(),
            weights: ground.weights.map(|weights| rows.iter().map(|&row| weights[row]).collect()),
            rows,
            groups,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The pool row that number `held` is.
    pub fn row(&self, held: usize) -> usize {
        self.rows[held]
    }

    /// The number of the one that stands for pool row `row`.
    pub fn group(&self, row: usize) -> usize {
        self.groups[row] as usize
    }

    /// Them as a ground, as `ground` is of all rows.
    ///
    /// # Errors
    /// Those of [`HostGround::keep_norms`].
    pub fn ground<'s>(&'s self, ground: &'s HostGround) -> Result<HostGround<'s>> {
        let rows = Rows::new(&self.pool, ground.rows.metric());
        ground.of_copies(rows, &self.rows, &self.labeled, self.weights.as_deref()).keep_norms()
    }
}

/// The row that stands for each group: the first eligible one of largest weight, or the first if none is eligible.
fn standing(ground: &HostGround, of: &[u32], firsts: Vec<usize>) -> Vec<usize> {
    let mut standing = firsts;
    let claim = |row: usize| {
        ground.eligible[row].then(|| ground.weights.map_or(1.0, |weights| weights[row]))
    };
    for (row, &group) in of.iter().enumerate() {
        let stands = &mut standing[group as usize];
        if claim(row) > claim(*stands) {
            *stands = row;
        }
    }
    standing
}
