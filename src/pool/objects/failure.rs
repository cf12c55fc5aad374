//! What went wrong with an object, in one line.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::path::Path;

use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

use crate::error::Error;
use crate::pool::reason::Reason;

/// Of a request, or of what came back.
#[derive(Debug, Clone)]
pub(in crate::pool) enum Failure {
    Interrupted,
    /// Told after the object's name.
    Told(ErrorKind, String),
}

const CHANGED: &str = "the object was changed in the meantime";
/// Where a machine in a cloud asks who it is: asked where nothing else says so.
const OF_THE_MACHINE: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

impl Failure {
    pub fn other(reason: String) -> Failure {
        Failure::Told(ErrorKind::Other, reason)
    }

    pub fn changed() -> Failure {
        Failure::other(CHANGED.into())
    }

    pub fn not_found(reason: &str) -> Failure {
        Failure::Told(ErrorKind::NotFound, reason.into())
    }

    pub fn is_not_found(&self) -> bool {
        matches!(self, Failure::Told(ErrorKind::NotFound, _))
    }

    /// Whether the store answered that it has no such object. Some that keep objects as files fail at the name of a folder.
    pub fn may_be_of_folder(&self) -> bool {
        matches!(self, Failure::Told(ErrorKind::NotFound | ErrorKind::Other, _))
    }

    /// The error of an object or a pattern, `path`.
    pub fn of(self, path: &Path) -> Error {
        match self {
            Failure::Interrupted => Error::Interrupted,
            Failure::Told(kind, reason) => {
                Error::Io { path: path.to_path_buf(), source: io::Error::new(kind, reason) }
            }
        }
    }

    /// As the readers of files tell it.
    pub fn reason(&self) -> Reason {
        match self {
            Failure::Interrupted => "interrupted".into(),
            Failure::Told(_, reason) => reason.clone().into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let text = one_line(&error.to_string());
        let said = said(&text);
        let (kind, reason) = match &error {
            _ if OF_THE_MACHINE.iter().any(|host| text.contains(host)) => (
                ErrorKind::PermissionDenied,
                "no credentials are in the environment or ~/.aws, and this machine has none of its own: set AWS_PROFILE, or \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS or AZURE_STORAGE_ACCOUNT_KEY; \
                 AWS_SKIP_SIGNATURE=true reads what is public"
                    .into(),
            ),
            _ if text.contains("NoSuchBucket") => {
                (ErrorKind::NotFound, "there is no such bucket".into())
            }
            StoreError::NotFound { .. } => (ErrorKind::NotFound, "there is no such object".into()),
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                (ErrorKind::PermissionDenied, format!("the store refuses it{said}"))
            }
            StoreError::NotSupported { .. } => (
                ErrorKind::Unsupported,
                "the server sends no parts of files (it ignores Range): fetch the file, and give its path".into(),
            ),
            _ if text.contains("Account must be specified") => {
                (ErrorKind::Other, "whose account is not said: set AZURE_STORAGE_ACCOUNT_NAME".into())
            }
            StoreError::Precondition { .. } => (ErrorKind::Other, CHANGED.into()),
            _ => of_transport(&error, &text),
        };
        Failure::Told(kind, reason)
    }
}

/// Of a request without a proper answer.
fn of_transport(error: &StoreError, text: &str) -> (ErrorKind, String) {
    let transport = causes(error).find_map(|cause| cause.downcast_ref::<HttpError>());
    let root = innermost(error);
    match transport.map(HttpError::kind) {
        Some(HttpErrorKind::Timeout) => {
            (ErrorKind::TimedOut, "the store did not answer in time, tried several times".into())
        }
        Some(HttpErrorKind::Connect) => {
            (ErrorKind::NotConnected, format!("the store cannot be reached: {root}"))
        }
        Some(_) => (ErrorKind::ConnectionAborted, format!("the store broke off: {root}")),
        None if text.contains("status code") => {
            (ErrorKind::Other, format!("the store failed{}", said(text)))
        }
        None => (ErrorKind::Other, root),
    }
}

/// The last cause, which says most.
fn innermost(error: &StoreError) -> String {
    causes(error)
        .last()
        .map_or_else(|| one_line(&error.to_string()), |cause| one_line(&cause.to_string()))
}

/// What lies behind `error`, the nearest first.
fn causes(error: &StoreError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The status, the code and the message of the store's answer, as far as it has them.
fn said(text: &str) -> String {
    let status = between(text, "status code: ", ":");
    let parts = [status, between(text, "<Code>", "<"), between(text, "<Message>", "<")];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(rest[..rest.find(after).unwrap_or(rest.len())].trim())
}
