//! The floating-point environment of the contract: round to nearest, denormals on, whatever the caller set.
#![allow(unsafe_code)]

/// Gives the calling thread the default environment.
pub fn set_default() {
    write(DEFAULT);
}

/// Does `work` in the default environment. The calling thread has its own again afterwards, after a panic too.
pub fn in_default<T>(work: impl FnOnce() -> T) -> T {
    struct Before(Control);
    impl Drop for Before {
        fn drop(&mut self) {
            write(self.0);
        }
    }
    let _before = Before(read());
    set_default();
    work()
}

#[cfg(target_arch = "x86_64")]
type Control = u32;
/// Nearest, no flush to zero, denormals are not zero, exceptions masked.
#[cfg(target_arch = "x86_64")]
const DEFAULT: Control = 0x1f80;

#[cfg(target_arch = "x86_64")]
fn write(control: Control) {
    // SAFETY: loads MXCSR from four valid bytes, in which no reserved bit is set: they are `DEFAULT`, or what `read` found there.
    unsafe {
        std::arch::asm!("ldmxcsr [{}]", in(reg) &control, options(nostack, readonly));
    }
}

#[cfg(target_arch = "x86_64")]
fn read() -> Control {
    let mut control: Control = 0;
    // SAFETY: stores MXCSR to four valid bytes that are borrowed `&mut`.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &mut control, options(nostack));
    }
    control
}

#[cfg(target_arch = "aarch64")]
type Control = u64;
/// FPCR's reset value: nearest, no flush to zero.
#[cfg(target_arch = "aarch64")]
const DEFAULT: Control = 0;

#[cfg(target_arch = "aarch64")]
fn write(control: Control) {
    // SAFETY: the value is `DEFAULT`, or what `read` found there.
    unsafe {
        std::arch::asm!("msr fpcr, {}", in(reg) control, options(nostack, nomem));
    }
}

#[cfg(target_arch = "aarch64")]
fn read() -> Control {
    let control: Control;
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mrs {}, fpcr", out(reg) control, options(nostack, nomem));
    }
    control
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Control = ();
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const DEFAULT: Control = ();
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn write((): Control) {}
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read() -> Control {}
