//! The files of a store, in a folder or in an archive of one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;
use zip::{CompressionMethod, ZipArchive};

use crate::pool::bytes::Store;
use crate::pool::reason::Reason;

/// Metadata is small, but what is consolidated.
const MOST_METADATA: usize = 64 << 20;
/// Folders within each other that are looked into, and files in all.
const DEPTH: usize = 12;
const MOST_FILES: usize = 1 << 24;

/// Where the files of a store are.
pub(super) enum Keys {
    Folder(PathBuf),
    Archive {
        store: Store<'static>,
        /// Start and length of each.
        members: HashMap<String, (usize, usize)>,
    },
}

impl Keys {
    /// The files in an archive, which must lie there as they are.
    pub fn archive(store: Store<'static>) -> Result<Keys, Reason> {
        let damaged = |error: &dyn std::error::Error| format!("is not a whole archive: {error}");
        let mut archive =
            ZipArchive::new(BufReader::new(store.reader())).map_err(|e| damaged(&e))?;
        let mut members = HashMap::new();
        for at in 0..archive.len() {
            let member = archive.by_index(at).map_err(|e| damaged(&e))?;
            let name = member.name().map_err(|e| damaged(&e))?.into_owned();
            if member.compression() != CompressionMethod::Stored {
                return Err(
                    "is a compressed archive: zarr.storage.ZipStore writes one that is not, and keeps compressed chunks in it"
                        .into(),
                );
            }
            let number = |number: u64| usize::try_from(number).ok();
            let start = member.data_start().and_then(number);
            let length =
                number(member.size()).filter(|_| member.size() == member.compressed_size());
            let is_within = |&(start, length): &(usize, usize)| {
                start.checked_add(length).is_some_and(|end| end <= store.length())
            };
            let Some(place) = start.zip(length).filter(is_within) else {
                return Err("has a member past the end of the archive".into());
            };
            members.insert(name, place);
        }
        drop(archive);
        Ok(Keys::Archive { store, members })
    }

    /// All of a file; none where there is no such file.
    pub fn all(&self, key: &str) -> Result<Option<Cow<'_, [u8]>>, Reason> {
        match self.length(key)? {
            Some(length) => self.part(key, 0, length).map(Some),
            None => Ok(None),
        }
    }

    /// Bytes of a file; none where there is no such file.
    pub fn length(&self, key: &str) -> Result<Option<usize>, Reason> {
        match self {
            Keys::Archive { members, .. } => Ok(members.get(key).map(|&(_, length)| length)),
            Keys::Folder(folder) => match fs::metadata(folder.join(key)) {
                Ok(found) if found.is_file() => Ok(usize::try_from(found.len()).ok()),
                Ok(_) => Ok(None),
                Err(error) if is_absent(error.kind()) => Ok(None),
                Err(error) => Err(cannot_read(key, &error)),
            },
        }
    }

    /// `length` bytes of a file from `at` on, which there must be.
    pub fn part(&self, key: &str, at: usize, length: usize) -> Result<Cow<'_, [u8]>, Reason> {
        let beyond =
            || Reason::from(format!("has the file '{key}', which ends too early: truncated?"));
        let is_within = |all: usize| at.checked_add(length).is_some_and(|end| end <= all);
        match self {
            Keys::Archive { store, members } => {
                let &(start, all) = members.get(key).ok_or_else(beyond)?;
                if is_within(all) { store.part(start + at, length) } else { Err(beyond()) }
            }
            Keys::Folder(folder) => {
                let failed = |error| cannot_read(key, &error);
                let mut file = File::open(folder.join(key)).map_err(failed)?;
                let all = file.metadata().map_err(failed)?.len();
                if !usize::try_from(all).is_ok_and(is_within) {
                    return Err(beyond());
                }
                file.seek(SeekFrom::Start(at as u64)).map_err(failed)?;
                let mut bytes = Vec::with_capacity(length);
                file.take(length as u64).read_to_end(&mut bytes).map_err(failed)?;
                if bytes.len() == length { Ok(Cow::Owned(bytes)) } else { Err(beyond()) }
            }
        }
    }

    /// The metadata that the file `name` in the folder `path` of the store holds, if there is one.
    pub fn metadata(&self, path: &str, name: &str) -> Result<Option<Value>, Reason> {
        let key = under(path, name);
        if self.length(&key)?.is_some_and(|length| length > MOST_METADATA) {
            return Err(format!("has too much metadata in '{key}'").into());
        }
        let parse = |bytes: Cow<[u8]>| {
            let parsed = serde_json::from_slice(&bytes);
            parsed
                .map_err(|error| format!("has metadata in '{key}' that is no JSON: {error}").into())
        };
        self.all(&key)?.map(parse).transpose()
    }

    /// The paths of all arrays.
    pub fn arrays(&self) -> Result<Vec<String>, Reason> {
        let mut arrays = Vec::new();
        match self {
            Keys::Archive { members, .. } => {
                for key in members.keys() {
                    let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
                    if self.is_array(path, name)? {
                        arrays.push(path.to_string());
                    }
                }
            }
            Keys::Folder(folder) => self.look_into(folder, "", 0, &mut arrays)?,
        }
        arrays.sort_unstable();
        arrays.dedup();
        match arrays.is_empty() {
            true => Err("holds no arrays of Zarr: neither zarr.json nor .zarray".into()),
            false => Ok(arrays),
        }
    }

    /// Whether the file `name` in the folder `path` is the metadata of an array.
    fn is_array(&self, path: &str, name: &str) -> Result<bool, Reason> {
        match name {
            ".zarray" => Ok(true),
            "zarr.json" => {
                let metadata = self.metadata(path, name)?;
                Ok(metadata.is_some_and(|metadata| metadata["node_type"] == "array"))
            }
            _ => Ok(false),
        }
    }

    /// The arrays in the folder that `path` is in the store. Those in an array are its chunks.
    fn look_into(
        &self,
        folder: &Path,
        path: &str,
        depth: usize,
        arrays: &mut Vec<String>,
    ) -> Result<(), Reason> {
        for name in [".zarray", "zarr.json"] {
            if self.length(&under(path, name))?.is_some() && self.is_array(path, name)? {
                arrays.push(path.to_string());
                return Ok(());
            }
        }
        if depth == DEPTH {
            return Ok(());
        }
        let failed = |error| cannot_read(path, &error);
        for entry in fs::read_dir(folder.join(path)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().is_ok_and(|kind| kind.is_dir())
                && let Some(name) = entry.file_name().to_str()
            {
                self.look_into(folder, &under(path, name), depth + 1, arrays)?;
            }
        }
        Ok(())
    }

    /// How many files of chunks the array at `path` has, and how many bytes they are of.
    pub fn chunk_files(&self, path: &str) -> Result<(usize, u64), Reason> {
        let mut sum = (0, 0);
        match self {
            Keys::Archive { members, .. } => {
                let within = |key: &str| match path.is_empty() {
                    true => is_chunk(key),
                    false => key
                        .strip_prefix(path)
                        .is_some_and(|rest| rest.starts_with('/') && is_chunk(rest)),
                };
                for (_, &(_, length)) in members.iter().filter(|(key, _)| within(key)) {
                    sum = (sum.0 + 1, sum.1 + length as u64);
                }
                // Members may lie over each other.
                let Keys::Archive { store, .. } = self else { unreachable!("it is one") };
                sum.1 = sum.1.min(store.length() as u64);
            }
            Keys::Folder(folder) => add_files(&folder.join(path), 0, &mut sum)?,
        }
        Ok(sum)
    }
}

/// Add the files in `folder` and below.
fn add_files(folder: &Path, depth: usize, sum: &mut (usize, u64)) -> Result<(), Reason> {
    let failed = |error| cannot_read("", &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let found = entry.metadata().map_err(failed)?;
        if found.is_dir() && depth < DEPTH {
            add_files(&entry.path(), depth + 1, sum)?;
        } else if found.is_file() && entry.file_name().to_str().is_some_and(is_chunk) {
            *sum = (sum.0 + 1, sum.1 + found.len());
        }
        if sum.0 > MOST_FILES {
            return Err("has too many files: save it in larger chunks, or in shards".into());
        }
    }
    Ok(())
}

/// Whether a file may be a chunk, by its name.
fn is_chunk(key: &str) -> bool {
    key.ends_with(|end: char| end.is_ascii_digit())
}

/// `name` in the folder `path`.
pub(super) fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}/{name}") }
}

fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn cannot_read(key: &str, error: &std::io::Error) -> Reason {
    format!("has the file '{key}', which cannot be read: {error}").into()
}
