//! The formats of the nearest-neighbour benchmarks: .fbin, .u8bin, .i8bin, and .fvecs, .bvecs.

use crate::pool::bytes::{Place, Store};
use crate::pool::dense::{Kind, array_bytes, rows_and_dimensions};
use crate::pool::reason::Reason;
use crate::pool::{Dtype, Pool};

/// Bytes before each row of .fvecs and .bvecs: d again, which is checked when the row is.
const HEAD: usize = 4;

/// u32 n, u32 d, then the rows (big-ann-benchmarks).
pub(super) fn read_bin(file: Store<'static>, dtype: Dtype) -> Result<Pool<'static>, Reason> {
    let header = file.part(0, 8)?;
    let (Some(rows), Some(d)) = (number(&header, 0), number(&header, 4)) else {
        let length = file.length();
        return Err(format!("holds {length} bytes; the header alone is 8: n and d").into());
    };
    let kind = Kind::Stored(dtype);
    let held = file.length() - 8;
    if array_bytes(&[rows, d], kind) != Some(held) {
        let bytes = dtype.bytes();
        let reason =
            format!("claims {rows} rows of {d} values, {bytes} bytes each, but holds {held} bytes");
        return Err(reason.into());
    }
    let (rows, d) = rows_and_dimensions(&[rows, d])?;
    drop(header);
    Ok(Pool::of_segment(file, (rows, d), dtype, Place::dense(8, d * dtype.bytes())))
}

/// Rows that each begin with d as an i32 (TEXMEX).
pub(super) fn read_vecs(file: Store<'static>, dtype: Dtype) -> Result<Pool<'static>, Reason> {
    let first = number(&file.part(0, 4)?, 0);
    let Some(d) = first.filter(|d| (1..=i32::MAX as usize).contains(d)) else {
        return Err("does not begin with a dimension: a positive 4-byte integer".into());
    };
    // Below 2^34: no overflow.
    let stride = HEAD + d * dtype.bytes();
    let length = file.length();
    if !length.is_multiple_of(stride) {
        return Err(format!("holds {length} bytes, not rows of {stride}: 4 and {d} values").into());
    }
    let place = Place { offset: HEAD, stride, head: HEAD };
    Ok(Pool::of_segment(file, (length / stride, d), dtype, place))
}

/// The u32 at byte `at`.
fn number(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}
