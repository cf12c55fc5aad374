//! Row lists (labeled, excluded, resumed picks) and weights.

use std::fs;
use std::path::Path;

use super::Reason;
use super::convert::{narrow, overflows};
use super::numbers::{self, Entry, Number, place_name};
use super::open::refuse;
use crate::error::{Error, Result};
use crate::threads::on_engine_threads;

/// The row numbers in `path`, in the file's order, repetitions included.
///
/// From `.npy` (integers, `(n,)` or `(n, 1)`), `.txt` (one a line; blank lines and `#` comments are skipped), `.csv` (the column
/// `row`, or the only one, with or without a header), `.json` (a list, or an object with the list `centers`) or `.parquet` (the
/// column `row`, or the only one). A list without entries is no error. Whether the rows are in a pool is not known here.
/// Time and memory `O(n)`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Format`], naming the line or entry, if it is damaged or holds something
/// else than whole numbers of at least 0.
pub fn read_rows(path: impl AsRef<Path>) -> Result<Vec<usize>> {
    let path = path.as_ref();
    rows(path, contents(path)?)
}

/// The weights in `path`, one for each row of a pool, in order.
///
/// From `.npy` (floats or integers, `(n,)` or `(n, 1)`), `.txt` (one a line), `.csv` (the column `weight`, or the only one),
/// `.json` (a list, or an object with the list `weights`) or `.parquet` (the column `weight`, or the only one). Each value is
/// rounded to f32 once. Signs and NaN are judged where the weights are used. Time and memory `O(n)`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Format`], naming the line or entry, if it is damaged or a value overflows
/// f32.
pub fn read_weights(path: impl AsRef<Path>) -> Result<Vec<f32>> {
    let path = path.as_ref();
    // Rounding f64 is part of the answer, so the floating-point environment is the engine's.
    on_engine_threads(1, || weights(path, contents(path)?))?
}

fn contents(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })
}

/// As [`read_rows`], from the bytes of the file `path`.
pub(super) fn rows(path: &Path, bytes: Vec<u8>) -> Result<Vec<usize>> {
    let extension = extension(path);
    let entries = numbers::read(&extension, bytes, "row", "centers");
    let row = |entry| row(entry, place_name(&extension));
    entries
        .and_then(|entries| entries.into_iter().map(row).collect())
        .map_err(|reason| refuse(path, reason))
}

/// As [`read_weights`], from the bytes of the file `path`.
pub(super) fn weights(path: &Path, bytes: Vec<u8>) -> Result<Vec<f32>> {
    let extension = extension(path);
    let entries = numbers::read(&extension, bytes, "weight", "weights");
    let weight = |entry| weight(entry, place_name(&extension));
    entries
        .and_then(|entries| entries.into_iter().map(weight).collect())
        .map_err(|reason| refuse(path, reason))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn row(Entry { place, number }: Entry, unit: &str) -> std::result::Result<usize, Reason> {
    match number {
        Number::Integer(row) => usize::try_from(row).map_err(|_| {
            format!("{unit} {place} is {row}, which is no row: they count from 0").into()
        }),
        Number::Float(value) => {
            let advice = "rows are integers, such as a.astype(np.int64) saves";
            Err(format!("{unit} {place} is the float {value}; {advice}").into())
        }
    }
}

fn weight(Entry { place, number }: Entry, unit: &str) -> std::result::Result<f32, Reason> {
    #[expect(clippy::cast_precision_loss, reason = "rounded to f32 in any case")]
    let value = match number {
        Number::Integer(value) => value as f64,
        Number::Float(value) => value,
    };
    if overflows(value) {
        return Err(format!("{unit} {place} is {value:e}, which overflows f32").into());
    }
    Ok(narrow(value))
}
