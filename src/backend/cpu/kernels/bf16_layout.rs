//! Rounding and the layout of rows and panels, which both bf16 multipliers share.

use half::bf16;

use super::PANEL;

/// Values a tile row holds; rows are padded to a multiple.
const TILE_DEPTH: usize = 32;
/// Columns a vector or tile holds.
pub const BLOCK_COLUMNS: usize = 16;

/// Padded to whole tiles, and never a multiple of 4 KiB, at which all rows of a tile would share one set of the cache.
pub fn depth(d: usize) -> usize {
    let depth = d.next_multiple_of(TILE_DEPTH);
    if (depth * size_of::<bf16>()).is_multiple_of(4096) { depth + TILE_DEPTH } else { depth }
}

/// To nearest; through f32, so a tie may go either way: the packing measures what it cost.
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
#[inline(always)]
pub fn round(z: f64) -> (bf16, f64) {
    let bits = (z as f32).to_bits();
    let nearest_even = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) & 0xffff_0000;
    (bf16::from_bits((nearest_even >> 16) as u16), f64::from(f32::from_bits(nearest_even)))
}

/// Products of bf16 are exact in f32 and each sum rounds to nearest; four times the bound for sums in any order, since
/// implementations differ in what they fuse, and the rounding of the operands dwarfs it.
pub fn error_factor(d: usize) -> f64 {
    4.0 * (d + 4) as f64 * 2f64.powi(-24)
}

/// Panels hold, for each block of columns, pairs of consecutive values of one column beside those of the next.
pub fn place(panel: &mut [bf16], column: usize, row: &[bf16]) {
    debug_assert_eq!(panel.len(), row.len() * PANEL);
    let block = column / BLOCK_COLUMNS * BLOCK_COLUMNS * row.len();
    let lane = column % BLOCK_COLUMNS;
    for (pair, values) in row.chunks_exact(2).enumerate() {
        let at = block + (pair * BLOCK_COLUMNS + lane) * 2;
        panel[at..at + 2].copy_from_slice(values);
    }
}
