//! One pool from many files: a folder or a pattern.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Pool;
use super::file::{open_file, open_folder, open_object};
use super::formats::folder::FolderFormat;
use super::meant::Meant;
use super::objects::{self, Found};
use super::path::{LIKE_A_SHELL, is_address, is_partition, is_pattern, pattern_of};
use super::reason::{is_of_no_rows, refuse};
use super::scratch::Room;
use super::surplus::Beside;
use super::{companions, order, surplus};
use crate::error::{Error, Result};

/// Notices told of a pool of many files.
const NOTICES: usize = 3;

/// Of more files than these only the paths are kept: a process may hold 1,024 files open, as a rule.
const KEPT_OPEN: usize = 200;

/// The pool in `path`, whichever of the three it names. Rows that lie in files as a pool keeps them stay there.
pub(super) fn open(path: &Path, meant: Meant, room: &Room) -> Result<Pool<'static>> {
    if is_address(path) {
        return open_objects(path, meant, room);
    }
    let found = fs::metadata(path);
    let is_folder = found.as_ref().is_ok_and(fs::Metadata::is_dir);
    if is_folder && let Some(format) = FolderFormat::of(path) {
        return open_folder(path, format, meant, room);
    }
    let (files, left_out) = match found {
        Ok(_) if is_folder => (folder(path)?, None),
        Err(_) if is_pattern(path) => matches(path)?,
        Err(source) => return Err(Error::Io { path: path.to_path_buf(), source }),
        Ok(_) => return open_file(path, meant, true, room),
    };
    let keep_open = files.len() <= KEPT_OPEN;
    let files = files.into_iter().map(|file| (file, ())).collect();
    let open_one = |file: &Path, (), meant: Meant| match FolderFormat::of_one(file) {
        Some(format) => open_folder(file, format, meant, room),
        None if is_folder && file.is_dir() => Err(refuse(path, holds_folders(path, file).into())),
        None => open_file(file, meant, keep_open, room),
    };
    let mut pool = many(path, files, meant, &surplus::Local, open_one)?;
    pool.notices.splice(0..0, left_out);
    Ok(pool)
}

/// The pool that these are, in this order: files, each of which may also be whatever else a path names.
pub(super) fn open_each(paths: &[PathBuf], meant: Meant, room: &Room) -> Result<Pool<'static>> {
    let (keep_open, meant) = (paths.len() <= KEPT_OPEN, meant.in_each(paths));
    let open_one = |path: &PathBuf| match path.is_file() {
        true => open_file(path, meant, keep_open, room),
        false => open(path, meant, room),
    };
    let pools: Vec<_> = paths.par_iter().map(open_one).collect();
    let pools = pools.into_iter().collect::<Result<Vec<_>>>()?;
    join(paths.iter().cloned().zip(pools).collect())
}

/// The pool in the objects that `path` names.
fn open_objects(path: &Path, meant: Meant, room: &Room) -> Result<Pool<'static>> {
    if let Some(format) = FolderFormat::of_name(path) {
        return Err(refuse(path, format.refuse_in_store(path)));
    }
    match objects::find(path, room.interrupt())? {
        Found::One(object) => open_object(path, object, meant, room),
        Found::Many(found, folders) => many(path, found, meant, &folders, |file, object, meant| {
            open_object(file, object, meant, room)
        }),
    }
}

/// One pool from files that are given in any order, each with what opens it.
fn many<T: Send>(
    path: &Path,
    found: Vec<(PathBuf, T)>,
    meant: Meant,
    beside: &dyn Beside,
    open: impl Fn(&Path, T, Meant) -> Result<Pool<'static>> + Sync,
) -> Result<Pool<'static>> {
    let (mut found, left_out) = companions::leave_out(found);
    if found.is_empty() {
        return Err(refuse(path, "has no files that may hold rows".into()));
    }
    found.sort_by(|(a, _), (b, _)| order::compare(a, b));
    let (files, opened): (Vec<PathBuf>, Vec<T>) = found.into_iter().unzip();
    surplus::check(&files, beside)?;
    let meant = meant.in_each(&files);
    let note = order::note(path, &files);
    // Every file is opened before the first error is reported, so that the error is the same each time.
    let pools: Vec<_> =
        files.par_iter().zip(opened).map(|(file, opened)| open(file, opened, meant)).collect();
    let (pools, empty) = some_rows(files.into_iter().zip(pools).collect())?;
    let mut pool = join(pools)?;
    pool.notices.splice(0..0, [left_out, empty, note].into_iter().flatten());
    Ok(pool)
}

/// The pools of the files that hold rows, and a note of those that hold none.
///
/// # Errors
/// The first file that cannot be opened; the first of all if none holds rows.
fn some_rows(
    opened: Vec<(PathBuf, Result<Pool<'static>>)>,
) -> Result<(Vec<Opened>, Option<String>)> {
    let (mut pools, mut empty) = (Vec::new(), Vec::new());
    for (path, pool) in opened {
        match pool {
            Err(error) if is_of_no_rows(&error) => empty.push((path, error)),
            pool => pools.push((path, pool?)),
        }
    }
    if empty.is_empty() || pools.is_empty() {
        return match empty.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok((pools, None)),
        };
    }
    let (first, more) = (empty[0].0.display(), empty.len() - 1);
    let more = if more > 0 { format!(", and {more} files more") } else { String::new() };
    Ok((pools, Some(format!("{first}: left out{more}: no rows"))))
}

/// The files in `path` but the hidden ones, and those in its partitions.
fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let io = |source| Error::Io { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let (name, file) = (entry.file_name(), entry.path());
            let is_no_data = |start: &[u8]| name.as_encoded_bytes().starts_with(start);
            // Beside data, folders whose names begin so hold logs and metadata.
            if is_no_data(b".") || is_no_data(b"_") && file.is_dir() {
                continue;
            }
            match is_partition(&name.to_string_lossy()) && file.is_dir() {
                true => folders.push(file),
                false => files.push(file),
            }
        }
    }
    some(path, files, "is a folder without files")
}

/// What to do about folders in the folder `path`, of which `first` is the first: the pattern that takes the files in it.
fn holds_folders(path: &Path, first: &Path) -> String {
    let below = |file: &Path| file.strip_prefix(path).unwrap_or(file).to_path_buf();
    let pattern = first_file(first).map_or("*/*".into(), |file| pattern_of(&below(&file)));
    format!(
        "holds folders, such as '{}', of which none is read but partitions (key=value): give a pattern, as '{}'",
        below(first).display(),
        path.join(pattern).display()
    )
}

/// The first file by name in `folder` or in the folders in it, none of them hidden and none a companion.
fn first_file(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = entries.filter(|path| !is_hidden(path)).collect();
    found.sort_by(|a, b| order::compare(a, b));
    let (folders, files): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| path.is_dir());
    let mut files = files.into_iter().filter(|file| !companions::is_companion(file));
    files.next().or_else(|| folders.iter().find_map(|folder| first_file(folder)))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The files that the pattern `path` matches, and a note of the folders that it matches besides.
///
/// # Errors
/// No pattern, one that matches no file, or a folder that cannot be listed.
fn matches(path: &Path) -> Result<(Vec<PathBuf>, Option<String>)> {
    let Some(pattern) = path.to_str() else {
        return Err(refuse(path, "does not exist, and is no pattern: not UTF-8".into()));
    };
    let found = glob::glob_with(pattern, LIKE_A_SHELL).map_err(|error| {
        refuse(path, format!("does not exist, and is no pattern: {error}").into())
    })?;
    let found = found
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| Error::Io { path: error.path().to_path_buf(), source: error.into() })?;
    let is_plain_folder = |path: &PathBuf| path.is_dir() && FolderFormat::of_one(path).is_none();
    let (folders, files): (Vec<_>, Vec<_>) = found.into_iter().partition(is_plain_folder);
    let Some(first) = folders.first() else {
        return Ok((some(path, files, "does not exist, and as a pattern matches nothing")?, None));
    };
    let deeper = format!("give '{}' for the files in them", path.join("*").display());
    if files.is_empty() {
        let reason = format!("matches folders alone, such as {}: {deeper}", first.display());
        return Err(refuse(path, reason.into()));
    }
    let (first, more) = (first.display(), folders.len() - 1);
    let more = if more > 0 { format!(", and {more} folders more") } else { String::new() };
    Ok((files, Some(format!("{first}: left out{more}: a folder; {deeper}"))))
}

fn some(path: &Path, files: Vec<PathBuf>, none: &'static str) -> Result<Vec<PathBuf>> {
    if files.is_empty() { Err(refuse(path, none.into())) } else { Ok(files) }
}

/// A file, and the pool in it.
type Opened = (PathBuf, Pool<'static>);

/// The rows of all files, one after the other.
fn join(mut pools: Vec<Opened>) -> Result<Pool<'static>> {
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
