//! Values that do not lie as a pool keeps them, rearranged once.

use rayon::prelude::*;

use super::bytes::Store;
use super::reason::Reason;
use super::scratch::Room;

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

/// The `N`-byte values of the array at `offset` of `store`, row by row and little-endian.
pub(super) fn row_major<const N: usize>(
    store: &Store<'static>,
    offset: usize,
    layout: Layout,
    room: &Room,
) -> Result<Store<'static>, Reason> {
    let Layout { rows, d, fortran, big_endian } = layout;
    let row_bytes = d * N;
    room.filled(rows * row_bytes, row_bytes, |at, out| {
        if fortran {
            transpose::<N>(store, offset, layout, at / row_bytes, out)?;
        } else {
            out.copy_from_slice(&store.part(offset + at, out.len())?);
        }
        if big_endian {
            out.par_chunks_mut(BLOCK_ROWS * row_bytes)
                .for_each(|out| out.as_chunks_mut::<N>().0.iter_mut().for_each(|v| v.reverse()));
        }
        Ok(())
    })
}

/// Rows `first..` of the array, whose columns lie together, into `out`.
fn transpose<const N: usize>(
    store: &Store<'static>,
    offset: usize,
    layout: Layout,
    first: usize,
    out: &mut [u8],
) -> Result<(), Reason> {
    let Layout { rows, d, .. } = layout;
    let block_rows = out.len() / (d * N);
    let column = |j: usize| store.part(offset + (j * rows + first) * N, block_rows * N);
    let columns = (0..d).into_par_iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<&[u8]> = columns.iter().map(|column| &**column).collect();
    interleave::<N>(&columns, out);
    Ok(())
}

/// The rows of `columns` of `N`-byte values into `out`.
pub(super) fn interleave<const N: usize>(columns: &[&[u8]], out: &mut [u8]) {
    let d = columns.len();
    let blocks = out.par_chunks_mut(BLOCK_ROWS * d * N).enumerate();
    blocks.for_each(|(block, out)| {
        let (out, start) = (out.as_chunks_mut::<N>().0, block * BLOCK_ROWS);
        for (j, column) in columns.iter().enumerate() {
            let values = column.as_chunks::<N>().0[start..].iter().take(out.len() / d);
            values.enumerate().for_each(|(row, &value)| out[row * d + j] = value);
        }
    });
}
