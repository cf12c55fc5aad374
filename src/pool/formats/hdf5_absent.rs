//! Stands in for `hdf5/` in a build without the feature `hdf5`.

use crate::pool::Pool;
use crate::pool::bytes::Store;
use crate::pool::ids::IdRef;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

const ABSENT: &str = "this build does not read HDF5: build with the feature 'hdf5'";

pub(in crate::pool) fn read(
    _: Store<'static>,
    _: Option<&str>,
    _: &Room,
) -> Result<Pool<'static>, Reason> {
    Err(ABSENT.into())
}

pub(in crate::pool::formats) fn each_id(
    _: Store<'static>,
    _: &str,
    _: usize,
    _: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    Err(ABSENT.into())
}
