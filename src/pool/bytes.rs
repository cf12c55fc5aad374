//! Bytes of a file or of a slice, wherever they are kept, and where rows lie in them.

use memmap2::Mmap;

/// Little-endian bytes, wherever they are kept.
pub(super) enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Mapped(Mmap),
    /// Aligned for its values in practice, as allocators do; [`super::Pool::row`] copes where it is not.
    Owned(Vec<u8>),
    /// Decoded, or a part of a map.
    #[cfg(feature = "parquet")]
    Arrow(arrow_buffer::Buffer),
}

#[cfg(feature = "parquet")]
impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Bytes<'_> {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
            #[cfg(feature = "parquet")]
            Bytes::Arrow(buffer) => buffer,
        }
    }
}

/// Where rows lie in a piece of memory, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub offset: usize,
    pub stride: usize,
}
