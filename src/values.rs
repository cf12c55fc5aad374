//! Values of rows as distances read them: f32, or f64 where the pool stores f64.

use serde::{Deserialize, Serialize};

#[cfg(feature = "cuda")]
use crate::pool::Dtype;
use crate::raw;

/// A value that widens to f64 exactly.
pub(crate) trait Value: Copy {
    fn widen(self) -> f64;
}

impl Value for f32 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self.into()
    }
}

impl Value for f64 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

/// The values of one row, `(d,)`. Whoever reads many of them asks which type they have once, not per value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RowValues<'s> {
    F32(&'s [f32]),
    F64(&'s [f64]),
}

impl RowValues<'_> {
    pub fn to_f64(self) -> Vec<f64> {
        match self {
            RowValues::F32(values) => values.iter().map(|value| value.widen()).collect(),
            RowValues::F64(values) => values.to_vec(),
        }
    }

    /// Value `j`, widened.
    pub fn at(self, j: usize) -> f64 {
        match self {
            RowValues::F32(values) => values[j].widen(),
            RowValues::F64(values) => values[j],
        }
    }

    /// Add the values to sums over dimensions.
    pub fn add_to(self, sums: &mut [f64]) {
        match self {
            RowValues::F32(values) => add(sums, values),
            RowValues::F64(values) => add(sums, values),
        }
    }
}

fn add<V: Value>(sums: &mut [f64], values: &[V]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value.widen());
}

/// Memory for the values of one row that does not lie as they are read.
#[derive(Debug, Default)]
pub(crate) struct RowScratch {
    pub f32: Vec<f32>,
    pub f64: Vec<f64>,
}

impl RowScratch {
    pub const fn new() -> RowScratch {
        RowScratch { f32: Vec::new(), f64: Vec::new() }
    }
}

/// Copied values of several rows, `(n, d)`: f32 for as long as all of them are, since widening changes no value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum RowBlock {
    F32(#[serde(with = "raw")] Vec<f32>),
    F64(#[serde(with = "raw")] Vec<f64>),
}

impl Default for RowBlock {
    fn default() -> RowBlock {
        RowBlock::F32(Vec::new())
    }
}

impl RowBlock {
    pub fn push(&mut self, row: RowValues) {
        if let RowValues::F64(_) = row {
            self.widen();
        }
        match (self, row) {
            (RowBlock::F32(all), RowValues::F32(row)) => all.extend_from_slice(row),
            (RowBlock::F64(all), RowValues::F64(row)) => all.extend_from_slice(row),
            (RowBlock::F64(all), RowValues::F32(row)) => all.extend(row.iter().map(|v| v.widen())),
            (RowBlock::F32(_), RowValues::F64(_)) => unreachable!("the block was widened"),
        }
    }

    /// The rows of another block after these.
    pub fn append(&mut self, other: &RowBlock) {
        match other {
            RowBlock::F32(values) => self.push(RowValues::F32(values)),
            RowBlock::F64(values) => self.push(RowValues::F64(values)),
        }
    }

    /// The bytes of the values as a GPU keeps those of a pool of `dtype`: f64 of f64, else f32.
    ///
    /// # Panics
    /// If there are f64 rows beside a pool of another type.
    #[cfg(feature = "cuda")]
    pub fn seen_in(&mut self, dtype: Dtype) -> &[u8] {
        if dtype == Dtype::F64 {
            self.widen();
        }
        match (self, dtype) {
            (RowBlock::F64(values), Dtype::F64) => bytemuck::cast_slice(values),
            (RowBlock::F32(values), _) => bytemuck::cast_slice(values),
            (RowBlock::F64(_), _) => unreachable!("such rows are refused beside this pool"),
        }
    }

    fn widen(&mut self) {
        if let RowBlock::F32(values) = self {
            *self = RowBlock::F64(values.iter().map(|value| value.widen()).collect());
        }
    }

    /// Row number `index` of rows of `d` values.
    #[inline(always)]
    pub fn row(&self, index: usize, d: usize) -> RowValues<'_> {
        match self {
            RowBlock::F32(values) => RowValues::F32(&values[index * d..][..d]),
            RowBlock::F64(values) => RowValues::F64(&values[index * d..][..d]),
        }
    }

    /// Keeps the memory, and the type of the values.
    pub fn clear(&mut self) {
        match self {
            RowBlock::F32(values) => values.clear(),
            RowBlock::F64(values) => values.clear(),
        }
    }

    /// Values of all rows together.
    pub fn len(&self) -> usize {
        match self {
            RowBlock::F32(values) => values.len(),
            RowBlock::F64(values) => values.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_widened_by_its_first_row_of_f64_and_changes_no_value() {
        let mut block = RowBlock::default();
        block.push(RowValues::F32(&[0.1, 2.0]));
        assert_eq!((block.row(0, 2), block.len()), (RowValues::F32(&[0.1, 2.0]), 2));
        block.push(RowValues::F64(&[0.1, 5e6]));
        block.push(RowValues::F32(&[0.1, -0.0]));
        let wide = f64::from(0.1f32);
        assert_eq!(block.row(0, 2), RowValues::F64(&[wide, 2.0]));
        assert_eq!(block.row(1, 2), RowValues::F64(&[0.1, 5e6]));
        assert_eq!(block.row(2, 2), RowValues::F64(&[wide, -0.0]));
        assert_eq!(block.len(), 6);
    }
}
