//! int8 products by AMX: tiles of 16 rows by 16 columns, 64 values deep, one instruction each. No machine that has the
//! instructions has run this yet: tests emulate them, and beside those only the laboratory reaches it.

use std::arch::asm;
use std::ops::Range;

use super::super::PANEL;
use super::super::amx_tiles::{Products, configure, permitted, release};
use super::quads::{self, BLOCK_COLUMNS};
use super::{Int8Multiplier, UNSIGNED, checked_rows};

/// Values a row of a tile holds.
const TILE_DEPTH: usize = 64;

/// Exists only where the machine has the instructions and the system lets the process use them.
#[derive(Clone, Copy)]
pub struct AmxInt8(());

impl AmxInt8 {
    /// The multiplier, if this process may use it.
    pub fn detect() -> Option<AmxInt8> {
        permitted(Products::Int8).then_some(AmxInt8(()))
    }

    /// Where its instructions are emulated.
    #[cfg(test)]
    pub fn assumed() -> AmxInt8 {
        AmxInt8(())
    }
}

impl Int8Multiplier for AmxInt8 {
    /// Two tiles of rows by two of columns: four sums, two loads of each kind, the eight registers.
    const ROWS: usize = 32;
    const FLIP: u8 = UNSIGNED;

    fn depth(d: usize) -> usize {
        quads::depth(d, TILE_DEPTH)
    }

    fn place(panel: &mut [i8], column: usize, center: &[i8]) {
        quads::place(panel, column, center);
    }

    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        let count = checked_rows::<Self>(rows, depth, panel, &columns, out);
        let pair = 2 * BLOCK_COLUMNS;
        // SAFETY: `self` exists, so tiles may be configured and used (`detect`). `checked_rows` found count a multiple of 32,
        // depth of 64 and above 0, and columns.end <= PANEL, a multiple of 32: each block reads 32 rows of depth bytes of
        // `rows`, 32 columns of depth bytes of `panel` and 32 numbers of `start`, and writes 32 numbers of 32 rows of `out`.
        unsafe {
            configure();
            for column in (columns.start / pair * pair..columns.end).step_by(pair) {
                for row in (0..count).step_by(Self::ROWS) {
                    let (a, b) = (&rows[row * depth..], &panel[column * depth..]);
                    let (start, out) = (&start[column..], &mut out[row * PANEL + column..]);
                    block(a.as_ptr(), b.as_ptr(), depth, start.as_ptr(), out.as_mut_ptr());
                }
            }
            release();
        }
    }
}

/// 32 rows by 32 columns. Tiles of `a` are 16 rows `depth` bytes apart; tiles of `b` are contiguous. A tile load whose rows are
/// 0 bytes apart repeats one row: so all rows of the sums begin with `start`.
unsafe fn block(a: *const u8, b: *const i8, depth: usize, start: *const i32, out: *mut i32) {
    let out_stride = 4 * PANEL;
    // SAFETY: the caller promised 32 rows of `a` and 32 columns of `b` of depth bytes, 32 numbers of `start`, and 32 x 32
    // numbers of `out` at its stride; the loop runs depth / 64 times, above 0, 64 bytes of each row of `a` and 1 KiB of each
    // column block of `b` at a time.
    unsafe {
        asm!(
            "tileloadd tmm0, [{start} + {tile_row}]",
            "tileloadd tmm1, [{start} + {tile_row} + 64]",
            "tileloadd tmm2, [{start} + {tile_row}]",
            "tileloadd tmm3, [{start} + {tile_row} + 64]",
            "mov {tile_row:e}, 64",
            "2:",
            "tileloadd tmm4, [{a} + {row_bytes}]",
            "tileloadd tmm6, [{b} + {tile_row}]",
            "tileloadd tmm7, [{b_right} + {tile_row}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a_lower} + {row_bytes}]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {a}, 64", "add {a_lower}, 64",
            "add {b}, 1024", "add {b_right}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{out} + {out_stride}], tmm0",
            "tilestored [{out} + {out_stride} + 64], tmm1",
            "tilestored [{out_lower} + {out_stride}], tmm2",
            "tilestored [{out_lower} + {out_stride} + 64], tmm3",
            start = in(reg) start,
            a = inout(reg) a => _,
            a_lower = inout(reg) a.add(16 * depth) => _,
            b = inout(reg) b => _,
            b_right = inout(reg) b.add(BLOCK_COLUMNS * depth) => _,
            steps = inout(reg) depth / TILE_DEPTH => _,
            row_bytes = in(reg) depth,
            tile_row = inout(reg) 0usize => _,
            out = in(reg) out,
            out_lower = in(reg) out.add(16 * PANEL),
            out_stride = in(reg) out_stride,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
