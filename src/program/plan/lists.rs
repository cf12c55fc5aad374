//! The files that `plan` reads beside the pool: what is labeled, excluded and weighted.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::pool::{self, Listed};
use crate::{Device, Options, Pool};
use anyhow::Result;

use crate::program::column_names::{List, is_table};
use crate::program::inputs::tell;
use crate::program::row_lists::RowLists;
use crate::program::terms::Terms;

/// What the files of the terms hold.
pub struct Lists {
    labeled: Vec<usize>,
    excluded: Vec<usize>,
    vectors: Option<Pool<'static>>,
    weights: Option<Vec<f32>>,
    notices: Vec<String>,
}

impl Lists {
    /// Of a pool of `n` rows.
    pub fn read(terms: &Terms, n: usize) -> Result<Lists> {
        let vectors = terms.labeled_vectors.as_ref().map(Pool::open).transpose()?;
        let weights = (terms.weights.as_ref())
            .map(|path| pool::read_weights_named(path, terms.column(List::Weights)));
        let notices = vectors.iter().flat_map(|vectors| vectors.notices().to_vec()).collect();
        let mut lists = Lists {
            labeled: Vec::new(),
            excluded: Vec::new(),
            vectors,
            weights: weights.transpose()?,
            notices,
        };
        lists.labeled = lists.rows(terms, &terms.labeled, List::Labeled, n)?;
        lists.excluded = lists.rows(terms, &terms.exclude, List::Exclude, n)?;
        Ok(lists)
    }

    /// The rows in `files`.
    fn rows(
        &mut self,
        terms: &Terms,
        files: &[PathBuf],
        list: List,
        n: usize,
    ) -> Result<Vec<usize>> {
        if terms.ids.is_some() {
            let (rows, ids) = read_by_ids(files, terms.column(list))?;
            return Ok(self.with_stand_ins(rows, ids, n));
        }
        let lists = RowLists::read(files, terms.column(list), None)?;
        let so =
            if list == List::Labeled { "no row is labeled by it" } else { "no row is excluded" };
        self.notices.extend(lists.notices(so));
        Ok(lists.rows)
    }

    /// `rows`, and as many more as there are `ids`, whose rows no plan looks up: such that lie evenly among those that are not listed yet.
    fn with_stand_ins(&self, mut rows: Vec<usize>, ids: usize, n: usize) -> Vec<usize> {
        let listed: HashSet<usize> = rows.iter().chain(&self.labeled).copied().collect();
        let free: Vec<usize> = (0..n).filter(|row| !listed.contains(row)).collect();
        let ids = ids.min(free.len());
        rows.extend((0..ids).map(|at| free[at * free.len() / ids]));
        rows
    }

    pub fn tell_notices(&self) {
        tell(&self.notices);
    }

    pub fn options(&self, terms: &Terms, threads: usize) -> Options<'_> {
        Options {
            labeled: self.labeled.clone(),
            labeled_vectors: self.vectors.as_ref(),
            excluded: self.excluded.clone(),
            weights: self.weights.clone(),
            metric: terms.metric(),
            device: Device::Cpu,
            threads,
            ..Options::default()
        }
    }
}

/// The rows in `files`, each once, and how many ids they hold.
fn read_by_ids(files: &[PathBuf], column: Option<&str>) -> Result<(Vec<usize>, usize)> {
    let (mut known, mut rows, mut ids) = (HashSet::new(), Vec::new(), HashSet::new());
    for file in files {
        match pool::read_listed(file, column_of(file, column), false)? {
            Listed::Rows(listed) => {
                rows.extend(listed.into_iter().filter(|&row| known.insert(row)))
            }
            Listed::Ids(entries) => ids.extend(entries.iter().map(|entry| entry.id.to_string())),
        }
    }
    Ok((rows, ids.len()))
}

fn column_of<'c>(file: &Path, column: Option<&'c str>) -> Option<&'c str> {
    column.filter(|_| is_table(file))
}
