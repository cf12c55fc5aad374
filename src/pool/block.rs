//! Memory for rows that are read or decoded at once.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

use super::reason::Reason;

/// A block of memory, zeros at first. Of a large one the system hands out pages as they are touched, huge ones where it has them: handing
/// out small ones takes longer than reading a file that is in memory already.
pub(super) enum Block {
    Small(Vec<u8>),
    Large(MmapMut),
}

/// Below, pages are not worth asking for.
const LARGE: usize = 4 << 20;

impl Block {
    /// # Errors
    /// The system has not so much memory.
    pub fn zeroed(length: usize) -> Result<Block, Reason> {
        if length < LARGE {
            return Ok(Block::Small(vec![0; length]));
        }
        let pages = MmapMut::map_anon(length)
            .map_err(|error| format!("needs {length} bytes of memory: {error}"))?;
        // A hint: without huge pages it is only slower.
        #[cfg(target_os = "linux")]
        let _ = pages.advise(memmap2::Advice::HugePage);
        Ok(Block::Large(pages))
    }
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Block::Small(bytes) => bytes,
            Block::Large(pages) => pages,
        }
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Block::Small(bytes) => bytes,
            Block::Large(pages) => pages,
        }
    }
}
