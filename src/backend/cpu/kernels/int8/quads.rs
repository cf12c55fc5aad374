//! The layout of panels: blocks of 16 columns, in each of which four consecutive values of one column lie beside those of the
//! next. A block's four values are 64 bytes: one vector of AVX-512, one row of an AMX tile.

use super::super::PANEL;

/// Consecutive values of a column that lie together: what one lane of 32 bits takes.
pub const QUAD: usize = 4;
/// Columns a block holds.
pub const BLOCK_COLUMNS: usize = 16;

/// `d` padded to whole steps of so many bytes, and never a multiple of 4 KiB, at which all rows of a block would share one
/// set of the cache.
pub fn depth(d: usize, step: usize) -> usize {
    let depth = d.next_multiple_of(step);
    if depth.is_multiple_of(4096) { depth + step.max(64) } else { depth }
}

/// Puts a packed center into a panel's column.
pub fn place(panel: &mut [i8], column: usize, center: &[i8]) {
    assert_eq!(panel.len(), center.len() * PANEL);
    let block = column / BLOCK_COLUMNS * BLOCK_COLUMNS * center.len();
    let lane = column % BLOCK_COLUMNS;
    for (quad, values) in center.chunks_exact(QUAD).enumerate() {
        let at = block + (quad * BLOCK_COLUMNS + lane) * QUAD;
        panel[at..at + QUAD].copy_from_slice(values);
    }
}
