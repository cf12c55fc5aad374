//! What a path may be beside the name of a file.

use std::path::Path;

use glob::MatchOptions;

/// A pattern's star stays in one folder, and takes no hidden file.
pub(super) const LIKE_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Whether `path` may be a pattern of many files.
pub(super) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// Whether `path` is the address of something that a server holds: it begins with a scheme, as `s3://`. One letter is a drive of Windows.
pub(super) fn is_address(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether a folder of this name holds a part of a table, the rows with a value of a key, as Hive and Spark lay it out: `key=value`.
pub(super) fn is_partition(name: &str) -> bool {
    name.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
}
