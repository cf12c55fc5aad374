//! Picks written by an earlier run, in any of the formats they can be written in.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use farpoint::pool;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::record::Record;

/// The contents of a file of picks.
#[derive(Default)]
pub struct Picks {
    pub centers: Vec<usize>,
    /// One a pick, or one fewer; where the format has them.
    pub radii: Option<Vec<f64>>,
    /// All the rest; in a .json.
    pub record: Option<Box<Record>>,
}

impl Picks {
    /// The picks in `path`, of a table those in `column`, or in its usual one.
    pub fn read(path: &Path, column: Option<&str>) -> Result<Picks> {
        let place = || path.display().to_string();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Some(picks) = fs::read_to_string(path)
                .map_err(anyhow::Error::from)
                .and_then(|text| json(&text))
                .with_context(place)?
        {
            return Ok(picks);
        }
        let centers = pool::read_rows_named(path, column)?;
        let radii = pool::read_radii(path)?.map(known).transpose().with_context(place)?;
        Ok(Picks { centers, radii, record: None })
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
    let mut record: Record =
        serde_json::from_str(text).context("not a selection that farpoint wrote")?;
    let centers = std::mem::take(&mut record.centers);
    let radii = std::mem::take(&mut record.radii);
    Ok(Some(Picks { centers, radii: Some(radii), record: Some(Box::new(record)) }))
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
        Picks::read(&path, None)
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
        assert!(message("rank,row,radius\n1,x,2\n").ends_with("line 2 is 'x', not a number"));
        assert!(message("row,radius\n1,y\n").ends_with("line 2 is 'y', not a number"));
        assert!(message("row,radius\n1,\n2,0.5\n").contains("missing"));
    }
}
