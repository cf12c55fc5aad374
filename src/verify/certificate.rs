//! A robust selection's certificate checked by brute force: no solver's code. Of the engine it shares what `verify.rs` lists.

mod claims;
mod pass;
mod verdict;

use super::asked::Asked;
use crate::certificate::Certificate;
use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;
use crate::threads::on_engine_threads;
use pass::Pass;
pub use verdict::{CertificateVerdict, Interval};

/// Check both sides of `certificate`: that its centers reach `upper`, and that its weights rule out every radius below `dual.radius`.
///
/// `options` are those of the selection: labeled and excluded rows, labeled vectors, metric. Where greedy began (`first`, `seed`),
/// where it ran (`device`) and `assign` leave no trace in a certificate.
///
/// Brute force with the canonical distance, in one blocked pass, and sums in integers: nothing is rounded. What a lower bound rests on
/// beyond its weights, the word of a branch and bound, is not checked, and [`Interval`] says so.
///
/// Time `O(n (k + w) d)` over the threads, for k labeled and new centers and w weighted rows; memory 3 bytes a row beside the pool
/// (8 more under cosine).
///
/// # Errors
/// Options that no robust selection could be made with: those [`crate::select`] lists, weights, a stop radius, picks to resume from;
/// [`crate::Error::Interrupted`].
///
/// ```
/// use farpoint::{Certificate, Dual, LowerBy, Options, Pool, verify_certificate};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// // Rows 0, 2 and 4: no row is nearer than 1 to two of them, and two centers are too few for three rows.
/// let dual = Dual { radius: 1.0, denominator: 1, weights: vec![(0, 1), (2, 1), (4, 1)] };
/// let mut certificate = Certificate {
///     budget: 2,
///     outliers: 0,
///     centers: vec![1, 3],
///     upper: 1.0,
///     uncovered: vec![],
///     lower: 1.0,
///     lower_by: LowerBy::Dual,
///     dual,
/// };
/// let verdict = verify_certificate(&pool, &certificate, &Options::default())?;
/// assert!(verdict.is_right());
/// assert_eq!(verdict.to_string(), "optimal: radius 1 proven");
///
/// certificate.centers = vec![1, 2];
/// assert!(!verify_certificate(&pool, &certificate, &Options::default())?.is_right());
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn verify_certificate(
    pool: &Pool,
    certificate: &Certificate,
    options: &Options,
) -> Result<CertificateVerdict> {
    verify_certificate_with(pool, certificate, options, &|_| ())
}

/// [`verify_certificate`], calling `checked` with the number of rows of every block of rows that is checked.
///
/// # Errors
/// As [`verify_certificate`].
pub fn verify_certificate_with(
    pool: &Pool,
    certificate: &Certificate,
    options: &Options,
    checked: &(dyn Fn(usize) + Sync),
) -> Result<CertificateVerdict> {
    options.check_robust()?;
    let verdict = on_engine_threads(options.threads, || {
        // The verdict says whether the budget is possible.
        let asked = Asked::new(pool, 1, options, checked)?;
        let verdict = match check(&asked, certificate) {
            Ok(interval) => CertificateVerdict::Right(interval),
            Err(verdict) => verdict,
        };
        asked.unless_interrupted(verdict)
    })?;
    options.vouch(pool, verdict)
}

fn check(
    asked: &Asked,
    certificate: &Certificate,
) -> std::result::Result<Interval, CertificateVerdict> {
    claims::check(asked, certificate)?;
    Pass::new(asked, certificate).check()?;
    Ok(Interval::new(certificate))
}
