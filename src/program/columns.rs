//! Picks as the columns of a Parquet file, the same as in a .csv.

use std::io::Write;

use anyhow::Result;

use crate::program::listing::Listing;

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

    use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::{Listing, Result, Write};
    use crate::pool::Id;

    /// One row group. The radius an interrupted run does not know is null; without `radii` there is no such column.
    pub fn write(out: impl Write + Send, picks: &Listing, radii: Option<&[f64]>) -> Result<()> {
        let count = picks.centers.len();
        let rank = Int64Array::from_iter_values((1i64..).take(count));
        let mut columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("rank", Arc::new(rank), false),
            ("row", Arc::new(integers(picks.centers)?), false),
        ];
        if let Some(ids) = &picks.ids {
            columns.push(("id", id_column(ids), false));
        }
        columns.push(("file", Arc::new(StringArray::from(picks.files()?)), false));
        columns.push(("row_in_file", Arc::new(integers(&picks.rows_in_files()?)?), false));
        if let Some(radii) = radii {
            let radii: Float64Array = (0..count).map(|pick| radii.get(pick).copied()).collect();
            columns.push(("radius", Arc::new(radii), true));
        }
        let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
        let mut writer = ArrowWriter::try_new(out, batch.schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(())
    }

    fn integers(numbers: &[usize]) -> Result<Int64Array> {
        let numbers: Vec<i64> =
            numbers.iter().map(|&number| i64::try_from(number)).collect::<Result<_, _>>()?;
        Ok(Int64Array::from(numbers))
    }

    /// Numbers if all are, else texts.
    fn id_column(ids: &[Id]) -> ArrayRef {
        let number = |id: &Id| match id {
            Id::Integer(number) => Some(*number),
            Id::Text(_) => None,
        };
        match ids.iter().map(number).collect::<Option<Vec<i64>>>() {
            Some(numbers) => Arc::new(Int64Array::from(numbers)),
            None => Arc::new(StringArray::from_iter_values(ids.iter().map(Id::to_string))),
        }
    }
}

#[cfg(not(feature = "parquet"))]
mod without_parquet {
    use anyhow::bail;

    use super::{Listing, Result, UNAVAILABLE, Write};

    pub fn write(_: impl Write + Send, _: &Listing, _: Option<&[f64]>) -> Result<()> {
        bail!(UNAVAILABLE)
    }
}
