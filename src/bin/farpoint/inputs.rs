//! The files a selection is made from, opened and read.

use std::path::{Path, PathBuf};

use anyhow::Result;
use farpoint::{Options, Pool, pool};

use crate::column_names::List;
use crate::record::{FileRecord, PoolRecord, TermsRecord};
use crate::source::Source;
use crate::storage::Storage;
use crate::terminal::say;
use crate::terms::{Terms, first_name};

/// The pool, and the contents of the files that the terms name.
pub struct Inputs {
    pub pool: Pool<'static>,
    vectors: Option<Pool<'static>>,
    labeled: Vec<usize>,
    excluded: Vec<usize>,
    weights: Option<Vec<f32>>,
}

impl Inputs {
    /// The pool in `path`, its rows kept as `storage` says, and the files of the terms.
    pub fn open(path: &Path, terms: &Terms, storage: &Storage) -> Result<Inputs> {
        Ok(Inputs {
            pool: Pool::open_with(path, &storage.options(terms.tensor.as_deref()))?,
            vectors: terms.labeled_vectors.as_ref().map(Pool::open).transpose()?,
            labeled: read_rows(terms.labeled.as_deref(), terms.column(List::Labeled))?,
            excluded: read_rows(terms.exclude.as_deref(), terms.column(List::Exclude))?,
            weights: (terms.weights.as_ref())
                .map(|path| pool::read_weights_named(path, terms.column(List::Weights)))
                .transpose()?,
        })
    }

    /// Refuses a first center where the list of labeled rows holds some.
    pub fn check_first(&self, terms: &Terms) -> Result<()> {
        terms.check_free(!self.labeled.is_empty())
    }

    /// The files that vectors were read from: of a folder or a pattern, each of them.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.pool.files().iter().chain(self.vectors.iter().flat_map(|vectors| vectors.files()))
    }

    /// Say how files were read, and which hold nothing.
    pub fn tell_notices(&self, terms: &Terms) {
        let vectors = self.vectors.iter().flat_map(Pool::notices);
        tell(self.pool.notices().iter().chain(vectors));
        let lists = [
            (&terms.labeled, &self.labeled, "no row is labeled by it"),
            (&terms.exclude, &self.excluded, "no row is excluded"),
        ];
        for (path, rows, so) in lists {
            if let (Some(path), true) = (path, rows.is_empty()) {
                say(format_args!("note: {}: holds no rows: {so}", path.display()));
            }
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

    /// The pool as the .json remembers it. Reads it once, for its hash, unless that is left out.
    pub fn pool_record(&self, path: &Path, is_hashed: bool) -> Result<PoolRecord> {
        Ok(PoolRecord {
            path: path.display().to_string(),
            files: files(path, &self.pool),
            rows: self.pool.rows(),
            dimensions: self.pool.dimensions(),
            dtype: self.pool.dtype(),
            hash: is_hashed.then(|| self.pool.hash()).transpose()?,
        })
    }

    /// The terms as the .json remembers them.
    pub fn terms_record(&self, terms: &Terms) -> Result<TermsRecord> {
        Ok(TermsRecord {
            budget: terms.budget,
            metric: terms.metric(),
            labeled: (terms.labeled.as_deref())
                .map(|path| Source::rows(path, terms.column(List::Labeled), &self.labeled)),
            labeled_vectors: (terms.labeled_vectors.as_deref().zip(self.vectors.as_ref()))
                .map(|(path, vectors)| Source::vectors(path, vectors))
                .transpose()?,
            weights: (terms.weights.as_deref().zip(self.weights.as_deref()))
                .map(|(path, weights)| Source::weights(path, terms.column(List::Weights), weights)),
            exclude: (terms.exclude.as_deref())
                .map(|path| Source::rows(path, terms.column(List::Exclude), &self.excluded)),
            stop_radius: terms.stop_radius,
            first: terms.first.and_then(first_name),
            seed: terms.seed(),
            tensor: terms.tensor.clone(),
        })
    }
}

/// Notices, a line each.
pub fn tell<'n>(notices: impl IntoIterator<Item = &'n String>) {
    notices.into_iter().for_each(|notice| say(format_args!("note: {notice}")));
}

/// The files of the pool `path`, unless it is the only one.
fn files(path: &Path, pool: &Pool) -> Vec<FileRecord> {
    if pool.files() == [path] {
        return Vec::new();
    }
    let first_rows = pool.files().iter().zip(pool.first_rows());
    let record = |(file, &first_row): (&PathBuf, &usize)| FileRecord {
        path: file.display().to_string(),
        first_row,
    };
    first_rows.map(record).collect()
}

fn read_rows(path: Option<&Path>, column: Option<&str>) -> Result<Vec<usize>> {
    let rows = path.map(|path| pool::read_rows_named(path, column));
    Ok(rows.transpose()?.unwrap_or_default())
}
