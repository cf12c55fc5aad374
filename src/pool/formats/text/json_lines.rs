//! JSON lines: an object a line, which has an array under a key, as embedding APIs answer.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::lines::Lines;
use super::rows::TextRows;
use super::{list, path};
use crate::pool::bytes::Store;
use crate::pool::formats::choose::choose;
use crate::pool::meant::Meant;
use crate::pool::reason::{NO_ROWS, Reason};
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool};

/// The pool of the arrays under the name that is meant, else under the only one that the first line has arrays of numbers under.
pub(in crate::pool::formats) fn read(
    store: &Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let mut rows = TextRows::new(meant, Dtype::F64, room)?;
    let mut lines = Lines::of(store);
    let mut name = meant.name.map(str::to_string);
    let mut count = 0;
    while let Some((number, line)) = lines.next()? {
        let line = if rows.skips_bad() { with_nulls(line) } else { Cow::Borrowed(line) };
        let name = match &mut name {
            Some(name) => name,
            none => none.insert(only_array(number, &line)?),
        };
        let mut found = Vec::new();
        match path::follow(&line, name, &mut |value| found.push(value)) {
            Ok(()) => found.into_iter().try_for_each(|value| add(&mut rows, number, value))?,
            // There is something else in the place of the array, or nothing: what an API answers that failed.
            Err(error) if rows.skips_bad() && error.is_data() => {
                rows.add_nothing(number, "no array")?;
            }
            Err(error) => return Err(refused(number, &error)),
        }
        count += 1;
    }
    if count == 0 {
        return Err(NO_ROWS);
    }
    let all = rows.count();
    let mut pool = rows.pool()?;
    if all != count {
        pool.notices.push(format!("holds {all} rows in {count} lines"));
    }
    Ok(pool)
}

/// The name of the only arrays of numbers in a line.
fn only_array(number: usize, line: &[u8]) -> Result<String, Reason> {
    let value: Value = serde_json::from_slice(line).map_err(|error| refused(number, &error))?;
    let names = path::arrays(&value);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() {
        return Err(format!(
            "has no array of numbers in line {number}: --tensor KEY names what has one in other lines"
        )
        .into());
    }
    choose("arrays of numbers", &names, None).map(|at| names[at].to_string())
}

/// A line of JSON with null in the place of the numbers that JSON has not, and Python writes: NaN, Infinity and -Infinity.
fn with_nulls(line: &[u8]) -> Cow<'_, [u8]> {
    const NONE: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    if !NONE[1..].iter().any(|word| line.windows(word.len()).any(|part| part == *word)) {
        return Cow::Borrowed(line);
    }
    let (mut out, mut rest, mut is_text) = (Vec::with_capacity(line.len()), line, false);
    while let [first, after @ ..] = rest {
        let word = NONE.iter().find(|word| !is_text && rest.starts_with(word));
        if let Some(word) = word {
            out.extend(b"null");
            rest = &rest[word.len()..];
            continue;
        }
        out.push(*first);
        rest = after;
        match (first, rest) {
            (b'"', _) => is_text = !is_text,
            (b'\\', [escaped, after @ ..]) if is_text => {
                out.push(*escaped);
                rest = after;
            }
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// Add the row that an array is, or the rows that an array of arrays has.
fn add(rows: &mut TextRows, number: usize, value: &RawValue) -> Result<(), Reason> {
    let text = value.get();
    let is_nested = text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('['));
    if is_nested {
        let inner: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| refused(number, &error))?;
        return inner.into_iter().try_for_each(|inner| add_one(rows, number, inner.get()));
    }
    add_one(rows, number, text)
}

fn add_one(rows: &mut TextRows, number: usize, text: &str) -> Result<(), Reason> {
    if text == "null" {
        return rows.add_nothing(number, "null in the place of an array");
    }
    let is_array = text.starts_with('[');
    let Some(values) = list::values(text.as_bytes()).filter(|_| is_array) else {
        let what = if text.starts_with('"') { "a text" } else { "something else" };
        return Err(format!("line {number} has {what} in the place of an array").into());
    };
    rows.add(number, values, |j| format!("at dimension {j}"))
}

/// An error of the parser, which counts lines from each line on.
fn refused(number: usize, error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    let told = text.rsplit_once(" at line ").map_or(&*text, |(told, _)| told);
    match error.classify() {
        serde_json::error::Category::Data => format!("line {number} has {told}").into(),
        _ => {
            let column = error.column();
            format!("line {number} is not JSON: {told} at byte {column}").into()
        }
    }
}
