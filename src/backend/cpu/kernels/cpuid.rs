//! What the processor says of itself.

use std::arch::x86_64::{__cpuid_count, CpuidResult};

/// The answer of leaf `leaf`, part `part`.
#[allow(unused_unsafe, reason = "later compilers know that it is safe")]
pub fn cpuid(leaf: u32, part: u32) -> CpuidResult {
    // SAFETY: every processor of 64 bits has the instruction; leaves it lacks are answered, with another's numbers.
    unsafe { __cpuid_count(leaf, part) }
}
