//! A robust selection as .json: everything there is to know of it.

use crate::{
    Candidates, Certificate, Decision, End, Printed, RobustOptions, RobustSelection,
    SearchStatistics, Statistics,
};
use anyhow::Result;
use serde::Serialize;

use crate::pool::Id;
use crate::program::listing::Listing;
use crate::program::record::{PoolRecord, TermsRecord};

/// The whole .json. `robust` is what other readers of selections know it by.
#[derive(Serialize)]
pub struct RobustRecord<'a> {
    /// The version that wrote it.
    farpoint: &'static str,
    pool: PoolRecord,
    options: TermsRecord,
    robust: RobustTerms,
    centers: &'a [usize],
    /// One a pick, where rows have ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<Id>>,
    /// The file of each pick, and its row there.
    files: Vec<String>,
    rows_in_files: Vec<usize>,
    lower: f64,
    upper: f64,
    outliers: &'a [usize],
    greedy_radius: f64,
    greedy_lower: f64,
    end: End,
    decisions: &'a [Decision],
    certificate: &'a Certificate,
    /// The paper's algorithm as printed, with --paper.
    paper: Option<&'a Printed>,
    seconds: f64,
    search: SearchStatistics,
    statistics: &'a Statistics,
}

/// What was asked.
#[derive(Serialize)]
struct RobustTerms {
    outliers: usize,
    time_limit_seconds: Option<f64>,
    gap: f64,
    /// Centers from greedy's picks alone.
    greedy: bool,
}

impl<'a> RobustRecord<'a> {
    pub fn new(
        pool: PoolRecord,
        options: TermsRecord,
        robust: &RobustOptions,
        selection: &'a RobustSelection,
        listing: &Listing,
        paper: Option<&'a Printed>,
        seconds: f64,
    ) -> Result<RobustRecord<'a>> {
        Ok(RobustRecord {
            farpoint: env!("CARGO_PKG_VERSION"),
            pool,
            options,
            robust: RobustTerms {
                outliers: robust.outliers,
                time_limit_seconds: robust.time_limit.map(|limit| limit.as_secs_f64()),
                gap: robust.gap,
                greedy: robust.candidates == Candidates::Greedy,
            },
            centers: &selection.centers,
            ids: listing.ids.clone(),
            files: listing.files()?,
            rows_in_files: listing.rows_in_files()?,
            lower: selection.lower,
            upper: selection.upper,
            outliers: &selection.outliers,
            greedy_radius: selection.greedy_radius,
            greedy_lower: selection.greedy_lower,
            end: selection.end,
            decisions: &selection.decisions,
            certificate: &selection.certificate,
            paper,
            seconds,
            search: selection.search,
            statistics: &selection.statistics,
        })
    }
}
