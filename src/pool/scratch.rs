//! Room for rows that are decoded or converted: memory as long as there is some, then a scratch file where the caller allows one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::block::Block;
use super::bytes::{Bytes, Store};
use super::reason::Reason;
use super::row_file::RowFile;
use crate::memory::{Memory, size_text};

/// Bytes that are made at once on their way to a scratch file.
const AT_ONCE: usize = 64 << 20;

/// What is left for the rows of all files of a pool.
pub(super) struct Room {
    /// Bytes of memory.
    left: AtomicU64,
    scratch: Option<PathBuf>,
    /// No values are read: pools have their size and none of their values.
    outlines: bool,
    /// Ends what a store is waited for.
    interrupt: Option<Arc<AtomicBool>>,
}

impl Room {
    /// Half of `memory`: a selection takes some beside its pool. None of it if all shall be `on_disk` and can be.
    pub fn new(memory: Option<Memory>, scratch: Option<&Path>, on_disk: bool) -> Room {
        let half = memory.map_or(u64::MAX, |memory| memory.bytes / 2);
        let left = if on_disk && scratch.is_some() { 0 } else { half };
        Room {
            left: AtomicU64::new(left),
            scratch: scratch.map(Path::to_path_buf),
            outlines: false,
            interrupt: None,
        }
    }

    /// Room for nothing but the sizes of pools.
    pub fn for_outlines() -> Room {
        Room { outlines: true, ..Room::new(Memory::available(), None, false) }
    }

    pub fn interrupted_by(self, interrupt: Option<&Arc<AtomicBool>>) -> Room {
        Room { interrupt: interrupt.cloned(), ..self }
    }

    pub fn interrupt(&self) -> Option<&Arc<AtomicBool>> {
        self.interrupt.as_ref()
    }

    /// Whether sizes are wanted in place of values.
    pub fn is_for_outlines(&self) -> bool {
        self.outlines
    }

    /// Room for anything.
    pub fn unlimited() -> Room {
        Room::new(None, None, false)
    }

    /// Bytes of memory left.
    fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Bytes that may be decoded at once, whether they are kept in memory or not.
    #[cfg(feature = "parquet")]
    pub fn at_once(&self) -> u64 {
        self.left().max(AT_ONCE as u64)
    }

    /// Take so many bytes of memory, if there are.
    pub fn take(&self, bytes: usize) -> bool {
        let left = |left: u64| left.checked_sub(bytes as u64);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }

    /// The bytes of memory that are left, if they are less than `bytes` and there is no scratch folder either.
    pub fn lacks(&self, bytes: usize) -> Option<u64> {
        Some(self.left()).filter(|&left| left < bytes as u64 && self.scratch.is_none())
    }

    pub fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A scratch file for `bytes`, or more than those.
    ///
    /// # Errors
    /// There may be none, and what it would take is told; its folder cannot be written to.
    pub fn scratch(&self, bytes: u64) -> Result<Scratch, Reason> {
        let Some(folder) = &self.scratch else {
            let [needed, left] = [bytes, self.left()].map(size_text);
            return Err(format!(
                "takes at least {needed} once it is decoded, but there is room for {left} in memory: give --scratch DIR, a folder on a disk with \
                 {needed} free, or save it as an uncompressed .npy in C order"
            )
            .into());
        };
        Scratch::create(folder)
    }

    /// `length` bytes which `fill` makes a block after another, given how many bytes come before it. Blocks end with a row of `row_bytes`.
    pub fn filled(
        &self,
        length: usize,
        row_bytes: usize,
        mut fill: impl FnMut(usize, &mut [u8]) -> Result<(), Reason>,
    ) -> Result<Store<'static>, Reason> {
        let at_once = (AT_ONCE / row_bytes).max(1) * row_bytes;
        if self.take(length) {
            let mut bytes = Block::zeroed(length)?;
            let blocks = bytes.chunks_mut(at_once).enumerate();
            blocks.into_iter().try_for_each(|(block, out)| fill(block * at_once, out))?;
            return Ok(Store::Memory(Bytes::Block(bytes)));
        }
        let mut scratch = self.scratch(length as u64)?;
        let mut block = vec![0; at_once.min(length)];
        for at in (0..length).step_by(at_once) {
            let out = &mut block[..at_once.min(length - at)];
            fill(at, out)?;
            scratch.append(out)?;
        }
        Ok(Store::File(scratch.finish()?))
    }
}

/// A file without a name: it is gone once nobody reads it, whatever ends the process.
pub(super) struct Scratch {
    file: File,
    folder: PathBuf,
    length: u64,
}

impl Scratch {
    fn create(folder: &Path) -> Result<Scratch, Reason> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|error| format!("no scratch file in {}: {error}", folder.display()))?;
        Ok(Scratch { file, folder: folder.to_path_buf(), length: 0 })
    }

    /// Bytes written.
    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.file.write_all(bytes).map_err(|error| {
            let (folder, so_far) = (self.folder.display(), size_text(self.length));
            format!("the scratch file in {folder} cannot be written on after {so_far}: {error}")
        })?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub fn finish(self) -> Result<Arc<RowFile>, Reason> {
        let Scratch { file, folder, .. } = self;
        RowFile::of_scratch(file, &folder)
            .map(Arc::new)
            .map_err(|error| format!("the scratch file in {}: {error}", folder.display()).into())
    }
}
