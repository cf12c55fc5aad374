//! The kernel that this thread launched last. Work on a device is queued, so an error comes late: this kernel failed, or work before it.

use std::cell::Cell;

thread_local! {
    static LAST: Cell<&'static str> = const { Cell::new("that another thread queued") };
}

/// A kernel of this name is launched now.
pub fn remember(kernel: &'static str) {
    LAST.set(kernel);
}

/// The name of the kernel launched last.
pub fn last() -> &'static str {
    LAST.get()
}
