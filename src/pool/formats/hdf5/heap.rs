//! Strings of any length: a dataset holds where in the file's heaps each of them lies.

use std::collections::HashMap;

use crate::pool::bytes::Store;
use crate::pool::formats::annotated::LIST;
use crate::pool::reason::Reason;

/// Bytes that a dataset holds of a string: its length, the address of its heap, and its number there.
pub(super) const REFERENCE_BYTES: usize = 16;

/// What a file begins with whose addresses count from its first byte.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Bytes before the first object of a heap, and before the bytes of each.
const HEADER_BYTES: usize = 16;
const HEAP: &[u8] = b"GCOL\x01";
/// Heaps of which it is kept what lies where.
const KEPT: usize = 256;

/// Where the objects of a heap lie: first byte and length.
type Objects = HashMap<u16, (usize, usize)>;

/// The heaps of a file.
pub(super) struct Heaps<'s> {
    store: &'s Store<'static>,
    known: HashMap<usize, Objects>,
}

impl<'s> Heaps<'s> {
    pub fn of(store: &'s Store<'static>) -> Result<Heaps<'s>, Reason> {
        let head = store.part(0, HEADER_BYTES)?;
        // Of addresses and lengths: where the first versions have them, and where later ones do.
        let sizes = match head.get(8) {
            Some(0 | 1) => head.get(13..15),
            _ => head.get(9..11),
        };
        match head.starts_with(SIGNATURE) && sizes == Some(&[8, 8]) {
            true => Ok(Heaps { store, known: HashMap::new() }),
            false => Err(format!("holds strings that are not read in such a file: {LIST}").into()),
        }
    }

    /// The bytes that a reference leads to.
    pub fn text(&mut self, reference: &[u8]) -> Result<Vec<u8>, Reason> {
        let length = number(&reference[..4]);
        if length == 0 {
            return Ok(Vec::new());
        }
        let (address, index) = (number(&reference[4..12]), number(&reference[12..16]));
        if !self.known.contains_key(&address) {
            if self.known.len() == KEPT {
                self.known.clear();
            }
            let objects = self.objects(address)?;
            self.known.insert(address, objects);
        }
        let object = u16::try_from(index).ok().and_then(|index| self.known[&address].get(&index));
        match object {
            Some(&(start, held)) if length <= held => {
                Ok(self.store.part(start, length)?.into_owned())
            }
            _ => Err("has a string that is not where it must be: it is damaged".into()),
        }
    }

    /// What the heap at this address holds.
    fn objects(&self, address: usize) -> Result<Objects, Reason> {
        let damaged = || Reason::from("has a heap of strings that is damaged");
        let header = self.store.part(address, HEADER_BYTES)?;
        if header.len() < HEADER_BYTES || !header.starts_with(HEAP) {
            return Err(damaged());
        }
        let end = address.checked_add(number(&header[8..])).ok_or_else(damaged)?;
        if end > self.store.length() {
            return Err(damaged());
        }
        let (mut objects, mut at) = (Objects::new(), address + HEADER_BYTES);
        while at + HEADER_BYTES <= end {
            let header = self.store.part(at, HEADER_BYTES)?;
            let (index, length) =
                (u16::from_le_bytes([header[0], header[1]]), number(&header[8..]));
            // The space that is free.
            if index == 0 {
                break;
            }
            let start = at + HEADER_BYTES;
            let next = start.checked_add(length).and_then(|end| end.checked_next_multiple_of(8));
            at = next.filter(|&next| next <= end).ok_or_else(damaged)?;
            objects.insert(index, (start, length));
        }
        Ok(objects)
    }
}

/// A number, of which the lowest byte comes first; what no address can be where it is larger than those.
fn number(bytes: &[u8]) -> usize {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    usize::try_from(u64::from_le_bytes(whole)).unwrap_or(usize::MAX)
}
