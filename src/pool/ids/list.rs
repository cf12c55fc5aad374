//! Ids in a file of their own, one after another; and what a list of rows names them by.

use std::path::Path;

use serde_json::Value;

use super::{Id, IdRef, npy};
use crate::error::Result;
use crate::pool::bytes::{Bytes, Store};
use crate::pool::formats::{Format, each_id, names_of};
use crate::pool::lists::column::Column;
use crate::pool::lists::table::Table;
use crate::pool::lists::{contents, extension, rows, text};
use crate::pool::reason::{Reason, refuse};

/// An id in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdEntry {
    /// Line of a text file, from 1; else position in the list, from 0.
    pub place: usize,
    /// The id.
    pub id: Id,
}

/// What a list names rows by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Their numbers.
    Rows(Vec<usize>),
    /// Their ids.
    Ids(Vec<IdEntry>),
}

/// Whether `path` is called as a list is.
pub(super) fn is_list(path: &Path) -> bool {
    matches!(&*extension(path), "txt" | "csv" | "parquet" | "npy" | "json")
}

/// The ids in `path`, in the file's order: from `.txt` (one a line; blank lines are skipped), `.csv` and `.parquet` (`column`, or the column `id`),
/// `.npy` (strings or whole numbers, `(n,)` or `(n, 1)`) or `.json` (a list, or an object with the list `ids`). Time and memory `O(n)`.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::Format`], naming the line or entry, if it is damaged or holds something
/// else.
pub fn read_ids(path: impl AsRef<Path>, column: Option<&str>) -> Result<Vec<IdEntry>> {
    let path = path.as_ref();
    let bytes = contents(path)?;
    ids(&extension(path), bytes, column).map_err(|reason| refuse(path, reason))
}

/// The ids in the bytes of the file `path`.
pub(in crate::pool) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Vec<IdEntry>> {
    ids(&extension(path), bytes, None).map_err(|reason| refuse(path, reason))
}

/// The rows that `path` lists, where rows have ids: by those, unless the file says that it has row numbers.
///
/// Ids stand in `.txt` (one a line), in `.csv` and `.parquet` (the column `id`), in `.json` (a list, or an object with the list
/// `ids`) and in `.npy` (strings). Row numbers stand in a table's column `row` where it has no column `id`, in an object's list
/// `centers` where it has no list `ids`, and in an `.npy` of whole numbers. With `prefers_rows` a table or object that has both is
/// taken by its row numbers. Blank lines are skipped. Time and memory `O(n)`.
///
/// # Errors
/// As [`crate::pool::read_rows_named`].
pub fn read_listed(
    path: impl AsRef<Path>,
    column: Option<&str>,
    prefers_rows: bool,
) -> Result<Listed> {
    let path = path.as_ref();
    let bytes = contents(path)?;
    let extension = extension(path);
    let is_of_rows = is_of_rows(&extension, &bytes, column, prefers_rows);
    if is_of_rows.map_err(|reason| refuse(path, reason))? {
        return rows(path, bytes, column).map(Listed::Rows);
    }
    ids(&extension, bytes, column).map(Listed::Ids).map_err(|reason| refuse(path, reason))
}

/// Whether a list is of row numbers.
fn is_of_rows(
    extension: &str,
    bytes: &[u8],
    column: Option<&str>,
    prefers_rows: bool,
) -> std::result::Result<bool, Reason> {
    let has = |names: &[&str], name: &str| names.contains(&name);
    let by_names = |names: &[&str], rows: &str, ids: &str| {
        has(names, rows) && (prefers_rows || !has(names, ids))
    };
    Ok(match (extension, column) {
        ("csv" | "parquet", Some(column)) => column == "row",
        ("csv", None) => by_names(&Table::parse(text(bytes)?)?.names(), "row", "id"),
        ("parquet", None) => {
            let names = names_of(Store::Memory(Bytes::Owned(bytes.to_vec())))?;
            by_names(&names.iter().map(String::as_str).collect::<Vec<_>>(), "row", "id")
        }
        ("json", _) => match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => {
                by_names(&object.keys().map(String::as_str).collect::<Vec<_>>(), "centers", "ids")
            }
            _ => false,
        },
        ("npy", _) => !npy::is_of_texts(bytes)?,
        _ => false,
    })
}

/// All ids in a file with that `extension`.
fn ids(
    extension: &str,
    bytes: Vec<u8>,
    column: Option<&str>,
) -> std::result::Result<Vec<IdEntry>, Reason> {
    let entry = |(place, id): (usize, String)| IdEntry { place, id: Id::Text(id) };
    match extension {
        "txt" => Ok(lines(text(&bytes)?).map(entry).collect()),
        "csv" => {
            let texts =
                Table::parse(text(&bytes)?)?.texts(Column { usual: "id", chosen: column })?;
            Ok(texts.into_iter().map(entry).collect())
        }
        "json" => json(&bytes),
        "parquet" => {
            listed(Format::Parquet, Store::Memory(Bytes::Owned(bytes)), column.unwrap_or("id"))
        }
        "npy" => {
            let mut ids = Vec::new();
            npy::each(&bytes, &mut |place, id| {
                ids.push(IdEntry { place, id: id.to_id() });
                Ok(())
            })?;
            Ok(ids)
        }
        _ => {
            Err("is no list of ids: they are read from .txt, .csv, .parquet, .npy and .json".into())
        }
    }
}

fn listed(
    format: Format,
    store: Store<'static>,
    column: &str,
) -> std::result::Result<Vec<IdEntry>, Reason> {
    let mut ids = Vec::new();
    let any_number = usize::MAX;
    each_id(format, store, column, any_number, &mut |place, id: IdRef| {
        ids.push(IdEntry { place, id: id.to_id() });
        Ok(())
    })?;
    Ok(ids)
}

/// Line numbers, from 1, and lines that are not blank. Whatever a line begins with, it is an id.
fn lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at + 1, line.to_string()))
}

fn json(file: &[u8]) -> std::result::Result<Vec<IdEntry>, Reason> {
    let value: Value =
        serde_json::from_slice(file).map_err(|error| format!("is not JSON: {error}"))?;
    let list = value.as_array().or_else(|| value.get("ids")?.as_array());
    let list = list.ok_or("is neither a list nor an object with a list 'ids'")?;
    let entry = |(place, value): (usize, &Value)| {
        let id = match value {
            Value::String(text) => Id::Text(text.clone()),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Id::Integer(number),
                None => Id::Text(number.to_string()),
            },
            _ => return Err(format!("entry {place} is neither a text nor a number").into()),
        };
        Ok(IdEntry { place, id })
    };
    list.iter().enumerate().map(entry).collect()
}
