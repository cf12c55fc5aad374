//! Distances over a pool, as tests compare them: what [`crate::backend::Space`] says, in plain values.

use crate::backend::Neighbour;
use crate::engine::{Tuning, with_space};
use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;

/// Every eligible row within `reach` of one of `rows`: the position of that one, the row, their distance. `None` if there are more
/// than `most`.
///
/// # Errors
/// As [`super::select_tuned`].
pub fn within(
    pool: &Pool,
    options: &Options,
    tuning: &Tuning,
    rows: &[usize],
    reach: f64,
    most: usize,
) -> Result<Option<Vec<(u32, u32, f64)>>> {
    let (found, _) = with_space(pool, options, tuning, |_, space| {
        let found = space.within(rows, reach, most)?;
        let plain = |pair: Neighbour| (pair.slot, pair.row, pair.distance);
        Ok(found.map(|pairs| pairs.into_iter().map(plain).collect()))
    })?;
    Ok(found)
}

/// Every row's distance to the nearest labeled center, and that one's number.
///
/// # Errors
/// As [`super::select_tuned`].
pub fn labeled_distances(
    pool: &Pool,
    options: &Options,
    tuning: &Tuning,
) -> Result<(Vec<f64>, Vec<u32>)> {
    Ok(with_space(pool, options, tuning, |_, space| space.labeled_distances())?.0)
}

/// Every row's distance to the nearest of `centers`, and that one's position.
///
/// # Errors
/// As [`super::select_tuned`].
pub fn min_distances(
    pool: &Pool,
    options: &Options,
    tuning: &Tuning,
    centers: &[usize],
) -> Result<(Vec<f64>, Vec<u32>)> {
    Ok(with_space(pool, options, tuning, |_, space| space.min_distances(centers))?.0)
}
