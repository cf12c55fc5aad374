//! Arrays of ids in NumPy's files: strings of one width, or whole numbers.

use std::borrow::Cow;

use super::{IdRef, texts};
use crate::pool::dense::shape_text;
use crate::pool::lists::entry::Number;
use crate::pool::lists::numbers::decode;
use crate::pool::npy_header::{Header, TextHeader};
use crate::pool::reason::Reason;

/// Whether `file` holds strings.
pub(in crate::pool) fn is_of_texts(file: &[u8]) -> Result<bool, Reason> {
    Ok(TextHeader::parse(file, file.len())?.is_some())
}

/// Every id in `file`, by its place.
pub(in crate::pool) fn each(
    file: &[u8],
    take: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    if let Some(header) = TextHeader::parse(file, file.len())? {
        check_shape(&header.shape)?;
        if header.item_bytes == 0 {
            return Err("holds strings of no characters".into());
        }
        let items = file[header.offset..].chunks_exact(header.item_bytes);
        return items.enumerate().try_for_each(|(place, item)| {
            let text = text(item, &header).ok_or_else(|| format!("entry {place} is not text"))?;
            take(place, IdRef::Text(&text))
        });
    }
    let header = Header::parse(file, file.len())?;
    check_shape(&header.shape)?;
    let items = file[header.offset..].chunks_exact(header.kind.bytes());
    items.enumerate().try_for_each(|(place, item)| {
        let Number::Integer(number) = decode(item, header.kind, header.big_endian) else {
            let kind = header.kind.name();
            return Err(format!("holds {kind} values; ids are strings or whole numbers").into());
        };
        IdRef::of_number(number, |id| take(place, id))
    })
}

fn check_shape(shape: &[usize]) -> Result<(), Reason> {
    match shape {
        [_] | [_, 1] => Ok(()),
        _ => {
            let shape = shape_text(shape);
            Err(format!("has the shape {shape}; a list is (n,): save a.ravel()").into())
        }
    }
}

/// A string without the zeros behind it; none if it is not text.
fn text<'f>(item: &'f [u8], header: &TextHeader) -> Option<Cow<'f, str>> {
    match header.is_wide {
        true => texts::wide(item, header.big_endian).map(Cow::Owned),
        false => texts::narrow(item).map(Cow::Borrowed),
    }
}
