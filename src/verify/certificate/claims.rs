//! The checks that need no distance: the numbers, the rows that they name, and the sum of the weights.

use super::verdict::CertificateVerdict;
use crate::certificate::{Certificate, Dual, LowerBy};
use crate::rows::Gather;
use crate::verify::asked::Asked;

type Check = Result<(), CertificateVerdict>;

pub(super) fn check(asked: &Asked, certificate: &Certificate) -> Check {
    check_numbers(certificate)?;
    check_sizes(asked, certificate)?;
    check_centers(asked, certificate)?;
    check_uncovered(asked, certificate)?;
    check_lower(certificate)?;
    check_weights(asked, certificate)
}

fn check_numbers(certificate: &Certificate) -> Check {
    let numbers = [
        ("upper", certificate.upper),
        ("lower", certificate.lower),
        ("dual.radius", certificate.dual.radius),
    ];
    // -0 too, which would compare equal to a radius that it is not to the bit.
    match numbers.iter().find(|(_, value)| !value.is_finite() || value.is_sign_negative()) {
        Some(&(name, value)) => Err(CertificateVerdict::Number { name, value }),
        None => Ok(()),
    }
}

fn check_sizes(asked: &Asked, certificate: &Certificate) -> Check {
    let available = asked.eligible().count();
    let Certificate { budget, outliers, .. } = *certificate;
    if budget == 0 || budget > available {
        return Err(CertificateVerdict::Budget { budget, available });
    }
    if outliers >= available {
        return Err(CertificateVerdict::Outliers { outliers, available });
    }
    Ok(())
}

fn check_centers(asked: &Asked, certificate: &Certificate) -> Check {
    let role = "center";
    check_count("centers", certificate.centers.len(), certificate.budget)?;
    let mut chosen = vec![false; asked.rows.len()];
    for (position, &row) in certificate.centers.iter().enumerate() {
        check_eligible(asked, role, position, row)?;
        if std::mem::replace(&mut chosen[row], true) {
            let reason = "is chosen before";
            return Err(CertificateVerdict::Row { role, position, row, reason });
        }
    }
    Ok(())
}

fn check_uncovered(asked: &Asked, certificate: &Certificate) -> Check {
    check_count("uncovered rows", certificate.uncovered.len(), certificate.outliers)?;
    check_increasing(asked, "uncovered row", certificate.uncovered.iter().copied())
}

fn check_count(what: &'static str, given: usize, allowed: usize) -> Check {
    if given > allowed {
        return Err(CertificateVerdict::Count { what, given, allowed });
    }
    Ok(())
}

/// Eligible rows, the lower first. A labeled row is covered, so it is no more uncovered or weighted than chosen.
fn check_increasing(asked: &Asked, role: &'static str, rows: impl Iterator<Item = usize>) -> Check {
    let mut least = 0;
    for (position, row) in rows.enumerate() {
        check_eligible(asked, role, position, row)?;
        if row < least {
            let reason = "does not come after the one before it";
            return Err(CertificateVerdict::Row { role, position, row, reason });
        }
        least = row + 1;
    }
    Ok(())
}

fn check_eligible(asked: &Asked, role: &'static str, position: usize, row: usize) -> Check {
    match asked.why_not(row) {
        Some(reason) => Err(CertificateVerdict::Row { role, position, row, reason }),
        None => Ok(()),
    }
}

fn check_lower(certificate: &Certificate) -> Check {
    let Certificate { lower, lower_by, upper, ref dual, .. } = *certificate;
    let checked = dual.radius;
    let rests = match lower_by {
        LowerBy::Dual => lower.to_bits() == checked.to_bits(),
        LowerBy::BranchAndBound => checked <= lower,
    };
    if !rests || lower > upper {
        return Err(CertificateVerdict::Lower { lower, lower_by, checked, upper });
    }
    Ok(())
}

/// `sum y - outliers * max y > budget`, every y above 0 and at most 1, in integers.
fn check_weights(asked: &Asked, certificate: &Certificate) -> Check {
    let Dual { radius, denominator, ref weights } = certificate.dual;
    if radius == 0.0 {
        return check_count("weights at radius 0", weights.len(), 0);
    }
    check_increasing(asked, "weighted row", weights.iter().map(|&(row, _)| row))?;
    // A denominator of 0 allows no weight, and no weights prove nothing.
    if let Some(&(row, weight)) = weights.iter().find(|&&(_, a)| a == 0 || a > denominator) {
        return Err(CertificateVerdict::Weight { row, weight, denominator });
    }
    let total: u128 = weights.iter().map(|&(_, weight)| u128::from(weight)).sum();
    let heaviest = weights.iter().map(|&(_, weight)| weight).max().unwrap_or(0);
    let Certificate { budget, outliers, .. } = *certificate;
    // Neither product overflows: budget and outliers were checked against the rows, far fewer than 2^63.
    let covered = budget as u128 * u128::from(denominator);
    if total <= covered + outliers as u128 * u128::from(heaviest) {
        let verdict = CertificateVerdict::Total { total, outliers, heaviest, budget, denominator };
        return Err(verdict);
    }
    Ok(())
}
