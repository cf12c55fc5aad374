//! Rows of a file in the hands of one thread. A thread that reads rows one after another is given them by the block, each twice as
//! long as the one before, and the system is told to read on meanwhile; a row out of order is read alone.

use std::ops::Range;
use std::sync::{Mutex, TryLockError};

/// Bytes of a block, at most.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// The rows that a thread read last.
#[derive(Default)]
pub(super) struct Window {
    /// Rows of the pool that lie in `bytes`.
    pub rows: Range<usize>,
    pub bytes: Vec<u8>,
    /// The row that was read last, outside the block.
    single: Option<usize>,
    pub single_bytes: Vec<u8>,
}

/// What must be read to have a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing: it is in the block.
    Nothing,
    /// A block of so many rows, of which it is the first.
    Block(usize),
    /// The row alone.
    Single,
}

impl Window {
    /// What to read for `row`, of rows of `stride` bytes.
    pub fn wanted(&self, row: usize, stride: usize) -> Wanted {
        if self.rows.contains(&row) {
            return Wanted::Nothing;
        }
        let most = (MOST_BYTES / stride).max(1);
        if !self.rows.is_empty() && row == self.rows.end {
            return Wanted::Block((2 * self.rows.len()).min(most));
        }
        match self.single {
            Some(single) if single + 1 == row => Wanted::Block(2.min(most)),
            _ => Wanted::Single,
        }
    }

    /// A row was read alone.
    pub fn read_single(&mut self, row: usize) {
        self.single = Some(row);
    }
}

/// A window for each thread that reads, more or less: a thread that finds its window taken reads with one of its own.
#[derive(Default)]
pub(super) struct Windows(Vec<Mutex<Window>>);

impl Windows {
    /// For the threads that this machine runs at once.
    pub fn new() -> Windows {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Windows((0..threads).map(|_| Mutex::default()).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Window) -> T) -> T {
        let thread = rayon::current_thread_index().unwrap_or(0);
        let window = self.0.get(thread % self.0.len().max(1)).map(Mutex::try_lock);
        match window {
            Some(Ok(mut window)) => work(&mut window),
            // What a thread that panicked was reading is read again.
            Some(Err(TryLockError::Poisoned(window))) => {
                let mut window = window.into_inner();
                *window = Window::default();
                work(&mut window)
            }
            Some(Err(TryLockError::WouldBlock)) | None => work(&mut Window::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read for `rows` in turn: a number of rows from each on.
    fn reads(rows: &[usize], stride: usize) -> Vec<(usize, usize)> {
        let mut window = Window::default();
        let mut reads = Vec::new();
        for &row in rows {
            match window.wanted(row, stride) {
                Wanted::Nothing => {}
                Wanted::Block(count) => {
                    window.rows = row..row + count;
                    reads.push((row, count));
                }
                Wanted::Single => {
                    window.read_single(row);
                    reads.push((row, 1));
                }
            }
        }
        reads
    }

    #[test]
    fn rows_in_order_come_by_the_block() {
        let rows: Vec<usize> = (0..40).collect();
        assert_eq!(reads(&rows, 8), [(0, 1), (1, 2), (3, 4), (7, 8), (15, 16), (31, 32)]);
        let of_a_mebibyte = reads(&(0..20).collect::<Vec<_>>(), 1 << 20);
        assert_eq!(of_a_mebibyte, [(0, 1), (1, 2), (3, 4), (7, 4), (11, 4), (15, 4), (19, 4)]);
        assert!(reads(&rows, MOST_BYTES + 1).iter().all(|&(_, count)| count == 1));
    }

    #[test]
    fn rows_in_no_order_come_alone() {
        assert_eq!(reads(&[9, 5, 7, 3, 9], 8), [(9, 1), (5, 1), (7, 1), (3, 1), (9, 1)]);
    }

    #[test]
    fn a_row_between_does_not_break_an_order() {
        let reads = reads(&[0, 1, 2, 90, 3, 4, 90, 5, 6, 7], 8);
        assert_eq!(reads, [(0, 1), (1, 2), (90, 1), (3, 4), (90, 1), (7, 8)]);
    }
}
