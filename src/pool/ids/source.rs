//! Where ids come from, as people write it: `--ids image`, `--ids names.txt`, `--ids path`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::list::is_list;

/// Where the ids of a pool's rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdSource {
    /// A column of that name in the pool's own files, or the key of that name in their paths, as `label=cat/part-0.parquet` has one.
    Column(String),
    /// A file with one id a row, in the order of the pool's rows: `.txt`, `.csv`, `.parquet`, `.npy` or `.json`.
    File {
        /// The file.
        path: PathBuf,
        /// Its column, where it has several and none is called `id`.
        column: Option<String>,
    },
    /// The path of the row's file; with a colon and the row in the file where that has several.
    Path,
}

impl IdSource {
    /// The source that `text` names: `path`; a file that is there or is called as one that ids are read from; else a column. `column:`
    /// and `file:` before a name say which is meant.
    pub fn named(text: &str) -> IdSource {
        let file = |path: &str| IdSource::File { path: path.into(), column: None };
        if let Some(name) = text.strip_prefix("column:") {
            return IdSource::Column(name.into());
        }
        if let Some(path) = text.strip_prefix("file:") {
            return file(path);
        }
        match text {
            "path" => IdSource::Path,
            _ if is_list(Path::new(text)) || Path::new(text).is_file() => file(text),
            _ => IdSource::Column(text.into()),
        }
    }
}

impl fmt::Display for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdSource::Column(name) => write!(f, "column:{name}"),
            IdSource::File { path, .. } => write!(f, "file:{}", path.display()),
            IdSource::Path => f.write_str("path"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_a_column_unless_it_is_of_a_file() {
        let file = |path: &str| IdSource::File { path: path.into(), column: None };
        for (text, source) in [
            ("image", IdSource::Column("image".into())),
            ("image.name", IdSource::Column("image.name".into())),
            ("names.txt", file("names.txt")),
            ("path", IdSource::Path),
            ("column:path", IdSource::Column("path".into())),
            ("column:names.txt", IdSource::Column("names.txt".into())),
            ("file:names", file("names")),
        ] {
            assert_eq!(IdSource::named(text), source);
            assert_eq!(IdSource::named(&source.to_string()), source);
        }
    }
}
