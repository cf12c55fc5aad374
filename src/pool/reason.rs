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

/// Refuse text of two bytes a character by its mark. Without one it is as any text that cannot be read.
pub(super) fn check_is_not_utf_16(start: &[u8]) -> Result<(), Reason> {
    match start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        true => Err("is UTF-16 text, as Excel's Unicode text is: save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does".into()),
        false => Ok(()),
    }
}

/// One line, whatever a name inside the file is made of.
pub(super) fn refuse(path: &Path, reason: Reason) -> Error {
    let one_line = reason.split(char::is_control).collect::<Vec<_>>().join(" ");
    Error::Format { path: path.to_path_buf(), reason: one_line }
}
