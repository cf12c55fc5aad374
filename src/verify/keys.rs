//! Keys: greedy takes the row of the largest.

use rayon::prelude::*;

use super::asked::Asked;
use super::centers::Centers;
use super::sweep::{Sweep, block_rows};

/// The key of `row` at `distance` from its nearest center: their product in f64 with its weight, and 0 at a weight of 0 even if
/// there is no center, which is infinitely far.
pub(super) fn key(asked: &Asked, row: usize, distance: f64) -> f64 {
    let Some(weights) = &asked.options.weights else { return distance };
    let weight = weights[row];
    if weight > 0.0 { distance * f64::from(weight) } else { 0.0 }
}

/// Per pick, its key from the labeled centers and the earlier picks. `O(k^2 d)`.
pub(super) fn pick_keys(asked: &Asked, centers: &[usize]) -> Vec<f64> {
    let mut keys = vec![0.0; centers.len()];
    let size = block_rows(asked);
    let all = Centers::new(asked, centers);
    keys.par_chunks_mut(size).enumerate().for_each(|(block, keys)| {
        let start = block * size;
        let rows = &centers[start..start + keys.len()];
        Sweep::new(&all).rows(rows, start + keys.len() - 1, |at, picks, nearest| {
            // A pick's own key is the one before it was chosen.
            keys[at] = key(asked, rows[at], nearest);
            !picks.contains(&(start + at))
        });
    });
    if asked.labeled_count() == 0 && !keys.is_empty() {
        // No center covers nothing, whatever the weights.
        keys[0] = f64::INFINITY;
    }
    keys
}
