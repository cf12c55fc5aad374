//! `--column`: which columns of tables the rows and weights are read from.

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::program::exit::usage;

/// The role of a file of rows or weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Labeled,
    Exclude,
    Weights,
    Ids,
    /// To be verified, or to go on from.
    Picks,
}

const LISTS: [List; 5] = [List::Labeled, List::Exclude, List::Weights, List::Ids, List::Picks];

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            List::Labeled => "labeled",
            List::Exclude => "exclude",
            List::Weights => "weights",
            List::Ids => "ids",
            List::Picks => "picks",
        })
    }
}

/// The name of a column, and of which file it is one where that is known.
#[derive(Debug, Clone)]
pub struct ColumnName {
    pub list: Option<List>,
    pub name: String,
}

/// `NAME`, or `labeled=NAME` and its like. A column may have an equals sign in its name.
pub fn parse(text: &str) -> Result<ColumnName, String> {
    let of = |list: List| text.strip_prefix(&format!("{list}=")).map(|name| (list, name));
    let (list, name) = match LISTS.into_iter().find_map(of) {
        Some((list, name)) => (Some(list), name),
        None => (None, text),
    };
    Ok(ColumnName { list, name: name.to_string() })
}

/// The columns `given`, each with its list among those that are read from `tables`: one that does not say is of the only one there is.
pub fn resolve(given: &[ColumnName], tables: &[List]) -> Result<Vec<ColumnName>> {
    let mut resolved: Vec<ColumnName> = Vec::new();
    for column in given {
        let list = table_of(column, tables)?;
        if resolved.iter().any(|other| other.list == Some(list)) {
            return usage(format!("--column {list}= is given twice"));
        }
        resolved.push(ColumnName { list: Some(list), name: column.name.clone() });
    }
    Ok(resolved)
}

/// Whether the rows or weights of a file lie in a column that has a name.
pub fn is_table(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(&*extension, "csv" | "parquet")
}

fn table_of(column: &ColumnName, tables: &[List]) -> Result<List> {
    let name = &column.name;
    match (column.list, tables) {
        (Some(list), _) if tables.contains(&list) => Ok(list),
        (Some(list), _) => {
            usage(format!("--column {list}={name}: no .csv or .parquet is read for {list}"))
        }
        (None, [only]) => Ok(*only),
        (None, []) => usage(format!(
            "--column {name}: no rows, weights or ids are read from a .csv or .parquet"
        )),
        (None, [first, ..]) => usage(format!(
            "--column {name}: {} tables are read: say which has it, as in --column {first}={name}",
            tables.len()
        )),
    }
}
