//! Which pools are held in memory: those that fit there, with what a selection takes beside them.

use super::Pool;
use super::window::Windows;
use crate::error::{Error, Result};
use crate::memory::{LimitedBy, Memory, size_text};

/// Bytes of state a row, at most.
const STATE: u64 = 40;
/// Bytes of packed rows, products and live rows, at most; of a pool that is not much larger, this many times its own bytes.
const WORKSPACE: u64 = 200 << 20;
const WORKSPACE_OF_SMALL: u64 = 4;
/// Bytes of a row's working copy beside its values.
const COPY: u64 = 12;
/// Up to so many bytes, floats are held from the beginning.
const HELD_AT_ONCE: usize = 64 << 20;

/// Bytes that a selection from `pool` takes beside the pool, without a working copy of it.
fn least(pool: &Pool) -> u64 {
    let workspace = WORKSPACE.min(WORKSPACE_OF_SMALL * pool.bytes() as u64);
    STATE * pool.rows as u64 + workspace
}

/// Bytes of a working copy.
fn copy(pool: &Pool) -> u64 {
    (pool.d as u64 + COPY) * pool.rows as u64
}

/// Bytes that a selection from `pool` takes with the pool in memory. Integers are their own working copy.
fn with_pool(pool: &Pool) -> u64 {
    let copy = if pool.dtype.is_integer() { 0 } else { copy(pool) };
    least(pool) + copy + pool.disk_bytes() as u64
}

/// An eighth is left to others: what is free now need not be so later.
fn fits(bytes: u64, memory: Memory) -> bool {
    bytes <= memory.bytes / 8 * 7
}

impl Pool<'_> {
    /// Hold rows in memory that lie in files, if there is room for all and they need not stay `on_disk`; otherwise let them be read
    /// when they are needed. Many rows of floats are read once for their working copy and then hardly ever: who reads them more often
    /// brings them in ([`Pool::hold_if_it_fits`]).
    ///
    /// # Errors
    /// A limit that the caller set, too small for a selection from this pool however it is made; those of [`Pool::hold`].
    pub(super) fn settle_in(&mut self, limit: Option<u64>, on_disk: bool) -> Result<()> {
        self.memory = limit;
        let memory = Memory::within(limit);
        match memory {
            Some(memory) if memory.limited_by == LimitedBy::Caller => self.check_limit(memory)?,
            _ => {}
        }
        if self.disk_bytes() == 0 {
            return Ok(());
        }
        match memory {
            _ if on_disk => {}
            Some(memory) if !fits(with_pool(self), memory) => self.notices.push(self.stays(memory)),
            _ if self.dtype.is_integer() || self.disk_bytes() <= HELD_AT_ONCE => {
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
        Memory::within(self.memory).is_none_or(|memory| fits(least(self) + copy(self), memory))
    }

    fn stays(&self, memory: Memory) -> String {
        let [rows, needed, left] =
            [self.disk_bytes() as u64, with_pool(self), memory.bytes].map(size_text);
        format!(
            "{rows} of rows stay on disk: a selection with them in memory takes {needed} of the {left} there are"
        )
    }

    fn check_limit(&self, memory: Memory) -> Result<()> {
        let needed = least(self);
        if needed <= memory.bytes {
            return Ok(());
        }
        let texts = [memory.bytes, needed].map(size_text);
        let [left, needed] = texts;
        let rows = self.rows;
        Err(Error::Options(format!(
            "the memory limit leaves {left}, but a selection from {rows} rows takes {needed} beside its pool: allow at least that much more"
        )))
    }
}
