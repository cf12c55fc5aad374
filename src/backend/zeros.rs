//! The end of a pool: when no key is above 0, the lowest rows are next, and no distance is needed.

use super::{Candidate, Picked};

/// A frontier's rows, the lowest first, where no key is above 0. Such keys are exact: there is nothing to come nearer to.
pub(crate) fn zeros(frontier: &[Candidate]) -> Option<Vec<Candidate>> {
    if frontier.iter().any(|row| row.key > 0.0) {
        return None;
    }
    let mut rows = frontier.to_vec();
    rows.sort_unstable_by_key(|row| row.row);
    Some(rows)
}

/// At most `limit` picks among them, each of a key above `stop`.
pub(crate) fn pick_zeros(rows: Vec<Candidate>, limit: usize, stop: f64) -> Picked {
    let limit = if stop >= 0.0 { 0 } else { limit };
    let mut rows = rows.into_iter();
    Picked { picks: rows.by_ref().take(limit).collect(), next: rows.next() }
}
