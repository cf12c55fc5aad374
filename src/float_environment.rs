//! The floating-point environment of the contract: round to nearest, denormals on, whatever the caller set.
#![allow(unsafe_code)]

/// Gives the calling thread the default environment.
pub fn set_default() {
    #[cfg(target_arch = "x86_64")]
    {
        // Nearest, no flush to zero, denormals are not zero, exceptions masked.
        const DEFAULT_MXCSR: u32 = 0x1f80;
        // SAFETY: loads MXCSR from four valid bytes with no reserved bit set; the thread is the engine's own, so no
        // caller's setting is lost.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &DEFAULT_MXCSR, options(nostack, readonly));
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        // SAFETY: zero is FPCR's reset value: nearest, no flush to zero; the thread is the engine's own.
        unsafe {
            std::arch::asm!("msr fpcr, xzr", options(nostack, nomem));
        }
    }
}
