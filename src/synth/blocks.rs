//! Synthetic pools of any size, a block of rows at a time.

use std::mem;

use rayon::prelude::*;

use super::{Basis, Shape};
use crate::error::Result;
use crate::threads::on_engine_threads;

/// Encoded bytes of a block. There are two: one is handed on while the other is filled.
const BLOCK: usize = 8 << 20;
/// Encoded bytes that a thread fills at a time.
const TASK: usize = 64 << 10;

/// A synthetic pool that need not fit into memory: the rows of [`super::pool`], made and encoded a block at a time.
#[derive(Debug, Clone, Copy)]
pub struct Blocks {
    /// What the rows look like.
    pub shape: Shape,
    /// Number of rows.
    pub rows: usize,
    /// Values a row.
    pub dimensions: usize,
    /// Another seed, another pool.
    pub seed: u64,
    /// Threads; 0 is one a core. The rows do not depend on it.
    pub threads: usize,
}

impl Blocks {
    /// `take` gets all rows in order, a few MB at a time, encoded by `encode(values, bytes)`, which fills `width` bytes a value. The next
    /// block is made meanwhile. Memory: two blocks of 8 MB, or of a row where a row is larger; the shape's own vectors, at most 1,152 of
    /// `d` values.
    ///
    /// # Errors
    /// Threads that cannot be started; inside, the first error of `take`, after which nothing more is made.
    ///
    /// ```
    /// use farpoint::synth::{Blocks, Shape, pool};
    ///
    /// let blocks = Blocks { shape: Shape::Unit, rows: 100, dimensions: 16, seed: 7, threads: 0 };
    /// let mut bytes = Vec::new();
    /// let encode = |values: &[f32], bytes: &mut [u8]| bytes.copy_from_slice(bytemuck::cast_slice(values));
    /// blocks.each(4, encode, |block| {
    ///     bytes.extend_from_slice(block);
    ///     Ok::<_, ()>(())
    /// })?.unwrap();
    /// assert_eq!(bytes, bytemuck::cast_slice::<f32, u8>(&pool(Shape::Unit, 100, 16, 7)));
    /// # Ok::<(), farpoint::Error>(())
    /// ```
    pub fn each<E: Send>(
        &self,
        width: usize,
        encode: impl Fn(&[f32], &mut [u8]) + Sync,
        take: impl FnMut(&[u8]) -> std::result::Result<(), E> + Send,
    ) -> Result<std::result::Result<(), E>> {
        on_engine_threads(self.threads, || self.run(width, &encode, take))
    }

    fn run<E: Send>(
        &self,
        width: usize,
        encode: &(impl Fn(&[f32], &mut [u8]) + Sync),
        mut take: impl FnMut(&[u8]) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let basis = Basis::new(self.shape, self.dimensions, self.seed);
        let row_bytes = (self.dimensions * width).max(1);
        let rows = (BLOCK / row_bytes).clamp(1, self.rows.max(1));
        let (mut full, mut next) = (Vec::new(), Vec::new());
        for start in (0..self.rows).step_by(rows) {
            next.resize(rows.min(self.rows - start) * row_bytes, 0);
            let (taken, ()) = rayon::join(
                || if full.is_empty() { Ok(()) } else { take(&full) },
                || self.fill(&basis, start, row_bytes, encode, &mut next),
            );
            taken?;
            mem::swap(&mut full, &mut next);
        }
        take(&full)
    }

    /// The rows from `start` on, encoded.
    fn fill(
        &self,
        basis: &Basis,
        start: usize,
        row_bytes: usize,
        encode: &(impl Fn(&[f32], &mut [u8]) + Sync),
        bytes: &mut [u8],
    ) {
        let rows = (TASK / row_bytes).max(1);
        let new = || vec![0.0; self.dimensions];
        bytes.par_chunks_mut(rows * row_bytes).enumerate().for_each_init(
            new,
            |values, (at, out)| {
                for (row, out) in out.chunks_exact_mut(row_bytes).enumerate() {
                    basis.row(self.seed, start + at * rows + row, values);
                    encode(values, out);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pools of more than a block: the same bytes for any number of threads, and those of the pool made at once.
    #[test]
    fn blocks_are_the_pool_on_any_number_of_threads() {
        for (shape, rows, dimensions) in [(Shape::Sift, 5000, 130), (Shape::Integers, 3, 800_000)] {
            let values = super::super::pool(shape, rows, dimensions, 9);
            for threads in [1, 2, 5] {
                let blocks = Blocks { shape, rows, dimensions, seed: 9, threads };
                let mut made = Vec::new();
                let encode = |values: &[f32], out: &mut [u8]| {
                    out.copy_from_slice(bytemuck::cast_slice(values))
                };
                let taken = blocks.each(4, encode, |block| {
                    made.extend_from_slice(block);
                    Ok::<_, ()>(())
                });
                assert_eq!(taken.unwrap(), Ok(()));
                assert!(made == bytemuck::cast_slice::<f32, u8>(&values), "{shape:?} {threads}");
            }
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let blocks =
            Blocks { shape: Shape::Integers, rows: 3, dimensions: 3 << 20, seed: 0, threads: 2 };
        let mut taken = 0;
        let ended = blocks.each(
            1,
            |_, _| (),
            |block| {
                taken += block.len();
                if taken > 0 { Err("full") } else { Ok(()) }
            },
        );
        assert_eq!((ended.unwrap(), taken), (Err("full"), 6 << 20));
    }
}
