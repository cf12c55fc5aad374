//! Some rows of a pool in files, opened where the rest need not be.

use std::ops::Range;
use std::path::PathBuf;

use super::folder;
use super::meant::Meant;
use super::open::OpenOptions;
use super::reason::refuse;
use super::scratch::Room;
use super::{Pool, Segment};
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::threads::on_engine_threads;

impl Pool<'static> {
    /// Rows `rows` of the pool that `files` are, in this order: its rows count from 0 again. Files that must be decoded are decoded whole.
    ///
    /// # Errors
    /// As [`Pool::open_with`]; [`crate::Error::Format`] if the files have fewer rows.
    pub fn open_part(
        files: &[PathBuf],
        rows: Range<usize>,
        options: &OpenOptions,
    ) -> Result<Pool<'static>> {
        let meant = Meant::of(options)?;
        if options.skip_bad.is_some() {
            return Err(Error::Options("bad rows are left out of whole pools alone".into()));
        }
        on_engine_threads(0, || {
            let room = Room::new(Memory::within(options.memory), options.scratch, options.on_disk);
            let room = room.interrupted_by(options.interrupt);
            let whole = folder::open_each(files, meant, &room)?;
            if rows.is_empty() || rows.end > whole.rows {
                let reason = format!("rows {rows:?} were asked for of {}", whole.rows);
                return Err(refuse(&files[0], reason.into()));
            }
            let mut pool = whole.cut(&rows);
            if let Some(limit) = options.memory {
                pool.check_limit(limit)?;
            }
            pool.settle_in(options.memory, options.on_disk)?;
            Ok(pool)
        })?
    }

    /// Of these rows those in `rows`, counted from 0.
    fn cut(mut self, rows: &Range<usize>) -> Pool<'static> {
        let segments = self.segments.into_iter().filter_map(|segment| segment.cut(rows));
        self.segments = segments.collect();
        self.rows = rows.len();
        for first in &mut self.first_rows {
            *first = first.saturating_sub(rows.start).min(rows.len());
        }
        self
    }
}

impl Segment<'static> {
    /// The rows of this segment that are among `rows`, numbered from the first of those.
    fn cut(self, rows: &Range<usize>) -> Option<Segment<'static>> {
        let start = self.first_row.max(rows.start);
        let end = (self.first_row + self.rows).min(rows.end);
        let mut place = self.place;
        place.offset += start.saturating_sub(self.first_row) * place.stride;
        let first_row = start.saturating_sub(rows.start);
        (start < end).then(|| Segment { first_row, rows: end - start, place, ..self })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Rows of two values, counted from `first` on.
    fn write(path: &Path, first: u32, rows: u32) {
        let mut bytes = [rows.to_le_bytes(), 2u32.to_le_bytes()].concat();
        for value in 2 * first..2 * (first + rows) {
            bytes.extend((value as f32).to_le_bytes());
        }
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn rows_of_two_files_count_from_0() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a.fbin", "b.fbin"].map(|name| folder.path().join(name));
        write(&files[0], 0, 3);
        write(&files[1], 3, 4);
        for on_disk in [false, true] {
            let options = OpenOptions { on_disk, ..OpenOptions::default() };
            for start in 0..7 {
                for end in start + 1..=7 {
                    let part = Pool::open_part(&files, start..end, &options).unwrap();
                    assert_eq!((part.rows(), part.dimensions()), (end - start, 2));
                    for row in 0..part.rows() {
                        let first = 2.0 * (start + row) as f32;
                        assert_eq!(part.row(row, &mut Vec::new()), [first, first + 1.0]);
                    }
                }
            }
        }
        for rows in [3..8, 2..2] {
            let refused = Pool::open_part(&files, rows, &OpenOptions::default());
            assert!(refused.unwrap_err().to_string().contains("were asked for of 7"));
        }
    }
}
