//! One column of a Parquet file, its row groups decoded in parallel.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use rayon::prelude::*;

use super::super::Dtype;
use super::super::reason::Reason;
use super::chunks::Chunks;
use super::piece::{Piece, decoded};
use super::{item_type, pages, vectors};

/// Rows decoded at once, and kept as one piece: at d = 768, 6 MiB of f32.
const BATCH_ROWS: usize = 2 << 10;

/// The columns of `file`.
pub(super) fn schema(file: &Chunks) -> Result<SchemaRef, Reason> {
    Ok(Arc::clone(load(file)?.schema()))
}

/// Rows of `file`, as it claims.
pub(super) fn rows(file: &Chunks) -> Result<usize, Reason> {
    let rows = load(file)?.metadata().file_metadata().num_rows();
    Ok(usize::try_from(rows).unwrap_or(0))
}

/// Rows, values a row and their type, from the metadata. Where lists may be of unlike length their mean is taken.
pub(super) fn outline(
    file: &Chunks,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
) -> Result<(usize, usize, Dtype), Reason> {
    let metadata = load(file)?;
    let index = pick(metadata.schema())?;
    let schema = metadata.metadata().file_metadata().schema_descr();
    let groups = metadata.metadata().row_groups().iter();
    let chunks = groups.flat_map(|group| group.columns().iter().enumerate());
    let values: i64 = chunks
        .filter(|(leaf, _)| schema.get_column_root_idx(*leaf) == index)
        .map(|(_, chunk)| chunk.num_values())
        .sum();
    let rows = rows(file)?;
    let d = usize::try_from(values).unwrap_or(0).checked_div(rows).unwrap_or(0);
    if d == 0 {
        return Err("holds no rows".into());
    }
    let field = metadata.schema().field(index);
    let item = item_type(field.data_type()).expect("the column that was picked holds lists");
    Ok((rows, d, vectors::dtype(item)?))
}

fn load(file: &Chunks) -> Result<ArrowReaderMetadata, Reason> {
    ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(damaged)
}

/// The column that `pick` chooses, in the file's order, chunk by chunk: row groups are decoded side by side.
pub(super) fn column<P: Send>(
    file: &Chunks,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
    piece: impl Piece<P>,
) -> Result<Vec<P>, Reason> {
    let column = Column::find(file, pick)?;
    let groups: Vec<_> = first_rows(&column.metadata).into_iter().enumerate().collect();
    let decode = |(group, first_row): (usize, usize)| {
        let mut pieces = Vec::new();
        column.row_group(group, first_row, &piece, &mut |piece| {
            pieces.push(piece);
            Ok(())
        })?;
        Ok(pieces)
    };
    let groups: Vec<Result<Vec<P>, Reason>> = groups.into_par_iter().map(decode).collect();
    let groups = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(groups.into_iter().flatten().collect())
}

/// As [`column`], each chunk given to `each` before the next is decoded.
pub(super) fn each<P>(
    file: &Chunks,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
    piece: impl Piece<P>,
    mut each: impl FnMut(P) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let column = Column::find(file, pick)?;
    let mut groups = first_rows(&column.metadata).into_iter().enumerate();
    groups.try_for_each(|(group, first_row)| column.row_group(group, first_row, &piece, &mut each))
}

/// A column of a file.
struct Column<'f> {
    file: &'f Chunks,
    metadata: ArrowReaderMetadata,
    index: usize,
}

impl Column<'_> {
    fn find(
        file: &Chunks,
        pick: impl Fn(&Schema) -> Result<usize, Reason>,
    ) -> Result<Column<'_>, Reason> {
        let metadata = load(file)?;
        let index = pick(metadata.schema())?;
        check_chunks(metadata.metadata(), index, file)?;
        Ok(Column { file, metadata, index })
    }

    /// Decode a row group.
    fn row_group<P>(
        &self,
        group: usize,
        mut first_row: usize,
        piece: &impl Piece<P>,
        each: &mut dyn FnMut(P) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.file.clone(),
            self.metadata.clone(),
        );
        let mask = ProjectionMask::roots(builder.parquet_schema(), [self.index]);
        let builder = builder.with_row_groups(vec![group]).with_projection(mask);
        decoded(|| {
            let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(damaged)?;
            for batch in batches {
                let batch = batch.map_err(|error| damaged(error.into()))?;
                let rows = batch.num_rows();
                each(piece(Arc::clone(batch.column(0)), first_row)?)?;
                first_row += rows;
            }
            Ok(())
        })
    }
}

/// The decoder panics at chunks outside the file, and allocates what a compressed page of the column `index` claims to hold.
fn check_chunks(metadata: &ParquetMetaData, index: usize, file: &Chunks) -> Result<(), Reason> {
    let schema = metadata.file_metadata().schema_descr();
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns().iter().enumerate());
    for (leaf, chunk) in chunks {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let (start, length) = (usize::try_from(start), usize::try_from(chunk.compressed_size()));
        let within = |&(start, length): &(usize, usize)| file.holds(start, length);
        let Some((start, length)) = start.ok().zip(length.ok()).filter(within) else {
            let column = chunk.column_path().string();
            return Err(format!("claims values of column '{column}' outside the file").into());
        };
        let compressed = chunk.compression() != Compression::UNCOMPRESSED;
        if compressed && schema.get_column_root_idx(leaf) == index {
            pages::check_claims(&file.part(start, length)?)?;
        }
    }
    Ok(())
}

/// Number of each row group's first row, as the file claims: for errors only.
fn first_rows(metadata: &ArrowReaderMetadata) -> Vec<usize> {
    let groups = metadata.metadata().row_groups().iter();
    let rows = groups.map(|group| usize::try_from(group.num_rows()).unwrap_or(0));
    let begin = |next: &mut usize, rows| {
        let first = *next;
        *next = first.saturating_add(rows);
        Some(first)
    };
    rows.scan(0, begin).collect()
}

fn damaged(error: ParquetError) -> Reason {
    format!("cannot be read as Parquet: {error}").into()
}
