//! What greedy must know of a ground, wherever its rows are: on the host, on a device, or with shards elsewhere.

use crate::error::Result;
use crate::ground::{Ground, key};
use crate::rows::Gather;

/// A ground, as far as the question, the first center and the picks ask about it.
pub(crate) trait Known {
    /// Rows of the pool.
    fn rows(&self) -> usize;

    fn dimensions(&self) -> usize;

    /// Labeled rows, in the order given.
    fn labeled(&self) -> &[usize];

    /// Labeled centers, rows and vectors.
    fn labeled_count(&self) -> usize;

    /// How many rows may be chosen.
    fn eligible_count(&self) -> usize;

    /// Whether this row of the pool may be chosen. It is one that the question names.
    fn is_eligible(&self, row: usize) -> bool;

    /// The row that may be chosen before which so many others may.
    fn eligible(&self, nth: usize) -> usize;

    /// The row of largest weight that may be chosen, the lowest of equal ones.
    fn heaviest(&self) -> usize;

    fn has_weights(&self) -> bool;

    /// The weight of a row that the question names, or that was picked; none where rows have no weights.
    fn weight(&self, row: usize) -> Option<f32>;

    /// Whether the run must end. Once true it stays true.
    fn is_interrupted(&self) -> bool;

    /// Says whether every row came as it is stored.
    ///
    /// # Errors
    /// [`crate::Error::Read`]; picks made since the last time are meaningless.
    fn check_reads(&self) -> Result<()>;

    /// The key of such a row at `distance` from its nearest center.
    fn key(&self, row: usize, distance: f64) -> f64 {
        key(self.weight(row), distance)
    }
}

/// Behind a reference, since a ground may be of rows of any kind.
impl<R: Gather + ?Sized> Known for &Ground<'_, R> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn dimensions(&self) -> usize {
        self.rows.dimensions()
    }

    fn labeled(&self) -> &[usize] {
        self.labeled
    }

    fn labeled_count(&self) -> usize {
        Ground::labeled_count(self)
    }

    fn eligible_count(&self) -> usize {
        Ground::eligible_count(self)
    }

    fn is_eligible(&self, row: usize) -> bool {
        self.eligible[row]
    }

    fn eligible(&self, nth: usize) -> usize {
        self.eligible_rows().nth(nth).expect("the budget was checked: a row may be chosen")
    }

    fn heaviest(&self) -> usize {
        let Some(weights) = self.weights else { return self.eligible(0) };
        let heavier = |best, row| if weights[row] > weights[best] { row } else { best };
        self.eligible_rows().reduce(heavier).expect("the budget was checked: a row may be chosen")
    }

    fn has_weights(&self) -> bool {
        self.weights.is_some()
    }

    fn weight(&self, row: usize) -> Option<f32> {
        self.weights.map(|weights| weights[row])
    }

    fn is_interrupted(&self) -> bool {
        Ground::is_interrupted(self)
    }

    fn check_reads(&self) -> Result<()> {
        Ground::check_reads(self)
    }
}
