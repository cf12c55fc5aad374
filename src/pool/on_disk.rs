//! Rows that stay in their files: read when they are asked for, and checked as they are read.

use rayon::prelude::*;

use super::block::Block;
use super::bytes::Place;
use super::faults::Fault;
use super::reason::{Reason, bad_row, refuse};
use super::row_file::RowFile;
use super::window::{MOST_BYTES, Wanted, Window};
use super::{Pool, Segment};
use crate::error::{Error, Result};

/// Bytes of rows that the system is asked to read ahead at once, at most.
const MOST_AHEAD: usize = 64 << 20;

impl Pool<'_> {
    /// `work` on the bytes of `row`, a row of `segment`, which lies in `file`. Where they cannot be read they are zeros, and the pool
    /// has a fault.
    pub(super) fn with_row_on_disk<T>(
        &self,
        segment: &Segment,
        file: &RowFile,
        row: usize,
        work: impl FnOnce(&[u8]) -> T,
    ) -> T {
        let (stride, head) = (segment.place.stride, segment.place.head);
        self.windows.with(|window: &mut Window| {
            match window.wanted(row, stride) {
                Wanted::Nothing => {}
                Wanted::Single => {
                    window.read_single(row);
                    window.single_bytes.resize(stride, 0);
                    self.load(segment, file, row, &mut window.single_bytes);
                    return work(&window.single_bytes[head..]);
                }
                Wanted::Block(count) => {
                    let count = count.min(segment.first_row + segment.rows - row);
                    let length = count * stride;
                    // The system reads the block after this one while this one is worked on.
                    file.will_need((segment.start(row) + length) as u64, length as u64);
                    window.bytes.resize(length, 0);
                    self.load(segment, file, row, &mut window.bytes);
                    window.rows = row..row + count;
                }
            }
            let start = (row - window.rows.start) * stride;
            work(&window.bytes[start + head..start + stride])
        })
    }

    /// Fill `out` with rows of `segment` from `row` on, as they lie in `file`; with zeros for those that are bad.
    fn load(&self, segment: &Segment, file: &RowFile, row: usize, out: &mut [u8]) {
        if let Err(reason) = file.read(segment.start(row) as u64, out) {
            out.fill(0);
            let reason = format!("row {}: {reason}", self.row_of_file(row));
            return self.keep_fault(file, row, reason.into(), false);
        }
        let (stride, mut from) = (segment.place.stride, 0);
        while let Some((at, reason)) = self.first_bad_of(segment, row + from, &out[from * stride..])
        {
            out[(at - row) * stride..][..stride].fill(0);
            self.keep_fault(file, at, reason, true);
            from = at + 1 - row;
        }
    }

    /// The first bad row among `stored`, rows of `segment` from `row` on; and what is wrong with it.
    fn first_bad_of(
        &self,
        segment: &Segment,
        row: usize,
        stored: &[u8],
    ) -> Option<(usize, Reason)> {
        let Place { stride, head, .. } = segment.place;
        if self.dtype.is_integer() && head == 0 {
            return None;
        }
        let rows = (row..).zip(stored.chunks_exact(stride).map(|stored| stored.split_at(head)));
        rows.into_iter()
            .find_map(|(row, (head, values))| Some((row, self.why_bad(row, head, values)?)))
    }

    fn why_bad(&self, row: usize, head: &[u8], values: &[u8]) -> Option<Reason> {
        let (row, d) = (self.row_of_file(row), self.d);
        if let Some(&said) = head.first_chunk()
            && usize::try_from(u32::from_le_bytes(said)) != Ok(d)
        {
            let reason = format!("row {row} does not begin with the dimension of row 0, {d}");
            return Some(reason.into());
        }
        let (dimension, value) = self.dtype.first_unfit(values)?;
        Some(bad_row(&Error::of_value("row", row, dimension, value)))
    }

    fn keep_fault(&self, file: &RowFile, row: usize, reason: Reason, of_values: bool) {
        let (path, reason) = (file.path().to_path_buf(), reason.into_owned());
        self.faults.keep(Fault { path, row, reason, of_values });
    }

    /// Bring every row into memory, checked: one read of the files, by all threads.
    ///
    /// # Errors
    /// Of the first file that cannot be read or holds a bad row, in the order of the rows.
    pub(super) fn hold(&self) -> Result<()> {
        let hold = |segment: &Segment| {
            let Some(file) = segment.on_disk() else { return Ok(()) };
            let held = self.held(segment, file).map_err(|reason| refuse(file.path(), reason))?;
            // If another thread was faster, its rows are the same.
            let _ = segment.held.set(held);
            Ok(())
        };
        self.segments.par_iter().map(hold).find_first(Result::is_err).unwrap_or(Ok(()))
    }

    /// Whether rows in files would fit into memory.
    pub(crate) fn may_be_held(&self) -> bool {
        self.may_be_held
    }

    /// Bring every row into memory, for one who reads them many times, if they fit there.
    ///
    /// # Errors
    /// As of [`Pool::hold`].
    pub(crate) fn hold_if_it_fits(&self) -> Result<()> {
        if self.may_be_held { self.hold() } else { Ok(()) }
    }

    fn held(&self, segment: &Segment, file: &RowFile) -> std::result::Result<Block, Reason> {
        let stride = segment.place.stride;
        let rows_at_once = (MOST_BYTES / stride).max(1);
        let mut held = Block::zeroed(segment.rows * stride)?;
        let blocks = held.par_chunks_mut(rows_at_once * stride).enumerate();
        let read = |(block, out): (usize, &mut [u8])| {
            let row = segment.first_row + block * rows_at_once;
            if let Err(reason) = file.read(segment.start(row) as u64, out) {
                return Some(reason);
            }
            self.first_bad_of(segment, row, out).map(|(_, reason)| reason)
        };
        match blocks.map(read).find_map_first(|reason| reason) {
            None => Ok(held),
            Some(reason) => Err(reason),
        }
    }

    /// The number of pool row `row` in its file.
    fn row_of_file(&self, row: usize) -> usize {
        row - self.file_of(row).1
    }

    /// Which of the files has `row`, and the row that is its first.
    fn file_of(&self, row: usize) -> (usize, usize) {
        let file = self.first_rows.partition_point(|&first| first <= row).saturating_sub(1);
        (file, self.first_rows.get(file).copied().unwrap_or(0))
    }

    /// Have the system begin to read these rows, in the order in which they lie, without waiting for any.
    pub(crate) fn will_need(&self, rows: &mut dyn Iterator<Item = usize>) {
        if self.windows.is_empty() {
            return;
        }
        let mut rows: Vec<usize> = rows.take(MOST_AHEAD / self.row_length()).collect();
        rows.sort_unstable();
        for row in rows {
            let segment = self.segment(row);
            if let Some(file) = segment.on_disk() {
                file.will_need(segment.start(row) as u64, segment.place.stride as u64);
            }
        }
    }

    /// Whether a row could not be read, or was not what a row must be. Rows that are read from then on may be zeros.
    pub(crate) fn has_fault(&self) -> bool {
        self.faults.any()
    }

    /// Says whether every row that was read so far came as it was stored, where rows are read from files while the pool is in use. An
    /// answer that rests on such a pool is one only if this says so after it; every function of this crate that returns a
    /// [`Result`] asks by itself.
    ///
    /// # Errors
    /// [`Error::Read`], naming a file and a row: it cannot be read any more, the file was changed since it was opened, or a value is not
    /// finite. Of values that are not finite the first in the pool is named, which may take one more pass over it.
    pub fn check_reads(&self) -> Result<()> {
        match self.faults.first() {
            None => Ok(()),
            Some(fault) => Err(self.explain(self.lowest(fault))),
        }
    }

    /// [`Pool::check_reads`], and that no file has changed since it was opened.
    ///
    /// # Errors
    /// As there.
    pub fn check_unchanged(&self) -> Result<()> {
        self.check_reads()?;
        let changed = self.segments.iter().find_map(|segment| {
            let file = segment.on_disk()?;
            file.check_unchanged().err().map(|reason| (file, reason))
        });
        match changed {
            None => Ok(()),
            Some((file, reason)) => {
                let path = file.path().to_path_buf();
                Err(Error::Read { path, reason: reason.into_owned(), selection: None })
            }
        }
    }

    /// `answer`, if every row it rests on came as it was stored.
    ///
    /// # Errors
    /// As [`Pool::check_unchanged`]: whatever else went wrong may come of that.
    pub(crate) fn vouch<T>(&self, answer: Result<T>) -> Result<T> {
        match answer {
            Err(error @ Error::Read { .. }) => Err(error),
            answer => self.check_unchanged().and(answer),
        }
    }

    /// Threads read in any order: the first bad row that one of them met is not the first there is.
    fn lowest(&self, met: Fault) -> Fault {
        let before = self.segments.iter().take_while(|segment| segment.first_row <= met.row);
        let bad = before
            .filter(|_| met.of_values)
            .find_map(|segment| self.first_bad_in(segment, segment.on_disk()?));
        match bad {
            Some((row, reason)) if row < met.row => {
                Fault { row, reason: reason.into_owned(), ..met }
            }
            _ => met,
        }
    }

    /// The first bad row of a segment in a file, and why; none where the file cannot be read.
    fn first_bad_in(&self, segment: &Segment, file: &RowFile) -> Option<(usize, Reason)> {
        let rows_at_once = (MOST_BYTES / segment.place.stride).max(1);
        let end = segment.first_row + segment.rows;
        (segment.first_row..end).step_by(rows_at_once).find_map(|row| {
            let mut stored = vec![0; rows_at_once.min(end - row) * segment.place.stride];
            file.read(segment.start(row) as u64, &mut stored).ok()?;
            self.first_bad_of(segment, row, &stored)
        })
    }

    fn explain(&self, fault: Fault) -> Error {
        let path = self.files.get(self.file_of(fault.row).0).cloned().unwrap_or(fault.path);
        Error::Read { path, reason: fault.reason, selection: None }
    }
}
