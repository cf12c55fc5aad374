//! What lies beside a pool's objects, for those who know of files whose rows do not count.

use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};

use super::listing::Folders;
use crate::pool::surplus::Beside;

impl Folders {
    /// The key of `path`, if it is in this bucket.
    fn key(&self, path: &Path) -> Option<Key> {
        let rest = path.to_str()?.strip_prefix(&*self.0.address.root)?;
        Key::parse(rest).ok()
    }
}

impl Beside for Folders {
    fn whole(&self, folder: &Path) -> Option<PathBuf> {
        Some(folder.to_path_buf())
    }

    fn read(&self, file: &Path) -> Option<Vec<u8>> {
        let (key, connection) = (self.key(file)?, &self.0.connection);
        let answer = async { Ok(connection.store.get(&key).await?.bytes().await?) };
        connection.wait(answer).ok().map(Vec::from)
    }

    fn has_folder(&self, folder: &Path) -> bool {
        let Some(key) = self.key(folder) else { return false };
        let connection = &self.0.connection;
        let first = async { Ok(connection.store.list(Some(&key)).try_next().await?) };
        matches!(connection.wait(first), Ok(Some(_)))
    }

    fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let list = self.key(folder).and_then(|key| self.0.list(key.as_ref()).ok());
        let objects = list.into_iter().flat_map(|list| list.objects);
        objects.map(|found| self.0.name(&found)).collect()
    }
}
