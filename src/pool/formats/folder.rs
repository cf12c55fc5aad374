//! Formats of which a pool is a folder, not a file.

use std::path::Path;

use super::{Format, zarr};
use crate::pool::Pool;
use crate::pool::ids::IdRef;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

/// A format whose pools are folders.
#[derive(Clone, Copy)]
pub(in crate::pool) enum FolderFormat {
    Zarr,
    Lance,
}

impl FolderFormat {
    /// That of the folder `path`, by its name or by what lies in it; none of a folder of files.
    pub fn of(path: &Path) -> Option<FolderFormat> {
        FolderFormat::of_name(path).or_else(|| FolderFormat::of_content(path))
    }

    /// That of `path` among others, most of which are files and are not asked what they are.
    pub fn of_one(path: &Path) -> Option<FolderFormat> {
        let may_be = Format::of(path).is_err() && path.is_dir();
        may_be.then(|| FolderFormat::of(path)).flatten()
    }

    /// By the name alone.
    pub fn of_name(path: &Path) -> Option<FolderFormat> {
        let extension = path.extension()?.to_string_lossy().to_lowercase();
        match &*extension {
            "zarr" => Some(FolderFormat::Zarr),
            "lance" => Some(FolderFormat::Lance),
            _ => None,
        }
    }

    fn of_content(path: &Path) -> Option<FolderFormat> {
        let holds = |name: &&str| path.join(name).exists();
        if ["zarr.json", ".zarray", ".zgroup"].iter().any(holds) {
            return Some(FolderFormat::Zarr);
        }
        ["_versions", "_transactions"].iter().all(holds).then_some(FolderFormat::Lance)
    }

    /// The pool in the folder `path`.
    pub fn read(
        self,
        path: &Path,
        name: Option<&str>,
        room: &Room,
    ) -> Result<Pool<'static>, Reason> {
        match self {
            FolderFormat::Zarr => zarr::read_folder(path, name, room),
            FolderFormat::Lance => Err(lance(path, name)),
        }
    }

    /// The ids of `rows` rows in `name`, an array of the pool in the folder `path`, each given to `take` with its row.
    pub fn each_id(
        self,
        path: &Path,
        name: &str,
        rows: usize,
        take: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        match self {
            FolderFormat::Zarr => zarr::each_id_of_folder(path, name, rows, take),
            FolderFormat::Lance => Err(lance(path, None)),
        }
    }

    /// Why a folder in an object store is not read.
    pub fn refuse_in_store(self, path: &Path) -> Reason {
        match self {
            FolderFormat::Zarr => {
                let name = path.file_name().unwrap_or_default().display();
                format!(
                    "is a folder of very many small files, which are read from a disk alone: copy it there; or put one archive of it in the \
                     store, which is read, as (cd {name} && zip -0qr ../{name}.zip .) writes it"
                )
                .into()
            }
            FolderFormat::Lance => lance(path, None),
        }
    }
}

/// Lance is not read; its own library writes a file that is.
fn lance(path: &Path, name: Option<&str>) -> Reason {
    let (path, column) = (path.display(), name.unwrap_or("vector"));
    format!(
        "is a table of Lance, which is not read; in Python, pyarrow.parquet.write_table(lance.dataset('{path}').to_table(columns=['{column}']), \
         'pool.parquet') writes a file that is, and farpoint.select takes the table itself"
    )
    .into()
}
