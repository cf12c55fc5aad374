//! Lists of numbers in files: one way in for row lists and for weights.

use serde_json::Value;

use super::column::Column;
use super::entry::{Entry, Number};
use super::table::{Table, parse};
use crate::pool::Dtype;
use crate::pool::bytes::Bytes;
use crate::pool::dense::{Kind, shape_text};
use crate::pool::formats::columns;
use crate::pool::npy_header::Header;
use crate::pool::reason::{Reason, check_is_not_utf_16};

/// What `place` counts.
pub(super) fn place_name(extension: &str) -> &'static str {
    if matches!(extension, "txt" | "csv") { "line" } else { "entry" }
}

/// All numbers in a file with that `extension`: of a table those in `column`, of a .json those under `key`.
pub(super) fn read(
    extension: &str,
    bytes: Vec<u8>,
    column: Column,
    key: &str,
) -> Result<Vec<Entry>, Reason> {
    match (extension, column.chosen) {
        ("csv", _) => Table::parse(text(&bytes)?)?.numbers(column),
        ("parquet", _) => columns::read_numbers(Bytes::Owned(bytes), column),
        ("npy" | "txt" | "json", Some(name)) => {
            Err(format!("has no columns, as .csv and .parquet have: leave out --column {name}")
                .into())
        }
        ("npy", None) => npy(&bytes),
        ("txt", None) => lines(text(&bytes)?).map(|(line, entry)| parse(line, entry)).collect(),
        ("json", None) => json(&bytes, key),
        _ => {
            Err("is no list of numbers: they are read from .npy, .txt, .csv, .json and .parquet"
                .into())
        }
    }
}

/// As [`read`], if the file is a table that has the column `usual`.
pub(super) fn read_if_named(
    extension: &str,
    bytes: Vec<u8>,
    usual: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    match extension {
        "csv" => {
            let table = Table::parse(text(&bytes)?)?;
            table.has(usual).then(|| table.numbers(Column::usual(usual))).transpose()
        }
        "parquet" => columns::read_if_named(Bytes::Owned(bytes), usual),
        _ => Ok(None),
    }
}

fn npy(file: &[u8]) -> Result<Vec<Entry>, Reason> {
    let header = Header::parse(file, file.len())?.meant_as(None)?;
    if !matches!(header.shape[..], [_] | [_, 1]) {
        let shape = shape_text(&header.shape);
        return Err(format!("has the shape {shape}; a list is (n,): save a.ravel()").into());
    }
    let values = file[header.offset..].chunks_exact(header.kind.bytes());
    let number = |value: &[u8]| decode(value, header.kind, header.big_endian);
    Ok(values.enumerate().map(|(place, v)| Entry { place, number: number(v) }).collect())
}

/// The number that `value` is.
pub(in crate::pool) fn decode(value: &[u8], kind: Kind, big_endian: bool) -> Number {
    let (mut bytes, width) = ([0; 8], value.len());
    bytes[..width].copy_from_slice(value);
    if big_endian {
        bytes[..width].reverse();
    }
    let unused = 128 - 8 * u32::try_from(width).expect("8 at most");
    let low = i128::from(u64::from_le_bytes(bytes));
    match kind {
        Kind::Signed(_) | Kind::Stored(Dtype::I8) => Number::Integer(low << unused >> unused),
        Kind::Unsigned(_) | Kind::Raw(_) | Kind::Stored(Dtype::U8) => Number::Integer(low),
        Kind::Stored(dtype) => {
            let mut wide = Vec::with_capacity(1);
            dtype.decode_f64(&bytes[..width], &mut wide);
            Number::Float(wide[0])
        }
    }
}

/// A file of text, without the mark that some editors put before it.
pub(in crate::pool) fn text(file: &[u8]) -> Result<&str, Reason> {
    check_is_not_utf_16(file)?;
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    std::str::from_utf8(file)
        .map_err(|error| format!("is not UTF-8 text: byte {} is not", error.valid_up_to()).into())
}

/// Line numbers, from 1, and lines; without blank ones and comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn json(file: &[u8], key: &str) -> Result<Vec<Entry>, Reason> {
    let value: Value =
        serde_json::from_slice(file).map_err(|error| format!("is not JSON: {error}"))?;
    let list = value.as_array().or_else(|| value.get(key)?.as_array());
    let list =
        list.ok_or_else(|| format!("is neither a list nor an object with a list '{key}'"))?;
    let entry = |(place, value): (usize, &Value)| {
        let integer = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
        let number = integer.map(Number::Integer).or_else(|| value.as_f64().map(Number::Float));
        let number = number.ok_or_else(|| format!("entry {place} is not a number"))?;
        Ok(Entry { place, number })
    };
    list.iter().enumerate().map(entry).collect()
}
