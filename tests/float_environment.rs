//! The answer under a caller that flushes denormals: the engine's threads set their own environment.
#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code)]

mod common;

use common::{pools, reference};
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

/// f64 values are rounded to f32 as they are read: to nearest, denormals kept.
#[test]
fn files_are_read_in_the_same_environment() {
    let values: Vec<f64> = (1..=60).map(|i| f64::from(i) * 1e-41 + 1e-50).collect();
    let dir = tempfile::tempdir().unwrap();
    let header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (20, 3), }}{:>1$}", "\n", 57);
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let file = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &bytes].concat();
    let path = dir.path().join("pool.npy");
    std::fs::write(&path, file).unwrap();
    set(HOSTILE_MXCSR);
    let pool = Pool::open(&path);
    set(DEFAULT_MXCSR);
    let pool = pool.unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
    let expected: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let read: Vec<f32> = (0..20).flat_map(|row| pool.row(row, &mut Vec::new()).to_vec()).collect();
    assert_eq!(read, expected);
    assert!(read.iter().all(|v| *v != 0.0));
}
