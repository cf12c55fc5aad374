//! bf16 products by AMX: tiles of 16 rows by 16 columns, 32 values deep, one instruction each.

use std::arch::asm;
use std::ops::Range;

use half::bf16;

use super::amx_tiles::{Products, configure, permitted, release};
use super::bf16_layout::{self as layout, BLOCK_COLUMNS};
use super::{Multiplier, PANEL};

/// Exists only where the machine has the instructions and the system lets the process use them.
#[derive(Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// The multiplier, if this process may use it.
    pub fn detect() -> Option<Amx> {
        permitted(Products::Bf16).then_some(Amx(()))
    }
}

impl Multiplier for Amx {
    type Value = bf16;
    /// Two tiles of rows by two of columns: four sums, two loads of each kind, the eight registers.
    const ROWS: usize = 32;
    /// No machine with AMX has compared the two yet.
    const PREFERRED_FROM: f64 = 0.0;

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
            release();
        }
    }
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
