//! Which pools are held in memory: those that fit there, with what a selection takes beside them.

use super::window::Windows;
use super::{Dtype, Pool};
use crate::error::{Error, Result};
use crate::memory::{Memory, check, held, size_text};

/// Bytes of state a row, at most.
const STATE: u64 = 40;
/// Bytes of packed rows, products and live rows, at most, unless rows are long; of a pool that is not much larger, this many times its own
/// bytes.
const WORKSPACE: u64 = 200 << 20;
const WORKSPACE_OF_SMALL: u64 = 4;
/// Rows that a frontier may always have, and those of a panel of centers, however long they are: together they are held as f32.
const LONG_ROWS: u64 = 512 + 128;
/// Bytes of a row's working copy beside its values.
const COPY: u64 = 12;
/// Up to so many bytes, floats are held from the beginning.
const HELD_AT_ONCE: u64 = 64 << 20;

/// What a selection takes beside its pool, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    pub state: u64,
    pub workspace: u64,
    /// The working copy; integers in memory are their own.
    pub copy: u64,
}

impl Needs {
    pub fn of(rows: usize, d: usize, dtype: Dtype) -> Needs {
        let (n, d) = (rows as u64, d as u64);
        let long = 4 * d * LONG_ROWS.min(2 * n);
        let own = WORKSPACE_OF_SMALL * n * d * dtype.bytes() as u64;
        Needs { state: STATE * n, workspace: WORKSPACE.max(long).min(own), copy: (d + COPY) * n }
    }

    /// Without a working copy.
    pub fn least(self) -> u64 {
        self.state + self.workspace
    }
}

fn needs(pool: &Pool) -> Needs {
    Needs::of(pool.rows, pool.d, pool.dtype)
}

/// Bytes that a selection from `pool` takes with the pool in memory.
fn with_pool(pool: &Pool) -> u64 {
    let needs = needs(pool);
    let copy = if pool.dtype.is_integer() { 0 } else { needs.copy };
    needs.least() + copy + pool.disk_bytes() as u64
}

/// An eighth is left to others: what is free now need not be so later.
pub(crate) fn is_room(bytes: u64, memory: Memory) -> bool {
    bytes <= memory.bytes / 8 * 7
}

/// Whether values in files are held from the beginning where they fit: there are few of them, or they are their own working copy.
pub(crate) fn is_held_at_once(dtype: Dtype, bytes: u64) -> bool {
    dtype.is_integer() || bytes <= HELD_AT_ONCE
}

impl Pool<'_> {
    /// Makes sure that the system gives what every row's state takes.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn check_room_for_state(&self) -> Result<()> {
        check(needs(self).state)
    }

    /// Hold rows in memory that lie in files, if there is room for all and they need not stay `on_disk`; otherwise let them be read
    /// when they are needed. Many rows of floats are read once for their working copy and then hardly ever: who reads them more often
    /// brings them in ([`Pool::hold_if_it_fits`]).
    ///
    /// # Errors
    /// Those of [`Pool::hold`].
    pub(super) fn settle_in(&mut self, limit: Option<u64>, on_disk: bool) -> Result<()> {
        self.memory = limit;
        let memory = Memory::within(limit);
        if self.disk_bytes() == 0 {
            return Ok(());
        }
        match memory {
            _ if on_disk => {}
            Some(memory) if !is_room(with_pool(self), memory) => {
                self.notices.push(self.stays(memory))
            }
            _ if is_held_at_once(self.dtype, self.disk_bytes() as u64) => {
                return self.hold();
            }
            _ => self.may_be_held = true,
        }
        for segment in &self.segments {
            if let Some(file) = segment.on_disk() {
                file.expect_any_order();
            }
        }
        self.windows = Windows::new();
        Ok(())
    }

    /// Whether a working copy of the rows fits into memory now, with what a selection takes beside it.
    pub(crate) fn has_room_for_copy(&self) -> bool {
        let needs = needs(self);
        Memory::within(self.memory).is_none_or(|memory| is_room(needs.least() + needs.copy, memory))
    }

    /// Whether so many bytes a row fit into memory now, beside what a selection takes.
    pub(crate) fn has_room_for(&self, bytes_a_row: usize) -> bool {
        let bytes = bytes_a_row as u64 * self.rows as u64;
        Memory::within(self.memory)
            .is_none_or(|memory| is_room(needs(self).workspace + bytes, memory))
    }

    fn stays(&self, memory: Memory) -> String {
        let [rows, needed, left] =
            [self.disk_bytes() as u64, with_pool(self), memory.bytes].map(size_text);
        format!(
            "{rows} of rows stay on disk: a selection with them in memory takes {needed} of the {left} there are"
        )
    }

    /// # Errors
    /// The caller's limit on the process's memory is too small for a selection from this pool, however it is made.
    pub(super) fn check_limit(&self, limit: u64) -> Result<()> {
        let (needed, held) = (needs(self).least(), held());
        if needed + held <= limit {
            return Ok(());
        }
        let rows = self.rows;
        let [limit, enough, needed, held] = [limit, needed + held, needed, held].map(size_text);
        Err(Error::Options(format!(
            "a selection from {rows} rows takes {needed} beside its pool, and this process holds {held} already: the memory limit of \
             {limit} must be at least {enough}"
        )))
    }
}
