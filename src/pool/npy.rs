//! Pools in .npy files: rows in place where they lie in order, else converted once.

use super::bytes::Store;
use super::convert::Layout;
use super::npy_header::{HEADER_BYTES, Header};
use super::reason::Reason;
use super::scratch::Room;
use super::{Dtype, Pool, dense};

/// The pool in the .npy file that lies at `start` of `store`, for `length` bytes; raw values are of `dtype`. Rows are not yet checked.
pub(super) fn read(
    store: Store<'static>,
    (start, length): (usize, usize),
    dtype: Option<Dtype>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let header = Header::parse(&store.part(start, length.min(HEADER_BYTES))?, length)?;
    let Header { kind, big_endian, fortran, shape, offset } = header.meant_as(dtype)?;
    let (rows, d) = dense::rows_and_dimensions(&shape)?;
    dense::pool(store, start + offset, Layout { rows, d, fortran, big_endian }, kind, room)
}

/// A pool without values, of the size of the .npy file of `length` bytes that begins with `start`.
pub(super) fn outline(
    start: &[u8],
    length: usize,
    dtype: Option<Dtype>,
) -> Result<Pool<'static>, Reason> {
    let Header { kind, shape, .. } = Header::parse(start, length)?.meant_as(dtype)?;
    let shape = dense::rows_and_dimensions(&shape)?;
    Ok(Pool::without_values(shape, dense::stored(kind)?))
}
