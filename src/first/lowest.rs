//! The lowest row that may be chosen.

use crate::ground::Ground;

pub(super) fn lowest(ground: &Ground) -> usize {
    ground.eligible_rows().next().expect("the budget was checked: a row may be chosen")
}
