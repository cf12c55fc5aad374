//! Distances to given centers, by a backend that takes them in and settles at once.

use super::Backend;
use crate::error::Result;
use crate::ground::Ground;
use crate::limits::NO_CENTER;

/// [`super::Space::labeled_distances`], by a backend over `ground`.
pub fn labeled_distances<B: Backend>(
    ground: &Ground,
    backend: impl FnOnce() -> Result<B>,
) -> Result<(Vec<f64>, Vec<u32>)> {
    if ground.labeled_count() == 0 {
        return Ok(none(ground));
    }
    let (mut distances, mut nearest) = backend()?.settle()?;
    own(&mut distances, &mut nearest, ground.labeled);
    Ok((distances, nearest))
}

/// [`super::Space::min_distances`], by a backend over `ground`, which has no labeled centers.
pub fn min_distances<B: Backend>(
    ground: &Ground,
    centers: &[usize],
    backend: impl FnOnce() -> Result<B>,
) -> Result<(Vec<f64>, Vec<u32>)> {
    if centers.is_empty() {
        return Ok(none(ground));
    }
    let mut backend = backend()?;
    backend.add_centers(centers)?;
    let (mut distances, mut nearest) = backend.settle()?;
    own(&mut distances, &mut nearest, centers);
    Ok((distances, nearest))
}

fn none(ground: &Ground) -> (Vec<f64>, Vec<u32>) {
    let n = ground.rows.len();
    (vec![f64::INFINITY; n], vec![NO_CENTER; n])
}

/// A center's nearest is itself, even if another center has the same values. If a center is given twice, its first
/// position counts.
fn own(distances: &mut [f64], nearest: &mut [u32], centers: &[usize]) {
    for (position, &row) in centers.iter().enumerate().rev() {
        distances[row] = 0.0;
        nearest[row] = u32::try_from(position).expect("centers are numbered below 2^32");
    }
}
