//! A file to be written whole or not at all: checked before the work, then written beside its place and renamed into it.

mod limited;
mod unfinished;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use limited::Limited;
use unfinished::Unfinished;
pub use unfinished::remove_unfinished;

/// The file being written, buffered.
pub type Out<'f> = BufWriter<Limited<'f>>;

/// Links that are followed, one after another.
const MOST_LINKS: usize = 40;

/// Where a file will go. Its folder exists and can be written to.
#[derive(Debug)]
pub struct Target {
    /// As given, for messages.
    shown: PathBuf,
    /// Links followed, so that two names of one file compare equal.
    path: PathBuf,
    /// A device or a pipe: written in place, there being nothing to rename onto.
    in_place: bool,
}

impl Target {
    /// Checks the folder by making a file in it.
    pub fn new(path: &Path) -> Result<Target> {
        let target =
            Target::locate(path, MOST_LINKS).with_context(|| path.display().to_string())?;
        if !target.in_place {
            Unfinished::new(&target.path)
                .with_context(|| format!("{}: its folder cannot be written to", path.display()))?;
        }
        Ok(target)
    }

    /// Follows up to so many `links` to files that are not there yet.
    fn locate(path: &Path, links: usize) -> Result<Target> {
        let Some(name) = path.file_name() else { bail!("not the name of a file") };
        let shown = path.to_path_buf();
        if let Ok(metadata) = fs::metadata(path) {
            if metadata.is_dir() {
                bail!("a folder is in its place");
            }
            return Ok(Target { shown, path: path.canonicalize()?, in_place: !metadata.is_file() });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().context("its folder cannot be found")?;
        if let Ok(aim) = fs::read_link(path) {
            let Some(links) = links.checked_sub(1) else { bail!("too many links, or a circle") };
            return Ok(Target { shown, ..Target::locate(&folder.join(aim), links)? });
        }
        Ok(Target { shown, path: folder.join(name), in_place: false })
    }

    /// The file itself, links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `file` is what would be replaced: by its path, links followed, or under another name of the same file, as
    /// file systems that ignore case have them.
    pub fn is(&self, file: &Path) -> bool {
        file.canonicalize().is_ok_and(|file| file == self.path)
            || identity(&self.path).is_some_and(|this| Some(this) == identity(file))
    }

    /// The path as it was given.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// Whether this is a device or a pipe, which is not replaced.
    pub fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// Write the file beside its place, sync it, and rename it. If that fails nothing is left behind.
    pub fn write(&self, fill: impl FnOnce(&mut Out) -> Result<()>) -> Result<()> {
        let written = if self.in_place { self.write_in_place(fill) } else { self.replace(fill) };
        written.with_context(|| self.shown.display().to_string())
    }

    fn write_in_place(&self, fill: impl FnOnce(&mut Out) -> Result<()>) -> Result<()> {
        flush(&File::options().write(true).open(&self.path)?, fill)
    }

    fn replace(&self, fill: impl FnOnce(&mut Out) -> Result<()>) -> Result<()> {
        let unfinished = Unfinished::new(&self.path)?;
        flush(unfinished.file(), fill)?;
        unfinished.file().sync_all()?;
        unfinished.replace(&self.path)?;
        Ok(sync_folder(&self.path)?)
    }

    /// Refuse a file of so many bytes if the disk has not the room for it now, where the system tells.
    pub fn check_room(&self, bytes: u64) -> Result<()> {
        match room(&self.path) {
            Some(room) if !self.in_place && room < bytes => bail!(
                "{}: {bytes} bytes are too many: {room} are free on its disk",
                self.shown.display()
            ),
            _ => Ok(()),
        }
    }
}

/// Bytes that may be written to the disk of the folder of `path`.
#[cfg(target_os = "linux")]
fn room(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path.parent()?).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(target_os = "linux"))]
fn room(_: &Path) -> Option<u64> {
    None
}

/// Device and inode of a file that exists.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Here `canonicalize` spells each file one way.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

fn flush(file: &File, fill: impl FnOnce(&mut Out) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(Limited::new(file));
    fill(&mut out)?;
    Ok(out.flush()?)
}

/// The rename itself must survive a power cut too.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::new(&folder.path().join("picks.txt")).unwrap();
        assert!(names(folder.path()).is_empty());
        let filled = target.write(|out| {
            out.write_all(b"5\n")?;
            assert!(!names(folder.path()).contains(&"picks.txt".to_string()));
            Ok(())
        });
        filled.unwrap();
        assert_eq!(names(folder.path()), ["picks.txt"]);
        assert_eq!(fs::read(folder.path().join("picks.txt")).unwrap(), b"5\n");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picks.txt");
        fs::write(&path, "old").unwrap();
        let target = Target::new(&path).unwrap();
        let full = target.write(|out| {
            out.write_all(&[b'1'; 100_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull).into())
        });
        let message = format!("{:#}", full.err().unwrap());
        assert!(message.contains("picks.txt") && message.contains("space"), "{message}");
        assert_eq!(names(folder.path()), ["picks.txt"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_an_error() {
        let target = Target::new(Path::new("/dev/full")).unwrap();
        let full = target.write(|out| Ok(out.write_all(b"5\n")?));
        let message = format!("{:#}", full.err().unwrap());
        assert!(message.starts_with("/dev/full: No space left"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_not_there_stays_a_link() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("far")).unwrap();
        let [link, far, real] =
            ["a.txt", "far/b.txt", "far/c.txt"].map(|name| folder.path().join(name));
        symlink("far/b.txt", &link).unwrap();
        symlink(&real, &far).unwrap();
        let target = Target::new(&link).unwrap();
        target.write(|out| Ok(out.write_all(b"5\n")?)).unwrap();
        assert!([&link, &far].iter().all(|link| fs::symlink_metadata(link).unwrap().is_symlink()));
        assert!(fs::symlink_metadata(&real).unwrap().is_file());
        assert!(target.is(&link) && fs::read(&link).unwrap() == b"5\n");
        symlink("round.txt", folder.path().join("round.txt")).unwrap();
        let told = format!("{:#}", Target::new(&folder.path().join("round.txt")).unwrap_err());
        assert!(told.ends_with("round.txt: too many links, or a circle"), "{told}");
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Target::new(folder.path()).is_err());
        assert!(Target::new(&folder.path().join("absent/picks.txt")).is_err());
    }
}
