//! Rows as a metric sees them: euclidean shows the stored values, cosine the values over their row's norm.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::distance::norm;
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::pool::{Dtype, Pool, is_set};
use crate::threads::are_own;
use crate::values::{RowBlock, RowScratch, RowValues, Value};

/// The rows of a pool, as far as the host can read them.
pub(crate) trait Gather: Sync {
    /// Rows of the pool.
    fn len(&self) -> usize;

    fn dimensions(&self) -> usize;

    fn dtype(&self) -> Dtype;

    fn metric(&self) -> Metric;

    /// Row `row` under the metric, `(d,)`: borrowed where it can be, else made in `scratch`.
    ///
    /// # Panics
    /// If the pool lies on a device and the row was not fetched.
    fn get<'s>(&'s self, row: usize, scratch: &'s mut RowScratch) -> RowValues<'s>;

    /// Row `row` as it is stored; nothing of a row that is not in memory.
    fn stored(&self, _row: usize) -> &[u8] {
        &[]
    }

    /// Have the system begin to read these rows, if they are on disk, without waiting for any: they are asked for soon, in any order.
    fn will_need(&self, _rows: &mut dyn Iterator<Item = usize>) {}

    /// Says whether every row came as it is stored. If not, what was computed from rows is meaningless.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn check_reads(&self) -> Result<()> {
        Ok(())
    }

    /// Whether [`Gather::check_reads`] gives an error; cheap.
    fn has_fault(&self) -> bool {
        false
    }
}

impl<G: Gather + ?Sized> Gather for &G {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn dimensions(&self) -> usize {
        (**self).dimensions()
    }

    fn dtype(&self) -> Dtype {
        (**self).dtype()
    }

    fn metric(&self) -> Metric {
        (**self).metric()
    }

    fn get<'s>(&'s self, row: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        (**self).get(row, scratch)
    }

    fn stored(&self, row: usize) -> &[u8] {
        (**self).stored(row)
    }

    fn will_need(&self, rows: &mut dyn Iterator<Item = usize>) {
        (**self).will_need(rows);
    }

    fn check_reads(&self) -> Result<()> {
        (**self).check_reads()
    }

    fn has_fault(&self) -> bool {
        (**self).has_fault()
    }
}

/// A pool that lies on a device, and the few of its rows that the host needs.
#[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "pools on a device are lent"))]
pub(crate) struct FetchedRows {
    pub rows: usize,
    pub d: usize,
    pub dtype: Dtype,
    pub metric: Metric,
    /// By row, widened: the labeled rows and the picks to resume from.
    pub fetched: HashMap<usize, RowBlock>,
}

impl Gather for FetchedRows {
    fn len(&self) -> usize {
        self.rows
    }

    fn dimensions(&self) -> usize {
        self.d
    }

    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn metric(&self) -> Metric {
        self.metric
    }

    fn get<'s>(&'s self, row: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        let values = self.fetched[&row].row(0, self.d);
        match self.metric {
            Metric::Euclidean => values,
            Metric::Cosine => normalize(values, norm(values), &mut scratch.f32),
        }
    }
}

/// Consecutive rows of a pool on the host, numbered from 0: a shard's part, or all of them. Cosine keeps 8 bytes a row and never a
/// second copy of the pool.
pub(crate) struct Rows<'a> {
    pool: &'a Pool<'a>,
    /// The rows of the pool that these are.
    range: Range<usize>,
    metric: Metric,
    /// Canonical norms, under cosine, once they are kept.
    norms: Option<Cow<'a, [f64]>>,
}

impl<'a> Rows<'a> {
    pub fn new(pool: &'a Pool<'a>, metric: Metric) -> Rows<'a> {
        Rows { pool, range: 0..pool.rows(), metric, norms: None }
    }

    /// Rows `part` of these, with their norms where those are kept.
    pub fn part(&self, part: Range<usize>) -> Rows<'_> {
        let norms = self.norms.as_deref().map(|norms| Cow::Borrowed(&norms[part.clone()]));
        let range = self.range.start + part.start..self.range.start + part.end;
        Rows { pool: self.pool, range, metric: self.metric, norms }
    }

    /// The same rows again, with the norms that are kept.
    pub fn again(&self) -> Rows<'_> {
        self.part(0..self.len())
    }

    /// Under cosine, compute every norm and keep it; reads the pool once. `what` names a row in errors. If the run was interrupted, the
    /// norms are meaningless; the caller drops them.
    ///
    /// # Errors
    /// A row of zeros, which has no direction.
    pub fn keep_norms(&mut self, what: &'static str, interrupt: Option<&AtomicBool>) -> Result<()> {
        if self.metric == Metric::Cosine && self.norms.is_none() {
            self.norms = Some(Cow::Owned(norms(self.pool, what, interrupt)?));
        }
        Ok(())
    }

    /// Rows `rows` one after another, `(m, d)`: borrowed where they lie so in memory as distances read them, else made in `scratch`.
    pub fn run<'s>(&'s self, rows: Range<usize>, scratch: &'s mut RowScratch) -> RowValues<'s> {
        let stored = self.range.start + rows.start..self.range.start + rows.end;
        match self.pool.stored_run(stored).filter(|_| self.metric == Metric::Euclidean) {
            Some(bytes) => self.dtype().values(bytes, scratch),
            None => self.gathered(rows, scratch),
        }
    }

    fn gathered<'s>(&self, rows: Range<usize>, scratch: &'s mut RowScratch) -> RowValues<'s> {
        let mut one = RowScratch::new();
        scratch.f32.clear();
        scratch.f64.clear();
        for row in rows {
            match self.get(row, &mut one) {
                RowValues::F32(values) => scratch.f32.extend_from_slice(values),
                RowValues::F64(values) => scratch.f64.extend_from_slice(values),
            }
        }
        match self.are_f64() {
            true => RowValues::F64(&scratch.f64),
            false => RowValues::F32(&scratch.f32),
        }
    }

    /// Whether distances read them where they lie in memory.
    pub fn lie_as_read(&self) -> bool {
        let is_read = matches!(self.dtype(), Dtype::F32 | Dtype::F64);
        is_read && self.metric == Metric::Euclidean && self.are_in_memory()
    }

    /// Whether they are seen in f64: where they are stored so; cosine rounds them to f32.
    pub fn are_f64(&self) -> bool {
        self.dtype() == Dtype::F64 && self.metric == Metric::Euclidean
    }

    /// Bring the pool into memory, if it fits there, for one who reads rows many times.
    ///
    /// # Errors
    /// A file that cannot be read, or holds a value that no pool may.
    pub fn hold_if_they_fit(&self) -> Result<()> {
        self.pool.hold_if_it_fits()
    }

    /// Whether a working copy of them, one byte a value, fits into memory; whole numbers of one byte that are there need none.
    pub fn have_room_for_copy(&self) -> bool {
        let is_its_own = self.metric == Metric::Euclidean && self.dtype().is_integer();
        (is_its_own && self.are_in_memory()) || self.pool.has_room_for_copy()
    }

    /// Whether so many bytes a row fit into memory beside what a selection takes.
    pub fn have_room_for(&self, bytes_a_row: usize) -> bool {
        self.pool.has_room_for(bytes_a_row)
    }

    /// Whether rows are on disk and cannot be brought into memory.
    pub fn stay_on_disk(&self) -> bool {
        !self.are_in_memory() && !self.pool.may_be_held()
    }

    /// Whether the whole pool is in memory.
    pub fn are_in_memory(&self) -> bool {
        self.pool.disk_bytes() == 0
    }

    /// The rows of the pool that these are.
    #[cfg(feature = "cuda")]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The pool they are the rows of, all of them or a part.
    pub fn pool(&self) -> &'a Pool<'a> {
        self.pool
    }
}

impl Gather for Rows<'_> {
    fn len(&self) -> usize {
        self.range.len()
    }

    fn dimensions(&self) -> usize {
        self.pool.dimensions()
    }

    fn dtype(&self) -> Dtype {
        self.pool.dtype()
    }

    fn metric(&self) -> Metric {
        self.metric
    }

    fn get<'s>(&'s self, row: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        let stored_row = self.range.start + row;
        if self.metric == Metric::Euclidean {
            return self.pool.values(stored_row, scratch);
        }
        let mut stored = RowScratch::new();
        let values = self.pool.values(stored_row, &mut stored);
        let norm = self.norms.as_ref().map_or_else(|| norm(values), |norms| norms[row]);
        normalize(values, norm, &mut scratch.f32)
    }

    fn stored(&self, row: usize) -> &[u8] {
        self.pool.stored(self.range.start + row)
    }

    fn will_need(&self, rows: &mut dyn Iterator<Item = usize>) {
        self.pool.will_need(&mut rows.map(|row| self.range.start + row));
    }

    fn check_reads(&self) -> Result<()> {
        self.pool.check_reads()
    }

    fn has_fault(&self) -> bool {
        self.pool.has_fault()
    }
}

/// `f32(x_j / norm)`: the division in f64, one rounding.
fn normalize<'s>(values: RowValues, norm: f64, out: &'s mut Vec<f32>) -> RowValues<'s> {
    match values {
        RowValues::F32(values) => divide(values, norm, out),
        RowValues::F64(values) => divide(values, norm, out),
    }
    RowValues::F32(out)
}

#[expect(clippy::cast_possible_truncation, reason = "the one rounding of the cosine view")]
fn divide<V: Value>(values: &[V], norm: f64, out: &mut Vec<f32>) {
    out.clear();
    out.extend(values.iter().map(|value| (value.widen() / norm) as f32));
}

fn norms(pool: &Pool, what: &'static str, interrupt: Option<&AtomicBool>) -> Result<Vec<f64>> {
    let norm_of = |scratch: &mut RowScratch, row: usize| match is_set(interrupt) {
        true => 1.0,
        false => norm(pool.values(row, scratch)),
    };
    let rows = 0..pool.rows();
    let norms: Vec<f64> = match are_own() {
        true => rows.into_par_iter().map_init(RowScratch::new, norm_of).collect(),
        false => {
            let mut scratch = RowScratch::new();
            rows.map(|row| norm_of(&mut scratch, row)).collect()
        }
    };
    match norms.iter().position(|&norm| norm == 0.0) {
        Some(row) => Err(Error::ZeroRow { what, row }),
        None => Ok(norms),
    }
}
