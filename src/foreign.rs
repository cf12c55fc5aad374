//! Foreign code that panics where it should return an error: parquet 60 on short byte-stream-split pages, arrow 60 on
//! buffers that are no whole number of offsets, cudarc on a library that calls itself the driver and lacks its
//! functions.

use std::cell::Cell;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside foreign code, whose panic becomes an error: a panic hook need not tell it.
#[doc(hidden)]
pub fn is_in_foreign_code() -> bool {
    INSIDE.get()
}

/// The result of `call`, or `None` if it panics. Must be used on each thread that runs foreign code.
#[cfg(any(feature = "parquet", feature = "hdf5", feature = "cuda"))]
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let outer = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    result.ok()
}
