//! Selecting from a pool that lies on the device: what the host must know of its rows.

use crate::backend::cuda::driver::copies::fetch;
use crate::backend::cuda::driver::memory::Region;
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::pool::fits;
use crate::rows::FetchedRows;
use crate::values::RowBlock;

impl DevicePool<'_> {
    /// The pool as far as the host knows it, with the values of `needed` rows.
    pub(crate) fn fetched(
        &self,
        needed: &[usize],
        metric: Metric,
        stream: &Stream,
    ) -> Result<FetchedRows> {
        // Rows out of range are refused where all rows given are checked.
        let needed: Vec<usize> = needed.iter().copied().filter(|&row| row < self.rows).collect();
        let values = self.fetch_rows(&needed, stream)?;
        let fetched = needed.into_iter().zip(values).collect();
        Ok(FetchedRows { rows: self.rows, d: self.d, dtype: self.dtype, metric, fetched })
    }

    /// `rows`, a block each.
    fn fetch_rows(&self, rows: &[usize], stream: &Stream) -> Result<Vec<RowBlock>> {
        let row_bytes = self.d * self.dtype.bytes();
        let pool: Region<u8> = Region::lent(self.address.address, self.rows * row_bytes);
        let mut stored = vec![0u8; rows.len() * row_bytes];
        for (&row, target) in rows.iter().zip(stored.chunks_exact_mut(row_bytes)) {
            let source = pool.part(row * row_bytes, row_bytes);
            stream.checked(fetch(stream.cuda_stream(), source, target))?;
        }
        stream.synchronize()?;
        Ok(stored.chunks_exact(row_bytes).map(|stored| self.dtype.block(stored)).collect())
    }

    /// The error that names the first value of `row` that no pool holds, or the error that kept it from being found.
    pub(crate) fn not_finite(&self, row: usize, stream: &Stream) -> Error {
        let values = match self.fetch_rows(&[row], stream) {
            Ok(rows) => rows[0].row(0, self.d).to_f64(),
            Err(error) => return error,
        };
        // The device found one; the pool's owner may have changed it since.
        let dimension = values.iter().position(|&value| !fits(value)).unwrap_or(0);
        Error::of_value("row", row, dimension, values[dimension])
    }
}
