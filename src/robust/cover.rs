//! Covering at one radius: rows that must be covered, and the columns (pool rows that may become centers) that cover them.

use super::incidence::Incidence;

/// A covering problem: choose as few columns as cover all rows, or all but some.
#[derive(Debug, Clone)]
pub struct Cover {
    /// Per row, the columns that cover it.
    pub rows: Incidence,
    /// Per column, the rows it covers.
    pub columns: Incidence,
    /// Per row, the pool rows it stands for: rows covered by the same columns are one.
    pub members: Incidence,
    /// Per column, the pool row.
    pub names: Vec<u32>,
}

impl Cover {
    /// `rows` lists for each row the columns, numbers below `names.len()`.
    pub fn new(rows: Incidence, members: Incidence, names: Vec<u32>) -> Cover {
        assert_eq!(rows.len(), members.len());
        let columns = rows.transpose(names.len());
        Cover { rows, columns, members, names }
    }

    /// Pool rows that row `row` stands for.
    pub fn multiplicity(&self, row: usize) -> usize {
        self.members.get(row).len()
    }

    /// Pool rows in all.
    pub fn weight(&self) -> usize {
        self.members.pairs()
    }

    /// Columns by number as pool rows.
    pub fn named(&self, columns: &[u32]) -> Vec<u32> {
        columns.iter().map(|&column| self.names[column as usize]).collect()
    }
}
