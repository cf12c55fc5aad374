//! A selection as .json: everything there is to know of it, enough to verify it or to go on from it.

use std::path::{Path, PathBuf};

use crate::{Dtype, First, Metric, Pool, Selection, Statistics};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::pool::Id;
use crate::program::budget::Budget;
use crate::program::column_names::{ColumnName, List};
use crate::program::listing::Listing;
use crate::program::meant::Meant;
use crate::program::source::{Source, Sources};
use crate::program::terms::Terms;

/// The whole .json.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version that wrote it.
    pub farpoint: String,
    pub pool: PoolRecord,
    pub options: TermsRecord,
    pub centers: Vec<usize>,
    /// One a pick, where rows have ids.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Id>>,
    /// The file of each pick, and its row there.
    #[serde(skip_deserializing)]
    pub files: Vec<String>,
    #[serde(skip_deserializing)]
    pub rows_in_files: Vec<usize>,
    pub radii: Vec<f64>,
    /// Infinite, written as null, where nothing is labeled.
    #[serde(deserialize_with = "null_is_infinite")]
    pub initial_radius: f64,
    pub lower_bounds: Vec<f64>,
    /// Picks made once the radius was 0: each the same as an earlier center, or of weight 0.
    #[serde(default)]
    pub idle_picks: Option<usize>,
    pub farthest: Option<usize>,
    pub interrupted: bool,
    pub seconds: f64,
    #[serde(skip_deserializing)]
    pub statistics: Statistics,
}

/// Which pool: its values by their hash, its file by name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRecord {
    pub path: String,
    /// Of a folder or a pattern, in the order of the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRecord>,
    pub rows: usize,
    /// Of those, the ones that were left out, having no distance to others.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rows_left_out: usize,
    pub dimensions: usize,
    pub dtype: Dtype,
    /// Absent where the run was interrupted: whoever stopped it shall not wait for one more read of the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A file of a pool.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    pub path: String,
    /// Pool row that the file begins at.
    pub first_row: usize,
}

/// [`Terms`], with hashes of the contents of the files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsRecord {
    pub budget: Option<usize>,
    pub metric: Metric,
    pub labeled: Sources,
    pub labeled_vectors: Option<Source>,
    pub weights: Option<Source>,
    pub exclude: Sources,
    pub stop_radius: Option<f64>,
    pub first: Option<String>,
    pub seed: u64,
    pub tensor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<String>,
    /// Patterns of the columns that are a dimension each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Dtype>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_bad: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
fn is_none(rows: &usize) -> bool {
    *rows == 0
}

fn null_is_infinite<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::INFINITY))
}

impl Record {
    pub fn new(
        pool: PoolRecord,
        options: TermsRecord,
        selection: &Selection,
        listing: &Listing,
        seconds: f64,
    ) -> Result<Record> {
        Ok(Record {
            farpoint: env!("CARGO_PKG_VERSION").into(),
            pool,
            options,
            centers: selection.centers.clone(),
            ids: listing.ids.clone(),
            files: listing.files()?,
            rows_in_files: listing.rows_in_files()?,
            radii: selection.radii.clone(),
            initial_radius: selection.initial_radius,
            lower_bounds: selection.lower_bounds.clone(),
            idle_picks: Some(selection.idle_picks()),
            farthest: selection.farthest,
            interrupted: selection.interrupted,
            seconds,
            statistics: selection.statistics.clone(),
        })
    }
}

impl PoolRecord {
    /// Refuse a pool of other values, wherever it lies.
    pub fn check_same(&self, now: &Pool) -> Result<()> {
        self.check_shape(now)?;
        if let Some(hash) = &self.hash
            && *hash != now.hash()?
        {
            bail!("is of a pool with other values ({}): the hashes differ", self.path);
        }
        Ok(())
    }

    /// Refuse a pool of another shape or type.
    pub fn check_shape(&self, now: &Pool) -> Result<()> {
        let shape = (self.rows, self.dimensions, self.dtype);
        if shape != (now.rows(), now.dimensions(), now.dtype()) {
            let was = format!("{} x {} {}", self.rows, self.dimensions, self.dtype.name());
            bail!(
                "is of a pool of {was}, this pool is {} x {} {}",
                now.rows(),
                now.dimensions(),
                now.dtype().name()
            );
        }
        Ok(())
    }
}

impl TermsRecord {
    /// Refuse to go on with options that would not have made the same picks. Budget and stop radius may change.
    pub fn check_same(&self, now: &TermsRecord) -> Result<()> {
        let random = self.first.as_deref() == Some("random");
        let same = [
            ("--metric", self.metric == now.metric),
            ("--labeled", same(&self.labeled.0, &now.labeled.0)),
            (
                "--labeled-vectors",
                same(self.labeled_vectors.as_slice(), now.labeled_vectors.as_slice()),
            ),
            ("--weights", same(self.weights.as_slice(), now.weights.as_slice())),
            ("--exclude", same(&self.exclude.0, &now.exclude.0)),
            ("--first", self.first == now.first),
            ("--seed", !random || self.seed == now.seed),
        ];
        match same.iter().find(|(_, same)| !same) {
            Some((option, _)) => {
                bail!("was made with another {option}: go on with the options it was made with")
            }
            None => Ok(()),
        }
    }

    /// `given`, completed by the recorded choice of the first center if `given` does not say it.
    fn complete_first(&self, given: &Terms) -> Result<Terms> {
        let recorded = || self.first.as_deref().map(str::parse::<First>).transpose();
        Ok(Terms {
            first: given.first.map_or_else(recorded, |first| Ok(Some(first)))?,
            ..given.clone()
        }
        .with_seed(self.seed))
    }

    /// `given`, completed by what a run that goes on need not say again: what was meant in the pool's files, and how the first center was chosen.
    pub fn complete_run(&self, given: &Terms) -> Result<Terms> {
        Ok(Terms { meant: given.meant.complete(self.meant()), ..self.complete_first(given)? })
    }

    /// `given`, completed by what is recorded here. Files are looked for as named, then beside `record`.
    pub fn complete(&self, given: &Terms, record: &Path) -> Result<Terms> {
        let file = |given: &Option<PathBuf>, source: &Option<Source>| {
            given.clone().or_else(|| Some(find(&source.as_ref()?.path, record)))
        };
        let files = |given: &[PathBuf], sources: &[Source]| match given {
            [] => sources.iter().map(|source| find(&source.path, record)).collect(),
            given => given.to_vec(),
        };
        Ok(Terms {
            budget: given.budget.or(self.budget.map(Budget::Rows)),
            labeled: files(&given.labeled, &self.labeled.0),
            labeled_vectors: file(&given.labeled_vectors, &self.labeled_vectors),
            metric: given.metric.or(Some(self.metric)),
            weights: file(&given.weights, &self.weights),
            exclude: files(&given.exclude, &self.exclude.0),
            stop_radius: given.stop_radius().or(self.stop_radius),
            meant: given.meant.complete(self.meant()),
            ids: given.ids.clone().or_else(|| self.ids.clone()),
            columns: self.complete_columns(given),
            ..self.complete_first(given)?
        })
    }

    /// What was meant in the pool's files.
    fn meant(&self) -> Meant {
        Meant {
            tensor: self.tensor.clone(),
            columns: self.columns.clone(),
            dtype: self.dtype,
            format: self.format.clone(),
            skip_bad: self.skip_bad,
        }
    }

    /// The columns `given`, and those of the files that are recorded here and not given.
    fn complete_columns(&self, given: &Terms) -> Vec<ColumnName> {
        let lists = [
            (List::Labeled, given.labeled.is_empty(), &self.labeled.0[..]),
            (List::Exclude, given.exclude.is_empty(), &self.exclude.0),
            (List::Weights, given.weights.is_none(), self.weights.as_slice()),
        ];
        let recorded = lists.into_iter().filter_map(|(list, is_recorded, sources)| {
            let name = sources.iter().find_map(|source| source.column.clone());
            name.filter(|_| is_recorded).map(|name| ColumnName { list: Some(list), name })
        });
        given.columns.iter().cloned().chain(recorded).collect()
    }

    /// Refuse files that were taken from the record and have changed since.
    pub fn check_unchanged(&self, given: &Terms, now: &TermsRecord) -> Result<()> {
        let files = [
            (given.labeled.is_empty(), &self.labeled.0[..], &now.labeled.0[..]),
            (
                given.labeled_vectors.is_none(),
                self.labeled_vectors.as_slice(),
                now.labeled_vectors.as_slice(),
            ),
            (given.weights.is_none(), self.weights.as_slice(), now.weights.as_slice()),
            (given.exclude.is_empty(), &self.exclude.0, &now.exclude.0),
        ];
        let recorded = files.into_iter().filter(|(is_recorded, ..)| *is_recorded);
        let mut pairs = recorded.flat_map(|(_, was, now)| was.iter().zip(now));
        match pairs.find(|(was, now)| was.hash != now.hash) {
            Some((was, _)) => bail!("names {}, which has changed since", was.path),
            None => Ok(()),
        }
    }
}

/// Whether files hold the same, wherever they lie.
fn same(a: &[Source], b: &[Source]) -> bool {
    let hashes =
        |sources: &[Source]| sources.iter().map(|source| source.hash.clone()).collect::<Vec<_>>();
    hashes(a) == hashes(b)
}

fn find(path: &str, record: &Path) -> PathBuf {
    let named = PathBuf::from(path);
    let beside = record.parent().unwrap_or(Path::new("")).join(path);
    if !named.exists() && beside.exists() { beside } else { named }
}

#[cfg(test)]
mod tests {
    #[test]
    fn radii_survive_to_the_bit() {
        let radii: Vec<f64> =
            (1..2000u64).map(|i| f64::from_bits(i * 0x0009_3d7a_11c5_8e27)).collect();
        let radii: Vec<f64> = radii.into_iter().filter(|radius| radius.is_finite()).collect();
        let read: Vec<f64> = serde_json::from_str(&serde_json::to_string(&radii).unwrap()).unwrap();
        assert!(radii.iter().zip(&read).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
