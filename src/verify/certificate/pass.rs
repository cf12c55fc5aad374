//! The checks that need distances, in one pass: every row that may be chosen against all centers and all weighted rows.

use std::ops::Range;

use super::verdict::CertificateVerdict;
use crate::certificate::Certificate;
use crate::verify::asked::Asked;
use crate::verify::sweep::{Pair, Sweep, blocks};

/// A certificate whose rows are the pool's.
pub(super) struct Pass<'a> {
    asked: &'a Asked<'a>,
    certificate: &'a Certificate,
    /// The picks, then the weighted rows: one list to go past.
    centers: Vec<usize>,
}

/// The state of a row on its way past centers and weighted rows.
#[derive(Clone, Copy)]
struct Met {
    /// The distance to the nearest labeled center.
    labeled: f64,
    /// The distance to the nearest center.
    center: f64,
    /// The weight of the rows strictly nearer than the dual's radius.
    weight: u128,
}

const NOTHING: Met = Met { labeled: f64::INFINITY, center: f64::INFINITY, weight: 0 };

/// The findings of a block of rows: for each claim the lowest row, if any, that contradicts it.
#[derive(Clone, Copy, Default)]
struct Finding {
    /// The largest distance among the rows within `upper`; 0 without such a row.
    reached: f64,
    /// A row on the wrong side of `upper`, and its distance to the nearest center.
    misplaced: Option<(usize, f64)>,
    /// A weighted row that a labeled center covers, and its distance to that.
    labeled: Option<(usize, f64)>,
    /// A row that would cover more than a weight of 1, and what it would cover.
    heavy: Option<(usize, u128)>,
}

impl Finding {
    fn merge(self, other: Finding) -> Finding {
        Finding {
            reached: self.reached.max(other.reached),
            misplaced: lower(self.misplaced, other.misplaced),
            labeled: lower(self.labeled, other.labeled),
            heavy: lower(self.heavy, other.heavy),
        }
    }
}

/// The finding of the lower row.
fn lower<T>(a: Option<(usize, T)>, b: Option<(usize, T)>) -> Option<(usize, T)> {
    a.into_iter().chain(b).min_by_key(|&(row, _)| row)
}

impl<'a> Pass<'a> {
    pub fn new(asked: &'a Asked<'a>, certificate: &'a Certificate) -> Pass<'a> {
        let weighted = certificate.dual.weights.iter().map(|&(row, _)| row);
        let centers = certificate.centers.iter().copied().chain(weighted).collect();
        Pass { asked, certificate, centers }
    }

    pub fn check(&self) -> Result<(), CertificateVerdict> {
        let found = self.find();
        let (given, radius) = (self.certificate.upper, self.certificate.dual.radius);
        if let Some((row, distance)) = found.misplaced {
            return Err(CertificateVerdict::Cover { row, distance, upper: given });
        }
        if found.reached.to_bits() != given.to_bits() {
            return Err(CertificateVerdict::Upper { given, exact: found.reached });
        }
        if let Some((row, distance)) = found.labeled {
            return Err(CertificateVerdict::Labeled { row, distance, radius });
        }
        if let Some((row, weight)) = found.heavy {
            let denominator = self.certificate.dual.denominator;
            return Err(CertificateVerdict::Neighbours { row, radius, weight, denominator });
        }
        Ok(())
    }

    fn find(&self) -> Finding {
        let find = |sweep: &mut Sweep, rows| self.find_in_block(sweep, rows);
        blocks(self.asked, &self.centers, find, Finding::merge)
    }

    fn find_in_block(&self, sweep: &mut Sweep, rows: Range<usize>) -> Finding {
        // A labeled row is its own center, at 0, and no choice.
        let rows = self.asked.eligible_in(rows);
        let mut met = vec![NOTHING; rows.len()];
        let all = self.asked.labeled_count() + self.centers.len();
        sweep.pairs(&rows, all, |at, number, pair| self.meet(&mut met[at], number, pair));
        rows.iter()
            .zip(met)
            .map(|(&row, met)| self.judge(row, met))
            .fold(Finding::default(), Finding::merge)
    }

    /// A row meets number `number` of labeled centers, picks, weighted rows.
    fn meet(&self, met: &mut Met, number: usize, pair: Pair) {
        let dual = &self.certificate.dual;
        let labeled = self.asked.labeled_count();
        let centers = labeled + self.certificate.centers.len();
        if number >= centers {
            if pair.within(dual.radius).is_some_and(|distance| distance < dual.radius) {
                met.weight += u128::from(dual.weights[number - centers].1);
            }
            return;
        }
        met.center = pair.within(met.center).unwrap_or(met.center);
        if number < labeled {
            met.labeled = met.center; // labeled centers come first
        }
    }

    fn judge(&self, row: usize, met: Met) -> Finding {
        let Certificate { upper, ref uncovered, ref dual, .. } = *self.certificate;
        let within = met.center <= upper;
        let listed = uncovered.binary_search(&row).is_ok();
        let weighted = dual.weights.binary_search_by_key(&row, |&(row, _)| row).is_ok();
        let covered = weighted && met.labeled < dual.radius;
        let heavy = met.weight > u128::from(dual.denominator);
        Finding {
            reached: if within { met.center } else { 0.0 },
            misplaced: (within == listed).then_some((row, met.center)),
            labeled: covered.then_some((row, met.labeled)),
            heavy: heavy.then_some((row, met.weight)),
        }
    }
}
