//! Decoding a column, chunk by chunk.

use arrow_array::ArrayRef;

use super::picked::Picked;
use crate::foreign::guarded;
use crate::pool::reason::Reason;

/// The result of `read`. A panic of the decoder becomes an error.
pub(super) fn decoded<T>(read: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    guarded(read).unwrap_or_else(|| Err("is damaged: decoding failed".into()))
}

/// Turns one chunk of the picked columns into rows or numbers, given the number of its first row.
pub(super) trait Piece<P>:
    Fn(&Picked, Vec<ArrayRef>, usize) -> Result<P, Reason> + Sync
{
}

impl<P, F: Fn(&Picked, Vec<ArrayRef>, usize) -> Result<P, Reason> + Sync> Piece<P> for F {}
