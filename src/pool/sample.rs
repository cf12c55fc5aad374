//! Some of a pool's rows.

use super::skipped::is_bad;
use super::{Dtype, Pool};
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::values::RowScratch;

/// Values that are taken at most, and rows: 64 MB of f32.
const VALUES: usize = 16 << 20;
const ROWS: usize = 1 << 20;
/// Bytes of neighbouring rows that are read together, about: disks read as much at once.
const TOGETHER: usize = 64 << 10;

/// Rows of a pool, taken from all parts of it alike: what a selection would cost is tried on them ([`crate::plan`]).
#[derive(Debug, Clone)]
pub struct Sample {
    bytes: Vec<u8>,
    d: usize,
    dtype: Dtype,
    /// Rows of the pool.
    of: usize,
}

impl Sample {
    /// Of a pool: at most 16 million values of a million rows, in blocks of 64 KB that lie evenly in it. All of a pool that is smaller.
    ///
    /// # Errors
    /// A row that cannot be read, or is not finite.
    pub fn of(pool: &Pool) -> Result<Sample> {
        let (n, d) = (pool.rows(), pool.dimensions());
        let wanted = (VALUES / d).clamp(1, ROWS).min(n);
        let mut bytes = Vec::with_capacity(wanted * pool.row_length());
        for row in rows(n, wanted, together(d, pool.dtype())) {
            pool.with_row_bytes(row, |stored| bytes.extend_from_slice(stored));
        }
        pool.check_reads()?;
        Ok(Sample { bytes, d, dtype: pool.dtype(), of: n })
    }

    /// As [`Sample::of`], without the rows that have no distance to others under `metric`.
    ///
    /// # Errors
    /// A row that cannot be read; no row is left.
    pub(super) fn of_good(pool: &Pool, metric: Metric) -> Result<Sample> {
        let (n, d, dtype) = (pool.rows(), pool.dimensions(), pool.dtype());
        let wanted = (VALUES / d).clamp(1, ROWS).min(n);
        let (mut bytes, mut scratch) = (Vec::new(), RowScratch::new());
        for row in rows(n, wanted, together(d, dtype)) {
            let values = pool.stored_values(row)?;
            if !is_bad(&values, dtype, metric, &mut scratch) {
                bytes.extend(values);
            }
        }
        match bytes.is_empty() {
            true => Err(Error::Options(format!("none of {wanted} rows has a distance to others"))),
            false => Ok(Sample { bytes, d, dtype, of: n }),
        }
    }

    /// Of rows that lie in `bytes`, as in [`Pool::of_bytes`].
    pub(crate) fn of_bytes(bytes: Vec<u8>, d: usize, dtype: Dtype) -> Sample {
        let of = bytes.len() / d / dtype.bytes();
        Sample { bytes, d, dtype, of }
    }

    pub(crate) fn rows(&self) -> usize {
        self.bytes.len() / self.d / self.dtype.bytes()
    }

    /// Every `step`-th of the rows.
    pub(crate) fn every(&self, step: usize) -> Sample {
        let rows = self.bytes.chunks_exact(self.d * self.dtype.bytes()).step_by(step);
        Sample { bytes: rows.flatten().copied().collect(), ..*self }
    }

    /// The rows as a pool.
    ///
    /// # Errors
    /// As [`Pool::of_bytes`].
    pub(crate) fn pool(&self) -> Result<Pool<'_>> {
        Pool::of_bytes(&self.bytes, self.d, self.dtype, None)
    }

    /// An error about a row of this one, as one about the pool's row.
    pub(crate) fn of_its_pool(&self, mut error: Error) -> Error {
        if let Error::NotFinite { row, .. }
        | Error::TooLarge { row, .. }
        | Error::ZeroRow { row, .. } = &mut error
        {
            let mut rows = rows(self.of, self.rows(), together(self.d, self.dtype));
            *row = rows.nth(*row).expect("a row of the sample");
        }
        error
    }
}

/// Rows that are read together.
fn together(d: usize, dtype: Dtype) -> usize {
    (TOGETHER / (d * dtype.bytes())).max(1)
}

/// `wanted` of `n` rows, in blocks of about `together` with as many rows left out after each.
fn rows(n: usize, wanted: usize, together: usize) -> impl Iterator<Item = usize> {
    let blocks = wanted.div_ceil(together);
    (0..blocks).flat_map(move |block| {
        let left_out = (n - wanted) * block / (blocks - 1).max(1);
        (wanted * block / blocks..wanted * (block + 1) / blocks).map(move |row| left_out + row)
    })
}

#[cfg(test)]
mod tests {
    use super::{Sample, rows};
    use crate::pool::Pool;

    #[test]
    fn rows_lie_evenly_and_none_twice() {
        for (n, wanted, together) in
            [(1, 1, 1), (10, 10, 3), (10, 4, 1), (1000, 300, 7), (1000, 999, 64), (64, 3, 8)]
        {
            let found: Vec<usize> = rows(n, wanted, together).collect();
            assert_eq!(found.len(), wanted);
            assert!(found.is_sorted_by(|a, b| a < b) && found[wanted - 1] < n, "{found:?}");
            let most_apart = found.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(1);
            let blocks = wanted.div_ceil(together);
            assert!(most_apart <= 2 + (n - wanted) / (blocks - 1).max(1), "{found:?}");
        }
        let ends: Vec<usize> = rows(1000, 10, 1).collect();
        assert_eq!((ends[0], ends[9]), (0, 999));
    }

    #[test]
    fn a_small_pool_is_its_sample() {
        let pool = Pool::new(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], 2).unwrap();
        let sample = Sample::of(&pool).unwrap();
        assert_eq!(sample.rows(), 3);
        let mut scratch = Vec::new();
        assert_eq!(sample.pool().unwrap().row(2, &mut scratch), [5.0, 6.0]);
        let half = sample.every(2);
        assert_eq!((half.rows(), half.pool().unwrap().row(1, &mut scratch)), (2, &[5.0, 6.0][..]));
    }
}
