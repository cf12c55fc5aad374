//! Pools in Zarr stores of version 2 and 3: a folder, or an archive of one.
//!
//! | file | what it has |
//! | --- | --- |
//! | `keys` | the files of a store, in a folder or an archive |
//! | `array` | what an array's metadata says, whatever its version |
//! | `version2`, `version3` | the metadata of each version |
//! | `ids` | the ids of rows in arrays |
//! | `chunks`, `shards` | chunks in files of their own; many chunks in one file |

mod array;
mod chunks;
mod ids;
mod keys;
mod shards;
mod version2;
mod version3;

use std::path::Path;

use self::array::Array;
use self::chunks::Inside;
pub(in crate::pool::formats) use self::ids::{each_id_of_archive, each_id_of_folder};
use self::keys::Keys;
use super::choose::choose;
use super::chunked::assemble;
use crate::pool::Pool;
use crate::pool::bytes::{Place, Store};
use crate::pool::convert::Layout;
use crate::pool::dense::{self, rows_and_dimensions};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

/// The array `name`, by its path, or the only one of two dimensions and of values that pools have, in the folder `path`.
pub(in crate::pool) fn read_folder(
    path: &Path,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    read(&Keys::Folder(path.to_path_buf()), name, room)
}

/// As [`read_folder`], in an archive of such a folder.
pub(in crate::pool) fn read_archive(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    read(&Keys::archive(store)?, name, room)
}

fn read(keys: &Keys, name: Option<&str>, room: &Room) -> Result<Pool<'static>, Reason> {
    let (path, array) = chosen(keys, name)?;
    of_array(keys, &path, array, room).map_err(|reason| match path.is_empty() {
        true => reason,
        false => format!("array '{path}' {reason}").into(),
    })
}

fn of_array(keys: &Keys, path: &str, array: Array, room: &Room) -> Result<Pool<'static>, Reason> {
    let (rows, d) = rows_and_dimensions(array.rows_alone())?;
    let dtype = dense::stored(array.values.kind()?)?;
    let inside = Inside::of(keys, path, array)?;
    let mut pool = match room.is_for_outlines() {
        true => Pool::without_values((rows, d), dtype),
        false => {
            let values = assemble(&inside.grid, &inside, room)?;
            Pool::of_segment(values, (rows, d), dtype, Place::dense(0, d * dtype.bytes()))
        }
    };
    let big_endian = inside.grid.big_endian;
    pool.notices = dense::notices(Layout { rows, d, fortran: false, big_endian });
    Ok(pool)
}

/// The array that is meant, and its path in the store.
fn chosen(keys: &Keys, name: Option<&str>) -> Result<(String, Array), Reason> {
    let arrays = keys.arrays()?;
    if let [only] = &arrays[..]
        && only.is_empty()
    {
        return match name {
            Some(name) => Err(format!("is one array without a name: leave out '{name}'").into()),
            None => Ok((String::new(), Array::read(keys, "")?)),
        };
    }
    if let Some(name) = name {
        let names: Vec<&str> = arrays.iter().map(String::as_str).collect();
        let path = names[choose("arrays", &names, Some(name.trim_matches('/')))?];
        return Ok((path.to_string(), Array::read(keys, path)?));
    }
    // One that cannot be read is told of where it is the only one.
    let read = |path: &String| (path.clone(), Array::read(keys, path));
    let mut found: Vec<_> = arrays.iter().map(read).collect();
    let is_flat = |array: &Result<Array, Reason>| {
        array.as_ref().map_or(true, |array| array.rows_alone().len() == 2)
    };
    found.retain(|(_, array)| is_flat(array));
    let is_pool = |array: &Result<Array, Reason>| {
        let kind = array.as_ref().map(|array| array.values.kind());
        matches!(kind, Ok(Ok(kind)) if dense::stored(kind).is_ok())
    };
    if found.iter().any(|(_, array)| is_pool(array)) {
        found.retain(|(_, array)| is_pool(array));
    }
    let names: Vec<&str> = found.iter().map(|(path, _)| &**path).collect();
    let (path, array) = found.swap_remove(choose("two-dimensional arrays", &names, None)?);
    Ok((path, array?))
}
