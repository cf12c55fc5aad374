//! The files a selection is made from, opened and read.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::pool::Ids;
use crate::{Options, Pool, pool};
use anyhow::Result;

use crate::program::column_names::List;
use crate::program::record::{FileRecord, PoolRecord, TermsRecord};
use crate::program::row_lists::RowLists;
use crate::program::source::{Source, Sources};
use crate::program::storage::Storage;
use crate::program::terminal::say;
use crate::program::terms::{Terms, first_name};

/// The pool, and the contents of the files that the terms name.
pub struct Inputs {
    pub pool: Pool<'static>,
    vectors: Option<Pool<'static>>,
    labeled: RowLists,
    excluded: RowLists,
    weights: Option<Vec<f32>>,
    ids: Option<Ids>,
    /// Whether the values of the pool are those in its files: a cluster reads them elsewhere.
    has_values: bool,
}

impl Inputs {
    /// The pool in `path`, its rows kept as `storage` says, and the files of the terms.
    pub fn open(path: &Path, terms: &Terms, storage: &Storage) -> Result<Inputs> {
        let pool = Pool::open_with(path, &storage.options(&terms.meant, terms.metric()))?;
        Inputs::of(pool, terms, true)
    }

    /// `pool`, of which only the outline is here, and the files of the terms.
    pub fn without_values(pool: Pool<'static>, terms: &Terms) -> Result<Inputs> {
        Inputs::of(pool, terms, false)
    }

    fn of(pool: Pool<'static>, terms: &Terms, has_values: bool) -> Result<Inputs> {
        let ids = terms.id_source().map(|source| Ids::new(&pool, source)).transpose()?;
        let ids = ids.map(|ids| ids.in_format(terms.meant.format.as_deref()));
        if let Some(ids) = &ids {
            // Whatever is wrong with them is known before the work.
            ids.of_rows(&[])?;
        }
        Ok(Inputs {
            pool,
            vectors: terms.labeled_vectors.as_ref().map(Pool::open).transpose()?,
            labeled: RowLists::read(&terms.labeled, terms.column(List::Labeled), ids.as_ref())?,
            excluded: RowLists::read(&terms.exclude, terms.column(List::Exclude), ids.as_ref())?,
            weights: (terms.weights.as_ref())
                .map(|path| pool::read_weights_named(path, terms.column(List::Weights)))
                .transpose()?,
            ids,
            has_values,
        })
    }

    /// The ids of the pool's rows, where they have some.
    pub fn ids(&self) -> Option<&Ids> {
        self.ids.as_ref()
    }

    /// Refuses a first center where the list of labeled rows holds some.
    pub fn check_first(&self, terms: &Terms) -> Result<()> {
        terms.check_free(!self.labeled.rows.is_empty())
    }

    /// The files that vectors were read from: of a folder or a pattern, each of them.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let vectors = self.vectors.iter().flat_map(|vectors| vectors.files());
        self.pool.files().iter().chain(vectors).cloned()
    }

    /// Say how files were read, and which hold nothing.
    pub fn tell_notices(&self) {
        let vectors = self.vectors.iter().flat_map(Pool::notices);
        tell(self.pool.notices().iter().chain(vectors));
        tell(self.labeled.notices("no row is labeled by it"));
        tell(self.excluded.notices("no row is excluded"));
    }

    pub fn options(&self, terms: &Terms) -> Options<'_> {
        Options {
            labeled: self.labeled.rows.clone(),
            labeled_vectors: self.vectors.as_ref(),
            excluded: self.excluded(),
            weights: self.weights.clone(),
            stop_radius: terms.stop_radius(),
            first: terms.first(),
            metric: terms.metric(),
            seed: terms.seed(),
            ..Options::default()
        }
    }

    /// The budget given, else every row that may be chosen.
    pub fn budget(&self, terms: &Terms) -> usize {
        self.told_budget(terms).unwrap_or_else(|| self.available().max(1))
    }

    /// The budget given, in rows.
    pub fn told_budget(&self, terms: &Terms) -> Option<usize> {
        terms.budget.map(|budget| budget.of(self.pool.rows()))
    }

    /// The rows that are not counted: those of the lists, and those that were left out of the pool.
    fn excluded(&self) -> Vec<usize> {
        let listed = &self.excluded.rows;
        let skipped = self.pool.skipped();
        let is_skipped = |row: &usize| skipped.binary_search(row).is_ok();
        let others = listed.iter().copied().filter(|row| !is_skipped(row));
        others.chain(skipped.iter().copied()).collect()
    }

    /// Rows that are neither labeled nor excluded.
    pub fn available(&self) -> usize {
        let (labeled, excluded) = (self.labeled.rows.clone(), self.excluded());
        Options { labeled, excluded, ..Options::default() }.available(self.pool.rows())
    }

    /// The pool as the .json remembers it. Reads it once, for its hash, unless that is left out.
    pub fn pool_record(&self, path: &Path, is_hashed: bool) -> Result<PoolRecord> {
        Ok(PoolRecord {
            path: path.display().to_string(),
            files: files(path, self.pool.files(), self.pool.first_rows()),
            rows: self.pool.rows(),
            rows_left_out: self.pool.skipped().len(),
            dimensions: self.pool.dimensions(),
            dtype: self.pool.dtype(),
            hash: (is_hashed && self.has_values).then(|| self.pool.hash()).transpose()?,
        })
    }

    /// Refuse a pool that is not the one `recorded`, as far as it can be told here.
    pub fn check_same(&self, recorded: &PoolRecord) -> Result<()> {
        match self.has_values {
            true => recorded.check_same(&self.pool),
            false => recorded.check_shape(&self.pool),
        }
    }

    /// The terms as the .json remembers them.
    pub fn terms_record(&self, terms: &Terms) -> Result<TermsRecord> {
        Ok(TermsRecord {
            budget: self.told_budget(terms),
            metric: terms.metric(),
            labeled: Sources(self.labeled.sources()),
            labeled_vectors: (terms.labeled_vectors.as_deref().zip(self.vectors.as_ref()))
                .map(|(path, vectors)| Source::vectors(path, vectors))
                .transpose()?,
            weights: (terms.weights.as_deref().zip(self.weights.as_deref()))
                .map(|(path, weights)| Source::weights(path, terms.column(List::Weights), weights)),
            exclude: Sources(self.excluded.sources()),
            stop_radius: terms.stop_radius(),
            first: terms.first.and_then(first_name),
            seed: terms.seed(),
            tensor: terms.meant.tensor.clone(),
            columns: terms.meant.columns.clone(),
            dtype: terms.meant.dtype,
            format: terms.meant.format.clone(),
            skip_bad: terms.meant.skip_bad,
            ids: terms.id_source().map(|source| source.to_string()),
        })
    }
}

/// Notices, a line each.
pub fn tell(notices: impl IntoIterator<Item = impl Display>) {
    notices.into_iter().for_each(|notice| say(format_args!("note: {notice}")));
}

/// The `files` of the pool `path` with their first rows, unless it is the only one.
pub fn files(path: &Path, files: &[PathBuf], first_rows: &[usize]) -> Vec<FileRecord> {
    if files == [path] {
        return Vec::new();
    }
    let first_rows = files.iter().zip(first_rows);
    let record = |(file, &first_row): (&PathBuf, &usize)| FileRecord {
        path: file.display().to_string(),
        first_row,
    };
    first_rows.map(record).collect()
}
