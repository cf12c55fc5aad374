//! Row lists (labeled, excluded, resumed picks) and weights.
//!
//! | file | what it has |
//! | --- | --- |
//! | `numbers` | the numbers in a file, by its format |
//! | `table`, `column` | tables of text; which of a table's columns is meant |
//! | `entry` | a number in a list |

pub(super) mod column;
pub(super) mod entry;
pub(super) mod numbers;
pub(super) mod table;

use std::fs;
use std::path::Path;

use self::column::Column;
use self::entry::{Entry, Number};
use self::numbers::place_name;
pub(super) use self::numbers::text;
use crate::error::{Error, Result};
use crate::pool::objects;
use crate::pool::path::is_address;
use crate::pool::reason::{Reason, refuse};
use crate::threads::on_engine_threads;

/// The row numbers in `path`, in the file's order, repetitions included.
///
/// From `.npy` (integers, `(n,)` or `(n, 1)`), `.txt` (one a line; blank lines and `#` comments are skipped), `.csv` (the column
/// `row`; a table of one column needs no header), `.json` (a list, or an object with the list `centers`) or `.parquet` (the column
/// `row`). A `.csv` separates its cells by commas, semicolons or tabs, and quotes those that hold one. A list without entries is no
/// error. Whether the rows are in a pool is not known here. Time and memory `O(n)`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Format`], naming the line or entry, if it is damaged, holds something else than
/// whole numbers of at least 0, or can be read in two ways.
pub fn read_rows(path: impl AsRef<Path>) -> Result<Vec<usize>> {
    read_rows_named(path, None)
}

/// As [`read_rows`], from the `column` of that name where the file is a table, `.csv` or `.parquet`.
///
/// # Errors
/// As [`read_rows`]; [`Error::Format`] if a column is named and the file has it not, or has no columns.
pub fn read_rows_named(path: impl AsRef<Path>, column: Option<&str>) -> Result<Vec<usize>> {
    let path = path.as_ref();
    rows(path, contents(path)?, column)
}

/// The weights in `path`, one for each row of a pool, in order.
///
/// From `.npy` (floats or integers, `(n,)` or `(n, 1)`), `.txt` (one a line), `.csv` (the column `weight`; a table of one column needs
/// no header), `.json` (a list, or an object with the list `weights`) or `.parquet` (the column `weight`). A `.csv` that separates
/// its cells by semicolons or tabs may write decimals after a comma. Each value is rounded to f32 once. Signs and NaN are judged
/// where the weights are used. Time and memory `O(n)`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Format`], naming the line or entry, if it is damaged, a value overflows f32, or
/// one can be read in two ways.
pub fn read_weights(path: impl AsRef<Path>) -> Result<Vec<f32>> {
    read_weights_named(path, None)
}

/// As [`read_weights`], from the `column` of that name where the file is a table, `.csv` or `.parquet`.
///
/// # Errors
/// As [`read_weights`]; [`Error::Format`] if a column is named and the file has it not, or has no columns.
pub fn read_weights_named(path: impl AsRef<Path>, column: Option<&str>) -> Result<Vec<f32>> {
    let path = path.as_ref();
    // Rounding f64 is part of the answer, so the floating-point environment is the engine's.
    on_engine_threads(1, || weights(path, contents(path)?, column))?
}

/// The column `radius` of a table, `.csv` or `.parquet`, where it has one; `None` for a radius that is left out, as the last one of an
/// interrupted selection is. Time and memory `O(n)`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Format`], naming the line or entry, if it is damaged or holds something else
/// than numbers.
pub fn read_radii(path: impl AsRef<Path>) -> Result<Option<Vec<Option<f64>>>> {
    let path = path.as_ref();
    let entries = numbers::read_if_named(&extension(path), contents(path)?, "radius");
    let radii =
        |entries: Vec<Entry>| entries.into_iter().map(|entry| value(entry.number)).collect();
    entries.map(|entries| entries.map(radii)).map_err(|reason| refuse(path, reason))
}

pub(super) fn contents(path: &Path) -> Result<Vec<u8>> {
    if is_address(path) {
        return objects::contents(path, None);
    }
    fs::read(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })
}

/// As [`read_rows_named`], from the bytes of the file `path`.
pub(super) fn rows(path: &Path, bytes: Vec<u8>, column: Option<&str>) -> Result<Vec<usize>> {
    let extension = extension(path);
    let column = Column { usual: "row", chosen: column };
    let entries = numbers::read(&extension, bytes, column, "centers").map_err(with_ids_said);
    let row = |entry| row(entry, place_name(&extension));
    entries
        .and_then(|entries| entries.into_iter().map(row).collect())
        .map_err(|reason| refuse(path, reason))
}

/// As [`read_weights_named`], from the bytes of the file `path`.
pub(super) fn weights(path: &Path, bytes: Vec<u8>, column: Option<&str>) -> Result<Vec<f32>> {
    let extension = extension(path);
    let column = Column { usual: "weight", chosen: column };
    let entries = numbers::read(&extension, bytes, column, "weights");
    let weight = |entry| weight(entry, place_name(&extension));
    entries
        .and_then(|entries| entries.into_iter().map(weight).collect())
        .map_err(|reason| refuse(path, reason))
}

pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// What to do where a list of rows holds texts.
fn with_ids_said(reason: Reason) -> Reason {
    match reason.ends_with("not a number") {
        true => format!("{reason}: lists hold row numbers, and ids only with --ids").into(),
        false => reason,
    }
}

fn row(Entry { place, number }: Entry, unit: &str) -> std::result::Result<usize, Reason> {
    match number {
        Number::Integer(row) => usize::try_from(row).map_err(|_| {
            format!("{unit} {place} is {row}, which is no row: they count from 0").into()
        }),
        Number::Float(value) => {
            let advice = "rows are whole numbers, as 7, such as a.astype('int64') makes";
            Err(format!("{unit} {place} is the float {value}; {advice}").into())
        }
        Number::Missing => Err(missing(place, unit)),
    }
}

fn weight(Entry { place, number }: Entry, unit: &str) -> std::result::Result<f32, Reason> {
    let value = value(number).ok_or_else(|| missing(place, unit))?;
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of weights")]
    let rounded = value as f32;
    if value.is_finite() && rounded.is_infinite() {
        return Err(format!("{unit} {place} is {value:e}, which overflows f32").into());
    }
    Ok(rounded)
}

fn value(number: Number) -> Option<f64> {
    match number {
        #[expect(clippy::cast_precision_loss, reason = "rounded to the nearest, as text is")]
        Number::Integer(value) => Some(value as f64),
        Number::Float(value) => Some(value),
        Number::Missing => None,
    }
}

fn missing(place: usize, unit: &str) -> Reason {
    format!("{unit} {place} holds no number: it is empty or null").into()
}
