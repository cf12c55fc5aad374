//! Selecting from a pool that lies on the device: what the host must know of its rows.

use crate::backend::cuda::driver::copies::fetch;
use crate::backend::cuda::driver::memory::Region;
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::rows::FetchedRows;

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

    /// `rows`, widened.
    fn fetch_rows(&self, rows: &[usize], stream: &Stream) -> Result<Vec<Vec<f32>>> {
        let row_bytes = self.d * self.dtype.bytes();
        let pool: Region<u8> = Region::lent(self.address.address, self.rows * row_bytes);
        let mut stored = vec![0u8; rows.len() * row_bytes];
        for (&row, target) in rows.iter().zip(stored.chunks_exact_mut(row_bytes)) {
            let source = pool.part(row * row_bytes, row_bytes);
            stream.checked(fetch(stream.cuda_stream(), source, target))?;
        }
        stream.synchronize()?;
        let widen = |stored: &[u8]| {
            let mut values = Vec::with_capacity(self.d);
            self.dtype.decode(stored, &mut values);
            values
        };
        Ok(stored.chunks_exact(row_bytes).map(widen).collect())
    }

    /// The error that names the first value of `row` that is not finite, or the error that kept it from being found.
    pub(crate) fn not_finite(&self, row: usize, stream: &Stream) -> Error {
        let values = match self.fetch_rows(&[row], stream) {
            Ok(mut rows) => rows.remove(0),
            Err(error) => return error,
        };
        // The device found one; the pool's owner may have changed it since.
        let dimension = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
        Error::NotFinite { what: "row", row, dimension, value: values[dimension] }
    }
}
