//! bf16 products by AMX: tiles of 16 rows by 16 columns, 32 values deep, one instruction each.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::ops::Range;
use std::sync::OnceLock;

use half::bf16;

use super::bf16_layout::{self as layout, BLOCK_COLUMNS};
use super::{Multiplier, PANEL};

/// Exists only where the machine has the instructions and the system lets the process use them.
#[derive(Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// The multiplier, if this process may use it.
    pub fn detect() -> Option<Amx> {
        static PERMITTED: OnceLock<bool> = OnceLock::new();
        PERMITTED.get_or_init(|| has_instructions() && ask_permission()).then_some(Amx(()))
    }
}

/// CPUID 7: AMX-BF16 and AMX-TILE; XCR0: the system saves tile registers.
fn has_instructions() -> bool {
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;
    const OSXSAVE: u32 = 1 << 27;
    const TILE_STATE: u64 = 0b11 << 17;
    let max_leaf = __cpuid(0).eax;
    if max_leaf < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    // SAFETY: OSXSAVE says that xgetbv may be executed.
    let saved = unsafe { xcr0() };
    features & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE && saved & TILE_STATE == TILE_STATE
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

impl Multiplier for Amx {
    type Value = bf16;
    /// Two tiles of rows by two of columns: four sums, two loads of each kind, the eight registers.
    const ROWS: usize = 32;

    fn depth(d: usize) -> usize {
        layout::depth(d)
    }

    #[inline(always)]
    fn round(z: f64) -> (bf16, f64) {
        layout::round(z)
    }

    fn error_factor(d: usize) -> f64 {
        layout::error_factor(d)
    }

    fn place(panel: &mut [bf16], column: usize, row: &[bf16]) {
        layout::place(panel, column, row);
    }

    fn multiply(
        self,
        rows: &[bf16],
        depth: usize,
        panel: &[bf16],
        columns: Range<usize>,
        out: &mut [f32],
    ) {
        let count = rows.len() / depth;
        assert_eq!((rows.len(), panel.len()), (count * depth, PANEL * depth));
        assert!(count.is_multiple_of(Self::ROWS) && depth.is_multiple_of(32) && depth > 0);
        assert!(columns.end <= PANEL && out.len() >= count * PANEL);
        let pair = 2 * BLOCK_COLUMNS;
        // SAFETY: `self` exists, so tiles may be configured and used (`detect`). Each block reads 32 rows of `rows` and 32
        // columns of `panel`, both of depth values, and writes 32 columns of 32 rows of `out` from (row, start) on: inside
        // the lengths asserted, since count is a multiple of 32, depth too, and start + 32 <= PANEL.
        unsafe {
            configure();
            for start in (columns.start / pair * pair..columns.end).step_by(pair) {
                for row in (0..count).step_by(Self::ROWS) {
                    let (a, b) = (&rows[row * depth..], &panel[start * depth..]);
                    let out = &mut out[row * PANEL + start..];
                    block(a.as_ptr(), b.as_ptr(), depth, out.as_mut_ptr());
                }
            }
            asm!("tilerelease", options(nostack, nomem));
        }
    }
}

/// All eight tiles: 16 rows of 64 bytes.
unsafe fn configure() {
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

/// 32 rows by 32 columns. Tiles of `a` are 16 rows `depth` values apart; tiles of `b` are contiguous.
unsafe fn block(a: *const bf16, b: *const bf16, depth: usize, out: *mut f32) {
    let (row_bytes, block_bytes) = (2 * depth, 2 * depth * BLOCK_COLUMNS);
    let out_stride = 4 * PANEL;
    // SAFETY: the caller promised 32 rows of `a` and of `b` and 32 x 32 values of `out` at its stride; the loop runs depth / 32
    // times, 64 bytes of each row of `a` and 1 KiB of each column block of `b` at a time.
    unsafe {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {row_bytes}]",
            "tileloadd tmm6, [{b} + {tile_row}]",
            "tileloadd tmm7, [{b_right} + {tile_row}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a_lower} + {row_bytes}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, 64", "add {a_lower}, 64",
            "add {b}, 1024", "add {b_right}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{out} + {out_stride}], tmm0",
            "tilestored [{out} + {out_stride} + 64], tmm1",
            "tilestored [{out_lower} + {out_stride}], tmm2",
            "tilestored [{out_lower} + {out_stride} + 64], tmm3",
            a = inout(reg) a => _,
            a_lower = inout(reg) a.byte_add(16 * row_bytes) => _,
            b = inout(reg) b => _,
            b_right = inout(reg) b.byte_add(block_bytes) => _,
            steps = inout(reg) depth / 32 => _,
            row_bytes = in(reg) row_bytes,
            tile_row = in(reg) 64usize,
            out = in(reg) out,
            out_lower = in(reg) out.add(16 * PANEL),
            out_stride = in(reg) out_stride,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
