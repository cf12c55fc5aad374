//! The centers so far, by number: labeled rows, outside vectors, picks.

use crate::problem::Problem;

/// Resolves a center's number to its row.
pub struct Centers<'p> {
    problem: &'p Problem<'p>,
    picks: Vec<usize>,
}

impl<'p> Centers<'p> {
    pub fn new(problem: &'p Problem<'p>) -> Centers<'p> {
        Centers { problem, picks: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.problem.labeled_count() + self.picks.len()
    }

    pub fn picks(&self) -> &[usize] {
        &self.picks
    }

    pub fn push(&mut self, row: usize) {
        self.picks.push(row);
    }

    /// Center number `center` as it is stored, if it is a pick.
    pub fn stored(&self, center: usize) -> &[u8] {
        match center.checked_sub(self.problem.labeled_count()) {
            None => &[],
            Some(pick) => self.problem.rows.stored(self.picks[pick]),
        }
    }

    /// Center number `center`, `(d,)`.
    pub fn vector<'s>(&'s self, center: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        match center.checked_sub(self.problem.labeled_count()) {
            None => self.problem.labeled_vector(center, scratch),
            Some(pick) => self.problem.rows.get(self.picks[pick], scratch),
        }
    }
}
