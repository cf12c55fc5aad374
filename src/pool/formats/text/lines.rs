//! A file of text, line by line.

use std::io::{BufRead, BufReader, Read};

use crate::memory::size_text;
use crate::pool::bytes::{Reader, Store};
use crate::pool::reason::{Reason, check_is_not_utf_16};

/// Bytes of a line, at most: it is held in memory.
pub(super) const MOST: u64 = 256 << 20;

/// The lines of a file.
pub(super) struct Lines<'s> {
    reader: BufReader<Reader<&'s Store<'static>>>,
    line: Vec<u8>,
    number: usize,
}

impl<'s> Lines<'s> {
    pub fn of(store: &'s Store<'static>) -> Lines<'s> {
        Lines { reader: store.reader(), line: Vec::new(), number: 0 }
    }

    /// The next line that has something in it, without its end, and its number; none at the end of the file.
    pub fn next(&mut self) -> Result<Option<(usize, &[u8])>, Reason> {
        loop {
            self.line.clear();
            let mut line = self.reader.by_ref().take(MOST);
            let length = line.read_until(b'\n', &mut self.line).map_err(|e| e.to_string())?;
            self.number += 1;
            if length as u64 == MOST {
                let (number, most) = (self.number, size_text(MOST));
                return Err(format!("line {number} is longer than {most}").into());
            }
            if length == 0 {
                return Ok(None);
            }
            if self.number == 1 {
                check_is_not_utf_16(&self.line)?;
            }
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, without_end(&self.line))));
            }
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
