//! The role of each row: eligible, labeled or excluded.

use crate::ground::Ground;
use crate::limits::{ELIGIBLE, EXCLUDED, LABELED};

/// Every row's role. Rows given as picks leave the order as labeled ones do.
pub fn roles(ground: &Ground, given: &[usize]) -> Vec<u8> {
    let role = |(&eligible, &excluded): (&bool, &bool)| match (eligible, excluded) {
        (true, _) => ELIGIBLE,
        (false, true) => EXCLUDED,
        (false, false) => LABELED,
    };
    let mut roles: Vec<u8> = ground.eligible.iter().zip(&ground.excluded).map(role).collect();
    given.iter().for_each(|&row| roles[row] = LABELED);
    roles
}
