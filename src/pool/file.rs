//! One file as a pool: its format, then the check of what it brings into memory.

use std::path::Path;
use std::sync::Arc;

use super::Pool;
use super::bytes::Store;
use super::fetched::fetch;
use super::formats::folder::FolderFormat;
use super::meant::Meant;
use super::objects::Object;
use super::reason::{Reason, bad_row, refuse};
use super::row_file::RowFile;
use super::scratch::Room;
use crate::error::Result;

/// The pool in one file. Rows that lie in it as a pool keeps them stay there, unchecked, and are read by position.
pub(super) fn open_file(
    path: &Path,
    meant: Meant,
    keep_open: bool,
    room: &Room,
) -> Result<Pool<'static>> {
    meant.format(path).map_err(|reason| refuse(path, reason))?;
    let file = RowFile::open(path, keep_open)?;
    named(path, read(path, Store::File(Arc::new(file)), meant, room)?)
}

/// The pool in `object`, which is called `path`. Its values are fetched, unless only its size is wanted.
pub(super) fn open_object(
    path: &Path,
    object: Object,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>> {
    meant.format(path).map_err(|reason| refuse(path, reason))?;
    let object = Arc::new(object);
    let file = RowFile::of_object(path, Arc::clone(&object));
    let pool = read(path, Store::File(Arc::new(file)), meant, room);
    match (pool, object.failure()) {
        (Err(_), Some(failure)) => Err(failure.of(path)),
        (pool, _) => named(path, pool?),
    }
}

/// The pool that the folder `path` is, as a whole.
pub(super) fn open_folder(
    path: &Path,
    format: FolderFormat,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>> {
    named(path, finished(path, format.read(path, meant.name, room), meant, room)?)
}

fn named(path: &Path, mut pool: Pool<'static>) -> Result<Pool<'static>> {
    pool.files.push(path.to_path_buf());
    pool.first_rows.push(0);
    Ok(pool)
}

/// The pool in `store`, all of the file `path`; its rows in memory are checked.
pub(super) fn read(
    path: &Path,
    store: Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>> {
    let near = near(path, store, meant, room).and_then(|pool| of_meant_type(pool, meant));
    finished(path, near, meant, room)
}

/// The pool that was read from `path`; its rows in memory are checked, unless bad ones are left out later.
fn finished(
    path: &Path,
    pool: std::result::Result<Pool<'static>, Reason>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>> {
    let mut pool = pool.map_err(|reason| refuse(path, reason))?;
    for notice in &mut pool.notices {
        *notice = format!("{}: {notice}", path.display());
    }
    if room.is_for_outlines() || meant.skips_bad {
        return Ok(pool);
    }
    pool.checked().map_err(|error| refuse(path, bad_row(&error)))
}

/// `pool`, unless other values are meant: only raw ones can be taken for any.
fn of_meant_type(pool: Pool<'static>, meant: Meant) -> std::result::Result<Pool<'static>, Reason> {
    match meant.dtype {
        Some(dtype) if dtype != pool.dtype => {
            let (held, dtype) = (pool.dtype.name(), dtype.name());
            Err(format!("holds {held} values, and says so itself: leave out --dtype {dtype}")
                .into())
        }
        _ => Ok(pool),
    }
}

/// The pool in `store`, which is fetched if it is an object.
fn near(
    path: &Path,
    store: Store<'static>,
    meant: Meant,
    room: &Room,
) -> std::result::Result<Pool<'static>, Reason> {
    let format = meant.format(path)?;
    let meant = meant.in_file(format)?;
    let length = store.length();
    if length == 0 {
        return Err("is a file of 0 bytes".into());
    }
    if format.is_read_by_parts() {
        return format.read(store, meant, room);
    }
    match fetch(&store, 0, length, room)? {
        None => format.read(store, meant, room),
        Some(fetched) => {
            let (taken, is_in_scratch) = (fetched.taken, fetched.is_in_scratch());
            let mut pool = format.read(fetched.store, meant, room)?;
            if format.is_copied() {
                // What was fetched is gone: rows were copied, or lie in the scratch file.
                room.give_back(taken);
            }
            if is_in_scratch {
                pool.notices.push("fetched once, into the scratch folder".into());
            }
            Ok(pool)
        }
    }
}
