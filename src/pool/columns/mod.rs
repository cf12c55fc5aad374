//! Pools, row lists and weights in Parquet and Arrow files.
//!
//! | file | what it has |
//! | --- | --- |
//! | `parquet`, `pages` | one column of a Parquet file; the sizes that its pages claim, checked first |
//! | `arrow` | one column of an Arrow file or stream |
//! | `piece` | a column decoded chunk by chunk |
//! | `kept`, `chunks` | where the chunks are kept; parts of a file as the Parquet decoder asks for them |
//! | `vectors`, `numbers` | lists as rows of a pool; numbers as row lists and weights |

mod arrow;
mod chunks;
mod kept;
mod numbers;
mod pages;
mod parquet;
mod piece;
mod vectors;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use arrow_schema::{DataType, FieldRef, Schema};

use self::chunks::Chunks;
use self::kept::Kept;
use self::piece::decoded;
use super::Pool;
use super::bytes::{Bytes, Store};
use super::choose::choose;
use super::column::Column;
use super::entry::Entry;
use super::reason::Reason;
use super::scratch::Room;

pub(super) fn read_parquet(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let file = Chunks::new(store);
    decoded(|| {
        let pick = |schema: &Schema| vectors_column(schema, name);
        if room.is_for_outlines() {
            let (rows, d, dtype) = parquet::outline(&file, pick)?;
            return Ok(Pool::without_values((rows, d), dtype));
        }
        let (taken, is_full) = (AtomicUsize::new(0), AtomicBool::new(false));
        let piece = |lists, first_row| {
            let piece = vectors::piece(lists, first_row)?;
            let length = piece.bytes.as_slice().len();
            if is_full.load(Relaxed) || !room.take(length) {
                is_full.store(true, Relaxed);
                return Err("is larger than memory".into());
            }
            taken.fetch_add(length, Relaxed);
            Ok(piece)
        };
        let pieces = parquet::column(&file, pick, piece);
        room.give_back(taken.into_inner());
        let mut kept = Kept::new(room);
        if is_full.into_inner() {
            // Once more, one row group at a time: what is decoded leaves memory at once.
            let rows = parquet::rows(&file)?;
            parquet::each(&file, pick, vectors::piece, |piece| kept.add(piece, None, rows))?;
        } else {
            pieces?.into_iter().try_for_each(|piece| kept.add(piece, None, 0))?;
        }
        kept.pool()
    })
}

pub(super) fn read_arrow(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    decoded(|| {
        let mut kept = Kept::new(room);
        let pick = |schema: &Schema| vectors_column(schema, name);
        arrow::column(&store, room.at_once(), pick, vectors::piece, |piece, message| {
            let origin = message.origin(piece.bytes.as_slice());
            kept.add(piece, origin, 0)
        })?;
        kept.pool()
    })
}

/// The numbers in `column`.
pub(super) fn read_numbers(bytes: Bytes<'static>, column: Column) -> Result<Vec<Entry>, Reason> {
    entries(&Chunks::new(Store::Memory(bytes)), column)
}

/// As [`read_numbers`], if there is the column `usual`.
pub(super) fn read_if_named(
    bytes: Bytes<'static>,
    usual: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    let file = Chunks::new(Store::Memory(bytes));
    let is_named = decoded(|| Ok(names(&*parquet::schema(&file)?).contains(&usual)))?;
    is_named.then(|| entries(&file, Column::usual(usual))).transpose()
}

fn entries(file: &Chunks, column: Column) -> Result<Vec<Entry>, Reason> {
    let pick = |schema: &Schema| column.position(&names(schema));
    let chunks = decoded(|| parquet::column(file, pick, numbers::piece))?;
    Ok(chunks.into_iter().flatten().collect())
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// Position of the column `name`, or of the only one that holds lists.
fn vectors_column(schema: &Schema, name: Option<&str>) -> Result<usize, Reason> {
    let fields = schema.fields().iter().enumerate();
    let lists = |(index, field): (usize, &'_ FieldRef)| {
        item_type(field.data_type()).map(|item| (index, field.name().clone(), item.clone()))
    };
    let lists: Vec<(usize, String, DataType)> = fields.filter_map(lists).collect();
    refuse_bytes(schema, name, lists.is_empty())?;
    let names: Vec<&str> = lists.iter().map(|(_, name, _)| name.as_str()).collect();
    let (index, name, item) = &lists[choose("columns of lists", &names, name)?];
    vectors::dtype(item).map_err(|reason| format!("column '{name}' {reason}"))?;
    Ok(*index)
}

/// Refuse a column of bytes that was named, or that stands where `no_lists` do.
fn refuse_bytes(schema: &Schema, name: Option<&str>, no_lists: bool) -> Result<(), Reason> {
    let is_meant = |field: &&FieldRef| name.map_or(no_lists, |name| field.name() == name);
    let is_bytes = |field: &&FieldRef| {
        let kind = field.data_type();
        kind.is_binary() || matches!(kind, DataType::FixedSizeBinary(_))
    };
    match schema.fields().iter().filter(is_bytes).find(is_meant) {
        Some(field) => Err(format!(
            "column '{}' holds bytes, which may be values of any type: decode them, and write a column of lists of float32",
            field.name()
        )
        .into()),
        None => Ok(()),
    }
}

/// The type of the items, if `lists` is a type of lists.
fn item_type(lists: &DataType) -> Option<&DataType> {
    match lists {
        DataType::FixedSizeList(item, _) | DataType::List(item) | DataType::LargeList(item) => {
            Some(item.data_type())
        }
        _ => None,
    }
}
