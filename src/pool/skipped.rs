//! Rows that are left out of a pool, where that is asked for, since they have no distance to others. They keep their numbers: the values
//! of another row stand in their place, and a selection neither chooses nor counts them.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::bytes::{Bytes, Place, Store};
use super::reason::{Reason, refuse};
use super::row_file::RowFile;
use super::window::MOST_BYTES;
use super::{Dtype, Pool, Segment, is_set};
use crate::distance::norm;
use crate::error::{Error, Result};
use crate::options::Metric;
use crate::values::RowScratch;

impl<'a> Pool<'a> {
    /// The rows that were left out, as [`super::OpenOptions::skip_bad`] asks, the lowest first.
    pub fn skipped(&self) -> &[usize] {
        &self.skipped
    }

    /// Leave out the rows that have no distance to others under `metric`, beside those that have no values at all. Reads the pool once.
    ///
    /// # Errors
    /// A file cannot be read; no row is left; [`Error::Interrupted`].
    pub(super) fn skip_bad(
        &mut self,
        metric: Metric,
        interrupt: Option<&AtomicBool>,
    ) -> Result<()> {
        let mut skipped = self.bad_rows(metric, interrupt)?;
        skipped.append(&mut self.skipped);
        skipped.sort_unstable();
        skipped.dedup();
        if skipped.is_empty() {
            return Ok(());
        }
        let good = skipped.iter().enumerate().position(|(at, &row)| at != row);
        let good = good.unwrap_or(skipped.len());
        if good == self.rows {
            let reason = format!("has no row but those that are left out: {}", what(metric));
            return Err(refuse(&self.files[0], reason.into()));
        }
        let values = self.stored_values(good)?;
        let segments = std::mem::take(&mut self.segments).into_iter();
        self.segments = segments
            .flat_map(|segment| {
                let of_it = within(&skipped, segment.rows_of_pool()).to_vec();
                segment.with_stand_in(&of_it, &values)
            })
            .collect();
        self.notices.push(self.left_out(&skipped, metric));
        self.skipped = skipped;
        Ok(())
    }

    fn left_out(&self, skipped: &[usize], metric: Metric) -> String {
        let place = match self.place(skipped[0]) {
            Some((file, row)) if self.files.len() > 1 => {
                format!(", row {row} of {}", file.display())
            }
            _ => String::new(),
        };
        let (count, rows, first) = (skipped.len(), self.rows, skipped[0]);
        let are = if count == 1 { "is" } else { "are" };
        format!(
            "{count} of {rows} rows {are} left out, {}: the first is row {first}{place}",
            what(metric)
        )
    }

    /// The rows that have no distance to others, the lowest first.
    fn bad_rows(&self, metric: Metric, interrupt: Option<&AtomicBool>) -> Result<Vec<usize>> {
        if self.dtype.is_integer() && metric == Metric::Euclidean {
            return Ok(Vec::new());
        }
        let blocks: Vec<_> = self.segments.iter().flat_map(Segment::blocks).collect();
        let bad = |(segment, rows): (&Segment, Range<usize>)| {
            if is_set(interrupt) {
                return Err(Error::Interrupted);
            }
            let path = segment.on_disk().map(RowFile::path);
            let bad = self.bad_among(segment, rows, metric);
            bad.map_err(|reason| refuse(path.unwrap_or(&self.files[0]), reason))
        };
        let found: Vec<Result<Vec<usize>>> = blocks.into_par_iter().map(bad).collect();
        Ok(found.into_iter().collect::<Result<Vec<_>>>()?.concat())
    }

    fn bad_among(
        &self,
        segment: &Segment,
        rows: Range<usize>,
        metric: Metric,
    ) -> std::result::Result<Vec<usize>, Reason> {
        let (mut scratch, length) = (RowScratch::new(), self.row_length());
        let mut is_bad = |values: &[u8]| is_bad(values, self.dtype, metric, &mut scratch);
        let Some(file) = segment.on_disk() else {
            let stored = |row| segment.in_memory(row, length).expect("it is not on disk");
            return Ok(rows.filter(|&row| is_bad(stored(row))).collect());
        };
        let Place { stride, head, .. } = segment.place;
        let mut bytes = vec![0; rows.len() * stride];
        file.read(segment.start(rows.start) as u64, &mut bytes)?;
        let bad = rows.zip(bytes.chunks_exact(stride)).filter(|(_, row)| is_bad(&row[head..]));
        Ok(bad.map(|(row, _)| row).collect())
    }

    /// The bytes of `row`, wherever they are and whatever they hold.
    pub(super) fn stored_values(&self, row: usize) -> Result<Vec<u8>> {
        let (segment, length) = (self.segment(row), self.row_length());
        let Some(file) = segment.on_disk() else { return Ok(self.stored(row).to_vec()) };
        let mut values = vec![0; length];
        let start = segment.start(row) + segment.place.head;
        file.read(start as u64, &mut values).map_err(|reason| refuse(file.path(), reason))?;
        Ok(values)
    }
}

/// Whether a row of these `values` has no distance to others.
pub(super) fn is_bad(
    values: &[u8],
    dtype: Dtype,
    metric: Metric,
    scratch: &mut RowScratch,
) -> bool {
    let is_zero = |scratch| norm(dtype.values(values, scratch)) == 0.0;
    !dtype.all_fit(values) || metric == Metric::Cosine && is_zero(scratch)
}

/// What rows are left out.
fn what(metric: Metric) -> &'static str {
    match metric {
        Metric::Euclidean => "which hold NaN, infinity or nothing",
        Metric::Cosine => "which hold NaN, infinity, nothing or zeros alone",
    }
}

/// Those of `rows`, in order, that lie in `range`.
fn within(rows: &[usize], range: Range<usize>) -> &[usize] {
    let at = |end: usize| rows.partition_point(|&row| row < end);
    &rows[at(range.start)..at(range.end)]
}

/// `bytes` with `values` at each of `starts`: the same memory, unless others may read it.
fn overwritten<'a>(
    bytes: Bytes<'a>,
    starts: impl Iterator<Item = usize>,
    values: &[u8],
) -> Bytes<'a> {
    let write = |bytes: &mut [u8]| {
        starts.for_each(|start| bytes[start..start + values.len()].copy_from_slice(values));
    };
    match bytes {
        Bytes::Block(mut block) => {
            write(&mut block);
            Bytes::Block(block)
        }
        Bytes::Owned(mut bytes) => {
            write(&mut bytes);
            Bytes::Owned(bytes)
        }
        others => {
            let mut bytes = others.as_slice().to_vec();
            write(&mut bytes);
            Bytes::Owned(bytes)
        }
    }
}

impl<'a> Segment<'a> {
    fn rows_of_pool(&self) -> Range<usize> {
        self.first_row..self.first_row + self.rows
    }

    /// Its rows, in parts that are read at once.
    fn blocks(&self) -> impl Iterator<Item = (&Segment<'a>, Range<usize>)> {
        let (Range { start, end }, rows) = (self.rows_of_pool(), self.rows_at_once());
        (start..end).step_by(rows).map(move |row| (self, row..end.min(row + rows)))
    }

    fn rows_at_once(&self) -> usize {
        (MOST_BYTES / self.place.stride.max(1)).max(1)
    }

    /// The same rows, with `values` in the place of `skipped` ones. In memory they are written there; of a file those rows are not read.
    fn with_stand_in(self, skipped: &[usize], values: &[u8]) -> Vec<Segment<'a>> {
        if skipped.is_empty() {
            return vec![self];
        }
        let Segment { store, first_row, rows, place, .. } = self;
        let segment = |store, first_row, rows, place| Segment {
            store,
            held: OnceLock::new(),
            first_row,
            rows,
            place,
        };
        let file = match store {
            Store::File(file) => file,
            Store::Memory(bytes) => {
                let starts =
                    skipped.iter().map(|row| place.offset + (row - first_row) * place.stride);
                let bytes = overwritten(bytes, starts, values);
                return vec![segment(Store::Memory(bytes), first_row, rows, place)];
            }
        };
        let mut parts = Vec::new();
        let mut next = first_row;
        for run in skipped.chunk_by(|a, b| a + 1 == *b).chain([&[first_row + rows][..]]) {
            if run[0] > next {
                let offset = place.offset + (next - first_row) * place.stride;
                let file = Store::File(Arc::clone(&file));
                parts.push(segment(file, next, run[0] - next, Place { offset, ..place }));
            }
            if run[0] < first_row + rows {
                let stand_in = Store::Memory(Bytes::Owned(values.to_vec()));
                let place = Place { stride: 0, ..Place::dense(0, 0) };
                parts.push(segment(stand_in, run[0], run.len(), place));
            }
            next = run[0] + run.len();
        }
        parts
    }
}
