//! A file that rows are read from by position, whenever they are needed. It is not mapped: a mapped file that shrinks kills the
//! process, and the system reads far more of it than the rows asked for.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::reason::Reason;
use crate::error::{Error, Result};

/// A regular file, as it was when it was opened.
pub(super) struct RowFile {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    /// Of one among very many files only the path is kept: a process may hold no more than some hundred files open.
    open: Option<File>,
}

impl RowFile {
    /// # Errors
    /// [`Error::Io`] if it cannot be opened; [`Error::Format`] if it is no regular file, such as a pipe, which opening would wait for.
    pub fn open(path: &Path, keep_open: bool) -> Result<RowFile> {
        let io = |source| Error::Io { path: path.to_path_buf(), source };
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            let reason = "is not a regular file, and only from those can rows be read in any order";
            return Err(Error::Format { path: path.to_path_buf(), reason: reason.into() });
        }
        let file = File::open(path).map_err(io)?;
        let mut opened = RowFile::of(file, path).map_err(io)?;
        opened.open.take_if(|_| !keep_open);
        Ok(opened)
    }

    /// A file in `folder` without a name of its own.
    pub fn of_scratch(file: File, folder: &Path) -> io::Result<RowFile> {
        RowFile::of(file, folder)
    }

    fn of(file: File, path: &Path) -> io::Result<RowFile> {
        let metadata = file.metadata()?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Ok(RowFile { path: path.to_path_buf(), length, modified, open: Some(file) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fill `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// If they cannot be read, or the file is not what it was when it was opened: then nothing is known of `out`.
    pub fn read(&self, at: u64, out: &mut [u8]) -> std::result::Result<(), Reason> {
        self.with_file(|file| match read_exact_at(file, out, at) {
            Ok(()) => self.check(&file.metadata()),
            Err(error) => self.check(&file.metadata()).and(Err(cannot_read(&error))),
        })
    }

    /// # Errors
    /// If the file is not what it was when it was opened.
    pub fn check_unchanged(&self) -> std::result::Result<(), Reason> {
        self.with_file(|file| self.check(&file.metadata()))
    }

    /// Have the system begin to read `length` bytes from `at` on, without waiting for them.
    pub fn will_need(&self, at: u64, length: u64) {
        if let Some(file) = &self.open {
            advise(file, at, length, Advice::WillNeed);
        }
    }

    /// Tell the system that rows are read in no order, so that it reads nothing beside them.
    pub fn expect_any_order(&self) {
        if let Some(file) = &self.open {
            advise(file, 0, 0, Advice::Random);
        }
    }

    fn with_file<T>(
        &self,
        work: impl FnOnce(&File) -> std::result::Result<T, Reason>,
    ) -> std::result::Result<T, Reason> {
        match &self.open {
            Some(file) => work(file),
            None => {
                File::open(&self.path).map_err(|error| cannot_read(&error)).and_then(|f| work(&f))
            }
        }
    }

    fn check(&self, now: &io::Result<Metadata>) -> std::result::Result<(), Reason> {
        let now = now.as_ref().map_err(cannot_read)?;
        if now.len() < self.length {
            let (was, is) = (self.length, now.len());
            return Err(
                format!("the file has shrunk from {was} to {is} bytes in the meantime").into()
            );
        }
        match now.len() == self.length && now.modified().ok() == self.modified {
            true => Ok(()),
            false => Err("the file was changed in the meantime".into()),
        }
    }
}

fn cannot_read(error: &io::Error) -> Reason {
    match error.kind() {
        ErrorKind::UnexpectedEof => Cow::Borrowed("the file ends before it"),
        _ => format!("it cannot be read: {error}").into(),
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut out: &mut [u8], mut at: u64) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, at)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => (out, at) = (&mut out[read..], at + read as u64),
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Advice {
    WillNeed,
    Random,
}

/// Advice costs speed where the system takes none, never an answer: its errors are not looked at.
#[cfg(target_os = "linux")]
fn advise(file: &File, at: u64, length: u64, advice: Advice) {
    let advice = match advice {
        Advice::WillNeed => rustix::fs::Advice::WillNeed,
        Advice::Random => rustix::fs::Advice::Random,
    };
    let _ = rustix::fs::fadvise(file, at, std::num::NonZeroU64::new(length), advice);
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &File, _: u64, _: u64, _: Advice) {}
