//! Which column of a table holds the numbers that are wanted.

use crate::pool::formats::choose::list;
use crate::pool::reason::Reason;

/// A column, by the name it usually has or by one that was chosen.
#[derive(Clone, Copy)]
pub(in crate::pool) struct Column<'a> {
    pub usual: &'static str,
    pub chosen: Option<&'a str>,
}

impl<'a> Column<'a> {
    pub fn usual(name: &'static str) -> Column<'a> {
        Column { usual: name, chosen: None }
    }

    pub fn name(self) -> &'a str {
        self.chosen.unwrap_or(self.usual)
    }

    /// Its position among `names`, those of all columns. A table of one column with another name may hold anything: ids, say.
    pub fn position(self, names: &[&str]) -> Result<usize, Reason> {
        let name = self.name();
        let found: Vec<usize> = (0..names.len()).filter(|&at| names[at] == name).collect();
        match (&found[..], names) {
            (&[only], _) => Ok(only),
            (&[_, _, ..], _) => {
                Err(format!("has {} columns '{name}': give them names that differ", found.len()).into())
            }
            ([], &[only]) => Err(format!(
                "has one column, '{only}', and no '{name}': rename it, or choose it by --column {only}"
            )
            .into()),
            ([], _) => {
                let names = list(names);
                Err(format!("has no column '{name}', choose one by --column: {names}").into())
            }
        }
    }
}
