//! The row of largest weight that may be chosen, the lowest of equal ones.

use super::lowest::lowest;
use crate::ground::Ground;

/// Without weights all rows are equal.
pub(super) fn heaviest(ground: &Ground) -> usize {
    let Some(weights) = ground.weights else { return lowest(ground) };
    let heavier = |best, row| if weights[row] > weights[best] { row } else { best };
    ground.eligible_rows().reduce(heavier).expect("the budget was checked: a row may be chosen")
}
