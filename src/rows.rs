//! A pool as a metric sees it: euclidean shows the stored values, cosine the values over their row's norm.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::distance::norm;
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::pool::{Dtype, Pool, is_set};

/// The rows the engine works on. Cosine keeps 8 bytes a row and never a second copy of the pool.
pub(crate) struct Rows<'a> {
    values: Values<'a>,
    metric: Metric,
    /// Canonical norms, under cosine, once they are kept.
    norms: Option<Cow<'a, [f64]>>,
}

/// Where the rows are.
#[derive(Clone)]
enum Values<'a> {
    Host(&'a Pool<'a>),
    Device(Distant),
}

/// A pool that lies on a device, and the few of its rows that the host needs.
#[derive(Clone)]
pub(crate) struct Distant {
    pub rows: usize,
    pub d: usize,
    pub dtype: Dtype,
    /// By row, widened: the labeled rows and picks to resume from.
    pub fetched: HashMap<usize, Vec<f32>>,
}

impl<'a> Rows<'a> {
    pub fn new(pool: &'a Pool<'a>, metric: Metric) -> Rows<'a> {
        Rows { values: Values::Host(pool), metric, norms: None }
    }

    pub fn on_device(pool: Distant, metric: Metric) -> Rows<'a> {
        Rows { values: Values::Device(pool), metric, norms: None }
    }

    /// The same rows again, the norms that are kept among them.
    pub fn again(&self) -> Rows<'_> {
        let norms = self.norms.as_deref().map(Cow::Borrowed);
        Rows { values: self.values.clone(), metric: self.metric, norms }
    }

    /// Under cosine, compute every norm and keep it; reads the pool once. `what` names a row in errors. Of a run that must end norms
    /// are anything.
    ///
    /// # Errors
    /// A row of zeros, which has no direction.
    pub fn keep_norms(&mut self, what: &'static str, interrupt: Option<&AtomicBool>) -> Result<()> {
        if self.metric == Metric::Cosine && self.norms.is_none() {
            self.norms = Some(Cow::Owned(norms(self.pool(), what, interrupt)?));
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        match &self.values {
            Values::Host(pool) => pool.rows(),
            Values::Device(pool) => pool.rows,
        }
    }

    pub fn dimensions(&self) -> usize {
        match &self.values {
            Values::Host(pool) => pool.dimensions(),
            Values::Device(pool) => pool.d,
        }
    }

    pub fn dtype(&self) -> Dtype {
        match &self.values {
            Values::Host(pool) => pool.dtype(),
            Values::Device(pool) => pool.dtype,
        }
    }

    /// The pool, for whoever knows that it is on the host.
    pub fn pool(&self) -> &'a Pool<'a> {
        match self.values {
            Values::Host(pool) => pool,
            Values::Device(_) => panic!("the pool lies on a device"),
        }
    }

    /// Row `row` as it is stored, widened.
    fn widened<'s>(&'s self, row: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        match &self.values {
            Values::Host(pool) => pool.row(row, scratch),
            Values::Device(pool) => &pool.fetched[&row],
        }
    }

    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Row `row` as it is stored.
    pub fn stored(&self, row: usize) -> &[u8] {
        self.pool().row_bytes(row)
    }

    /// Row `row` under the metric: borrowed where it can be, else made in `scratch`.
    pub fn get<'s>(&'s self, row: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        if self.metric == Metric::Euclidean {
            return self.widened(row, scratch);
        }
        let mut stored = Vec::new();
        let values = self.widened(row, &mut stored);
        let norm = self.norms.as_ref().map_or_else(|| norm(values), |norms| norms[row]);
        normalize(values, norm, scratch);
        scratch
    }
}

/// `f32(x_j / norm)`: the division in f64, one rounding.
fn normalize(values: &[f32], norm: f64, out: &mut Vec<f32>) {
    out.clear();
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the cosine view")]
    out.extend(values.iter().map(|&v| (f64::from(v) / norm) as f32));
}

fn norms(pool: &Pool, what: &'static str, interrupt: Option<&AtomicBool>) -> Result<Vec<f64>> {
    let norms: Vec<f64> = (0..pool.rows())
        .into_par_iter()
        .map_init(Vec::new, |scratch, row| match is_set(interrupt) {
            true => 1.0,
            false => norm(pool.row(row, scratch)),
        })
        .collect();
    match norms.iter().position(|&norm| norm == 0.0) {
        Some(row) => Err(Error::ZeroRow { what, row }),
        None => Ok(norms),
    }
}
