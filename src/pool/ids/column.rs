//! The ids that a pool's own files hold: a column beside that of the vectors, or a key in the path.

use std::path::{Component, Path};
use std::sync::Arc;

use super::{Fault, IdRef, Take};
use crate::pool::bytes::Store;
use crate::pool::formats::folder::FolderFormat;
use crate::pool::formats::{Format, each_id};
use crate::pool::objects;
use crate::pool::path::is_address;
use crate::pool::row_file::RowFile;

/// The ids of the `rows` rows of `file`, which `name` says where to find. The file may be of a format that its name does not tell.
pub(super) fn each(
    (file, format): (&Path, Option<&str>),
    name: &str,
    rows: usize,
    take: &mut Take,
) -> Result<(), Fault> {
    if let Some(value) = key(file, name) {
        for row in 0..rows {
            take(row, IdRef::Text(value))?;
        }
        return Ok(());
    }
    if let Some(folder) = FolderFormat::of_one(file) {
        return Ok(folder.each_id(file, name, rows, take)?);
    }
    let format = format.and_then(Format::named).map_or_else(|| Format::of(file), Ok)?;
    let store = Store::File(Arc::new(open(file).map_err(Fault::File)?));
    let mut found = 0;
    each_id(format, store, name, rows, &mut |row, id| {
        found += 1;
        if row < rows { take(row, id) } else { Ok(()) }
    })?;
    match found == rows {
        true => Ok(()),
        false => {
            Err(Fault::Content(format!("holds {found} ids in '{name}' for {rows} rows").into()))
        }
    }
}

fn open(file: &Path) -> crate::Result<RowFile> {
    if !is_address(file) {
        return RowFile::open(file, true);
    }
    Ok(RowFile::of_object(file, Arc::new(objects::one(file, None)?)))
}

/// The value of the key `name` in a path whose folders are called `key=value`.
fn key<'p>(file: &'p Path, name: &str) -> Option<&'p str> {
    let folders = file.parent()?.components();
    folders.rev().find_map(|folder| match folder {
        Component::Normal(folder) => folder.to_str()?.strip_prefix(name)?.strip_prefix('='),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_give_a_key() {
        let file = Path::new("pool/label=cat/year=2024/part-0.parquet");
        assert_eq!(key(file, "label"), Some("cat"));
        assert_eq!(key(file, "year"), Some("2024"));
        assert_eq!(key(file, "abel"), None);
        assert_eq!(key(Path::new("label=cat.parquet"), "label"), None);
    }
}
