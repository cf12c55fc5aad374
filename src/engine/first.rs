//! First centers that are searched for before a selection begins, which then begins with a row.

use super::space::with_space;
use super::tuning::Tuning;
use crate::backend::Space;
use crate::error::Result;
use crate::first::{farthest_pair, loneliest};
use crate::ground::{Ground, HostGround};
use crate::mean::farthest_from_the_mean;
use crate::options::{Device, First, Options};
use crate::pool::Pool;
use crate::question::check_budget;
use crate::threads::on_engine_threads;

/// The options with the row that was found in the place of the policy that searches for it; `None` of options that search for none. Picks to
/// resume from begin with that row: it is found again.
///
/// # Errors
/// As [`super::select_tuned`].
pub(super) fn with_first<'o>(
    pool: &Pool,
    options: &Options<'o>,
    tuning: &Tuning,
) -> Result<Option<Options<'o>>> {
    let is_free = options.labeled.is_empty() && options.labeled_vectors.is_none();
    if !is_free {
        return Ok(None);
    }
    let row = match options.first {
        First::FarthestFromMean => from_mean(pool, options)?,
        First::FarthestPair => by_distances(pool, options, tuning, farthest_pair)?,
        First::Loneliest => by_distances(pool, options, tuning, loneliest)?,
        First::Lowest | First::Row(_) | First::Mean | First::Heaviest | First::Random => {
            return Ok(None);
        }
    };
    Ok(Some(Options { first: First::Row(row), ..options.clone() }))
}

fn from_mean(pool: &Pool, options: &Options) -> Result<usize> {
    on_engine_threads(options.threads, || {
        let ground = HostGround::of_pool(pool, options)?.keep_norms()?;
        check_any(&ground)?;
        ground.rows.hold_if_they_fit()?;
        let row = farthest_from_the_mean(&ground, &ground.rows);
        ground.check_reads()?;
        Ok(row)
    })?
}

/// Distances between all rows are those of one device.
fn by_distances(
    pool: &Pool,
    options: &Options,
    tuning: &Tuning,
    search: fn(&Ground, &mut dyn Space) -> Result<usize>,
) -> Result<usize> {
    let device = match options.device {
        Device::CudaMany(_) | Device::CudaAll => Device::Cpu,
        one => one,
    };
    let options = Options { device, ..options.clone() };
    let (row, _) = with_space(pool, &options, tuning, |ground, space| {
        check_any(ground)?;
        let row = search(ground, space)?;
        ground.check_reads()?;
        Ok(row)
    })?;
    Ok(row)
}

/// A row may be chosen: of none, no search begins.
fn check_any(ground: &Ground) -> Result<()> {
    check_budget(1, ground.eligible_count())
}
