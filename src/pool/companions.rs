//! Files that tools write beside a pool's own: they hold no rows, and are left out.

use std::path::{Path, PathBuf};

/// Companions that are told of by name.
const TOLD: usize = 5;

/// `found` without the companions, and a note that names those.
pub(super) fn leave_out<T>(found: Vec<(PathBuf, T)>) -> (Vec<(PathBuf, T)>, Option<String>) {
    let (companions, kept): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(file, _)| is_companion(file));
    let mut names: Vec<String> = companions.iter().map(|(file, _)| name(file)).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(TOLD);
    names.truncate(TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let note = format!("left out, for they hold no rows: {}{more}", names.join(", "));
    (kept, (!companions.is_empty()).then_some(note))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Of Spark, Hive, Dask and pyarrow: what begins with an underscore. Of Hugging Face: what its datasets and models are described by.
pub(super) fn is_companion(file: &Path) -> bool {
    let lower = name(file).to_lowercase();
    let begins = |with: &[&str]| with.iter().any(|start| lower.starts_with(start));
    begins(&["_", "readme", "license", "licence"])
        || lower.ends_with(".index.json")
        || matches!(
            &*lower,
            "dataset_info.json" | "dataset_dict.json" | "state.json" | "config.json"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_write_beside_rows_is_left_out_and_told() {
        let files = [
            "d/data-00000.arrow",
            "d/dataset_info.json",
            "d/state.json",
            "d/_SUCCESS",
            "d/_metadata",
            "d/README.md",
            "d/LICENSE",
            "d/model.safetensors.index.json",
            "d/part-0.parquet",
            "d/notes.md",
            "d/x_README.npy",
        ];
        let (kept, note) = leave_out(files.map(|file| (PathBuf::from(file), ())).to_vec());
        let kept: Vec<String> = kept.iter().map(|(file, ())| name(file)).collect();
        assert_eq!(kept, ["data-00000.arrow", "part-0.parquet", "notes.md", "x_README.npy"]);
        let told = "left out, for they hold no rows: LICENSE, README.md, _SUCCESS, _metadata, dataset_info.json and 2 more";
        assert_eq!(note.as_deref(), Some(told));
        assert_eq!(leave_out(vec![(PathBuf::from("a.npy"), ())]).1, None);
    }
}
