//! Values that do not lie as a pool keeps them, brought into memory once.

use rayon::prelude::*;

/// How a dense `(n, d)` array lies in its file.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub rows: usize,
    pub d: usize,
    /// Columns lie together, not rows.
    pub fortran: bool,
    pub big_endian: bool,
}

impl Layout {
    /// Whether values lie as a pool keeps them.
    pub fn in_place(self) -> bool {
        !self.fortran && !self.big_endian
    }
}

/// Rows a block: a column's 64 values are 4 cache lines of f32, and a block of 64 x 768 stays inside L2.
const BLOCK_ROWS: usize = 64;

/// The `N`-byte values of `source`, row by row and little-endian.
pub(super) fn row_major<const N: usize>(source: &[u8], layout: Layout) -> Vec<[u8; N]> {
    let (values, _) = source.as_chunks::<N>();
    let Layout { rows, d, fortran, big_endian } = layout;
    let mut out = vec![[0; N]; rows * d];
    out.par_chunks_mut(BLOCK_ROWS * d).enumerate().for_each(|(block, out)| {
        let first = block * BLOCK_ROWS;
        if fortran {
            transpose(values, rows, first, out, d);
        } else {
            out.copy_from_slice(&values[first * d..][..out.len()]);
        }
        if big_endian {
            out.iter_mut().for_each(|value| value.reverse());
        }
    });
    out
}

/// Rows `first..` of a column-major array of `rows` rows into `out`, `(out.len() / d, d)`.
fn transpose<V: Copy>(values: &[V], rows: usize, first: usize, out: &mut [V], d: usize) {
    let block_rows = out.len() / d;
    for j in 0..d {
        let column = &values[j * rows + first..][..block_rows];
        for (row, &value) in column.iter().enumerate() {
            out[row * d + j] = value;
        }
    }
}
