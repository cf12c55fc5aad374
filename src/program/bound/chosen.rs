//! Picks of any kind: greedy's, a robust selection's, or anybody's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::program::inputs::Inputs;
use crate::program::picks::PicksFile;
use crate::program::record::{PoolRecord, TermsRecord};
use crate::program::terms::Terms;

/// Picks, and the question they answer where their file says.
pub struct Chosen {
    path: PathBuf,
    picks: PicksFile,
    said: Option<Said>,
}

/// The part that the .json files of `select` and `robust` have in common.
#[derive(Deserialize)]
struct Said {
    pool: PoolRecord,
    options: TermsRecord,
    centers: Vec<usize>,
}

/// What the Python package writes: its caller knows the pool and the options.
#[derive(Deserialize)]
struct Bare {
    centers: Vec<usize>,
    pool: Option<IgnoredAny>,
    /// Of greedy's picks.
    radii: Option<IgnoredAny>,
    /// Of a robust selection.
    outliers: Option<IgnoredAny>,
}

impl Chosen {
    /// The picks in `path`, of a table those in `column`, or in its usual one.
    pub fn read(path: &Path, column: Option<&str>, has_ids: bool) -> Result<Chosen> {
        let object = object(path).with_context(|| path.display().to_string())?;
        let (picks, said) = match object {
            None => (PicksFile::read(path, column, has_ids)?, None),
            Some(Object::Bare(centers)) => (PicksFile::of_rows(path, centers), None),
            Some(Object::Said(mut said)) => {
                let centers = std::mem::take(&mut said.centers);
                (PicksFile::of_rows(path, centers), Some(*said))
            }
        };
        Ok(Chosen { path: path.to_path_buf(), picks, said })
    }

    /// The picks, as rows of the pool.
    pub fn centers(self, inputs: &Inputs) -> Result<Vec<usize>> {
        Ok(self.picks.picks(inputs.ids())?.centers)
    }

    /// `given`, and what it does not say as the file has it.
    pub fn complete(&self, given: &Terms) -> Result<Terms> {
        let Some(said) = &self.said else { return Ok(given.clone()) };
        let terms = said.options.complete(given, &self.path).with_context(|| self.place())?;
        // How the picks were chosen plays no part, so the files for that need not be there.
        let Terms { labeled, labeled_vectors, metric, exclude, meant, ids, columns, .. } = terms;
        Ok(Terms {
            labeled,
            labeled_vectors,
            metric,
            exclude,
            meant,
            ids,
            columns,
            ..Terms::default()
        })
    }

    /// Refuse another pool than the file's, and files it names that have changed since.
    pub fn check_same(&self, inputs: &Inputs, given: &Terms, terms: &Terms) -> Result<()> {
        let Some(Said { pool, options, .. }) = &self.said else { return Ok(()) };
        let weights = options.weights.clone();
        let now = TermsRecord { weights, ..inputs.terms_record(terms)? };
        pool.check_same(&inputs.pool)
            .and_then(|()| options.check_unchanged(given, &now))
            .with_context(|| self.place())
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// The contents of a .json.
enum Object {
    /// Picks alone.
    Bare(Vec<usize>),
    Said(Box<Said>),
}

/// The contents of a .json, unless it is a mere list of rows.
fn object(path: &Path) -> Result<Option<Object>> {
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    if text.trim_start().starts_with('[') {
        return Ok(None);
    }
    if let Ok(Bare { centers, pool: None, radii, outliers }) = serde_json::from_str(&text)
        && (radii.is_some() || outliers.is_some())
    {
        return Ok(Some(Object::Bare(centers)));
    }
    let said = serde_json::from_str(&text).context("not a selection that farpoint wrote")?;
    Ok(Some(Object::Said(said)))
}
