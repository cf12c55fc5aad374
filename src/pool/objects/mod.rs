//! Objects in a store or on a web server, as the files of a pool. The tools' own environment variables, and files of AWS, say how
//! a store is reached.

// | file | what it has |
// | --- | --- |
// | `address` | `s3://bucket/key`, taken apart |
// | `aws` | what the files of AWS's tools say of a profile |
// | `store` | the client of a store, from the environment; its timeouts |
// | `connection` | where requests are waited for: nothing else knows that they are asynchronous |
// | `object` | an object as it was found, read by ranges |
// | `listing` | the objects that a name, a folder or a pattern means |
// | `beside` | what lies beside them |
// | `failure` | what went wrong, in one line |

mod address;
mod aws;
mod beside;
mod connection;
mod failure;
mod listing;
mod object;
mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(super) use self::listing::{Found, find, one};
pub(super) use self::object::Object;
use crate::error::Result;

/// An object, and its whole name.
pub(super) type Named = (PathBuf, Object);

/// All bytes of the one object that `path` names.
pub(super) fn contents(path: &Path, interrupt: Option<&Arc<AtomicBool>>) -> Result<Vec<u8>> {
    let object = one(path, interrupt)?;
    object.contents().map_err(|failure| failure.of(path))
}
