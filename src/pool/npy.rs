//! Pools in .npy files: rows in place where they lie in order, else converted in memory once.

use super::bytes::Bytes;
use super::convert::Layout;
use super::npy_header::Header;
use super::reason::Reason;
use super::{Pool, dense};

/// The pool in the .npy file that lies at `start` of `bytes`, for `length` bytes. Rows are not yet checked.
pub(super) fn read(
    bytes: Bytes<'static>,
    start: usize,
    length: usize,
) -> Result<Pool<'static>, Reason> {
    let Header { kind, big_endian, fortran, shape, offset } =
        Header::parse(&bytes.as_slice()[start..][..length])?;
    let (rows, d) = dense::rows_and_dimensions(&shape)?;
    dense::pool(bytes, start + offset, Layout { rows, d, fortran, big_endian }, kind)
}
