//! Picks made by an earlier run: their keys again, without the pool.

use rayon::prelude::*;

use super::picks::Picks;
use crate::distance::distance;
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::question::Question;

/// The picks resumed from, each with its key when it was chosen: its distance to the nearest of the labeled centers and the
/// picks before it. `first` is the first center, where nothing is labeled. `O(k (k + labeled) d)`.
///
/// # Errors
/// If the first pick is not the one the options call for, or a key is larger than the one before or within the stop radius:
/// greedy would not have chosen so.
pub(crate) fn replay(question: &Question, ground: &Ground, first: Option<usize>) -> Result<Picks> {
    let picks = question.resume;
    let keys: Vec<f64> =
        (0..picks.len()).into_par_iter().map(|pick| key(question, ground, pick)).collect();
    check(question, first, &keys)?;
    let mut replayed = Picks::default();
    picks.iter().zip(keys).for_each(|(&row, key)| replayed.push(row, key));
    Ok(replayed)
}

fn check(question: &Question, first: Option<usize>, keys: &[f64]) -> Result<()> {
    let refuse =
        |at: usize, reason| Err(Error::Row { role: "resume", row: question.resume[at], reason });
    if first.zip(question.resume.first()).is_some_and(|(first, &pick)| pick != first) {
        return refuse(0, "is not the first center that these options choose");
    }
    if let Some(at) = keys.windows(2).position(|pair| pair[1] > pair[0]) {
        return refuse(at + 1, "is farther away than the pick before it: greedy did not choose so");
    }
    match question.stop_radius.and_then(|stop| keys.iter().position(|&key| key <= stop)) {
        Some(at) => refuse(at, "was chosen within the stop radius"),
        None => Ok(()),
    }
}

fn key(question: &Question, ground: &Ground, pick: usize) -> f64 {
    let (mut scratch, mut other) = (Vec::new(), Vec::new());
    let row = question.resume[pick];
    let x = ground.rows.get(row, &mut scratch);
    let mut nearest = f64::INFINITY;
    for labeled in 0..ground.labeled_count() {
        nearest = nearest.min(distance(x, ground.labeled_vector(labeled, &mut other)));
    }
    for &earlier in &question.resume[..pick] {
        nearest = nearest.min(distance(x, ground.rows.get(earlier, &mut other)));
    }
    // The first center where nothing is labeled has no distance, whatever its weight.
    if nearest == f64::INFINITY { nearest } else { ground.key(row, nearest) }
}
