//! Ids in files of many arrays: an array of one id a row, or the group of two arrays that AnnData writes in the place of a column.

use super::choose::choose;
use crate::pool::ids::{Id, IdRef};
use crate::pool::reason::Reason;

/// Takes a row and its id.
pub(super) type Take<'t> = dyn FnMut(usize, IdRef) -> Result<(), Reason> + 't;

/// What to do where ids are not read.
pub(super) const LIST: &str = "write the ids to a .txt, one a line, and name that file";

/// More categories than these are no column's.
const MOST_CATEGORIES: usize = 1 << 24;

/// The arrays of a file, by their paths.
pub(super) trait Arrays {
    fn has(&self, path: &str) -> bool;
    fn paths(&self) -> Result<Vec<String>, Reason>;
    /// How long a list is.
    fn length(&self, path: &str) -> Result<usize, Reason>;
    /// Every text or whole number of a list, with its place.
    fn each(&self, path: &str, take: &mut Take) -> Result<(), Reason>;
    /// A list of booleans.
    fn flags(&self, path: &str) -> Result<Vec<bool>, Reason>;
}

/// The ids of `rows` rows that `name` leads to, each given to `take` with its row.
pub(super) fn each_id(
    arrays: &dyn Arrays,
    name: &str,
    rows: usize,
    take: &mut Take,
) -> Result<(), Reason> {
    let path = name.trim_matches('/');
    let [codes, categories] = ["codes", "categories"].map(|part| format!("{path}/{part}"));
    let [values, mask] = ["values", "mask"].map(|part| format!("{path}/{part}"));
    if arrays.has(path) {
        check_length(arrays, path, rows)?;
        return arrays.each(path, take);
    }
    if arrays.has(&codes) && arrays.has(&categories) {
        check_length(arrays, &codes, rows)?;
        return each_of_categories(arrays, (&codes, &categories), path, take);
    }
    if arrays.has(&values) && arrays.has(&mask) {
        check_length(arrays, &values, rows)?;
        check_length(arrays, &mask, rows)?;
        return each_unmasked(arrays, (&values, &mask), path, take);
    }
    let paths = arrays.paths()?;
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    choose("arrays", &paths, Some(path))?;
    Err(format!("has no array '{path}' that can be read").into())
}

/// Ids are as many as rows. A file may claim any number of them.
fn check_length(arrays: &dyn Arrays, path: &str, rows: usize) -> Result<(), Reason> {
    match arrays.length(path)? {
        length if length == rows => Ok(()),
        length => Err(format!("holds {length} ids in '{path}' for {rows} rows").into()),
    }
}

/// A column of few different ids: of each row the place of its own among them.
fn each_of_categories(
    arrays: &dyn Arrays,
    (codes, categories): (&str, &str),
    path: &str,
    take: &mut Take,
) -> Result<(), Reason> {
    if arrays.length(categories)? > MOST_CATEGORIES {
        return Err(
            format!("has more than {MOST_CATEGORIES} categories in '{path}': {LIST}").into()
        );
    }
    let mut known: Vec<Id> = Vec::new();
    arrays.each(categories, &mut |_, id| {
        known.push(id.to_id());
        Ok(())
    })?;
    arrays.each(codes, &mut |row, code| {
        let IdRef::Integer(code) = code else {
            return Err(format!("has codes in '{path}' that are no numbers").into());
        };
        match usize::try_from(code).ok().and_then(|code| known.get(code)) {
            Some(id) => take(row, id.borrow()),
            None => Err(missing(row, path)),
        }
    })
}

/// A column that says of each row whether it has no id.
fn each_unmasked(
    arrays: &dyn Arrays,
    (values, mask): (&str, &str),
    path: &str,
    take: &mut Take,
) -> Result<(), Reason> {
    let flags = arrays.flags(mask)?;
    match flags.iter().position(|&is_missing| is_missing) {
        Some(row) => Err(missing(row, path)),
        None => arrays.each(values, take),
    }
}

fn missing(row: usize, path: &str) -> Reason {
    format!("row {row} has no id in '{path}': it is missing").into()
}

/// The length of a list of this shape.
pub(super) fn list_length(shape: &[usize]) -> Result<usize, Reason> {
    match shape {
        &[length] | &[length, 1] => Ok(length),
        _ => {
            let shape = crate::pool::dense::shape_text(shape);
            Err(format!("has the shape {shape}, where ids are one a row, (n,)").into())
        }
    }
}
