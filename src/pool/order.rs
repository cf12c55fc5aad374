//! The order of a pool's files: that of their names, byte by byte, as PyArrow, polars, DuckDB, pandas and datasets read a folder.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Put `files` in order.
pub(super) fn sort(files: &mut [PathBuf]) {
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
}

/// The notice for the files of `pool`, which are in order of their names, if the numbers in their names are in another
/// order.
pub(super) fn note(pool: &Path, files: &[PathBuf]) -> Option<String> {
    let (earlier, later) = out_of_number(files)?;
    let [earlier, later] = [earlier, later].map(|file| file.display());
    Some(format!(
        "{}: its {} files are read in order of their names, not of the numbers in those: {earlier} comes before {later}; numbers with \
         zeros in front, as many digits each, give both orders at once",
        pool.display(),
        files.len()
    ))
}

/// Two files whose names differ in numbers alone, the first with a larger one.
fn out_of_number(files: &[PathBuf]) -> Option<(&Path, &Path)> {
    let mut last: HashMap<String, (Vec<Number>, &Path)> = HashMap::new();
    files.iter().find_map(|file| {
        let (frame, numbers) = split(&file.to_string_lossy());
        let (before, earlier) = last.insert(frame, (numbers.clone(), file))?;
        (before.cmp(&numbers) == Ordering::Greater).then_some((earlier, &**file))
    })
}

/// A number of any size: its digits without zeros in front, the longer the larger.
type Number = (usize, String);

/// `name` with a mark in the place of each number, and the numbers.
fn split(name: &str) -> (String, Vec<Number>) {
    let (mut frame, mut numbers) = (String::new(), Vec::new());
    let mut rest = name;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = &rest[start..];
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let number = digits[..end].trim_start_matches('0');
        numbers.push((number.len(), number.to_string()));
        frame.push_str(&rest[..start]);
        frame.push('\0');
        rest = &digits[end..];
    }
    (frame + rest, numbers)
}
