//! One object, as it was when it was found.

use std::sync::{Arc, OnceLock};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::connection::Connection;
use super::failure::Failure;

/// Bytes asked for by one request, at most.
const PART: usize = 8 << 20;
/// Requests under way at once, of one reader.
const AT_ONCE: usize = 8;

/// An object that is read by ranges. Every answer must be of the object that was found.
pub(in crate::pool) struct Object {
    connection: Arc<Connection>,
    location: Path,
    length: u64,
    /// Seconds.
    modified: i64,
    /// Without quotes; of the first answer that has one.
    e_tag: OnceLock<String>,
    /// The first.
    failure: OnceLock<Failure>,
}

impl Object {
    pub(super) fn new(connection: &Arc<Connection>, found: ObjectMeta) -> Object {
        let e_tag = OnceLock::new();
        if let Some(tag) = tag(&found) {
            e_tag.get_or_init(|| tag.into());
        }
        Object {
            connection: Arc::clone(connection),
            location: found.location,
            length: found.size,
            modified: found.last_modified.timestamp(),
            e_tag,
            failure: OnceLock::new(),
        }
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fill `out` with the bytes from `at` on, by several requests at once.
    ///
    /// # Errors
    /// They cannot be had, or the object is not what was found: then nothing is known of `out`.
    pub fn read(&self, at: u64, out: &mut [u8]) -> Result<(), Failure> {
        let parts = (at..).step_by(PART).zip(out.chunks_mut(PART));
        let parts = stream::iter(parts.map(|(at, out)| self.part(at, out)));
        let all = parts.buffer_unordered(AT_ONCE).try_collect::<()>();
        let done = self.connection.wait(all);
        done.inspect_err(|failure| drop(self.failure.set(failure.clone())))
    }

    /// All of it.
    pub fn contents(&self) -> Result<Vec<u8>, Failure> {
        let length = usize::try_from(self.length).expect("64-bit addresses");
        let mut contents = vec![0; length];
        self.read(0, &mut contents)?;
        Ok(contents)
    }

    /// Whether it is still what was found.
    pub fn check_unchanged(&self) -> Result<(), Failure> {
        let head = async { Ok(self.connection.store.head(&self.location).await?) };
        self.check(&self.connection.wait(head)?)
    }

    /// What went wrong first, if anything did: it says more than a reader that was given too little.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.get().cloned()
    }

    async fn part(&self, at: u64, mut out: &mut [u8]) -> Result<(), Failure> {
        if out.is_empty() {
            return Ok(());
        }
        let range = (at..at + out.len() as u64).into();
        // A weak one says nothing of bytes.
        let strong = self.e_tag.get().filter(|tag| !tag.starts_with("W/"));
        let if_match = strong.map(|tag| format!("\"{tag}\""));
        let options = GetOptions { range: Some(range), if_match, ..GetOptions::default() };
        let answer = self.connection.store.get_opts(&self.location, options).await?;
        self.check(&answer.meta)?;
        let mut answer = answer.into_stream();
        while let Some(bytes) = answer.try_next().await? {
            let (filled, rest) = out.split_at_mut_checked(bytes.len()).ok_or_else(too_much)?;
            filled.copy_from_slice(&bytes);
            out = rest;
        }
        if out.is_empty() {
            Ok(())
        } else {
            Err(Failure::other("the store sent too little".into()))
        }
    }

    /// # Errors
    /// It was changed.
    fn check(&self, now: &ObjectMeta) -> Result<(), Failure> {
        let is_same = match tag(now) {
            Some(tag) => self.e_tag.get_or_init(|| tag.into()) == tag,
            None => now.last_modified.timestamp() == self.modified,
        };
        if now.size == self.length && is_same { Ok(()) } else { Err(Failure::changed()) }
    }
}

fn too_much() -> Failure {
    Failure::other("the store sent more than was asked for".into())
}

/// Some stores put quotes around tags in one kind of answer alone.
fn tag(meta: &ObjectMeta) -> Option<&str> {
    meta.e_tag.as_deref().map(|tag| tag.trim_matches('"'))
}
