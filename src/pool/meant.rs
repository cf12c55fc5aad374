//! What is meant in a file, where the file does not say it alone.

use std::path::{Path, PathBuf};

use super::Dtype;
use super::formats::Format;
use super::open::OpenOptions;
use super::reason::Reason;
use crate::error::{Error, Result};

/// What is meant in the files of a pool.
#[derive(Clone, Copy, Default)]
pub(super) struct Meant<'m> {
    /// The array or column that holds the vectors.
    pub name: Option<&'m str>,
    /// Patterns of the columns that are a dimension each.
    pub columns: Option<&'m str>,
    /// What raw values are, and what text is read as.
    pub dtype: Option<Dtype>,
    /// Rows without values, or with such as no pool holds, are left out later, and none refused for them.
    pub skips_bad: bool,
    format: Option<Format>,
    /// Of many files some have names: those that have none are read as they are.
    of_some: bool,
}

impl<'m> Meant<'m> {
    /// # Errors
    /// [`Error::Options`] if no format is called so, or two things are meant.
    pub fn of(options: &OpenOptions<'m>) -> Result<Meant<'m>> {
        let OpenOptions { name, columns, dtype, format, .. } = *options;
        if let (Some(name), Some(columns)) = (name, columns) {
            return Err(Error::Options(format!(
                "'{name}' is one column, and '{columns}' are many, a dimension each: give one of the two"
            )));
        }
        let (format, skips_bad) = (format.map(named).transpose()?, options.skip_bad.is_some());
        Ok(Meant { name, columns, dtype, skips_bad, format, of_some: false })
    }

    /// The format of the file `path`.
    pub fn format(self, path: &Path) -> std::result::Result<Format, Reason> {
        self.format.map_or_else(|| Format::of(path), Ok)
    }

    /// The same, of each of `files`: where some have names, names are of those.
    pub fn in_each(self, files: &[PathBuf]) -> Meant<'m> {
        let has_names = |file: &PathBuf| self.format(file).is_ok_and(|format| self.fits(format));
        Meant { of_some: files.iter().any(has_names), ..self }
    }

    /// What is meant in a file of this `format`.
    ///
    /// # Errors
    /// A name is given, and such a file has none.
    pub fn in_file(self, format: Format) -> std::result::Result<Meant<'m>, Reason> {
        match (self.name, self.columns) {
            _ if self.fits(format) => Ok(self),
            _ if self.of_some => Ok(Meant { name: None, columns: None, ..self }),
            (Some(name), _) => {
                Err(format!("holds one array without a name: leave out '{name}'").into())
            }
            (_, columns) => {
                let columns = columns.unwrap_or_default();
                Err(format!("is no table with a column a dimension: leave out '{columns}'").into())
            }
        }
    }

    fn fits(self, format: Format) -> bool {
        (self.name.is_none() || format.has_names())
            && (self.columns.is_none() || format.has_columns())
    }
}

fn named(name: &str) -> Result<Format> {
    Format::named(name).ok_or_else(|| {
        Error::Options(format!("no format is called '{name}': {}", Format::known_names()))
    })
}
