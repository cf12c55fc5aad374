//! Picks as the columns of a Parquet file: rank, row and, where they have an order, radius.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::picks::Picks;

#[cfg(feature = "parquet")]
pub use with_parquet::{read, write};
#[cfg(not(feature = "parquet"))]
pub use without_parquet::{read, write};

/// Whether this build reads and writes Parquet.
pub const AVAILABLE: bool = cfg!(feature = "parquet");

/// Why not, and what to do.
pub const UNAVAILABLE: &str =
    "this farpoint was built without Parquet: build it with the feature `parquet`";

#[cfg(feature = "parquet")]
mod with_parquet {
    use std::fs::File;
    use std::sync::Arc;

    use anyhow::Context;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};
    use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::{Path, Picks, Result, Write};

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

    /// The columns `row` and, where there is one, `radius`.
    pub fn read(path: &Path) -> Result<Picks> {
        let (mut centers, mut radii) = (Vec::new(), None);
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
            let batch = batch?;
            centers.extend(rows(&batch)?);
            if let Some(column) = batch.column_by_name("radius") {
                let column = column.as_primitive_opt::<Float64Type>();
                let column = column.context("its column 'radius' is not of type double")?;
                radii.get_or_insert_with(Vec::new).extend(column.iter());
            }
        }
        Picks::from_columns(centers, radii)
    }

    fn rows(batch: &RecordBatch) -> Result<Vec<usize>> {
        let column = batch.column_by_name("row").context("it has no column 'row'")?;
        let column = column
            .as_primitive_opt::<Int64Type>()
            .filter(|column| column.null_count() == 0)
            .context("its column 'row' is not of type int64 without nulls")?;
        let row =
            |&row: &i64| usize::try_from(row).with_context(|| format!("row {row} is not a row"));
        column.values().iter().map(row).collect()
    }
}

#[cfg(not(feature = "parquet"))]
mod without_parquet {
    use anyhow::bail;

    use super::{Path, Picks, Result, UNAVAILABLE, Write};

    pub fn write(_: impl Write + Send, _: &[usize], _: Option<&[f64]>) -> Result<()> {
        bail!(UNAVAILABLE)
    }

    pub fn read(_: &Path) -> Result<Picks> {
        bail!(UNAVAILABLE)
    }
}
