//! Ids that datasets hold: strings and whole numbers.

use std::sync::Arc;

use hdf5_pure::{Dataset, Datatype, File, StringPadding};

use super::choose::{self, sides};
use super::heap::{Heaps, REFERENCE_BYTES};
use super::{Values, damaged, kind, open, values};
use crate::foreign::guarded;
use crate::pool::bytes::Store;
use crate::pool::dense::Kind;
use crate::pool::formats::annotated::{self, LIST, Take, list_length};
use crate::pool::ids::{IdRef, texts};
use crate::pool::lists::entry::Number;
use crate::pool::lists::numbers::decode;
use crate::pool::reason::Reason;

/// Rows that are read at once.
const WINDOW: usize = 1 << 16;

/// The ids of `rows` rows in the dataset at the path `name`, or in the group that AnnData writes for a column.
pub(in crate::pool::formats) fn each_id(
    store: Store<'static>,
    name: &str,
    rows: usize,
    take: &mut Take,
) -> Result<(), Reason> {
    let store = Arc::new(store);
    let read = || {
        let arrays = Arrays { file: open(&store)?, store: &store };
        annotated::each_id(&arrays, name, rows, take)
    };
    guarded(read).unwrap_or_else(|| Err("is damaged: decoding failed".into()))
}

/// The datasets of a file.
struct Arrays<'s> {
    file: File,
    store: &'s Store<'static>,
}

impl annotated::Arrays for Arrays<'_> {
    fn has(&self, path: &str) -> bool {
        self.file.dataset(path).is_ok()
    }

    fn paths(&self) -> Result<Vec<String>, Reason> {
        choose::paths(&self.file)
    }

    fn length(&self, path: &str) -> Result<usize, Reason> {
        let dataset = self.file.dataset(path).map_err(damaged)?;
        length(&dataset).map_err(|reason| named(path, &reason))
    }

    fn each(&self, path: &str, take: &mut Take) -> Result<(), Reason> {
        let dataset = self.file.dataset(path).map_err(damaged)?;
        each(self.store, &dataset, take).map_err(|reason| named(path, &reason))
    }

    fn flags(&self, path: &str) -> Result<Vec<bool>, Reason> {
        let dataset = self.file.dataset(path).map_err(damaged)?;
        match dataset.datatype().map_err(damaged)? {
            Datatype::Enumeration { size: 1, .. } | Datatype::FixedPoint { size: 1, .. } => {}
            _ => return Err(named(path, "is no list of booleans")),
        }
        let length = length(&dataset)?;
        let mut flags = Vec::new();
        let values = values(&dataset, &[length], (1, false), self.store.length())?;
        each_part(&values, self.store, length, 1, &mut |_, bytes| {
            flags.extend(bytes.iter().map(|&byte| byte != 0));
            Ok(())
        })?;
        Ok(flags)
    }
}

fn length(dataset: &Dataset) -> Result<usize, Reason> {
    list_length(&sides(&dataset.shape().map_err(damaged)?)?)
}

/// What a dataset holds.
enum Held<'s> {
    /// Strings of one width, behind which spaces count for nothing or not.
    Texts {
        has_spaces: bool,
    },
    References(Heaps<'s>),
    /// Numbers, and whether they are big-endian.
    Numbers(Kind, bool),
}

fn each(store: &Store<'static>, dataset: &Dataset, take: &mut Take) -> Result<(), Reason> {
    let shape = sides(&dataset.shape().map_err(damaged)?)?;
    let datatype = dataset.datatype().map_err(damaged)?;
    let (value_bytes, mut held) = held(store, &datatype)?;
    let big_endian = matches!(held, Held::Numbers(_, true));
    let values = values(dataset, &shape, (value_bytes, big_endian), store.length())?;
    if let (Values::Chunked(_), Held::Numbers(_, big_endian)) = (&values, &mut held) {
        // The grid has put the lowest byte first.
        *big_endian = false;
    }
    each_part(&values, store, list_length(&shape)?, value_bytes, &mut |first, bytes| {
        for (row, value) in (first..).zip(bytes.chunks_exact(value_bytes)) {
            of_value(value, &mut held, row, take)?;
        }
        Ok(())
    })
}

/// What values of this type are, and of how many bytes.
fn held<'s>(store: &'s Store<'static>, datatype: &Datatype) -> Result<(usize, Held<'s>), Reason> {
    match datatype {
        Datatype::String { size: 1.., padding, .. } => {
            let has_spaces = *padding == StringPadding::SpacePad;
            Ok((datatype.type_size() as usize, Held::Texts { has_spaces }))
        }
        Datatype::VariableLength { is_string: true, .. } => {
            Ok((REFERENCE_BYTES, Held::References(Heaps::of(store)?)))
        }
        Datatype::FixedPoint { .. } => {
            let (kind, big_endian) = kind::of(datatype)?;
            Ok((kind.bytes(), Held::Numbers(kind, big_endian)))
        }
        Datatype::Compound { .. } => {
            Err(format!("holds a table, whose columns are not read: {LIST}").into())
        }
        _ => Err(format!("holds neither strings nor whole numbers, as ids are: {LIST}").into()),
    }
}

/// Takes the values of some rows, and which is the first of them.
type TakePart<'t> = dyn FnMut(usize, &[u8]) -> Result<(), Reason> + 't;

/// The values of a list, some rows at a time, each time with the first of them.
fn each_part(
    values: &Values,
    store: &Store<'static>,
    length: usize,
    value_bytes: usize,
    take: &mut TakePart,
) -> Result<(), Reason> {
    match values {
        Values::Few(bytes) => take(0, bytes),
        Values::InPlace(offset) => {
            for first in (0..length).step_by(WINDOW) {
                let rows = WINDOW.min(length - first);
                let bytes = store.part(offset + first * value_bytes, rows * value_bytes)?;
                take(first, &bytes)?;
            }
            Ok(())
        }
        Values::Chunked(chunked) => {
            for band in 0..chunked.grid.bands() {
                let bytes = chunked.grid.band(band, &chunked.inside(store))?;
                take(band * chunked.grid.chunk_rows, &bytes)?;
            }
            Ok(())
        }
    }
}

fn of_value(value: &[u8], held: &mut Held, row: usize, take: &mut Take) -> Result<(), Reason> {
    let mut text = |bytes: &[u8]| {
        let text = texts::narrow(bytes);
        let text = text.ok_or_else(|| format!("has an id in row {row} that is not UTF-8: {LIST}"));
        take(row, IdRef::Text(text?))
    };
    match held {
        Held::Texts { has_spaces: true } => text(value.trim_ascii_end()),
        Held::Texts { .. } => text(value),
        Held::References(heaps) => text(&heaps.text(value)?),
        Held::Numbers(kind, big_endian) => match decode(value, *kind, *big_endian) {
            Number::Integer(number) => IdRef::of_number(number, |id| take(row, id)),
            _ => {
                let name = kind.name();
                Err(format!("holds {name} values; ids are strings or whole numbers").into())
            }
        },
    }
}

fn named(path: &str, reason: &str) -> Reason {
    format!("dataset '{path}' {reason}").into()
}
