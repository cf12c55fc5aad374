//! Files with rows that the owner of their folder does not count: what Hugging Face's `Dataset.map` keeps beside a dataset, and the
//! Parquet files of a table format, which hold deleted rows too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::reason::refuse;
use crate::error::Result;

/// What lies beside a pool's files. Of what cannot be looked at, nothing is known.
pub(super) trait Beside {
    /// `folder`, with all folders that it is in.
    fn whole(&self, folder: &Path) -> Option<PathBuf>;

    fn read(&self, file: &Path) -> Option<Vec<u8>>;

    fn has_folder(&self, folder: &Path) -> bool;

    /// The files right in `folder`.
    fn files(&self, folder: &Path) -> Vec<PathBuf>;
}

/// The file system.
pub(super) struct Local;

impl Beside for Local {
    fn whole(&self, folder: &Path) -> Option<PathBuf> {
        let here = Path::new(".");
        if folder.as_os_str().is_empty() { here } else { folder }.canonicalize().ok()
    }

    fn read(&self, file: &Path) -> Option<Vec<u8>> {
        fs::read(file).ok()
    }

    fn has_folder(&self, folder: &Path) -> bool {
        folder.is_dir()
    }

    fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }
}

/// Refuse the files of one pool where some of their rows do not count.
pub(super) fn check(files: &[PathBuf], beside: &dyn Beside) -> Result<()> {
    check_tables(files, beside)?;
    let mut folders: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for file in files.iter().filter(|file| has_extension(file, "arrow")) {
        folders.entry(file.parent().unwrap_or(Path::new(""))).or_default().push(file);
    }
    folders.into_iter().try_for_each(|(folder, files)| check_dataset(folder, &files, beside))
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The .arrow files of one `folder`: those of a dataset, and those that were made from it, are not one pool.
fn check_dataset(folder: &Path, files: &[&Path], beside: &dyn Beside) -> Result<()> {
    let listed = (files.len() > 1).then(|| listed(folder, beside)).flatten();
    let is_surplus = |file: &Path| {
        let name = name(file);
        is_cache(&name) || listed.as_ref().is_some_and(|listed| !listed.contains(&name))
    };
    let (surplus, kept): (Vec<&Path>, Vec<&Path>) = files.iter().partition(|file| is_surplus(file));
    match (surplus.first(), kept.first()) {
        (Some(first), Some(_)) => {
            let instead = instead(folder, &kept, &surplus);
            Err(refuse(
                first,
                format!(
                    "was made from the dataset in its folder, as Dataset.map makes it, so rows would come twice: {instead}"
                )
                .into(),
            ))
        }
        _ => Ok(()),
    }
}

/// The names that `state.json` lists, which `Dataset.save_to_disk` writes.
fn listed(folder: &Path, beside: &dyn Beside) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct State {
        #[serde(rename = "_data_files")]
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        filename: String,
    }
    let state: State = serde_json::from_slice(&beside.read(&folder.join("state.json"))?).ok()?;
    Some(state.files.into_iter().map(|file| file.filename).collect())
}

/// `cache-<16 hexadecimal digits>.arrow`, and `..._00000_of_00004.arrow` where several processes made it.
fn is_cache(name: &str) -> bool {
    let Some(stem) = name.strip_prefix("cache-").and_then(|rest| rest.strip_suffix(".arrow"))
    else {
        return false;
    };
    let (fingerprint, part) = stem.split_once('_').unwrap_or((stem, "0_of_0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fingerprint.len() == 16
        && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.split_once("_of_").is_some_and(|(part, of)| is_digits(part) && is_digits(of))
}

/// What to give in the place of a pattern that takes `surplus` files beside those to be `kept`.
fn instead(folder: &Path, kept: &[&Path], surplus: &[&Path]) -> String {
    if let [only] = kept {
        return format!("give {}", only.display());
    }
    let names: Vec<String> = kept.iter().map(|file| name(file)).collect();
    let shared = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let length = names.iter().map(|other| shared(&names[0], other)).min().unwrap_or(0);
    let start = names[0].get(..length).unwrap_or("").trim_end_matches(|c: char| c.is_ascii_digit());
    if start.is_empty() || surplus.iter().any(|file| name(file).starts_with(start)) {
        return "move it to another folder, or let Dataset.cleanup_cache_files remove it".into();
    }
    format!("give '{}'", folder.join(format!("{start}*.arrow")).display())
}

/// Refuse the files of a table, of which its own reader knows the rows that were not deleted.
fn check_tables(files: &[PathBuf], beside: &dyn Beside) -> Result<()> {
    let of_table = files.iter().filter(|file| has_extension(file, "parquet") || file.is_dir());
    let folders: BTreeSet<&Path> = of_table.filter_map(|file| file.parent()).collect();
    for folder in folders {
        // A folder that is not there is told of where it is read.
        let Some(whole) = beside.whole(folder) else { continue };
        let found = whole.ancestors().find_map(|root| table(root, &whole, beside));
        if let Some((root, format, read)) = found {
            return Err(refuse(
                root,
                format!(
                    "is a table of {format}, whose Parquet files hold deleted rows too: write the rows that count to a file of their \
                     own: {read}"
                )
                .into(),
            ));
        }
    }
    Ok(())
}

/// `root`, its format, and what writes its rows, if it is the folder of a table that has files in `folder`.
fn table<'r>(
    root: &'r Path,
    folder: &Path,
    beside: &dyn Beside,
) -> Option<(&'r Path, &'static str, String)> {
    let shown = root.display();
    if beside.has_folder(&root.join("_delta_log")) {
        let read =
            by_python("deltalake", &format!("deltalake.DeltaTable('{shown}').to_pyarrow_table()"));
        return Some((root, "Delta Lake", read));
    }
    if beside.has_folder(&root.join(".hoodie")) {
        let read =
            format!("in Spark, spark.read.format('hudi').load('{shown}').write.parquet('pool')");
        return Some((root, "Apache Hudi", read));
    }
    let is_part = folder == root || folder.starts_with(root.join("data"));
    let metadata = is_part.then(|| iceberg(root, beside)).flatten()?;
    let scan = format!("StaticTable.from_metadata('{}').scan()", metadata.display());
    let read = by_python("pyiceberg.table", &format!("pyiceberg.table.{scan}.to_arrow()"));
    Some((root, "Apache Iceberg", read))
}

/// A line for a shell.
fn by_python(module: &str, table: &str) -> String {
    format!(
        "python -c \"import pyarrow.parquet, {module}; pyarrow.parquet.write_table({table}, 'pool.parquet')\""
    )
}

/// The newest metadata of the Iceberg table in `root`; the versions in the names grow.
fn iceberg(root: &Path, beside: &dyn Beside) -> Option<PathBuf> {
    let files = beside.files(&root.join("metadata")).into_iter();
    let versions = files.filter(|file| name(file).ends_with(".metadata.json"));
    versions.max_by_key(|file| (name(file).len(), name(file)))
}
