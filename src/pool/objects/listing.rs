//! The objects that a name means: one, those of a folder, or those of a pattern.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::{StreamExt, TryStreamExt};
use glob::Pattern;
use object_store::path::Path as Key;
use object_store::{ListResult, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::address::{Address, Scheme};
use super::connection::Connection;
use super::failure::Failure;
use super::{Named, Object};
use crate::error::Result;
use crate::pool::companions::is_companion;
use crate::pool::path::{LIKE_A_SHELL, is_partition, is_pattern, pattern_of};
use crate::pool::reason::refuse;

/// Objects that are looked at for one that the files of a folder are like.
const LOOKED_AT: usize = 1000;

/// What there is.
pub(in crate::pool) enum Found {
    One(Object),
    /// In no order.
    Many(Vec<Named>, Folders),
}

/// What `path` means: an object of that name if there is one, else the objects of a folder, or of a pattern.
///
/// # Errors
/// [`crate::Error::Io`] if the store cannot be asked or there is nothing; [`crate::Error::Format`] if the name is none.
pub(in crate::pool) fn find(path: &Path, interrupt: Option<&Arc<AtomicBool>>) -> Result<Found> {
    let place = Bucket::of(path, interrupt)?;
    let Bucket { address, .. } = &place;
    let mut failed = None;
    if !address.key.is_empty() && !address.key.ends_with('/') {
        match place.head() {
            Ok(head) => return Ok(Found::One(place.object(head))),
            Err(failure) if place.is_listed() && failure.may_be_of_folder() => {
                failed = Some(failure)
            }
            Err(failure) => return Err(failure.of(path)),
        }
    }
    let objects = match is_pattern(path) {
        true => place.matches(path)?,
        false => place.folder(path, failed)?,
    };
    let named = objects.into_iter().map(|found| (place.name(&found), place.object(found)));
    let named = named.collect();
    Ok(Found::Many(named, Folders(place)))
}

/// The object `path`.
///
/// # Errors
/// As [`find`].
pub(in crate::pool) fn one(path: &Path, interrupt: Option<&Arc<AtomicBool>>) -> Result<Object> {
    let place = Bucket::of(path, interrupt)?;
    let head = place.head().map_err(|failure| failure.of(path))?;
    Ok(place.object(head))
}

/// A bucket, and how it is asked.
pub(super) struct Bucket {
    pub address: Address,
    pub connection: Arc<Connection>,
}

impl Bucket {
    fn of(path: &Path, interrupt: Option<&Arc<AtomicBool>>) -> Result<Bucket> {
        let address = Address::of(path).map_err(|reason| refuse(path, reason.into()))?;
        let connection = Connection::to(&address, interrupt).map_err(|failure| failure.of(path))?;
        Ok(Bucket { address, connection: Arc::new(connection) })
    }

    /// Whether the store says what it holds.
    fn is_listed(&self) -> bool {
        !matches!(self.address.scheme, Scheme::Http { .. })
    }

    fn object(&self, found: ObjectMeta) -> Object {
        Object::new(&self.connection, found)
    }

    /// The whole name of an object.
    pub fn name(&self, found: &ObjectMeta) -> PathBuf {
        format!("{}/{}", self.address.root, found.location).into()
    }

    fn head(&self) -> std::result::Result<ObjectMeta, Failure> {
        let key = match self.address.scheme {
            Scheme::Http { .. } => Key::from_url_path(&self.address.key),
            _ => Key::parse(&self.address.key),
        };
        let key = key.map_err(|error| Failure::other(error.to_string()))?;
        self.connection.wait(async { Ok(self.connection.store.head(&key).await?) })
    }

    /// The objects right in `folder`, and the folders there.
    pub fn list(&self, folder: &str) -> std::result::Result<ListResult, Failure> {
        let key = Key::parse(folder).map_err(|error| Failure::other(error.to_string()))?;
        let store = &self.connection.store;
        let list = async { Ok(store.list_with_delimiter(Some(&key)).await?) };
        let mut list = self.connection.wait(list)?;
        // Some tools write an empty object of the folder's own name.
        list.objects.retain(|found| found.location != key);
        Ok(list)
    }

    /// The objects anywhere below `folder`.
    fn list_all(&self, folder: &str) -> std::result::Result<Vec<ObjectMeta>, Failure> {
        let key = Key::parse(folder).map_err(|error| Failure::other(error.to_string()))?;
        let all = self.connection.store.list(Some(&key));
        self.connection.wait(async { Ok(all.try_collect().await?) })
    }

    /// The objects of the folder `path` but the hidden ones; of an object of that name the store said that it `failed`.
    fn folder(&self, path: &Path, failed: Option<Failure>) -> Result<Vec<ObjectMeta>> {
        let list = self.list(&self.address.key).map_err(|failure| failure.of(path))?;
        let is_shown = |key: &Key| !key.filename().unwrap_or_default().starts_with('.');
        let mut objects: Vec<_> =
            list.objects.into_iter().filter(|found| is_shown(&found.location)).collect();
        let mut folders: Vec<_> = list.common_prefixes;
        while let Some(at) = folders.iter().position(is_partition_key) {
            let partition = folders.swap_remove(at);
            let list = self.list(partition.as_ref()).map_err(|failure| failure.of(path))?;
            objects.extend(list.objects.into_iter().filter(|found| is_shown(&found.location)));
            folders.extend(list.common_prefixes);
        }
        let folder = folders.iter().find(|key| is_shown(key));
        match (folder, objects.is_empty()) {
            (None, false) => Ok(objects),
            (None, true) => {
                let none = "there is no such object, and none in a folder of that name";
                let failed = failed.filter(|failed| !failed.is_not_found());
                Err(failed.unwrap_or_else(|| Failure::not_found(none)).of(path))
            }
            (Some(folder), _) => {
                let pattern = self.pattern_of_one_in(folder);
                let reason = format!(
                    "holds folders, such as '{folder}', of which none is read but partitions (key=value): give a pattern, as '{}'",
                    path.join(pattern).display()
                );
                Err(refuse(path, reason.into()))
            }
        }
    }

    /// The pattern, below the address, of the objects that are like one in `folder`.
    fn pattern_of_one_in(&self, folder: &Key) -> String {
        let in_it = self.connection.store.list(Some(folder));
        let first = in_it.take(LOOKED_AT).filter_map(async |found| {
            let key = found.ok()?.location;
            let is_data =
                !key.filename()?.starts_with('.') && !is_companion(Path::new(key.as_ref()));
            is_data.then_some(key)
        });
        let found = self.connection.wait(async { Ok(Box::pin(first).next().await) });
        let key = found.ok().flatten().map(|key| key.to_string());
        let below = key.as_deref().and_then(|key| key.strip_prefix(self.address.key.as_str()));
        below.map_or("*/*".into(), |below| pattern_of(Path::new(below.trim_start_matches('/'))))
    }

    /// The objects that the pattern `path` matches.
    fn matches(&self, path: &Path) -> Result<Vec<ObjectMeta>> {
        let key = &self.address.key;
        let pattern = Pattern::new(key)
            .map_err(|error| refuse(path, format!("is no pattern: {error}").into()))?;
        let plain = key.find(['*', '?', '[']).unwrap_or(key.len());
        let (folder, rest) = key.split_at(key[..plain].rfind('/').map_or(0, |slash| slash + 1));
        let listed = match rest.contains('/') {
            true => self.list_all(folder),
            false => self.list(folder).map(|list| list.objects),
        };
        let mut objects = listed.map_err(|failure| failure.of(path))?;
        objects.retain(|found| pattern.matches_with(found.location.as_ref(), LIKE_A_SHELL));
        if objects.is_empty() {
            let none = "there is no such object, and as a pattern it matches none";
            return Err(Failure::not_found(none).of(path));
        }
        Ok(objects)
    }
}

fn is_partition_key(key: &Key) -> bool {
    key.filename().is_some_and(is_partition)
}

/// The folders of the bucket that a pool's objects are in.
pub(in crate::pool) struct Folders(pub(super) Bucket);
