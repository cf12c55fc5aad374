//! Picks written by an earlier run, in any of the formats they can be written in.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pool::{self, Ids, Listed};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::program::listed;
use crate::program::record::Record;

/// The contents of a file of picks.
pub struct PicksFile {
    path: PathBuf,
    listed: Listed,
    pub radii: Option<Vec<f64>>,
    pub record: Option<Box<Record>>,
}

/// Picks, as rows.
pub struct Picks {
    pub centers: Vec<usize>,
    /// One a pick, or one fewer; where the format has them.
    pub radii: Option<Vec<f64>>,
    /// All the rest; in a .json.
    pub record: Option<Box<Record>>,
}

impl PicksFile {
    /// The picks in `path`, of a table those in `column`, or in its usual one. Where rows have ids, a file without row numbers holds those.
    pub fn read(path: &Path, column: Option<&str>, has_ids: bool) -> Result<PicksFile> {
        let place = || path.display().to_string();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Some(picks) = fs::read_to_string(path)
                .map_err(anyhow::Error::from)
                .and_then(|text| json(&text))
                .with_context(place)?
        {
            let Picks { centers, radii, record } = picks;
            return Ok(PicksFile { radii, record, ..PicksFile::of_rows(path, centers) });
        }
        let listed = match has_ids {
            true => pool::read_listed(path, column, true)?,
            false => Listed::Rows(pool::read_rows_named(path, column)?),
        };
        let radii = pool::read_radii(path)?.map(known).transpose().with_context(place)?;
        Ok(PicksFile { path: path.to_path_buf(), listed, radii, record: None })
    }

    /// The picks in `path`, which are these rows.
    pub fn of_rows(path: &Path, rows: Vec<usize>) -> PicksFile {
        PicksFile {
            path: path.to_path_buf(),
            listed: Listed::Rows(rows),
            radii: None,
            record: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        match &self.listed {
            Listed::Rows(rows) => rows.is_empty(),
            Listed::Ids(entries) => entries.is_empty(),
        }
    }

    /// The picks, once it is known which rows have the `ids`.
    pub fn picks(self, ids: Option<&Ids>) -> Result<Picks> {
        let PicksFile { path, listed, radii, record } = self;
        let centers = match (listed, ids) {
            (Listed::Rows(rows), _) => rows,
            (Listed::Ids(entries), Some(ids)) => listed::rows_of(&path, &entries, ids)?,
            (Listed::Ids(_), None) => bail!("{}: lists ids: say --ids", path.display()),
        };
        Ok(Picks { centers, radii, record })
    }
}

/// Radii as they stand in a table; only the last may be missing.
fn known(mut radii: Vec<Option<f64>>) -> Result<Vec<f64>> {
    radii.pop_if(|last| last.is_none());
    let known: Option<Vec<f64>> = radii.into_iter().collect();
    known.context("a radius is missing; only an interrupted run's last one may be")
}

/// A selection that farpoint wrote, an object; `None` for a mere list of rows.
fn json(text: &str) -> Result<Option<Picks>> {
    if text.trim_start().starts_with('[') {
        return Ok(None);
    }
    refuse_robust(text)?;
    if let Some(picks) = without_a_pool(text) {
        return Ok(Some(picks));
    }
    let mut record: Record =
        serde_json::from_str(text).context("not a selection that farpoint wrote")?;
    let centers = std::mem::take(&mut record.centers);
    let radii = std::mem::take(&mut record.radii);
    Ok(Some(Picks { centers, radii: Some(radii), record: Some(Box::new(record)) }))
}

/// A selection that the Python package wrote, of a pool and of options that only its caller knows.
fn without_a_pool(text: &str) -> Option<Picks> {
    #[derive(Deserialize)]
    struct Selected {
        centers: Vec<usize>,
        radii: Vec<f64>,
        #[serde(rename = "lower_bounds")]
        _lower_bounds: IgnoredAny,
        #[serde(default)]
        pool: Option<IgnoredAny>,
    }
    let Selected { centers, radii, pool, .. } = serde_json::from_str(text).ok()?;
    pool.is_none().then_some(Picks { centers, radii: Some(radii), record: None })
}

/// Refuse what is proven by another check than greedy's order.
fn refuse_robust(text: &str) -> Result<()> {
    /// The keys that tell, both of objects.
    #[derive(Deserialize)]
    struct Keys {
        robust: Option<HashMap<String, IgnoredAny>>,
        certificate: Option<HashMap<String, IgnoredAny>>,
    }
    match serde_json::from_str(text) {
        Ok(Keys { robust: Some(_), .. }) => bail!(
            "is a robust selection, which is not in greedy's order: check the certificate that `farpoint robust \
             --certificate` wrote with it, by `farpoint verify --certificate`"
        ),
        Ok(Keys { certificate: Some(_), .. }) => {
            bail!("is a certificate: check it by `farpoint verify --certificate`")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Picks> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picks.csv");
        fs::write(&path, text).unwrap();
        PicksFile::read(&path, None, false)?.picks(None)
    }

    #[test]
    fn columns_are_found_by_name() {
        let picks = csv("radius,row\n2.5,7\n,3\n").unwrap();
        assert_eq!(picks.centers, [7, 3]);
        assert_eq!(picks.radii.unwrap(), [2.5]);
        assert!(csv("row\n4\n").unwrap().radii.is_none());
        assert!(json(" [1, 2]").unwrap().is_none());
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = |text| format!("{:#}", csv(text).err().unwrap());
        assert!(message("rank,row,radius\n1,x,2\n").contains("line 2 is 'x', not a number"));
        assert!(message("row,radius\n1,y\n").ends_with("line 2 is 'y', not a number"));
        assert!(message("row,radius\n1,\n2,0.5\n").contains("missing"));
    }
}
