//! Files of limited size: beyond the process's limit (`ulimit -f`) the system ends the program by a signal, SIGXFSZ, without a
//! word. Here such a write is an error.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};

/// A file, written from its start.
pub struct Limited<'f> {
    file: &'f File,
    /// Bytes that may still be written.
    left: u64,
}

impl Limited<'_> {
    pub fn new(file: &File) -> Limited<'_> {
        // Devices and pipes have no size.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        Limited { file, left: if is_file { limit() } else { u64::MAX } }
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left < bytes.len() as u64 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes that a file of this process may have, where the system tells.
fn limit() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file size"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    soft.and_then(|bytes| bytes.parse().ok()).unwrap_or(u64::MAX)
}
