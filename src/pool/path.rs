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

/// The pattern of the files that lie as deep as `file` does and have its ending: of `a/b.npy` it is `*/*.npy`.
pub(super) fn pattern_of(file: &Path) -> String {
    let depth = file.components().count().saturating_sub(1);
    let ending = file.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    format!("{}*{}", "*/".repeat(depth), ending.unwrap_or_default())
}

/// Whether a folder of this name holds a part of a table, the rows with a value of a key, as Hive and Spark lay it out: `key=value`.
pub(super) fn is_partition(name: &str) -> bool {
    name.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_files_that_are_like_one() {
        let of = |file: &str| pattern_of(Path::new(file));
        assert_eq!(of("a/b.npy"), "*/*.npy");
        assert_eq!(of("a/b/part-0.snappy.parquet"), "*/*/*.parquet");
        assert_eq!(of("b.f16bin"), "*.f16bin");
        assert_eq!(of("a/rows"), "*/*");
    }
}
