//! Live rows as int8 values in panels, each row with its own test. One center is tried against a whole panel.

use super::super::kernels::PANEL;
use super::super::kernels::int8::Int8Multiplier;
use super::measure::{CenterTerms, Int8Operand, Int8Test, Measure, admits};
use super::panels::Int8Panel;

/// Up to `PANEL` rows and the test that no center within a row's limit fails. A lane without a row admits nothing.
pub struct RowPanel {
    pub panel: Int8Panel,
    step: [f32; PANEL],
    alpha: [f32; PANEL],
    beta: [f32; PANEL],
    threshold: [f32; PANEL],
    integer: [i32; PANEL],
}

impl RowPanel {
    pub fn new(depth: usize) -> RowPanel {
        let closed = Int8Test::CLOSED;
        RowPanel {
            panel: Int8Panel::new(depth),
            step: [0.0; PANEL],
            alpha: [0.0; PANEL],
            beta: [0.0; PANEL],
            threshold: [closed.test.threshold; PANEL],
            integer: [closed.integer; PANEL],
        }
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
        self.set_test(lane, measure.test(&self.panel.operands[lane], limit));
    }

    /// Makes `lane` admit nothing from now on.
    pub fn close(&mut self, lane: usize) {
        self.set_test(lane, Int8Test::CLOSED);
    }

    fn set_test(&mut self, lane: usize, test: Int8Test) {
        self.step[lane] = test.step;
        (self.alpha[lane], self.beta[lane]) = (test.test.alpha, test.test.beta);
        (self.threshold[lane], self.integer[lane]) = (test.test.threshold, test.integer);
    }

    /// Whether a center may be within any row's limit, and of which.
    #[inline(always)]
    pub fn admits(
        &self,
        products: &[i32; PANEL],
        center: &CenterTerms,
        measure: &Measure,
    ) -> (bool, [bool; PANEL]) {
        let (mut any, mut admitted) = (false, [false; PANEL]);
        if measure.is_exact() {
            for lane in 0..PANEL {
                admitted[lane] =
                    center.square.wrapping_sub(2 * products[lane]) <= self.integer[lane];
                any |= admitted[lane];
            }
            return (any, admitted);
        }
        for lane in 0..PANEL {
            let product = self.step[lane] * (center.twice_step * products[lane] as f32);
            let left = center.base
                - product
                - self.alpha[lane] * center.norm
                - self.beta[lane] * center.error;
            admitted[lane] = admits(left, self.threshold[lane]);
            any |= admitted[lane];
        }
        (any, admitted)
    }
}
