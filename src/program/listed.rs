//! Rows that a file lists, by their numbers or by their ids.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, bail};

use crate::pool::{self, IdEntry, Ids, Listed};

/// The rows that the ids of a list stand for.
///
/// # Errors
/// An id that is no row's, by its line.
pub fn rows_of(file: &Path, entries: &[IdEntry], ids: &Ids) -> Result<Vec<usize>> {
    let wanted: HashSet<String> = entries.iter().map(|entry| entry.id.to_string()).collect();
    let rows = ids.rows_of(&wanted)?;
    let row = |entry: &IdEntry| match rows.get(&entry.id.to_string()) {
        Some(&row) => Ok(row),
        None => bail!(
            "{}: {} {} is the id '{}', which no row of the pool has",
            file.display(),
            unit(file),
            entry.place,
            entry.id
        ),
    };
    entries.iter().map(row).collect()
}

/// The rows in `file`, of a table those in `column`: by their ids where the rows of the pool have some and the file has them.
pub fn rows(file: &Path, column: Option<&str>, ids: Option<&Ids>) -> Result<Vec<usize>> {
    let Some(ids) = ids else { return Ok(pool::read_rows_named(file, column)?) };
    match pool::read_listed(file, column, false)? {
        Listed::Rows(rows) => Ok(rows),
        Listed::Ids(entries) => rows_of(file, &entries, ids),
    }
}

/// What the places of a list count.
fn unit(file: &Path) -> &'static str {
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if matches!(&*extension, "txt" | "csv") { "line" } else { "entry" }
}
