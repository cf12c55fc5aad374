//! Picks as the columns of a Parquet file: rank, row and, where they have an order, radius.

use std::io::Write;

use anyhow::Result;

#[cfg(feature = "parquet")]
pub use with_parquet::write;
#[cfg(not(feature = "parquet"))]
pub use without_parquet::write;

/// Whether this build reads and writes Parquet.
pub const AVAILABLE: bool = cfg!(feature = "parquet");

/// Why not, and what to do.
pub const UNAVAILABLE: &str =
    "this farpoint was built without Parquet: build it with the feature `parquet`";

#[cfg(feature = "parquet")]
mod with_parquet {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;

    use super::{Result, Write};

    /// One row group. The radius an interrupted run does not know is null; without `radii` there is no such column.
    pub fn write(out: impl Write + Send, centers: &[usize], radii: Option<&[f64]>) -> Result<()> {
        let rank = Int64Array::from_iter_values((1i64..).take(centers.len()));
        let row: Vec<i64> =
            centers.iter().map(|&row| i64::try_from(row)).collect::<Result<_, _>>()?;
        let mut columns: Vec<(&str, ArrayRef, bool)> =
            vec![("rank", Arc::new(rank), false), ("row", Arc::new(Int64Array::from(row)), false)];
        if let Some(radii) = radii {
            let radii: Float64Array =
                (0..centers.len()).map(|pick| radii.get(pick).copied()).collect();
            columns.push(("radius", Arc::new(radii), true));
        }
        let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
        let mut writer = ArrowWriter::try_new(out, batch.schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(())
    }
}

#[cfg(not(feature = "parquet"))]
mod without_parquet {
    use anyhow::bail;

    use super::{Result, UNAVAILABLE, Write};

    pub fn write(_: impl Write + Send, _: &[usize], _: Option<&[f64]>) -> Result<()> {
        bail!(UNAVAILABLE)
    }
}
