//! Bad values that a launch found in its pools.

use crate::backend::cuda::abi::PoolResult;
use crate::error::{Error, Result};

/// The error for bad values that the device found in a pool whose rows begin at `offset`.
pub fn check_values(
    result: &PoolResult,
    offset: usize,
    not_finite: impl Fn(usize) -> Error,
) -> Result<()> {
    if let Some(row) = lowest(result.not_finite) {
        return Err(not_finite(offset + row));
    }
    match lowest(result.without_direction) {
        Some(row) => Err(Error::ZeroRow { what: "row", row: offset + row }),
        None => Ok(()),
    }
}

/// The row that `told` stands for: all ones less the row, or 0 for none.
fn lowest(told: u32) -> Option<usize> {
    (told > 0).then_some((u32::MAX - told) as usize)
}
