//! The pools that are measured on a GPU: from files, or made.

use crate::synth::{Shape, pool as synthetic};
use crate::{Dtype, Pool};
use anyhow::{Context, Result};
use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::program::bench::Arguments;

/// A pool and a budget. The pool is there only while it is measured: several would not fit in memory together.
pub struct Subject {
    pub name: String,
    pub budget: usize,
    source: Source,
}

enum Source {
    File(String),
    Made { shape: Shape, n: usize, d: usize, dtype: Dtype },
}

impl Subject {
    /// Call `measure` with the pool.
    pub fn with_pool<T>(&self, measure: impl FnOnce(&Pool) -> Result<T>) -> Result<T> {
        match self.source {
            Source::File(ref path) => measure(&Pool::open(path)?),
            Source::Made { shape, n, d, dtype: Dtype::F16 } => {
                let mut halves = vec![f16::ZERO; n * d];
                halves.convert_from_f32_slice(&synthetic(shape, n, d, SEED));
                measure(&Pool::new(&halves, d)?)
            }
            Source::Made { shape, n, d, .. } => {
                measure(&Pool::new(&synthetic(shape, n, d, SEED), d)?)
            }
        }
    }
}

const SEED: u64 = 1;

/// The pools that the command line asks for.
pub fn subjects(arguments: &Arguments) -> Result<Vec<Subject>> {
    let mut subjects: Vec<_> = arguments.pool.iter().map(|it| file(it)).collect::<Result<_>>()?;
    let (text, mixture) = ((Shape::Text, "text-like"), (Shape::Mixture, "mixture"));
    if arguments.quick {
        subjects.push(made(text, (5_000, 64), Dtype::F32, 300));
    } else if subjects.is_empty() {
        subjects.push(made(text, (1_000_000, 768), Dtype::F32, 10_000));
        subjects.push(made(text, (1_000_000, 768), Dtype::F16, 10_000));
        subjects.push(made(mixture, (164_000, 1_024), Dtype::F32, 16_400));
    }
    Ok(subjects)
}

fn file(given: &str) -> Result<Subject> {
    let (path, budget) = given.rsplit_once(':').context("--pool is POOL:K")?;
    let budget = budget.parse().context("--pool is POOL:K")?;
    Ok(Subject { name: path.to_string(), budget, source: Source::File(path.to_string()) })
}

fn made(
    (shape, name): (Shape, &str),
    (n, d): (usize, usize),
    dtype: Dtype,
    budget: usize,
) -> Subject {
    let source = Source::Made { shape, n, d, dtype };
    Subject { name: format!("{name}, synthetic"), budget, source }
}
