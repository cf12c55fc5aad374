//! int8 products on any machine.

use std::ops::Range;

use super::super::PANEL;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512bw::Avx512Bw;
use super::quads::{self, BLOCK_COLUMNS, QUAD};
#[cfg(target_arch = "x86_64")]
use super::widened;
use super::{Int8Multiplier, checked_rows};
use crate::simd::widest;

/// Every machine has this one. On x86 it multiplies by `vpmaddwd` of AVX-512 or AVX2 if it has those, elsewhere in plain Rust.
#[derive(Clone, Copy)]
pub struct PortableInt8;

impl Int8Multiplier for PortableInt8 {
    const ROWS: usize = 4;
    const FLIP: u8 = 0;

    fn depth(d: usize) -> usize {
        quads::depth(d, QUAD)
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
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(avx512) = Avx512Bw::detect() {
                return widened::multiply(avx512, rows, depth, panel, start, columns, out);
            }
            if let Some(avx2) = Avx2::detect() {
                return widened::multiply(avx2, rows, depth, panel, start, columns, out);
            }
        }
        multiply_plainly(rows, depth, panel, start, columns, out);
    }
}

/// In plain Rust.
pub fn multiply_plainly(
    rows: &[u8],
    depth: usize,
    panel: &[i8],
    start: &[i32; PANEL],
    columns: Range<usize>,
    out: &mut [i32],
) {
    checked_rows::<PortableInt8>(rows, depth, panel, &columns, out);
    widest(
        #[inline(always)]
        || {
            let first = columns.start / BLOCK_COLUMNS * BLOCK_COLUMNS;
            for column in (first..columns.end).step_by(BLOCK_COLUMNS) {
                let block_panel = &panel[column * depth..][..BLOCK_COLUMNS * depth];
                for (row, x) in rows.chunks_exact(depth * PortableInt8::ROWS).enumerate() {
                    let out = &mut out[row * PortableInt8::ROWS * PANEL + column..];
                    block(x, block_panel, &start[column..][..BLOCK_COLUMNS], out);
                }
            }
        },
    );
}

/// `ROWS` rows by one block of columns.
#[inline(always)]
fn block(rows: &[u8], panel: &[i8], start: &[i32], out: &mut [i32]) {
    let depth = rows.len() / PortableInt8::ROWS;
    let start: [i32; BLOCK_COLUMNS] = start.try_into().expect("a block of columns");
    let mut sums = [start; PortableInt8::ROWS];
    for (quad, values) in panel.chunks_exact(BLOCK_COLUMNS * QUAD).enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = &rows[row * depth + quad * QUAD..][..QUAD];
            for (sum, c) in sums.iter_mut().zip(values.chunks_exact(QUAD)) {
                for (x, c) in x.iter().zip(c) {
                    *sum = sum.wrapping_add(i32::from(x.cast_signed()) * i32::from(*c));
                }
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        out[row * PANEL..][..BLOCK_COLUMNS].copy_from_slice(sums);
    }
}
