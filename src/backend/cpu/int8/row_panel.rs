//! Live rows as int8 values in panels, each row with its own test. One center is tried against a whole panel.

use super::super::kernels::PANEL;
use super::super::kernels::int8::Int8Multiplier;
use super::super::kernels::int8::passing::{CenterSide, Sides, passing_rows};
use super::measure::{CLOSED, Int8Operand, Measure};
use super::panels::Int8Panel;

/// Up to `PANEL` rows and the test that no center within a row's limit fails. A lane without a row admits nothing.
pub struct RowPanel {
    pub panel: Int8Panel,
    sides: Sides,
}

impl RowPanel {
    pub fn new(depth: usize) -> RowPanel {
        RowPanel { panel: Int8Panel::new(depth), sides: Sides::of_no_rows() }
    }

    /// Leaves no row in it.
    pub fn clear(&mut self) {
        self.sides = Sides::of_no_rows();
    }

    /// Put a row into `lane`, with the limit of its test.
    pub fn set<K: Int8Multiplier>(
        &mut self,
        lane: usize,
        values: &[i8],
        operand: Int8Operand,
        limit: f64,
        measure: &Measure,
    ) {
        self.panel.set::<K>(lane, values, operand, measure);
        self.set_limit(lane, limit, measure);
    }

    pub fn set_limit(&mut self, lane: usize, limit: f64, measure: &Measure) {
        self.sides.set_row(lane, measure.test(&self.panel.operands[lane], limit));
    }

    /// Makes `lane` admit nothing from now on.
    pub fn close(&mut self, lane: usize) {
        self.sides.set_row(lane, CLOSED);
    }

    /// The rows that a center may be within the limit of, a bit each.
    pub fn admits(&self, products: &[i32; PANEL], center: CenterSide) -> u128 {
        passing_rows(&self.sides, center, products)
    }
}
