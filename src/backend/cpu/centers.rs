//! The centers so far, by number.

use crate::backend::shard::CenterBlock;
use crate::ground::Ground;
use crate::rows::{Gather, Rows};
use crate::values::{RowBlock, RowScratch, RowValues};

/// Where each center's values are.
pub struct Centers<'p, R: Gather + ?Sized + 'p = Rows<'p>> {
    ground: &'p Ground<'p, R>,
    places: Vec<Place>,
    /// Values of the centers that came from elsewhere, under the metric.
    lent: RowBlock,
}

/// Where one center's values are.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// It is this row of the ground.
    Row(usize),
    /// It is this of the labeled vectors.
    Vector(usize),
    /// It came from elsewhere: it is this of the rows lent.
    Lent(usize),
}

impl<'p, R: Gather + ?Sized> Centers<'p, R> {
    /// The labeled centers of `ground`.
    pub fn new(ground: &'p Ground<'p, R>) -> Centers<'p, R> {
        let vectors = ground.labeled_count() - ground.labeled.len();
        let rows = ground.labeled.iter().map(|&row| Place::Row(row));
        let places = rows.chain((0..vectors).map(Place::Vector)).collect();
        Centers { ground, places, lent: RowBlock::default() }
    }

    pub fn dimensions(&self) -> usize {
        self.ground.rows.dimensions()
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The rows of the ground that are centers.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.places.iter().filter_map(|place| match place {
            Place::Row(row) => Some(*row),
            Place::Vector(_) | Place::Lent(_) => None,
        })
    }

    /// Row `row` of the ground becomes a center.
    pub fn push(&mut self, row: usize) {
        self.places.push(Place::Row(row));
    }

    /// Take in centers, of which those that `own` names are rows of the ground: their values are there.
    pub fn take(&mut self, block: &CenterBlock, own: impl Fn(usize) -> Option<usize>) {
        let d = self.ground.rows.dimensions();
        for (at, row) in block.rows.iter().enumerate() {
            let place = match row.and_then(&own) {
                Some(row) => Place::Row(row),
                None => Place::Lent(self.lent.len() / d),
            };
            if let Place::Lent(_) = place {
                self.lent.push(block.values.row(at, d));
            }
            self.places.push(place);
        }
    }

    /// The row of the ground that center number `center` is, if it is one.
    pub fn row(&self, center: usize) -> Option<usize> {
        match self.places[center] {
            Place::Row(row) => Some(row),
            Place::Vector(_) | Place::Lent(_) => None,
        }
    }

    /// Center number `center` as it is stored, if it is a row of the ground.
    pub fn stored(&self, center: usize) -> &[u8] {
        match self.places[center] {
            Place::Row(row) => self.ground.rows.stored(row),
            Place::Vector(_) | Place::Lent(_) => &[],
        }
    }

    /// Center number `center` under the metric, `(d,)`.
    pub fn vector<'s>(&'s self, center: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        match self.places[center] {
            Place::Row(row) => self.ground.rows.get(row, scratch),
            Place::Vector(vector) => {
                let outside = self.ground.outside.as_ref();
                outside.expect("a ground with labeled vectors").get(vector, scratch)
            }
            Place::Lent(lent) => self.lent.row(lent, self.ground.rows.dimensions()),
        }
    }
}
