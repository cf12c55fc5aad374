//! Stands in for `columns.rs` in a build without the feature `parquet`.

use super::Pool;
use super::bytes::{Bytes, Store};
use super::column::Column;
use super::entry::Entry;
use super::reason::Reason;
use super::scratch::Room;

const ABSENT: &str = "this build reads neither Parquet nor Arrow: build with the feature 'parquet'";

pub(super) fn read_parquet(
    _: Store<'static>,
    _: Option<&str>,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(super) fn read_arrow(
    _: Store<'static>,
    _: Option<&str>,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(super) fn read_numbers(_: Bytes<'static>, _: Column) -> Result<Vec<Entry>, Reason> {
    Err(ABSENT.into())
}

pub(super) fn read_if_named(
    _: Bytes<'static>,
    _: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    Err(ABSENT.into())
}
