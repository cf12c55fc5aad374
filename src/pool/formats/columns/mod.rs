//! Pools, row lists and weights in Parquet and Arrow files.
//!
//! | file | what it has |
//! | --- | --- |
//! | `picked`, `types` | which columns are meant; the types that they may have |
//! | `parquet`, `pages` | columns of a Parquet file; the sizes that its pages claim, checked first |
//! | `arrow` | columns of an Arrow file or stream |
//! | `piece`, `chunks` | columns decoded chunk by chunk; parts of a file as the Parquet decoder asks for them |
//! | `vectors`, `numbers`, `ids` | rows of a pool; numbers as row lists and weights; texts and numbers as ids |
//! | `missing` | rows of a pool that have no values |

mod arrow;
mod chunks;
mod ids;
mod missing;
mod numbers;
mod pages;
mod parquet;
mod picked;
mod piece;
mod types;
mod vectors;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use arrow_schema::Schema;

use self::chunks::Chunks;
use self::picked::Picked;
use self::piece::decoded;
use super::choose::choose;
use super::kept::Kept;
use crate::pool::Pool;
use crate::pool::bytes::{Bytes, Store};
use crate::pool::ids::IdRef;
use crate::pool::lists::column::Column;
use crate::pool::lists::entry::Entry;
use crate::pool::meant::Meant;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

pub(in crate::pool) fn read_parquet(
    store: Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let file = Chunks::new(store);
    decoded(|| {
        let pick = |schema: &Schema| Picked::of(schema, meant);
        if room.is_for_outlines() {
            let (rows, d, dtype) = parquet::outline(&file, room, pick)?;
            return Ok(told(Pool::without_values((rows, d), dtype), meant));
        }
        let (taken, is_full) = (AtomicUsize::new(0), AtomicBool::new(false));
        let piece = |picked: &Picked, columns, first_row| {
            let piece = vectors::piece(picked, columns, first_row)?;
            let length = piece.bytes.as_slice().len();
            if is_full.load(Relaxed) || !room.take(length) {
                is_full.store(true, Relaxed);
                return Err("is larger than memory".into());
            }
            taken.fetch_add(length, Relaxed);
            Ok(piece)
        };
        let pieces = parquet::column(&file, room, pick, piece);
        room.give_back(taken.into_inner());
        let mut kept = Kept::new(room);
        if is_full.into_inner() {
            // Once more, one row group at a time: what is decoded leaves memory at once.
            let rows = parquet::rows(&file)?;
            parquet::each(&file, room, pick, vectors::piece, |piece| kept.add(piece, None, rows))?;
        } else {
            pieces?.into_iter().try_for_each(|piece| kept.add(piece, None, 0))?;
        }
        Ok(told(kept.pool()?, meant))
    })
}

pub(in crate::pool) fn read_arrow(
    store: Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    decoded(|| {
        let mut kept = Kept::new(room);
        let pick = |schema: &Schema| Picked::of(schema, meant);
        arrow::column(&store, room.at_once(), pick, vectors::piece, |piece, message| {
            let origin = message.origin(piece.bytes.as_slice());
            kept.add(piece, origin, 0)
        })?;
        Ok(told(kept.pool()?, meant))
    })
}

/// The numbers in `column`.
pub(in crate::pool) fn read_numbers(
    bytes: Bytes<'static>,
    column: Column,
) -> Result<Vec<Entry>, Reason> {
    entries(&Chunks::new(Store::Memory(bytes)), column)
}

/// As [`read_numbers`], if there is the column `usual`.
pub(in crate::pool) fn read_if_named(
    bytes: Bytes<'static>,
    usual: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    let file = Chunks::new(Store::Memory(bytes));
    let is_named = decoded(|| Ok(names(&*parquet::schema(&file)?).contains(&usual)))?;
    is_named.then(|| entries(&file, Column::usual(usual))).transpose()
}

fn entries(file: &Chunks, column: Column) -> Result<Vec<Entry>, Reason> {
    let pick = |schema: &Schema| Ok(Picked::column(schema, column.position(&names(schema))?));
    let chunks = decoded(|| parquet::column(file, &Room::unlimited(), pick, numbers::piece))?;
    Ok(chunks.into_iter().flatten().collect())
}

/// The ids in column `name`, each given to `take` with its row.
pub(in crate::pool) fn each_id_of_parquet(
    store: Store<'static>,
    name: &str,
    take: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let file = Chunks::new(store);
    let pick = |schema: &Schema| ids_column(schema, name);
    decoded(|| {
        parquet::each(&file, &Room::unlimited(), pick, ids::piece, |(column, first_row)| {
            ids::each(&column, first_row, take)
        })
    })
}

/// As [`each_id_of_parquet`], of an Arrow file.
pub(in crate::pool) fn each_id_of_arrow(
    store: &Store<'static>,
    name: &str,
    take: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let pick = |schema: &Schema| ids_column(schema, name);
    let most = Room::unlimited().at_once();
    decoded(|| {
        arrow::column(store, most, pick, ids::piece, |(column, first_row), _| {
            ids::each(&column, first_row, take)
        })
    })
}

/// The names of the columns.
pub(in crate::pool) fn names_of_parquet(store: Store<'static>) -> Result<Vec<String>, Reason> {
    let file = Chunks::new(store);
    let names = |schema: &Schema| names(schema).into_iter().map(String::from).collect();
    decoded(|| Ok(names(&*parquet::schema(&file)?)))
}

/// The column of ids that `name` says.
fn ids_column(schema: &Schema, name: &str) -> Result<Picked, Reason> {
    let root = choose("columns", &names(schema), Some(name))?;
    Ok(Picked::column(schema, root))
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// `pool`, with a word on lists of bytes that nobody said what they are.
fn told(mut pool: Pool<'static>, meant: Meant) -> Pool<'static> {
    let is_said = meant.dtype.is_some() || meant.columns.is_some();
    let range = pool.dtype().range().filter(|_| !is_said);
    let d = pool.dimensions();
    pool.notices.extend(range.map(|range| vectors::read_as_numbers(d, range)));
    pool
}
