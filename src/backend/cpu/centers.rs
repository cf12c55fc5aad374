//! The centers so far, by number: labeled rows, outside vectors, picks.

use crate::ground::HostGround;
use crate::rows::Gather;

/// Resolves a center's number to its row.
pub struct Centers<'p> {
    ground: &'p HostGround<'p>,
    picks: Vec<usize>,
}

impl<'p> Centers<'p> {
    pub fn new(ground: &'p HostGround<'p>) -> Centers<'p> {
        Centers { ground, picks: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.ground.labeled_count() + self.picks.len()
    }

    pub fn picks(&self) -> &[usize] {
        &self.picks
    }

    pub fn push(&mut self, row: usize) {
        self.picks.push(row);
    }

    /// Center number `center` as it is stored, if it is a pick.
    pub fn stored(&self, center: usize) -> &[u8] {
        match center.checked_sub(self.ground.labeled_count()) {
            None => &[],
            Some(pick) => self.ground.rows.stored(self.picks[pick]),
        }
    }

    /// Center number `center`, `(d,)`.
    pub fn vector<'s>(&'s self, center: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        match center.checked_sub(self.ground.labeled_count()) {
            None => self.ground.labeled_vector(center, scratch),
            Some(pick) => self.ground.rows.get(self.picks[pick], scratch),
        }
    }
}
