//! Files of rows, one or several, as one list.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::pool::Ids;
use crate::program::column_names::is_table;
use crate::program::listed;
use crate::program::source::Source;

/// The rows that some files hold.
#[derive(Default)]
pub struct RowLists {
    files: Vec<PathBuf>,
    column: Option<String>,
    /// Of each file.
    lists: Vec<Vec<usize>>,
    /// Of all of them, in order, each once.
    pub rows: Vec<usize>,
    /// The first row of a file that it, or a file before it, holds already, and how many such rows the file has.
    twice: Vec<(PathBuf, usize, usize)>,
}

impl RowLists {
    /// The rows in `files`, of tables those in `column`, or in their usual one.
    /// Where the rows of the pool have `ids`, files may list those.
    pub fn read(files: &[PathBuf], column: Option<&str>, ids: Option<&Ids>) -> Result<RowLists> {
        let mut read = RowLists {
            files: files.to_vec(),
            column: column.map(String::from),
            ..RowLists::default()
        };
        let mut known = HashSet::new();
        for file in files {
            let list = listed::rows(file, read.column_of(file), ids)?;
            let (new, again): (Vec<usize>, Vec<usize>) =
                list.iter().partition(|&&row| known.insert(row));
            if let Some(&first) = again.first() {
                read.twice.push((file.clone(), first, again.len()));
            }
            read.rows.extend(new);
            read.lists.push(list);
        }
        Ok(read)
    }

    fn column_of(&self, file: &Path) -> Option<&str> {
        self.column.as_deref().filter(|_| is_table(file))
    }

    /// What is odd about the files; `so` is what follows from one that is empty.
    pub fn notices<'a>(&'a self, so: &'a str) -> impl Iterator<Item = String> + 'a {
        let empty = self.files.iter().zip(&self.lists).filter(|(_, rows)| rows.is_empty());
        let empty = empty.map(move |(file, _)| format!("{}: holds no rows: {so}", file.display()));
        let twice = self.twice.iter().map(|(file, row, count)| {
            let others = match count - 1 {
                0 => String::new(),
                others => format!(", and {others} more"),
            };
            format!("{}: row {row} is listed already{others}: each is counted once", file.display())
        });
        empty.chain(twice)
    }

    /// The files as records remember them.
    pub fn sources(&self) -> Vec<Source> {
        let files = self.files.iter().zip(&self.lists);
        files.map(|(file, rows)| Source::rows(file, self.column_of(file), rows)).collect()
    }
}
