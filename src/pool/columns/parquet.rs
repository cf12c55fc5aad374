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

use super::super::reason::Reason;
use super::pages;
use super::piece::{Piece, decoded};

/// Rows decoded at once, and kept as one piece: at d = 768, 6 MiB of f32.
const BATCH_ROWS: usize = 2 << 10;

/// The columns of `file`.
pub(super) fn schema(file: &bytes::Bytes) -> Result<SchemaRef, Reason> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(damaged)?;
    Ok(Arc::clone(metadata.schema()))
}

/// The column that `pick` chooses, in the file's order, chunk by chunk.
pub(super) fn column<P: Send>(
    file: &bytes::Bytes,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
    piece: impl Piece<P>,
) -> Result<Vec<P>, Reason> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(damaged)?;
    let index = pick(metadata.schema())?;
    check_chunks(metadata.metadata(), index, file)?;
    let groups: Vec<_> = first_rows(&metadata).into_iter().enumerate().collect();
    let decode = |(group, first_row): (usize, usize)| {
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
        let builder = builder.with_row_groups(vec![group]).with_projection(mask);
        decoded(|| row_group(builder.with_batch_size(BATCH_ROWS), first_row, &piece))
    };
    let groups: Vec<Result<Vec<P>, Reason>> = groups.into_par_iter().map(decode).collect();
    let groups = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(groups.into_iter().flatten().collect())
}

/// The decoder panics at chunks outside the file, and allocates what a compressed page of the column `index` claims to hold.
fn check_chunks(metadata: &ParquetMetaData, index: usize, file: &[u8]) -> Result<(), Reason> {
    let schema = metadata.file_metadata().schema_descr();
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns().iter().enumerate());
    for (leaf, chunk) in chunks {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let (start, length) = (usize::try_from(start), usize::try_from(chunk.compressed_size()));
        let within = |(start, length)| file.get(start..)?.get(..length);
        let Some(pages) = start.ok().zip(length.ok()).and_then(within) else {
            let column = chunk.column_path().string();
            return Err(format!("claims values of column '{column}' outside the file").into());
        };
        let compressed = chunk.compression() != Compression::UNCOMPRESSED;
        if compressed && schema.get_column_root_idx(leaf) == index {
            pages::check_claims(pages)?;
        }
    }
    Ok(())
}

fn row_group<P>(
    builder: ParquetRecordBatchReaderBuilder<bytes::Bytes>,
    mut first_row: usize,
    piece: &impl Piece<P>,
) -> Result<Vec<P>, Reason> {
    let mut pieces = Vec::new();
    for batch in builder.build().map_err(damaged)? {
        let batch = batch.map_err(|error| damaged(error.into()))?;
        let rows = batch.num_rows();
        pieces.push(piece(Arc::clone(batch.column(0)), first_row)?);
        first_row += rows;
    }
    Ok(pieces)
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
