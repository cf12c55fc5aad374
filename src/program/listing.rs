//! Picks as people know them: by id where rows have ids, and by their file and their row in it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::Pool;
use crate::pool::Id;
use crate::program::inputs::Inputs;

/// Picks, and where each of them lies.
pub struct Listing<'a> {
    pool: &'a Pool<'static>,
    pub centers: &'a [usize],
    /// One a pick, where rows have ids.
    pub ids: Option<Vec<Id>>,
}

impl<'a> Listing<'a> {
    /// Reads the ids of the rows, where they have some.
    pub fn new(inputs: &'a Inputs, centers: &'a [usize]) -> Result<Listing<'a>> {
        let ids = inputs.ids().map(|ids| ids.of_rows(centers)).transpose()?;
        Ok(Listing { pool: &inputs.pool, centers, ids })
    }

    /// The same, with ids that whoever reads the pool told.
    pub fn with_ids(self, ids: Option<Vec<Id>>) -> Listing<'a> {
        Listing { ids: ids.or(self.ids), ..self }
    }

    /// The file of a pick, and its row there.
    pub fn place(&self, pick: usize) -> Result<(&Path, usize)> {
        self.pool.place(self.centers[pick]).context("a pool in files")
    }

    /// The files of all picks.
    pub fn files(&self) -> Result<Vec<String>> {
        let file = |pick| Ok(self.place(pick)?.0.display().to_string());
        (0..self.centers.len()).map(file).collect()
    }

    /// The rows of all picks in their files.
    pub fn rows_in_files(&self) -> Result<Vec<usize>> {
        (0..self.centers.len()).map(|pick| Ok(self.place(pick)?.1)).collect()
    }

    /// Ids where rows have some, else rows; one a line.
    pub fn write_lines(&self, out: &mut dyn Write) -> Result<()> {
        match &self.ids {
            Some(ids) => ids.iter().try_for_each(|id| Ok(writeln!(out, "{id}")?)),
            None => self.centers.iter().try_for_each(|row| Ok(writeln!(out, "{row}")?)),
        }
    }
}
