//! The input of a check: the pool's rows, the centers from the start, and the role of each row, straight from the
//! options.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::ground::HostGround;
use crate::options::Options;
use crate::pool::{Pool, is_set};
use crate::question::Question;
use crate::rows::{Gather, Rows};
use crate::values::{RowScratch, RowValues};

/// Hears of rows when they are checked: how many more they are.
pub(super) type Checked<'a> = &'a (dyn Fn(usize) + Sync);

/// The pool and options of a selection, checked as a selection would check them.
pub(super) struct Asked<'a> {
    pub options: &'a Options<'a>,
    /// Hears how many rows more were checked.
    pub checked: Checked<'a>,
    pub rows: Rows<'a>,
    /// Labeled vectors from outside the pool.
    outside: Option<Rows<'a>>,
    roles: Vec<Role>,
}

/// The role of a row of the pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// A row that may be chosen.
    Eligible,
    /// A center from the start.
    Labeled,
    /// A row that is neither chosen nor counted, even if it is labeled.
    Excluded,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// Options that no selection of `budget` rows could be made with; a row of zeros under cosine.
    pub fn new(
        pool: &'a Pool<'a>,
        budget: usize,
        options: &'a Options<'a>,
        checked: Checked<'a>,
    ) -> Result<Asked<'a>> {
        // Runs the selection's own checks of ranges and repetitions. Their results are not used.
        Question::new(budget, options, &&HostGround::of_pool(pool, options)?)?;
        let rows = seen(pool, "row", options)?;
        let outside =
            options.labeled_vectors.map(|vectors| seen(vectors, "labeled vector", options));
        Ok(Asked {
            options,
            checked,
            roles: roles(pool, options),
            rows,
            outside: outside.transpose()?,
        })
    }

    pub fn role(&self, row: usize) -> Role {
        self.roles[row]
    }

    /// Rows that may be chosen, the lowest first.
    pub fn eligible(&self) -> impl Iterator<Item = usize> + Clone {
        (0..self.rows.len()).filter(|&row| self.roles[row] == Role::Eligible)
    }

    /// Those among `rows`.
    pub fn eligible_in(&self, rows: Range<usize>) -> Vec<usize> {
        rows.filter(|&row| self.roles[row] == Role::Eligible).collect()
    }

    /// Why `row` cannot be chosen, if it cannot.
    pub fn why_not(&self, row: usize) -> Option<&'static str> {
        match self.roles.get(row) {
            None => Some("is not in the pool"),
            Some(Role::Excluded) => Some("is excluded"),
            Some(Role::Labeled) => Some("is labeled"),
            Some(Role::Eligible) => None,
        }
    }

    /// Centers from the start, rows and vectors.
    pub fn labeled_count(&self) -> usize {
        self.options.labeled.len() + self.outside.as_ref().map_or(0, Rows::len)
    }

    /// Center number `center` of those from the start, `(d,)`: rows as they were given, then vectors.
    pub fn labeled_vector<'s>(
        &'s self,
        center: usize,
        scratch: &'s mut RowScratch,
    ) -> RowValues<'s> {
        let labeled = &self.options.labeled;
        match &self.outside {
            Some(outside) if center >= labeled.len() => {
                outside.get(center - labeled.len(), scratch)
            }
            _ => self.rows.get(labeled[center], scratch),
        }
    }

    /// Whether the check must end. Its findings are then meaningless.
    pub fn is_interrupted(&self) -> bool {
        is_set(self.options.interrupt) || self.rows.has_fault()
    }

    /// `verdict`, unless the check was cut short.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn unless_interrupted<T>(&self, verdict: T) -> Result<T> {
        if self.is_interrupted() { Err(Error::Interrupted) } else { Ok(verdict) }
    }
}

/// `pool` as the metric sees it.
fn seen<'a>(pool: &'a Pool<'a>, what: &'static str, options: &Options) -> Result<Rows<'a>> {
    let mut rows = Rows::new(pool, options.metric);
    rows.keep_norms(what, options.interrupt)?;
    Ok(rows)
}

fn roles(pool: &Pool, options: &Options) -> Vec<Role> {
    let mut roles = vec![Role::Eligible; pool.rows()];
    options.labeled.iter().for_each(|&row| roles[row] = Role::Labeled);
    let excluded = options.excluded.iter().chain(pool.skipped());
    excluded.for_each(|&row| roles[row] = Role::Excluded);
    roles
}
