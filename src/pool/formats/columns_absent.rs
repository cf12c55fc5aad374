//! Stands in for `columns.rs` in a build without the feature `parquet`.

use crate::pool::Pool;
use crate::pool::bytes::{Bytes, Store};
use crate::pool::ids::IdRef;
use crate::pool::lists::column::Column;
use crate::pool::lists::entry::Entry;
use crate::pool::meant::Meant;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

const ABSENT: &str = "this build reads neither Parquet nor Arrow: build with the feature 'parquet'";

pub(in crate::pool) fn read_parquet(
    _: Store<'static>,
    _: Meant,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn read_arrow(
    _: Store<'static>,
    _: Meant,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn read_numbers(_: Bytes<'static>, _: Column) -> Result<Vec<Entry>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn read_if_named(
    _: Bytes<'static>,
    _: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn each_id_of_parquet(
    _: Store<'static>,
    _: &str,
    _: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn each_id_of_arrow(
    _: &Store<'static>,
    _: &str,
    _: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn names_of_parquet(_: Store<'static>) -> Result<Vec<String>, Reason> {
    Err(ABSENT.into())
}
