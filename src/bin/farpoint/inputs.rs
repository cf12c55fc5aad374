//! The files a selection is made from, opened and read.

use std::path::{Path, PathBuf};

use anyhow::Result;
use farpoint::{Options, Pool, pool};

use crate::record::{PoolRecord, Source, TermsRecord};
use crate::terminal::say;
use crate::terms::{Terms, first_name};

/// The pool, and what the terms name files for.
pub struct Inputs {
    pub pool: Pool<'static>,
    vectors: Option<Pool<'static>>,
    labeled: Vec<usize>,
    excluded: Vec<usize>,
    weights: Option<Vec<f32>>,
}

impl Inputs {
    pub fn open(path: &Path, terms: &Terms) -> Result<Inputs> {
        Ok(Inputs {
            pool: Pool::open_named(path, terms.tensor.as_deref())?,
            vectors: terms.labeled_vectors.as_ref().map(Pool::open).transpose()?,
            labeled: read_rows(terms.labeled.as_deref())?,
            excluded: read_rows(terms.exclude.as_deref())?,
            weights: terms.weights.as_ref().map(pool::read_weights).transpose()?,
        })
    }

    /// The files that vectors were read from: of a folder or a pattern, each of them.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.pool.files().iter().chain(self.vectors.iter().flat_map(|vectors| vectors.files()))
    }

    /// Say what was converted on the way in.
    pub fn tell_notices(&self) {
        let vectors = self.vectors.iter().flat_map(Pool::notices);
        for notice in self.pool.notices().iter().chain(vectors) {
            say(format_args!("note: {notice}"));
        }
    }

    pub fn options(&self, terms: &Terms) -> Options<'_> {
        Options {
            labeled: self.labeled.clone(),
            labeled_vectors: self.vectors.as_ref(),
            excluded: self.excluded.clone(),
            weights: self.weights.clone(),
            stop_radius: terms.stop_radius,
            first: terms.first(),
            metric: terms.metric(),
            seed: terms.seed(),
            ..Options::default()
        }
    }

    /// The budget given, else every row that may be chosen.
    pub fn budget(&self, terms: &Terms) -> usize {
        terms.budget.unwrap_or_else(|| self.available().max(1))
    }

    /// Rows that are neither labeled nor excluded.
    pub fn available(&self) -> usize {
        let (labeled, excluded) = (self.labeled.clone(), self.excluded.clone());
        Options { labeled, excluded, ..Options::default() }.available(self.pool.rows())
    }

    /// The pool as the .json remembers it. Reads it once.
    pub fn pool_record(&self, path: &Path) -> PoolRecord {
        PoolRecord {
            path: path.display().to_string(),
            rows: self.pool.rows(),
            dimensions: self.pool.dimensions(),
            dtype: self.pool.dtype(),
            hash: self.pool.hash(),
        }
    }

    /// The terms as the .json remembers them.
    pub fn terms_record(&self, terms: &Terms) -> TermsRecord {
        TermsRecord {
            budget: terms.budget,
            metric: terms.metric(),
            labeled: terms.labeled.as_deref().map(|path| Source::rows(path, &self.labeled)),
            labeled_vectors: (terms.labeled_vectors.as_deref().zip(self.vectors.as_ref()))
                .map(|(path, vectors)| Source::vectors(path, vectors)),
            weights: (terms.weights.as_deref().zip(self.weights.as_deref()))
                .map(|(path, weights)| Source::weights(path, weights)),
            exclude: terms.exclude.as_deref().map(|path| Source::rows(path, &self.excluded)),
            stop_radius: terms.stop_radius,
            first: terms.first.and_then(first_name),
            seed: terms.seed(),
            tensor: terms.tensor.clone(),
        }
    }
}

fn read_rows(path: Option<&Path>) -> Result<Vec<usize>> {
    Ok(path.map(pool::read_rows).transpose()?.unwrap_or_default())
}
