//! AMX's tiles: whether this process may use them, and their shape.

use std::arch::asm;
use std::arch::x86_64::_xgetbv;
use std::sync::OnceLock;

use super::cpuid::cpuid;

/// AMX's kinds of products, as CPUID tells them (leaf 7, EDX).
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Products {
    Bf16 = 1 << 22,
    Int8 = 1 << 25,
}

/// Whether this process may use tiles, and the machine multiplies them in this way.
pub fn permitted(products: Products) -> bool {
    static FEATURES: OnceLock<u32> = OnceLock::new();
    let features =
        FEATURES.get_or_init(|| tile_features().filter(|_| ask_permission()).unwrap_or(0));
    features & products as u32 != 0
}

/// CPUID 7's EDX, if it has AMX-TILE and XCR0 says that the system saves tile registers.
fn tile_features() -> Option<u32> {
    const AMX_TILE: u32 = 1 << 24;
    const OSXSAVE: u32 = 1 << 27;
    const TILE_STATE: u64 = 0b11 << 17;
    let max_leaf = cpuid(0, 0).eax;
    if max_leaf < 7 || cpuid(1, 0).ecx & OSXSAVE == 0 {
        return None;
    }
    let features = cpuid(7, 0).edx;
    // SAFETY: OSXSAVE says that xgetbv may be executed.
    let saved = unsafe { xcr0() };
    (features & AMX_TILE != 0 && saved & TILE_STATE == TILE_STATE).then_some(features)
}

#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller checked OSXSAVE; register 0 always exists.
    unsafe { _xgetbv(0) }
}

/// Linux gives tile registers to processes that ask, for all their threads.
fn ask_permission() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: this call takes two numbers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// Gives this thread all eight tiles: 16 rows of 64 bytes. The caller found tiles permitted.
pub unsafe fn configure() {
    #[repr(C, align(64))]
    struct Config([u8; 64]);
    let mut config = Config([0; 64]);
    config.0[0] = 1;
    for tile in 0..8 {
        config.0[16 + 2 * tile] = 64;
        config.0[48 + tile] = 16;
    }
    // SAFETY: 64 bytes of a valid palette-1 configuration; the caller checked that tiles exist.
    unsafe { asm!("ldtilecfg [{}]", in(reg) config.0.as_ptr(), options(nostack, readonly)) };
}

/// Ends this thread's use of tiles. The caller found tiles permitted.
pub unsafe fn release() {
    // SAFETY: the caller checked that tiles exist.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}
