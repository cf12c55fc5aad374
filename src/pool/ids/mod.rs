//! Ids of a pool's rows: what the rows are called where they come from.
//!
//! | file | what it has |
//! | --- | --- |
//! | `id` | an id; one that is borrowed from a file |
//! | `source` | where ids come from, as people write it |
//! | `column` | the ids that a pool's own files hold |
//! | `list`, `npy` | ids in a file of their own, and what a list names rows by; ids in NumPy's files |
//! | `texts` | strings of one width |

mod column;
mod id;
mod list;
pub(super) mod npy;
mod source;
pub(super) mod texts;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

pub use self::id::Id;
pub(super) use self::id::IdRef;
pub(super) use self::list::of_bytes;
pub use self::list::{IdEntry, Listed, read_ids, read_listed};
pub use self::source::IdSource;
use super::Pool;
use super::reason::{Reason, refuse};
use crate::error::Result;

/// The ids of the rows of a pool in files. None of them is held: they are read when they are asked for.
///
/// ```no_run
/// use farpoint::pool::{IdSource, Ids, Pool};
///
/// let pool = Pool::open("embeddings.parquet")?;
/// let ids = Ids::new(&pool, IdSource::Column("image".into()))?;
/// println!("row 7 is {}", ids.of_rows(&[7])?[0]);
/// # Ok::<(), farpoint::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ids {
    source: IdSource,
    files: Vec<PathBuf>,
    first_rows: Vec<usize>,
    rows: usize,
    /// Where it was said; else the files' names tell it.
    format: Option<String>,
}

impl Ids {
    /// The ids of `pool`, from `source`. Nothing is read yet.
    ///
    /// # Errors
    /// [`crate::Error::Options`] if the rows lie in no file, and `source` is not a file of ids.
    pub fn new(pool: &Pool, source: IdSource) -> Result<Ids> {
        if pool.files().is_empty() && !matches!(source, IdSource::File { .. }) {
            let reason = "ids of a pool in memory must be given: it has no files to take them from";
            return Err(crate::Error::Options(reason.into()));
        }
        let (files, first_rows) = (pool.files().to_vec(), pool.first_rows().to_vec());
        Ok(Ids { source, files, first_rows, rows: pool.rows(), format: None })
    }

    /// The same ids, in files of this [`crate::pool::OpenOptions::format`].
    #[must_use]
    pub fn in_format(self, format: Option<&str>) -> Ids {
        Ids { format: format.map(String::from), ..self }
    }

    /// The ids of `rows`, in their order. Reads the ids of all rows once, holding those asked for: `O(n)` time.
    ///
    /// # Errors
    /// [`crate::Error::Io`] and [`crate::Error::Format`] if ids cannot be read, are not as many as rows, or one is missing.
    ///
    /// # Panics
    /// If a row is not in the pool.
    pub fn of_rows(&self, rows: &[usize]) -> Result<Vec<Id>> {
        assert!(rows.iter().all(|&row| row < self.rows), "rows of the pool");
        let mut found: HashMap<usize, Option<Id>> = rows.iter().map(|&row| (row, None)).collect();
        self.each(&mut |row, id| {
            if let Some(place) = found.get_mut(&row) {
                *place = Some(id.to_id());
            }
            Ok(())
        })?;
        let id = |row| found[row].clone().expect("every row was given an id");
        Ok(rows.iter().map(id).collect())
    }

    /// The rows whose ids are among `wanted`, each as text. Those of no row are left out. Reads the ids of all rows once: `O(n)` time.
    ///
    /// # Errors
    /// As [`Ids::of_rows`]; [`crate::Error::Format`] if two rows have one of these ids.
    pub fn rows_of(&self, wanted: &HashSet<String>) -> Result<HashMap<String, usize>> {
        let mut found: HashMap<String, usize> = HashMap::with_capacity(wanted.len());
        let mut text = String::new();
        self.each(&mut |row, id| {
            let id = id.write(&mut text);
            if !wanted.contains(id) {
                return Ok(());
            }
            match found.insert(id.to_string(), row) {
                None => Ok(()),
                Some(other) => Err(format!(
                    "the id '{id}' stands at rows {other} and {row}: an id that is listed must be of one row"
                )
                .into()),
            }
        })?;
        Ok(found)
    }

    /// Every row and its id, in order.
    fn each(&self, take: &mut Take) -> Result<()> {
        match &self.source {
            IdSource::File { path, column } => self.each_listed(path, column.as_deref(), take),
            IdSource::Path => self.each_file(&mut |file, rows, first_row| {
                let path = file.display().to_string();
                for row in 0..rows {
                    let id = if rows == 1 { path.clone() } else { format!("{path}:{row}") };
                    take(first_row + row, IdRef::Text(&id))?;
                }
                Ok(())
            }),
            IdSource::Column(name) => self.each_file(&mut |file, rows, first_row| {
                column::each((file, self.format.as_deref()), name, rows, &mut |row, id| {
                    take(first_row + row, id)
                })
            }),
        }
    }

    /// The ids in a file of their own, as many as rows.
    fn each_listed(&self, path: &Path, column: Option<&str>, take: &mut Take) -> Result<()> {
        let entries = list::read_ids(path, column)?;
        if entries.len() != self.rows {
            let (ids, rows) = (entries.len(), self.rows);
            return Err(refuse(
                path,
                format!("holds {ids} ids, but the pool has {rows} rows").into(),
            ));
        }
        for (row, entry) in entries.iter().enumerate() {
            take(row, entry.id.borrow()).map_err(|reason| refuse(path, reason))?;
        }
        Ok(())
    }

    /// Every file of the pool, with its number of rows and the first of them.
    fn each_file(
        &self,
        read: &mut dyn FnMut(&Path, usize, usize) -> std::result::Result<(), Fault>,
    ) -> Result<()> {
        let ends = self.first_rows[1..].iter().chain([&self.rows]);
        for ((file, &first_row), &end) in self.files.iter().zip(&self.first_rows).zip(ends) {
            read(file, end - first_row, first_row).map_err(|fault| match fault {
                Fault::File(error) => error,
                Fault::Content(reason) => refuse(file, reason),
            })?;
        }
        Ok(())
    }
}

/// Takes a row and its id.
type Take<'t> = dyn FnMut(usize, IdRef) -> std::result::Result<(), Reason> + 't;

/// Why the ids of a file are not read.
enum Fault {
    /// The file cannot be opened.
    File(crate::Error),
    /// What it holds does not do.
    Content(Reason),
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Fault {
        Fault::Content(reason)
    }
}
