//! A file that rows are read from by position, whenever they are needed. It is not mapped: a mapped file that shrinks kills the
//! process, and the system reads far more of it than the rows asked for.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::objects::Object;
use super::reason::Reason;
use crate::error::{Error, Result};

/// A regular file or an object, as it was when it was opened.
pub(super) struct RowFile {
    path: PathBuf,
    length: u64,
    source: Source,
}

enum Source {
    Local {
        modified: Option<SystemTime>,
        /// Of one among very many files only the path is kept: a process may hold no more than some hundred files open.
        open: Option<File>,
    },
    Object(Arc<Object>),
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
        RowFile::of(file, path, keep_open).map_err(io)
    }

    /// An object, which is called `path`.
    pub fn of_object(path: &Path, object: Arc<Object>) -> RowFile {
        let length = object.length();
        RowFile { path: path.to_path_buf(), length, source: Source::Object(object) }
    }

    /// A file in `folder` without a name of its own.
    pub fn of_scratch(file: File, folder: &Path) -> io::Result<RowFile> {
        RowFile::of(file, folder, true)
    }

    fn of(file: File, path: &Path, keep_open: bool) -> io::Result<RowFile> {
        let metadata = file.metadata()?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        let source = Source::Local { modified, open: keep_open.then_some(file) };
        Ok(RowFile { path: path.to_path_buf(), length, source })
    }

    /// Whether the rows can be read from it one at a time: an object is fetched first.
    pub fn is_local(&self) -> bool {
        matches!(self.source, Source::Local { .. })
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
        if let Source::Object(object) = &self.source {
            return object.read(at, out).map_err(|failure| failure.reason());
        }
        self.with_file(|file, modified| match read_exact_at(file, out, at) {
            Ok(()) => self.check(&file.metadata(), modified),
            Err(error) => self.check(&file.metadata(), modified).and(Err(cannot_read(&error))),
        })
    }

    /// # Errors
    /// If the file is not what it was when it was opened.
    pub fn check_unchanged(&self) -> std::result::Result<(), Reason> {
        if let Source::Object(object) = &self.source {
            return object.check_unchanged().map_err(|failure| failure.reason());
        }
        self.with_file(|file, modified| self.check(&file.metadata(), modified))
    }

    /// Have the system begin to read `length` bytes from `at` on, without waiting for them.
    pub fn will_need(&self, at: u64, length: u64) {
        if let Source::Local { open: Some(file), .. } = &self.source {
            advise(file, at, length, Advice::WillNeed);
        }
    }

    /// Tell the system that rows are read in no order, so that it reads nothing beside them.
    pub fn expect_any_order(&self) {
        if let Source::Local { open: Some(file), .. } = &self.source {
            advise(file, 0, 0, Advice::Random);
        }
    }

    fn with_file<T>(
        &self,
        work: impl FnOnce(&File, Option<SystemTime>) -> std::result::Result<T, Reason>,
    ) -> std::result::Result<T, Reason> {
        let Source::Local { modified, open } = &self.source else {
            unreachable!("an object is no file")
        };
        match open {
            Some(file) => work(file, *modified),
            None => {
                let file = File::open(&self.path).map_err(|error| cannot_read(&error))?;
                work(&file, *modified)
            }
        }
    }

    fn check(
        &self,
        now: &io::Result<Metadata>,
        modified: Option<SystemTime>,
    ) -> std::result::Result<(), Reason> {
        let now = now.as_ref().map_err(cannot_read)?;
        if now.len() < self.length {
            let (was, is) = (self.length, now.len());
            return Err(
                format!("the file has shrunk from {was} to {is} bytes in the meantime").into()
            );
        }
        match now.len() == self.length && now.modified().ok() == modified {
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
