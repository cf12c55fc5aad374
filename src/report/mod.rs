//! A selection as a person reads it: one self-contained HTML file, and tables for a terminal.

mod axis;
mod curve;
mod format;
mod histogram;
mod map;
mod page;
mod plot;
mod projection;
mod run;
mod tables;
mod terminal;

use crate::options::Options;
use crate::pool::Pool;
use crate::selection::Selection;

pub use terminal::{curve_plot, curve_table};

/// What a report says beside the pool and the selection.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What to call the pool, usually its file name.
    pub pool: &'a str,
    /// The options of the run: labeled and excluded rows, weights and metric change what the figures mean.
    pub options: &'a Options<'a>,
    /// The command that made the selection; left out if empty.
    pub command: &'a str,
    /// More to say about the run, as name and value: version, pool hash, device, date.
    pub facts: &'a [(String, String)],
}

/// The report: one HTML file that loads nothing from anywhere, light or dark, for screen, phone and print.
///
/// It shows what was selected and how good that provably is, the coverage curve, how far rows lie from their nearest
/// center (with [`Selection::min_distances`]), a map of the pool with the picks in order, tables, and what the run did.
/// A pure function of its arguments. Reads at most 40,000 rows of the pool; the file stays below 1.5 MB whatever the
/// pool's size. Time about `O(100 min(n, 20,000) d)`.
///
/// ```
/// use farpoint::{Options, Pool, report, select};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// let options = Options { assign: true, ..Options::default() };
/// let selection = select(&pool, 2, &options)?;
/// let about = report::About { pool: "line", options: &options, command: "", facts: &[] };
/// let html = report::html(&pool, &selection, &about);
/// assert!(html.contains("2 of 5"));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn html(pool: &Pool, selection: &Selection, about: &About) -> String {
    page::page(pool, selection, about)
}
