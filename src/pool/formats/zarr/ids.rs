//! Ids that arrays hold: strings and whole numbers.

use std::path::Path;

use super::array::{Array, Values};
use super::chunks::Inside;
use super::keys::Keys;
use crate::pool::bytes::Store;
use crate::pool::formats::annotated::{self, LIST, Take, list_length};
use crate::pool::formats::chunked::{Chunks, decode_all};
use crate::pool::ids::{IdRef, texts};
use crate::pool::lists::entry::Number;
use crate::pool::lists::numbers::decode;
use crate::pool::reason::Reason;

/// The ids of `rows` rows in the array at the path `name`, or in the group that AnnData writes for a column, of the store in the folder
/// `path`.
pub(in crate::pool::formats) fn each_id_of_folder(
    path: &Path,
    name: &str,
    rows: usize,
    take: &mut Take,
) -> Result<(), Reason> {
    each_id(&Keys::Folder(path.to_path_buf()), name, rows, take)
}

/// As [`each_id_of_folder`], in an archive of such a folder.
pub(in crate::pool::formats) fn each_id_of_archive(
    store: Store<'static>,
    name: &str,
    rows: usize,
    take: &mut Take,
) -> Result<(), Reason> {
    each_id(&Keys::archive(store)?, name, rows, take)
}

fn each_id(keys: &Keys, name: &str, rows: usize, take: &mut Take) -> Result<(), Reason> {
    let paths = keys.arrays()?;
    if paths.iter().all(String::is_empty) {
        return Err(format!("is one array, beside which no ids stand: {LIST}").into());
    }
    annotated::each_id(&Arrays { keys, paths }, name, rows, take)
}

/// The arrays of a store.
struct Arrays<'k> {
    keys: &'k Keys,
    paths: Vec<String>,
}

impl annotated::Arrays for Arrays<'_> {
    fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    fn paths(&self) -> Result<Vec<String>, Reason> {
        Ok(self.paths.clone())
    }

    fn length(&self, path: &str) -> Result<usize, Reason> {
        let length = Array::read(self.keys, path).and_then(|array| list_length(&array.shape));
        length.map_err(|reason| named(path, &reason))
    }

    fn each(&self, path: &str, take: &mut Take) -> Result<(), Reason> {
        self.each_of(path, take).map_err(|reason| named(path, &reason))
    }

    fn flags(&self, path: &str) -> Result<Vec<bool>, Reason> {
        let (values, inside) = self.list(path)?;
        if values != Values::Booleans {
            return Err(named(path, "is no list of booleans"));
        }
        let mut flags = Vec::with_capacity(inside.grid.rows);
        for band in 0..inside.grid.bands() {
            flags.extend(inside.grid.band(band, &inside)?.into_iter().map(|byte| byte != 0));
        }
        Ok(flags)
    }
}

impl Arrays<'_> {
    /// What a list holds, and its chunks.
    fn list(&self, path: &str) -> Result<(Values, Inside<'_>), Reason> {
        let array = Array::read(self.keys, path)?.into_list();
        Ok((array.values, Inside::of(self.keys, path, array)?))
    }

    fn each_of(&self, path: &str, take: &mut Take) -> Result<(), Reason> {
        let (values, inside) = self.list(path)?;
        for band in 0..inside.grid.bands() {
            let first = band * inside.grid.chunk_rows;
            if values.are_texts() {
                let stored = inside.stored(band, 0)?;
                let stored = stored.ok_or_else(|| {
                    format!("has no ids from row {first} on: they were never written")
                })?;
                inside.grid.check_chunk(&stored)?;
            }
            if values == Values::Texts {
                each_of_chunk(&inside, band, take)?;
                continue;
            }
            let bytes = inside.grid.band(band, &inside)?;
            for (row, value) in (first..).zip(bytes.chunks_exact(values.bytes())) {
                of_value(value, values, row, take)?;
            }
        }
        Ok(())
    }
}

/// A value of one width.
fn of_value(value: &[u8], values: Values, row: usize, take: &mut Take) -> Result<(), Reason> {
    let no_text = || Reason::from(format!("has an id in row {row} that is no text: {LIST}"));
    match values {
        Values::Narrow(_) => take(row, IdRef::Text(texts::narrow(value).ok_or_else(no_text)?)),
        Values::Wide { big_endian, .. } => {
            let text = texts::wide(value, big_endian).ok_or_else(no_text)?;
            take(row, IdRef::Text(&text))
        }
        // The grid has put the lowest byte first.
        Values::Numbers(kind) => {
            match decode(value, kind, false) {
                Number::Integer(number) => IdRef::of_number(number, |id| take(row, id)),
                _ => Err(format!("holds {} values; ids are strings or whole numbers", kind.name())
                    .into()),
            }
        }
        Values::Booleans | Values::Texts => {
            Err("holds booleans; ids are strings or whole numbers".into())
        }
    }
}

/// The texts of a chunk: how many, then each behind its length.
fn each_of_chunk(inside: &Inside, band: usize, take: &mut Take) -> Result<(), Reason> {
    let grid = &inside.grid;
    let Some(stored) = inside.stored(band, 0)? else { return Ok(()) };
    let bytes = decode_all(&grid.codecs, &stored.bytes)?;
    let damaged = || Reason::from("has a chunk of strings that ends too early: it is damaged");
    let mut rest = bytes.get(size_of::<u32>()..).ok_or_else(damaged)?;
    let first = band * grid.chunk_rows;
    for row in first..(first + grid.chunk_rows).min(grid.rows) {
        let (length, after) = rest.split_first_chunk().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (text, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        let text = std::str::from_utf8(text);
        let text = text.map_err(|_| format!("has an id in row {row} that is no text: {LIST}"))?;
        take(row, IdRef::Text(text))?;
        rest = after;
    }
    Ok(())
}

fn named(path: &str, reason: &str) -> Reason {
    format!("array '{path}' {reason}").into()
}
