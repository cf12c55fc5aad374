//! A number in a list.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pool) enum Number {
    Integer(i128),
    Float(f64),
    /// A null, or a cell with nothing in it.
    Missing,
}

/// A number, and where in the file it stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::pool) struct Entry {
    /// Line of a text file, from 1; else position in the list, from 0.
    pub place: usize,
    pub number: Number,
}
