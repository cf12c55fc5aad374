//! Columns of a Parquet file, its row groups decoded in parallel.

use std::ops::Range;
use std::sync::Arc;

use arrow_schema::{DataType, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use rayon::prelude::*;

use super::chunks::Chunks;
use super::picked::{How, Picked};
use super::piece::{Piece, decoded};
use super::types::{self, Items};
use super::{pages, vectors};
use crate::pool::Dtype;
use crate::pool::formats::kept::of_no_shape;
use crate::pool::reason::{NO_ROWS, Reason};
use crate::pool::scratch::Room;

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

/// Rows, values a row and their type, from the metadata. Where lists may be of unlike length their mean is taken; of bytes of any length the
/// first are read.
pub(super) fn outline(
    file: &Chunks,
    room: &Room,
    pick: impl Fn(&Schema) -> Result<Picked, Reason>,
) -> Result<(usize, usize, Dtype), Reason> {
    let column = Column::find(file, room, pick)?;
    let rows = rows(file)?;
    if rows == 0 {
        return Err(NO_ROWS);
    }
    let (d, dtype) = match column.claimed(rows)? {
        Some(claimed) => claimed,
        None => column.of_first_rows()?,
    };
    if d == 0 { Err(NO_ROWS) } else { Ok((rows, d, dtype)) }
}

fn load(file: &Chunks) -> Result<ArrowReaderMetadata, Reason> {
    ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(damaged)
}

/// The columns that `pick` chooses, in the file's order, chunk by chunk: row groups are decoded side by side.
pub(super) fn column<P: Send>(
    file: &Chunks,
    room: &Room,
    pick: impl Fn(&Schema) -> Result<Picked, Reason>,
    piece: impl Piece<P>,
) -> Result<Vec<P>, Reason> {
    let column = Column::find(file, room, pick)?;
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
    room: &Room,
    pick: impl Fn(&Schema) -> Result<Picked, Reason>,
    piece: impl Piece<P>,
    mut each: impl FnMut(P) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let column = Column::find(file, room, pick)?;
    let mut groups = first_rows(&column.metadata).into_iter().enumerate();
    groups.try_for_each(|(group, first_row)| column.row_group(group, first_row, &piece, &mut each))
}

/// The columns of a file that are read.
struct Column<'f> {
    file: &'f Chunks,
    room: &'f Room,
    metadata: ArrowReaderMetadata,
    picked: Picked,
    /// Of all columns that the file is made of, those that are read.
    leaves: Vec<usize>,
}

impl Column<'_> {
    fn find<'f>(
        file: &'f Chunks,
        room: &'f Room,
        pick: impl Fn(&Schema) -> Result<Picked, Reason>,
    ) -> Result<Column<'f>, Reason> {
        let metadata = load(file)?;
        let picked = pick(metadata.schema())?;
        check_chunks(metadata.metadata(), file)?;
        let leaves = leaves(metadata.metadata(), &picked);
        Ok(Column { file, room, metadata, picked, leaves })
    }

    /// Values a row and their type, as the metadata of `rows` rows claims; none where it does not say.
    fn claimed(&self, rows: usize) -> Result<Option<(usize, Dtype)>, Reason> {
        let raw = self.picked.dtype;
        let data_type = match &self.picked.how {
            How::Wide(fields) => {
                return Ok(Some((fields.len(), types::dtype(fields[0].data_type(), None)?)));
            }
            // Lists without values count as if they had one.
            How::Field { .. } if self.picked.skips_bad => return Ok(None),
            How::Field { data_type, .. } => data_type,
        };
        let item = match types::items(data_type) {
            Some(Items::Values(item) | Items::Lists(item)) => item,
            Some(Items::Spark) => &DataType::Float64,
            Some(Items::Bytes) | None => return Ok(None),
        };
        // Of Spark's vectors the values come last.
        let leaf = self.leaves.last().copied().ok_or(NO_ROWS)?;
        let groups = self.metadata.metadata().row_groups().iter();
        let values: i64 = groups.map(|group| group.column(leaf).num_values()).sum();
        let d = usize::try_from(values).unwrap_or(0) / rows;
        let dtype = types::dtype(item, raw)?;
        Ok(Some((types::dimensions(d, item, dtype)?, dtype)))
    }

    /// Values a row and their type, of the first rows of the file that have values.
    fn of_first_rows(&self) -> Result<(usize, Dtype), Reason> {
        let (mut first, mut before) = (None, 0);
        for group in 0..self.metadata.metadata().num_row_groups() {
            let found = self.row_group(group, 0, &vectors::piece, &mut |rows| {
                if rows.sides.is_empty() {
                    before += rows.rows;
                    return Ok(());
                }
                first.get_or_insert((rows.sides.iter().product(), rows.dtype));
                Err("the rest is not needed".into())
            });
            match first {
                Some(first) => return Ok(first),
                None => found?,
            }
        }
        Err(of_no_shape(before))
    }

    /// Decode a row group.
    fn row_group<P>(
        &self,
        group: usize,
        first_row: usize,
        piece: &impl Piece<P>,
        each: &mut dyn FnMut(P) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let chunks = self.chunks(group);
        let span = span(&chunks);
        self.file.near(span, self.room, |file| {
            check_claims(&chunks, file)?;
            self.decode(file, group, first_row, piece, each)
        })
    }

    /// The columns in a row group: a chunk for each of their leaves.
    fn chunks(&self, group: usize) -> Vec<&ColumnChunkMetaData> {
        let group = self.metadata.metadata().row_group(group);
        self.leaves.iter().map(|&leaf| group.column(leaf)).collect()
    }

    fn decode<P>(
        &self,
        file: &Chunks,
        group: usize,
        mut first_row: usize,
        piece: &impl Piece<P>,
        each: &mut dyn FnMut(P) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), self.metadata.clone());
        let mask = ProjectionMask::leaves(builder.parquet_schema(), self.leaves.iter().copied());
        let builder = builder.with_row_groups(vec![group]).with_projection(mask);
        decoded(|| {
            let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(damaged)?;
            for batch in batches {
                let batch = batch.map_err(|error| damaged(error.into()))?;
                let rows = batch.num_rows();
                let columns = batch.columns().to_vec();
                drop(batch);
                each(piece(&self.picked, columns, first_row)?)?;
                first_row += rows;
            }
            Ok(())
        })
    }
}

/// The leaves of the columns that were picked.
fn leaves(metadata: &ParquetMetaData, picked: &Picked) -> Vec<usize> {
    let schema = metadata.file_metadata().schema_descr();
    let is_read = |&leaf: &usize| {
        let names = schema.column(leaf).path().parts().to_vec();
        picked.reads(schema.get_column_root_idx(leaf), names.get(1..).unwrap_or_default())
    };
    (0..schema.num_columns()).filter(is_read).collect()
}

/// The decoder panics at chunks outside the file.
fn check_chunks(metadata: &ParquetMetaData, file: &Chunks) -> Result<(), Reason> {
    let mut chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let is_within =
        |chunk: &ColumnChunkMetaData| place(chunk).is_some_and(|at| file.holds(at.start, at.len()));
    match chunks.find(|chunk| !is_within(chunk)) {
        None => Ok(()),
        Some(chunk) => {
            let column = chunk.column_path().string();
            Err(format!("claims values of column '{column}' outside the file").into())
        }
    }
}

/// The bytes of a chunk, as the file claims.
fn place(chunk: &ColumnChunkMetaData) -> Option<Range<usize>> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(usize::try_from(chunk.compressed_size()).ok()?)?)
}

/// The bytes from the first of `chunks` to the last, which are in the file.
fn span(chunks: &[&ColumnChunkMetaData]) -> Range<usize> {
    let places = || chunks.iter().filter_map(|chunk| place(chunk));
    let start = places().map(|place| place.start).min().unwrap_or(0);
    start..places().map(|place| place.end).max().unwrap_or(start)
}

/// The decoder allocates what a compressed page claims to hold.
fn check_claims(chunks: &[&ColumnChunkMetaData], file: &Chunks) -> Result<(), Reason> {
    let mut compressed =
        chunks.iter().filter(|chunk| chunk.compression() != Compression::UNCOMPRESSED);
    compressed.try_for_each(|chunk| {
        let place = place(chunk).expect("chunks were found to be in the file");
        pages::check_claims(&file.part(place.start, place.len())?, chunk.compression())
    })
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
