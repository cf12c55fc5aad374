//! Files with rows that the owner of their folder does not count: what Hugging Face's `Dataset.map` keeps beside a dataset, and the
//! Parquet files of a table format, which hold deleted rows too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::reason::refuse;
use crate::error::Result;

/// Refuse the files of one pool where some of their rows do not count.
pub(super) fn check(files: &[PathBuf]) -> Result<()> {
    check_tables(files)?;
    let mut folders: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for file in files.iter().filter(|file| has_extension(file, "arrow")) {
        folders.entry(file.parent().unwrap_or(Path::new(""))).or_default().push(file);
    }
    folders.into_iter().try_for_each(|(folder, files)| check_dataset(folder, &files))
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The .arrow files of one `folder`: those of a dataset, and those that were made from it, are not one pool.
fn check_dataset(folder: &Path, files: &[&Path]) -> Result<()> {
    let listed = (files.len() > 1).then(|| listed(folder)).flatten();
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
fn listed(folder: &Path) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct State {
        #[serde(rename = "_data_files")]
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        filename: String,
    }
    let state: State = serde_json::from_slice(&fs::read(folder.join("state.json")).ok()?).ok()?;
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
fn check_tables(files: &[PathBuf]) -> Result<()> {
    let of_table = files.iter().filter(|file| has_extension(file, "parquet") || file.is_dir());
    let folders: BTreeSet<&Path> = of_table.filter_map(|file| file.parent()).collect();
    for folder in folders {
        // A folder that is not there is told of where it is read.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(whole) = folder.canonicalize() else { continue };
        if let Some((root, format, read)) = whole.ancestors().find_map(|root| table(root, &whole)) {
            return Err(refuse(
                root,
                format!(
                    "is a table of {format}, whose Parquet files hold deleted rows too: write the rows that count to a file of their \
                     own, {read}"
                )
                .into(),
            ));
        }
    }
    Ok(())
}

/// `root`, its format, and what writes its rows, if it is the folder of a table that has files in `folder`.
fn table<'r>(root: &'r Path, folder: &Path) -> Option<(&'r Path, &'static str, String)> {
    let shown = root.display();
    if root.join("_delta_log").is_dir() {
        let read = in_python(&format!("deltalake.DeltaTable('{shown}').to_pyarrow_table()"));
        return Some((root, "Delta Lake", read));
    }
    if root.join(".hoodie").is_dir() {
        let read =
            format!("with Spark: spark.read.format('hudi').load('{shown}').write.parquet('pool')");
        return Some((root, "Apache Hudi", read));
    }
    let is_part = folder == root || folder.starts_with(root.join("data"));
    let metadata = is_part.then(|| iceberg(root)).flatten()?;
    let scan = format!("StaticTable.from_metadata('{}').scan()", metadata.display());
    Some((root, "Apache Iceberg", in_python(&format!("pyiceberg.table.{scan}.to_arrow()"))))
}

fn in_python(table: &str) -> String {
    format!("in Python: pyarrow.parquet.write_table({table}, 'pool.parquet')")
}

/// The newest metadata of the Iceberg table in `root`; the versions in the names grow.
fn iceberg(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root.join("metadata")).ok()?.flatten().map(|entry| entry.path());
    let versions = entries.filter(|file| name(file).ends_with(".metadata.json"));
    versions.max_by_key(|file| (name(file).len(), name(file)))
}
