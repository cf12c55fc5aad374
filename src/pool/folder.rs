//! One pool from many files: a folder or a pattern.

use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;
use rayon::prelude::*;

use super::Pool;
use super::file::open_file;
use super::reason::refuse;
use super::scratch::Room;
use super::{order, surplus};
use crate::error::{Error, Result};

/// Notices told of a pool of many files.
const NOTICES: usize = 3;

/// Of more files than these only the paths are kept: a process may hold 1,024 files open, as a rule.
const KEPT_OPEN: usize = 200;

/// The pool in `path`, whichever of the three it names. Rows that lie in files as a pool keeps them stay there.
pub(super) fn open(path: &Path, name: Option<&str>, room: &Room) -> Result<Pool<'static>> {
    let files = match fs::metadata(path) {
        Ok(found) if found.is_dir() => folder(path)?,
        Err(_) if is_pattern(path) => matches(path)?,
        _ => return open_file(path, name, true, room),
    };
    let keep_open = files.len() <= KEPT_OPEN;
    surplus::check(&files)?;
    let note = order::note(path, &files);
    // Every file is opened before the first error is reported, so that the error is the same each time.
    let pools: Vec<_> =
        files.par_iter().map(|file| open_file(file, name, keep_open, room)).collect();
    let pools = pools.into_iter().collect::<Result<Vec<_>>>()?;
    let mut pool = join(files.into_iter().zip(pools).collect())?;
    pool.notices.splice(0..0, note);
    Ok(pool)
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// The files in `path` but the hidden ones, in byte order.
fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| Error::Io { path: path.to_path_buf(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            files.push(entry.path());
        }
    }
    some_in_order(path, files, "is a folder without files")
}

fn matches(path: &Path) -> Result<Vec<PathBuf>> {
    let Some(pattern) = path.to_str() else {
        return Err(refuse(path, "does not exist, and is no pattern: not UTF-8".into()));
    };
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found = glob::glob_with(pattern, options).map_err(|error| {
        refuse(path, format!("does not exist, and is no pattern: {error}").into())
    })?;
    let files = found
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| Error::Io { path: error.path().to_path_buf(), source: error.into() })?;
    some_in_order(path, files, "does not exist, and as a pattern matches nothing")
}

fn some_in_order(path: &Path, mut files: Vec<PathBuf>, none: &'static str) -> Result<Vec<PathBuf>> {
    if files.is_empty() {
        return Err(refuse(path, none.into()));
    }
    order::sort(&mut files);
    Ok(files)
}

/// The rows of all files, one after the other.
fn join(mut pools: Vec<(PathBuf, Pool<'static>)>) -> Result<Pool<'static>> {
    let others = pools.split_off(1);
    let (first, mut pool) = pools.remove(0);
    for (path, other) in others {
        if (other.d, other.dtype) != (pool.d, pool.dtype) {
            return Err(refuse(&path, mismatch(&other, &first, &pool).into()));
        }
        pool.append(other);
    }
    shorten(&mut pool.notices);
    Ok(pool)
}

/// A folder of a thousand big-endian files gives this notice three times, not a thousand.
fn shorten(notices: &mut Vec<String>) {
    let more = notices.len().saturating_sub(NOTICES);
    if more > 0 {
        notices.truncate(NOTICES);
        notices.push(format!("... and {more} more of the kind"));
    }
}

fn mismatch(other: &Pool, first: &Path, pool: &Pool) -> String {
    let rows = |pool: &Pool| format!("rows of {} {} values", pool.d, pool.dtype.name());
    let first = first.display();
    format!("holds {}, but {first} {}; the files of a pool must agree", rows(other), rows(pool))
}
