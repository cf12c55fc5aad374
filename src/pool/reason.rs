//! Why a file is refused.

use std::borrow::Cow;
use std::path::Path;

use crate::error::Error;

/// Why a file is refused. The path is added later: the readers work on bytes and never see a path.
pub(super) type Reason = Cow<'static, str>;

/// One line, whatever a name inside the file is made of.
pub(super) fn refuse(path: &Path, reason: Reason) -> Error {
    let one_line = reason.split(char::is_control).collect::<Vec<_>>().join(" ");
    Error::Format { path: path.to_path_buf(), reason: one_line }
}
