//! Picks made by an earlier run: their keys again.

use super::picks::Picks;
use crate::backend::Before;
use crate::error::{Error, Result};
use crate::known::Known;
use crate::question::Question;

/// The picks resumed from, each with its key when it was chosen. `first` is the first center, where nothing is labeled.
///
/// # Errors
/// If greedy would not have made these picks: the first is not the one that the options call for, a key is larger than
/// the one before, or a key is within the stop radius.
pub(crate) fn replay(
    question: &Question,
    ground: &dyn Known,
    before: &Before,
    first: Option<usize>,
) -> Result<Picks> {
    let mut replayed = Picks::default();
    for (&row, &distance) in question.resume.iter().zip(&before.distances) {
        replayed.push(row, key(ground, row, distance));
    }
    check(question, first, replayed.keys())?;
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

/// The first center where nothing is labeled has no distance, whatever its weight.
fn key(ground: &dyn Known, row: usize, distance: f64) -> f64 {
    if distance == f64::INFINITY { distance } else { ground.key(row, distance) }
}
