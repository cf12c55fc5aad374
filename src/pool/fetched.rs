//! Objects brought near, once: into memory while there is room, else into a scratch file.

use super::bytes::Store;
use super::reason::Reason;
use super::row_file::RowFile;
use super::scratch::Room;
use crate::memory::size_text;

/// Bytes that were fetched.
pub(super) struct Fetched {
    pub store: Store<'static>,
    /// Bytes of the room's memory that they take.
    pub taken: usize,
}

impl Fetched {
    pub fn is_in_scratch(&self) -> bool {
        matches!(self.store, Store::File(_))
    }
}

/// The bytes of `store` from `at` on, if it is an object whose values are wanted; none of what is near already.
pub(super) fn fetch(
    store: &Store<'static>,
    at: usize,
    length: usize,
    room: &Room,
) -> Result<Option<Fetched>, Reason> {
    match store {
        Store::File(file) if !file.is_local() && !room.is_for_outlines() => {
            part(file, at, length, room).map(Some)
        }
        _ => Ok(None),
    }
}

fn part(file: &RowFile, at: usize, length: usize, room: &Room) -> Result<Fetched, Reason> {
    if let Some(left) = room.lacks(length) {
        let [needed, left] = [length as u64, left].map(size_text);
        return Err(format!(
            "takes {needed} once it is fetched, but there is room for {left} in memory: give --scratch DIR, a folder on a disk with {needed} \
             free"
        )
        .into());
    }
    let read = |before: usize, out: &mut [u8]| file.read((at + before) as u64, out);
    let store = room.filled(length, 1, read)?;
    let taken = if matches!(store, Store::Memory(_)) { length } else { 0 };
    Ok(Fetched { store, taken })
}
