//! A file that has no name until it is whole, where the file system can do that: whatever ends the program, nothing is left.
//! Elsewhere it has a name of its own, and is removed when a destructor or a signal handler ([`remove_unfinished`]) runs.

use std::fs::{self, File};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

/// The named file being written now; locked while files get or change names. A signal that ends the program runs no destructor, which would remove it.
static NAMED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Remove what is half written. For the end of the program: from now on whoever is writing cannot put it in its place.
pub fn remove_unfinished() {
    let mut named = named();
    if let Some(file) = named.take() {
        let _ = fs::remove_file(file);
    }
    mem::forget(named);
}

fn named() -> MutexGuard<'static, Option<PathBuf>> {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub enum Unfinished {
    Nameless(File),
    Named(NamedTempFile),
}

impl Unfinished {
    /// A new file on the disk of `path`, in its folder.
    pub fn new(path: &Path) -> io::Result<Unfinished> {
        let folder = folder(path);
        nameless(folder).map(Unfinished::Nameless).or_else(|_| {
            // Locked: a signal between the two steps waits for the second.
            let mut named = named();
            let file = builder().tempfile_in(folder).map_err(kind)?;
            *named = Some(file.path().to_path_buf());
            Ok(Unfinished::Named(file))
        })
    }

    pub fn file(&self) -> &File {
        match self {
            Unfinished::Nameless(file) => file,
            Unfinished::Named(file) => file.as_file(),
        }
    }

    /// Put the file in the place of `path`. Waits for ever once the program is about to end.
    pub fn replace(self, path: &Path) -> io::Result<()> {
        let mut named = named();
        *named = None;
        match self {
            Unfinished::Nameless(file) => {
                name(&file, folder(path))?.persist(path).map_err(|refused| refused.error)
            }
            Unfinished::Named(file) => {
                file.persist(path).map(drop).map_err(|refused| refused.error)
            }
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".farpoint-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Only the kind of the error is told: the name in it means nothing to a person.
fn kind(error: io::Error) -> io::Error {
    error.kind().into()
}

/// A file without a name, if `folder` is on a file system that has such files, and they can be named later.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = File::from(open(folder, flags, Mode::from_raw_mode(0o666))?);
    fs::metadata(of_this_process(&file))?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Name a nameless file, as a step before it is renamed: a name that exists cannot be given.
#[cfg(target_os = "linux")]
fn name(file: &File, folder: &Path) -> io::Result<TempPath> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let link =
        |path: &Path| Ok(linkat(CWD, of_this_process(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?);
    builder().make_in(folder, link).map(NamedTempFile::into_temp_path).map_err(kind)
}

#[cfg(not(target_os = "linux"))]
fn name(_: &File, _: &Path) -> io::Result<TempPath> {
    unreachable!("no file is without a name here")
}

/// The name that the system keeps for an open file.
#[cfg(target_os = "linux")]
fn of_this_process(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    Path::new("/proc/self/fd").join(file.as_raw_fd().to_string())
}
