//! The options of a selection.

use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
pub use crate::names::{Device, First, Metric};
use crate::pool::Pool;

/// The options of a selection; the budget is given beside them. `Options::default()` selects from the whole pool, from
/// row 0.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Pool rows that are centers from the start, distinct.
    pub labeled: Vec<usize>,
    /// Vectors from elsewhere, of the pool's dimension, that are centers from the start; they follow `labeled`.
    pub labeled_vectors: Option<&'a Pool<'a>>,
    /// Pool rows that are neither chosen nor counted in the radius.
    pub excluded: Vec<usize>,
    /// One finite number of at least 0 for each row: the key of a row is its weight times its distance.
    pub weights: Option<Vec<f32>>,
    /// Stop once the radius is at most this.
    pub stop_radius: Option<f64>,
    /// The first center where nothing is labeled.
    pub first: First,
    /// The metric.
    pub metric: Metric,
    /// The seed for [`First::Random`]; nothing else is random.
    pub seed: u64,
    /// Where to work.
    pub device: Device,
    /// CPU threads; 0 is one a core. Of more than 64, at most four a core are started. The answer does not depend on it.
    pub threads: usize,
    /// The first picks of an earlier run with the same options, counted in the budget: the run goes on from there.
    pub resume: Vec<usize>,
    /// Set from another thread, it ends the run in the middle of a round, with what is chosen so far: within some milliseconds on
    /// the CPU, within a round on a GPU. [`crate::robust`] ends at the next step of its search; of
    /// [`crate::verify`] it makes an error.
    pub interrupt: Option<&'a AtomicBool>,
    /// Also return every row's distance to its nearest center, and which one that is: one more pass over the pool.
    pub assign: bool,
}

impl Options<'_> {
    /// How many rows of a pool of `rows` are neither labeled nor excluded: the most that can be chosen. Rows past the end count for none; a
    /// selection refuses them.
    pub fn available(&self, rows: usize) -> usize {
        let mut is_free = vec![true; rows];
        let taken = self.labeled.iter().chain(&self.excluded);
        taken.filter(|&&row| row < rows).for_each(|&row| is_free[row] = false);
        is_free.into_iter().filter(|&free| free).count()
    }

    /// `answer`, if every row of `pool` and of the labeled vectors that it rests on came as it was stored.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(crate) fn vouch<T>(&self, pool: &Pool, answer: Result<T>) -> Result<T> {
        let answer = pool.vouch(answer);
        match self.labeled_vectors {
            Some(vectors) => vectors.vouch(answer),
            None => answer,
        }
    }

    /// Refuse what has no part in a robust selection, nor in its proof.
    ///
    /// # Errors
    /// [`Error::Options`]: weights, a stop radius, picks to resume from.
    pub fn check_robust(&self) -> Result<()> {
        let given = [
            ("weights", self.weights.is_some()),
            ("stop radius", self.stop_radius.is_some()),
            ("picks to resume from", !self.resume.is_empty()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Error::Options(format!(
                "a robust selection takes no {name}, nor does its proof"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_rows_are_counted_once() {
        let options =
            Options { labeled: vec![0, 3, 3, 9], excluded: vec![3, 4], ..Options::default() };
        assert_eq!((options.available(10), options.available(5), options.available(0)), (6, 2, 0));
    }

    #[test]
    fn what_a_robust_selection_does_not_take_is_named() {
        let told = |options: Options| options.check_robust().unwrap_err().to_string();
        let weights = told(Options { weights: Some(vec![]), ..Options::default() });
        let radius = told(Options { stop_radius: Some(1.0), ..Options::default() });
        let resume = told(Options { resume: vec![1], ..Options::default() });
        for (told, what) in
            [(weights, "weights"), (radius, "stop radius"), (resume, "picks to resume from")]
        {
            assert_eq!(told, format!("a robust selection takes no {what}, nor does its proof"));
        }
        assert!(Options { labeled: vec![1], ..Options::default() }.check_robust().is_ok());
    }
}
