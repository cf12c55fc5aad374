//! Decoding a column, chunk by chunk.

use arrow_array::ArrayRef;

use super::super::reason::Reason;
use crate::foreign::guarded;

/// The result of `read`. A panic of the decoder becomes an error.
pub(super) fn decoded<T>(read: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    guarded(read).unwrap_or_else(|| Err("is damaged: decoding failed".into()))
}

/// Turns one chunk of a column into rows or numbers, given the number of its first row.
pub(super) trait Piece<P>: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync {}

impl<P, F: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync> Piece<P> for F {}
