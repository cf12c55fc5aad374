//! Why a file is refused.

use std::borrow::Cow;
use std::path::Path;

use crate::error::Error;

/// Why a file is refused. The path is added later: the readers work on bytes and never see a path.
pub(super) type Reason = Cow<'static, str>;

/// A file that holds no rows at all. Among others it adds none, and is left out.
pub(super) const NO_ROWS: Reason = Cow::Borrowed("holds no rows");

/// Whether a file was refused for [`NO_ROWS`].
pub(super) fn is_of_no_rows(error: &Error) -> bool {
    matches!(error, Error::Format { reason, .. } if *reason == NO_ROWS)
}

/// Why a file with such a row is refused, and what to do about it.
pub(super) fn bad_row(error: &Error) -> Reason {
    match error {
        Error::NotFinite { .. } => format!("{error}; --skip-bad leaves such rows out").into(),
        _ => error.to_string().into(),
    }
}

/// One line, whatever a name inside the file is made of.
pub(super) fn refuse(path: &Path, reason: Reason) -> Error {
    let one_line = reason.split(char::is_control).collect::<Vec<_>>().join(" ");
    Error::Format { path: path.to_path_buf(), reason: one_line }
}
