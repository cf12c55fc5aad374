//! The ground of a selection, checked: where the rows are, and what each of them may be. A backend knows this and nothing of the
//! question ([`crate::question`]).

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::options::Options;
use crate::pool::{Pool, is_set};
use crate::rows::{Gather, Rows};
#[cfg(feature = "cuda")]
use crate::values::{RowScratch, RowValues};

/// The rows of a pool and the part each plays. Centers are numbered in one list: labeled rows, then labeled vectors from outside
/// the pool, then picks.
///
/// `R` says where the rows are: `Rows` lie on the host, `FetchedRows` are those of a pool on a device. Code that works
/// with either takes a `&Ground`.
pub(crate) struct Ground<'a, R: Gather + ?Sized + 'a = dyn Gather + 'a> {
    /// Labeled vectors from outside the pool.
    pub outside: Option<Rows<'a>>,
    pub labeled: &'a [usize],
    pub weights: Option<&'a [f32]>,
    /// Rows that may not be chosen and are not counted.
    pub excluded: Vec<bool>,
    /// Rows that may be chosen: neither labeled nor excluded.
    pub eligible: Vec<bool>,
    interrupt: Option<&'a AtomicBool>,
    pub rows: R,
}

/// The ground where the pool is on the host.
pub(crate) type HostGround<'a> = Ground<'a, Rows<'a>>;

impl<'a> HostGround<'a> {
    /// # Errors
    /// The errors that [`crate::select`] lists for rows, vectors and weights.
    pub fn of_pool(pool: &'a Pool<'a>, options: &'a Options<'a>) -> Result<HostGround<'a>> {
        let skipped = pool.skipped();
        if let Some(&row) = options.labeled.iter().find(|row| skipped.binary_search(row).is_ok()) {
            let reason = "was left out of the pool, since it has no distance to others";
            return Err(Error::Row { role: "labeled", row, reason });
        }
        let mut ground = Ground::new(Rows::new(pool, options.metric), options)?;
        for &row in skipped {
            (ground.excluded[row], ground.eligible[row]) = (true, false);
        }
        Ok(ground)
    }

    /// Keep the pool's norms, for a backend on the CPU; a device computes its own.
    ///
    /// # Errors
    /// A row of zeros under cosine.
    pub fn keep_norms(mut self) -> Result<HostGround<'a>> {
        self.rows.keep_norms("row", self.interrupt)?;
        Ok(self)
    }

    /// The ground of rows `part`, for a shard: centers reach it by value, so that it has none of its own.
    pub fn part(&self, part: Range<usize>) -> HostGround<'_> {
        Ground {
            outside: None,
            labeled: &[],
            weights: self.weights.map(|weights| &weights[part.clone()]),
            excluded: self.excluded[part.clone()].to_vec(),
            eligible: self.eligible[part.clone()].to_vec(),
            interrupt: self.interrupt,
            rows: self.rows.part(part),
        }
    }

    /// The ground of `copies` of its rows `which`, of which `labeled` are centers from the start, by their numbers among the copies.
    pub fn of_copies<'s>(
        &'s self,
        copies: Rows<'s>,
        which: &[usize],
        labeled: &'s [usize],
        weights: Option<&'s [f32]>,
    ) -> HostGround<'s> {
        let flags = |of_all: &[bool]| which.iter().map(|&row| of_all[row]).collect();
        Ground {
            outside: self.outside.as_ref().map(Rows::again),
            labeled,
            weights,
            excluded: flags(&self.excluded),
            eligible: flags(&self.eligible),
            interrupt: self.interrupt,
            rows: copies,
        }
    }

    /// The same rows, none of them labeled, excluded or weighted.
    pub fn of_every_row(&self) -> HostGround<'_> {
        self.bare(self.rows.again())
    }
}

impl<'a, R: Gather> Ground<'a, R> {
    /// # Errors
    /// As [`HostGround::of_pool`].
    pub fn new(rows: R, options: &'a Options<'a>) -> Result<Ground<'a, R>> {
        let n = rows.len();
        let excluded = mark("excluded", &options.excluded, n)?;
        let mut eligible: Vec<bool> = excluded.iter().map(|is_excluded| !is_excluded).collect();
        check_rows("labeled", &options.labeled, n)?;
        options.labeled.iter().for_each(|&row| eligible[row] = false);
        check_weights(options.weights.as_deref(), n)?;
        Ok(Ground {
            outside: outside(rows.dimensions(), options)?,
            labeled: &options.labeled,
            weights: options.weights.as_deref(),
            excluded,
            eligible,
            interrupt: options.interrupt,
            rows,
        })
    }
}

impl<'a, R: Gather> Ground<'a, R> {
    /// The ground of a shard that holds all of these rows: centers reach it by value, so that it has none of its own.
    #[cfg(feature = "cuda")]
    pub fn of_shard(self) -> Ground<'a, R> {
        Ground { outside: None, labeled: &[], ..self }
    }
}

impl<'a, R: Gather + ?Sized> Ground<'a, R> {
    /// A ground of as many `rows`, none of which is labeled, excluded or weighted.
    pub fn bare<'b, S: Gather>(&'b self, rows: S) -> Ground<'b, S>
    where
        'a: 'b,
    {
        let n = rows.len();
        Ground {
            outside: None,
            labeled: &[],
            weights: None,
            excluded: vec![false; n],
            eligible: vec![true; n],
            interrupt: self.interrupt,
            rows,
        }
    }

    /// The flag that ends the run when it is set.
    pub fn interrupt(&self) -> Option<&'a AtomicBool> {
        self.interrupt
    }

    /// Whether the run must end: it was told to, or a row could not be read. Once true it stays true, and results that were being
    /// computed are meaningless; only picks count.
    pub fn is_interrupted(&self) -> bool {
        is_set(self.interrupt) || self.rows.has_fault() || self.has_outside_fault()
    }

    /// Says whether every row came as it is stored, of the pool and of the labeled vectors.
    ///
    /// # Errors
    /// [`Error::Read`]; picks made since the last time are meaningless.
    pub fn check_reads(&self) -> Result<()> {
        self.rows.check_reads()?;
        self.outside.as_ref().map_or(Ok(()), Rows::check_reads)
    }

    fn has_outside_fault(&self) -> bool {
        self.outside.as_ref().is_some_and(Rows::has_fault)
    }

    /// The rows that may be chosen, the lowest first.
    pub fn eligible_rows(&self) -> impl Iterator<Item = usize> + Clone {
        (0..self.eligible.len()).filter(|&row| self.eligible[row])
    }

    /// How many rows may be chosen.
    pub fn eligible_count(&self) -> usize {
        self.eligible.iter().filter(|&&eligible| eligible).count()
    }

    /// Labeled centers, rows and vectors.
    pub fn labeled_count(&self) -> usize {
        self.labeled.len() + self.outside.as_ref().map_or(0, Rows::len)
    }

    /// Labeled center number `center`, `(d,)`.
    #[cfg(feature = "cuda")]
    pub fn labeled_vector<'s>(
        &'s self,
        center: usize,
        scratch: &'s mut RowScratch,
    ) -> RowValues<'s> {
        match self.labeled.get(center) {
            Some(&row) => self.rows.get(row, scratch),
            None => {
                let outside = self.outside.as_ref().expect("a labeled center is a row or a vector");
                outside.get(center - self.labeled.len(), scratch)
            }
        }
    }

    /// Whether any row is excluded. `O(n)`.
    pub fn has_excluded(&self) -> bool {
        // In parts, each without an early exit, so that it runs on vectors.
        let has = |part: &[bool]| part.iter().fold(false, |any, &is_excluded| any | is_excluded);
        self.excluded.chunks(1024).any(has)
    }

    /// The key of `row` at `distance` from its nearest center: greedy takes the largest.
    pub fn key(&self, row: usize, distance: f64) -> f64 {
        key(self.weights.map(|weights| weights[row]), distance)
    }
}

/// The key of a row of this weight, if rows have weights, at `distance` from its nearest center.
pub(crate) fn key(weight: Option<f32>, distance: f64) -> f64 {
    match weight {
        None => distance,
        Some(0.0) => 0.0,
        Some(weight) => f64::from(weight) * distance,
    }
}

/// Checks `rows` of a pool of `n`.
///
/// # Errors
/// As [`mark`].
fn check_rows(role: &'static str, rows: &[usize], n: usize) -> Result<()> {
    // No flags where there is nothing to mark.
    if rows.is_empty() { Ok(()) } else { mark(role, rows, n).map(drop) }
}

/// `rows` as flags over the pool.
///
/// # Errors
/// A row past the pool's end, or given twice.
pub(crate) fn mark(role: &'static str, rows: &[usize], n: usize) -> Result<Vec<bool>> {
    let mut marked = vec![false; n];
    for &row in rows {
        let flag = marked.get_mut(row).ok_or(Error::RowOutOfRange { role, row, rows: n })?;
        if std::mem::replace(flag, true) {
            return Err(Error::Row { role, row, reason: "is given twice" });
        }
    }
    Ok(marked)
}

fn check_weights(weights: Option<&[f32]>, n: usize) -> Result<()> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != n {
        return Err(Error::Weights(format!("{} given for {n} rows", weights.len())));
    }
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        Some(row) => Err(Error::Weights(format!(
            "row {row} has {}; a weight is a finite number of at least 0",
            weights[row]
        ))),
        None => Ok(()),
    }
}

pub(crate) fn outside<'a>(d: usize, options: &Options<'a>) -> Result<Option<Rows<'a>>> {
    let Some(vectors) = options.labeled_vectors else { return Ok(None) };
    if vectors.dimensions() != d {
        return Err(Error::Dimensions { pool: d, vectors: vectors.dimensions() });
    }
    let mut vectors = Rows::new(vectors, options.metric);
    vectors.keep_norms("labeled vector", options.interrupt)?;
    Ok(Some(vectors))
}
