//! Stands in for `zarr/` in a build without the feature `zarr`.

use std::path::Path;

use crate::pool::Pool;
use crate::pool::bytes::Store;
use crate::pool::ids::IdRef;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

const ABSENT: &str = "this build does not read Zarr: build with the feature 'zarr'";

pub(in crate::pool) fn read_folder(
    _: &Path,
    _: Option<&str>,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool) fn read_archive(
    _: Store<'static>,
    _: Option<&str>,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool::formats) fn each_id_of_folder(
    _: &Path,
    _: &str,
    _: usize,
    _: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool::formats) fn each_id_of_archive(
    _: Store<'static>,
    _: &str,
    _: usize,
    _: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    Err(ABSENT.into())
}
