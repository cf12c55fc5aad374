//! The ids of rows: the words of word vectors, a column of a table, what lies under a key of objects.

use serde_json::Value;

use super::lines::Lines;
use super::{csv, path, words};
use crate::pool::bytes::Store;
use crate::pool::ids::IdRef;
use crate::pool::reason::Reason;

/// Takes a row and its id.
type Take<'t> = dyn FnMut(usize, IdRef) -> Result<(), Reason> + 't;

/// The column of word vectors that ids are: it has no name in the file.
const WORD: &str = "word";

pub(in crate::pool::formats) fn each_of_words(
    store: &Store<'static>,
    name: &str,
    take: &mut Take,
) -> Result<(), Reason> {
    if name != WORD {
        return Err(format!("has '{name}' not among its columns: '{WORD}'").into());
    }
    words::words(store, &mut |row, word| take(row, IdRef::Text(&word)))
}

pub(in crate::pool::formats) fn each_of_csv(
    store: &Store<'static>,
    name: &str,
    take: &mut Take,
) -> Result<(), Reason> {
    csv::each_cell(store, name, &mut |row, line, cell| {
        let text = std::str::from_utf8(cell).ok().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| format!("line {line} has no text in column '{name}'"))?;
        take(row, IdRef::Text(text))
    })
}

pub(in crate::pool::formats) fn each_of_json_lines(
    store: &Store<'static>,
    name: &str,
    take: &mut Take,
) -> Result<(), Reason> {
    let (mut lines, mut row) = (Lines::of(store), 0);
    while let Some((number, line)) = lines.next()? {
        let mut found = Vec::new();
        path::follow(line, name, &mut |value| found.push(value))
            .map_err(|error| format!("line {number} has no id: {error}"))?;
        for value in found {
            match serde_json::from_str(value.get()) {
                Ok(Value::String(text)) => take(row, IdRef::Text(&text))?,
                Ok(Value::Number(value)) => match value.as_i64() {
                    Some(value) => take(row, IdRef::Integer(value))?,
                    None => take(row, IdRef::Text(&value.to_string()))?,
                },
                _ => {
                    return Err(format!(
                        "line {number} has neither a text nor a number under '{name}'"
                    )
                    .into());
                }
            }
            row += 1;
        }
    }
    Ok(())
}
