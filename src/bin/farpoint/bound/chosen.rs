//! Picks of any kind: greedy's, a robust selection's, or anybody's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::inputs::Inputs;
use crate::picks::Picks;
use crate::record::{PoolRecord, TermsRecord};
use crate::terms::Terms;

/// Picks, and the question they answer where their file says.
pub struct Chosen {
    path: PathBuf,
    pub centers: Vec<usize>,
    said: Option<Said>,
}

/// The part that the .json files of `select` and `robust` have in common.
#[derive(Deserialize)]
struct Said {
    pool: PoolRecord,
    options: TermsRecord,
    centers: Vec<usize>,
}

impl Chosen {
    /// The picks in `path`, of a table those in `column`, or in its usual one.
    pub fn read(path: &Path, column: Option<&str>) -> Result<Chosen> {
        let said = said(path).with_context(|| path.display().to_string())?;
        let (centers, said) = match said {
            Some(mut said) => (std::mem::take(&mut said.centers), Some(said)),
            None => (Picks::read(path, column)?.centers, None),
        };
        Ok(Chosen { path: path.to_path_buf(), centers, said })
    }

    /// `given`, and what it does not say as the file has it.
    pub fn complete(&self, given: &Terms) -> Result<Terms> {
        let Some(said) = &self.said else { return Ok(given.clone()) };
        let terms = said.options.complete(given, &self.path).with_context(|| self.place())?;
        // How the picks were chosen plays no part, so the files for that need not be there.
        let Terms { labeled, labeled_vectors, metric, exclude, tensor, columns, .. } = terms;
        Ok(Terms { labeled, labeled_vectors, metric, exclude, tensor, columns, ..Terms::default() })
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

/// The contents of a .json, unless it is a mere list of rows.
fn said(path: &Path) -> Result<Option<Said>> {
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    if text.trim_start().starts_with('[') {
        return Ok(None);
    }
    serde_json::from_str(&text).map(Some).context("not a selection that farpoint wrote")
}
