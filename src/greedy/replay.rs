//! Picks made by an earlier run: their keys again, without the pool.

use rayon::prelude::*;

use super::picks::Picks;
use crate::distance::distance;
use crate::error::{Error, Result};
use crate::problem::Problem;

/// The picks resumed from, each with its key when it was chosen: its distance to the nearest of the labeled centers and the
/// picks before it. `O(k (k + labeled) d)`.
///
/// # Errors
/// If the first pick is not the one the options call for, or a key is larger than the one before or within the stop radius:
/// greedy would not have chosen so.
pub(crate) fn replay(problem: &Problem) -> Result<Picks> {
    let picks = problem.resume;
    let keys: Vec<f64> = (0..picks.len()).into_par_iter().map(|pick| key(problem, pick)).collect();
    check(problem, &keys)?;
    let mut replayed = Picks::default();
    picks.iter().zip(keys).for_each(|(&row, key)| replayed.push(row, key));
    Ok(replayed)
}

fn check(problem: &Problem, keys: &[f64]) -> Result<()> {
    let refuse =
        |at: usize, reason| Err(Error::Row { role: "resume", row: problem.resume[at], reason });
    if problem.labeled_count() == 0
        && problem.resume.first().is_some_and(|&first| first != problem.first_center())
    {
        return refuse(0, "is not the first center that these options choose");
    }
    if let Some(at) = keys.windows(2).position(|pair| pair[1] > pair[0]) {
        return refuse(at + 1, "is farther away than the pick before it: greedy did not choose so");
    }
    match problem.stop_radius.and_then(|stop| keys.iter().position(|&key| key <= stop)) {
        Some(at) => refuse(at, "was chosen within the stop radius"),
        None => Ok(()),
    }
}

fn key(problem: &Problem, pick: usize) -> f64 {
    let (mut scratch, mut other) = (Vec::new(), Vec::new());
    let row = problem.resume[pick];
    let x = problem.rows.get(row, &mut scratch);
    let mut nearest = f64::INFINITY;
    for labeled in 0..problem.labeled_count() {
        nearest = nearest.min(distance(x, problem.labeled_vector(labeled, &mut other)));
    }
    for &earlier in &problem.resume[..pick] {
        nearest = nearest.min(distance(x, problem.rows.get(earlier, &mut other)));
    }
    // The first center where nothing is labeled has no distance, whatever its weight.
    if nearest == f64::INFINITY { nearest } else { problem.key(row, nearest) }
}
