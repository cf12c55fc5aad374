//! Prefetching: rows of a frontier lie anywhere in the pool, and asking for the next row while one is worked on hides
//! the wait.

/// Asks the cache for `bytes`. It changes only the time taken.
#[inline]
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const CACHE_LINE: usize = 64;
        for line in bytes.chunks(CACHE_LINE) {
            // SAFETY: a prefetch reads no memory that the program can see; the address is inside `bytes` anyway.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
