//! The plain loop: k passes over the pool, every distance canonical. Slow, and obviously right.

use super::picks::{End, Picks, Watch};
use super::problem::Problem;
use super::statistics::Statistics;
use crate::distance::distance;
use crate::select::Selection;

/// Greedy k-center by the definition. `O(n k d)`.
pub(crate) fn reference(problem: &Problem, watch: Watch) -> Selection {
    let n = problem.rows.len();
    let mut min_distance = vec![f64::INFINITY; n];
    let mut nearest = vec![usize::MAX; n];
    let mut eligible = problem.eligible.clone();
    let mut apply = |center: usize, vector: &[f32], min_distance: &mut [f64]| {
        let mut scratch = Vec::new();
        for row in 0..n {
            let distance = distance(problem.rows.get(row, &mut scratch), vector);
            if distance < min_distance[row] {
                (min_distance[row], nearest[row]) = (distance, center);
            }
        }
    };
    let mut scratch = Vec::new();
    for center in 0..problem.labeled_count() {
        apply(center, problem.labeled_vector(center, &mut scratch), &mut min_distance);
    }
    let mut picks = Picks::default();
    let end = loop {
        let farthest = (0..n)
            .filter(|&row| eligible[row])
            .map(|row| (problem.key(row, min_distance[row]), row))
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((mut key, mut row)) = farthest else { break End::Covered };
        if picks.len() == problem.budget || problem.stop_radius.is_some_and(|stop| key <= stop) {
            break End::Farthest(row, key);
        }
        if let Some(&next) = problem.resume.get(picks.len()) {
            (row, key) = (next, problem.key(next, min_distance[next]));
        } else if picks.len() + problem.labeled_count() == 0 {
            (row, key) = (problem.first_center(), f64::INFINITY);
        }
        eligible[row] = false;
        picks.push(row, key);
        apply(
            problem.labeled_count() + picks.len() - 1,
            problem.rows.get(row, &mut scratch),
            &mut min_distance,
        );
        if watch(picks.progress(problem)).is_break() {
            break End::Unknown;
        }
    };
    let settled = problem.assign.then_some((min_distance, nearest));
    picks.into_selection(problem, end, settled, Statistics::default())
}
