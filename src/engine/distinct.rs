//! Whether equal rows are taken together on a CPU: one of each is held then.

use super::tuning::Multiplier::Fastest;
use super::tuning::{EqualRows, Tuning};
use super::way::PlainWork;
use crate::backend::distinct::{DistinctRows, shows_equal_rows};
use crate::error::Result;
use crate::ground::HostGround;
use crate::question::Question;
use crate::rows::Gather;

/// Of fewer centers, reading the pool once to find equal rows costs more than it saves.
const LEAST_CENTERS: usize = 8;
/// One in so many rows is distinct at most, or equal rows are left as they are.
const ROWS_EACH: usize = 4;
/// Bytes a row of groups and of the state of rows that stand for them.
const STATE: usize = 48;

/// The distinct rows, if holding those alone is asked for, or saves time.
///
/// # Errors
/// A file that cannot be read, or holds a value that no pool may: rows in files are brought into memory, where they fit.
pub(super) fn distinct_rows(
    question: &Question,
    ground: &HostGround,
    tuning: &Tuning,
    plain: PlainWork,
) -> Result<Option<DistinctRows>> {
    let n = ground.rows.len();
    let most = match tuning.equal_rows {
        EqualRows::Together => n,
        EqualRows::Sampled => n / ROWS_EACH,
    };
    if tuning.equal_rows == EqualRows::Sampled
        && (plain.is_taken || !pays(question, ground, tuning, most))
    {
        return Ok(None);
    }
    ground.rows.hold_if_they_fit()?;
    let is_found = ground.rows.are_in_memory();
    Ok(is_found.then(|| DistinctRows::find(ground, question.resume, most)).flatten())
}

fn pays(question: &Question, ground: &HostGround, tuning: &Tuning, most: usize) -> bool {
    let (rows, n) = (&ground.rows, ground.rows.len());
    let centers = question.budget + ground.labeled_count();
    let is_free = tuning.multiplier == Fastest && tuning.shards <= 1;
    let fits = u32::try_from(n).is_ok() && !rows.stay_on_disk();
    is_free
        && centers >= LEAST_CENTERS
        && fits
        && shows_equal_rows(rows.pool(), most)
        && rows.have_room_for(rows.pool().bytes() / n / ROWS_EACH + STATE)
}
