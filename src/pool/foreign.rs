//! Decoders that panic at some damaged files where they should refuse: parquet 60 on short byte-stream-split pages, arrow 60
//! on buffers that are no whole number of offsets.

use std::cell::Cell;
#[cfg(feature = "parquet")]
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a foreign decoder, whose panic becomes an error: a panic hook need not tell it.
#[doc(hidden)]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// What `read` gives; its panic is an error. To be called on each thread that decodes.
#[cfg(feature = "parquet")]
pub(super) fn guarded<T>(
    read: impl FnOnce() -> Result<T, super::Reason>,
) -> Result<T, super::Reason> {
    let outer = DECODING.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    DECODING.set(outer);
    read.unwrap_or_else(|_| Err("is damaged: decoding failed".into()))
}
