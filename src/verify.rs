//! A selection checked by brute force.
//!
//! The first center, the keys, the order, the radii and the lower bounds have code of their own here, written from
//! docs/contract.md. Of the engine the check shares what it cannot be wrong about alone: the options' own checks
//! (`asked.rs` calls them), the pool and how a metric sees its rows (`rows.rs`), the canonical distance (`distance.rs`), the
//! threads (`threads.rs`) and what chooses vectors (`simd.rs`). A sum in f32 that proves a center too far (`beyond.rs`) is its own.

mod apart;
mod asked;
mod beyond;
mod bounds;
mod centers;
mod certificate;
mod first;
mod keys;
mod order;
mod sweep;
mod verdict;

use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;
use crate::rows::Gather;
use crate::threads::on_engine_threads;
use asked::Asked;
pub use certificate::{CertificateVerdict, Interval, verify_certificate, verify_certificate_with};
use order::Order;
pub use verdict::{Cover, Verdict};

/// Checks that `centers` are the picks that [`crate::select`] makes with `options`, in order, and that `radii` are its
/// radii, to the bit.
///
/// Brute force in one pass over the rows, block after block: every row's running key after pick `t` must not precede
/// pick `t + 1`. Each pair of a row and a pick gets its squared distance summed; where that sum, by its proven error, does not rule out that
/// the pick is nearer than those before it, the canonical distance decides. [`Options::resume`] plays no part: all picks are checked. `radii` may be one shorter than `centers`,
/// as an interrupted run leaves them.
///
/// Time `O(n k d)` over the threads. Memory beside the pool: 5 bytes a row (8 more under cosine), at most 128 MB of picks, and a few MB a
/// thread, more only for rows so long that 64 of them are larger.
///
/// # Errors
/// As [`crate::select`], but for the budget: options that no selection could be made with; [`crate::Error::Interrupted`].
///
/// ```
/// use farpoint::{Options, Pool, Verdict, verify};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// assert!(verify(&pool, &[0, 4], Some(&[10.0, 2.0]), &Options::default())?.is_right());
/// let wrong = verify(&pool, &[0, 3], None, &Options::default())?;
/// assert!(matches!(wrong, Verdict::Wrong { position: 1, chosen: 3, expected: 4, .. }));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn verify(
    pool: &Pool,
    centers: &[usize],
    radii: Option<&[f64]>,
    options: &Options,
) -> Result<Verdict> {
    verify_with(pool, centers, radii, options, &|_| ())
}

/// [`verify`], calling `checked` with the number of rows of every block of rows that is checked.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(
    pool: &Pool,
    centers: &[usize],
    radii: Option<&[f64]>,
    options: &Options,
    checked: &(dyn Fn(usize) + Sync),
) -> Result<Verdict> {
    let verdict = on_engine_threads(options.threads, || {
        // The budget only says how many picks to make, so any that the options allow will do.
        let asked = Asked::new(pool, options.resume.len().max(1), options, checked)?;
        let verdict = match positions(&asked, centers) {
            Ok(positions) => Order::new(&asked, centers, positions).verdict(radii),
            Err(verdict) => verdict,
        };
        asked.unless_interrupted(verdict)
    })?;
    options.vouch(pool, verdict)
}

/// A row that is never chosen.
const NEVER: u32 = u32::MAX;

/// Per row, its position among the picks.
fn positions(asked: &Asked, centers: &[usize]) -> std::result::Result<Vec<u32>, Verdict> {
    let mut positions = vec![NEVER; asked.rows.len()];
    for (position, &row) in centers.iter().enumerate() {
        let again = || (positions[row] != NEVER).then_some("is chosen before");
        if let Some(reason) = asked.why_not(row).or_else(again) {
            return Err(Verdict::Ineligible { position, row, reason });
        }
        positions[row] = u32::try_from(position).expect("picks are numbered below 2^32");
    }
    Ok(positions)
}
