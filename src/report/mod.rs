//! Reports for people: one self-contained HTML file, and tables for a terminal.

// | file | what it has |
// | --- | --- |
// | `page`, `words`, `format` | the HTML file around both pages; sentences that both share; numbers and text as they are written |
// | `select`, `robust` | what each of the two pages says |
// | `chosen`, `run`, `tables` | the picks, the run, the numbers behind the figures |
// | `baseline`, `download` | as many random rows beside the picks; the picks as a file that the page holds |
// | `curve`, `histogram`, `map`, `interval` | one figure each |
// | `plot`, `axis`, `projection` | what figures share: frame and labels; an axis; a pool in two dimensions |
// | `terminal` | the coverage curve as text |

mod axis;
mod baseline;
mod chosen;
mod curve;
mod download;
mod files;
mod format;
mod histogram;
mod interval;
mod map;
mod page;
mod plot;
mod projection;
mod robust;
mod run;
mod select;
mod tables;
mod terminal;
mod words;

use crate::options::Options;
use crate::pool::{Id, Pool};
use crate::robust::{RobustOptions, RobustSelection};
use crate::selection::Selection;

pub use files::files;
pub use terminal::{curve_plot, curve_table};
pub use words::beside_the_best;

/// Facts that a report shows beside the pool and the selection.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What to call the pool, usually its file name.
    pub pool: &'a str,
    /// The options of the run: labeled and excluded rows, weights and metric change what the figures mean.
    pub options: &'a Options<'a>,
    /// The ids of the picks, in their order; none where rows have none.
    pub ids: &'a [Id],
    /// The command that made the selection; left out if empty.
    pub command: &'a str,
    /// More to say about the run, as name and value: version, pool hash, device, date.
    pub facts: &'a [(String, String)],
}

/// The report: one HTML file that loads nothing from anywhere, light or dark, for screen, phone and print.
///
/// It shows what was selected, the coverage curve, how far rows lie from their nearest
/// center, beside as many random rows (with [`Selection::min_distances`]), a map of the pool with the picks in order, tables, and what
/// the run did; the picks can be saved from it. A pure function of its arguments. Reads at most 60,000 rows of the pool, and as many as
/// there are picks; the file stays below 2 MB whatever the pool's size. Time about `O((100 + k) min(n, 20,000) d)`, in matrix
/// products.
///
/// ```
/// use farpoint::{Options, Pool, report, select};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// let options = Options { assign: true, ..Options::default() };
/// let selection = select(&pool, 2, &options)?;
/// let about = report::About { pool: "line", options: &options, ids: &[], command: "", facts: &[] };
/// let html = report::html(&pool, &selection, &about);
/// assert!(html.contains("2 of 5"));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn html(pool: &Pool, selection: &Selection, about: &About) -> String {
    select::page(pool, selection, about)
}

/// [`html`] of a robust selection, made with `robust` and [`About::options`].
///
/// It shows the radius reached beside what is proven of the best one, how the search narrowed that interval and decided each radius,
/// how far rows lie from their nearest center (with [`RobustSelection::min_distances`]), a map of the pool with the picks and the
/// rows left uncovered, and what the run did. A pure function of its arguments; reads and writes no more than [`html`].
///
/// ```
/// use farpoint::{Options, Pool, RobustOptions, report, robust};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0, 100.0], 1)?;
/// let options = Options { assign: true, ..Options::default() };
/// let one_out = RobustOptions { outliers: 1, ..RobustOptions::default() };
/// let selection = robust(&pool, 2, &options, &one_out)?;
/// let about = report::About { pool: "line", options: &options, ids: &[], command: "", facts: &[] };
/// let html = report::robust_html(&pool, &selection, &one_out, &about);
/// assert!(html.contains("2 of 6 rows selected, 1 left uncovered"));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn robust_html(
    pool: &Pool,
    selection: &RobustSelection,
    robust: &RobustOptions,
    about: &About,
) -> String {
    robust::page(pool, selection, robust, about)
}
