//! Picks written by an earlier run, in any of the formats they can be written in.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use farpoint::pool;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::columns;
use crate::record::Record;

/// What a file of picks says.
#[derive(Default)]
pub struct Picks {
    pub centers: Vec<usize>,
    /// One a pick, or one fewer; where the format has them.
    pub radii: Option<Vec<f64>>,
    /// All the rest; in a .json.
    pub record: Option<Box<Record>>,
}

impl Picks {
    pub fn read(path: &Path) -> Result<Picks> {
        match with_radii(path).with_context(|| path.display().to_string())? {
            Some(picks) => Ok(picks),
            None => Ok(Picks { centers: pool::read_rows(path)?, ..Picks::default() }),
        }
    }

    /// Columns as they lie in a table; only the last radius may be missing.
    pub fn from_columns(centers: Vec<usize>, radii: Option<Vec<Option<f64>>>) -> Result<Picks> {
        let Some(mut radii) = radii else { return Ok(Picks { centers, ..Picks::default() }) };
        radii.pop_if(|last| last.is_none());
        let radii: Option<Vec<f64>> = radii.into_iter().collect();
        if radii.is_none() {
            bail!("a radius is missing; only an interrupted run's last one may be");
        }
        Ok(Picks { centers, radii, record: None })
    }
}

/// The picks in a file that says more than their rows.
fn with_radii(path: &Path) -> Result<Option<Picks>> {
    match path.extension().unwrap_or_default().to_str().unwrap_or_default() {
        "json" => json(&fs::read_to_string(path)?),
        "csv" => csv(&fs::read_to_string(path)?),
        "parquet" => columns::read(path).map(Some),
        _ => Ok(None),
    }
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

/// A header naming `row` and `radius`, then a line a pick; `None` without radii.
fn csv(text: &str) -> Result<Option<Picks>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let column = |name| names.iter().position(|&found| found == name);
    let (Some(row), Some(radius)) = (column("row"), column("radius")) else { return Ok(None) };
    let (mut centers, mut radii) = (Vec::new(), Vec::new());
    for (number, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let place = || format!("line {}: '{line}'", number + 2);
        let field = |column: usize| fields.get(column).copied().unwrap_or_default();
        centers.push(field(row).parse().with_context(place)?);
        radii.push(match field(radius) {
            "" => None,
            number => Some(number.parse().with_context(place)?),
        });
    }
    Picks::from_columns(centers, Some(radii)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let picks = csv("radius,row\n2.5,7\n,3\n").unwrap().unwrap();
        assert_eq!(picks.centers, [7, 3]);
        assert_eq!(picks.radii.unwrap(), [2.5]);
        assert!(csv("row\n4\n").unwrap().is_none());
        assert!(json(" [1, 2]").unwrap().is_none());
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = |text| format!("{:#}", csv(text).err().unwrap());
        assert!(message("rank,row,radius\n1,x,2\n").starts_with("line 2: '1,x,2'"));
        assert!(message("row,radius\n1,\n2,0.5\n").contains("missing"));
    }
}
