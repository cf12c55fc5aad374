//! The words that rows of word vectors are of.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::bytes::{Bytes, Store};
use super::formats::text;
use super::objects;
use super::path::is_address;
use super::reason::refuse;
use super::row_file::RowFile;
use crate::error::Result;

/// Gives each row of the word vectors in `path` (word2vec, fastText or GloVe, as text) and its word to `take`, in order. Of bytes that are
/// not UTF-8 the word has replacement characters. Time `O(n d)`, memory of one line.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::Format`], naming the line, if it has no word vectors.
pub fn read_words(path: impl AsRef<Path>, mut take: impl FnMut(usize, &str)) -> Result<()> {
    let path = path.as_ref();
    let store = match is_address(path) {
        true => Store::Memory(Bytes::Owned(objects::contents(path, None)?)),
        false => Store::File(Arc::new(RowFile::open(path, true)?)),
    };
    let mut each = |row, word: Cow<str>| {
        take(row, &word);
        Ok(())
    };
    text::words(&store, &mut each).map_err(|reason| refuse(path, reason))
}
