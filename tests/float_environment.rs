//! The answer under a caller that flushes denormals: the engine's threads set their own environment.
#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code)]

mod pools;
mod reference;

use farpoint::{Options, Pool, Selection, select};

/// Flush to zero, denormals are zero, round up: all that a caller may have left behind.
const HOSTILE_MXCSR: u32 = 0x1f80 | 1 << 15 | 1 << 6 | 0b10 << 13;
const DEFAULT_MXCSR: u32 = 0x1f80;

fn set(mxcsr: u32) {
    // SAFETY: loads a valid MXCSR from four bytes of the stack.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &mxcsr, options(nostack, readonly)) };
}

fn get() -> u32 {
    let mut mxcsr = 0u32;
    // SAFETY: stores MXCSR to four bytes of the stack.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut mxcsr, options(nostack)) };
    mxcsr
}

fn under_hostile_environment(pool: &Pool, options: &Options) -> Selection {
    set(HOSTILE_MXCSR);
    let found = select(pool, 60, options);
    let after = get();
    let verdict = found
        .as_ref()
        .map(|found| farpoint::verify(pool, &found.centers, Some(&found.radii), options));
    set(DEFAULT_MXCSR);
    assert!(verdict.unwrap().unwrap().is_right());
    assert_eq!(after & !0x3f, HOSTILE_MXCSR, "the caller's environment is the caller's");
    found.unwrap()
}

#[test]
fn denormals_count_whatever_the_caller_set() {
    let mut checked = 0;
    for named in pools::hostile(150, 33) {
        let pool = Pool::new(&named.values, 33).unwrap();
        for threads in [1, 2] {
            let options = Options { threads, assign: true, ..Options::default() };
            let expected = reference::select(&pool, 60, &options);
            let found = under_hostile_environment(&pool, &options);
            assert_eq!(found.centers, expected.centers, "{}", named.name);
            assert_eq!(found.radii, expected.radii, "{}", named.name);
            assert_eq!(found.min_distances.unwrap(), expected.min_distances, "{}", named.name);
        }
        checked += usize::from(named.name == "subnormal");
    }
    assert_eq!(checked, 1, "subnormal values were among them");
}
