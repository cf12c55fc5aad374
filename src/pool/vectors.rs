//! The formats of the nearest-neighbour benchmarks: .fbin, .u8bin, .i8bin, and .fvecs, .bvecs.

use rayon::prelude::*;

use super::bytes::{Bytes, Place};
use super::convert::Layout;
use super::dense::{Kind, array_bytes, rows_and_dimensions};
use super::reason::Reason;
use super::{Dtype, Pool, dense};

/// u32 n, u32 d, then the rows (big-ann-benchmarks).
pub(super) fn read_bin(bytes: Bytes<'static>, dtype: Dtype) -> Result<Pool<'static>, Reason> {
    let file = bytes.as_slice();
    let (Some(rows), Some(d)) = (number(file, 0), number(file, 4)) else {
        return Err(format!("holds {} bytes; the header alone is 8: n and d", file.len()).into());
    };
    let kind = Kind::Stored(dtype);
    let held = file.len() - 8;
    if array_bytes(&[rows, d], kind) != Some(held) {
        let bytes = dtype.bytes();
        let reason =
            format!("claims {rows} rows of {d} values, {bytes} bytes each, but holds {held} bytes");
        return Err(reason.into());
    }
    let (rows, d) = rows_and_dimensions(&[rows, d])?;
    dense::pool(bytes, 8, Layout { rows, d, fortran: false, big_endian: false }, kind)
}

/// Rows that each begin with d as an i32 (TEXMEX).
pub(super) fn read_vecs(bytes: Bytes<'static>, dtype: Dtype) -> Result<Pool<'static>, Reason> {
    let file = bytes.as_slice();
    let Some(d) = number(file, 0).filter(|d| (1..=i32::MAX as usize).contains(d)) else {
        return Err("does not begin with a dimension: a positive 4-byte integer".into());
    };
    // Below 2^34: no overflow.
    let stride = 4 + d * dtype.bytes();
    if !file.len().is_multiple_of(stride) {
        let length = file.len();
        return Err(format!("holds {length} bytes, not rows of {stride}: 4 and {d} values").into());
    }
    let rows = file.len() / stride;
    let differs = |&row: &usize| number(file, row * stride) != Some(d);
    if let Some(row) = (1..rows).into_par_iter().find_first(differs) {
        return Err(format!("row {row} does not begin with the dimension of row 0, {d}").into());
    }
    Ok(Pool::of_segment(bytes, (rows, d), dtype, Place { offset: 4, stride }))
}

/// The u32 at byte `at`.
fn number(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}
