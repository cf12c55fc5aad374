//! Packed rows in panels, each row with its own test. One center, or one other row, is tried against a whole panel.

use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::Packing;
use crate::backend::interval::{Interval, Operand, Test};
use crate::values::RowValues;

/// Up to `PANEL` rows and the test that no center within a row's limit fails. A lane without a row admits nothing.
pub struct RowPanel<M: Multiplier> {
    pub values: Buffer<M::Value>,
    pub operands: [Operand; PANEL],
    packed: Buffer<M::Value>,
    alpha: [f32; PANEL],
    beta: [f32; PANEL],
    threshold: [f32; PANEL],
}

impl<M: Multiplier> RowPanel<M> {
    pub fn new(d: usize) -> RowPanel<M> {
        let depth = M::depth(d);
        let none = Operand { square: 0.0, norm: 0.0, error: 0.0 };
        let (mut values, mut packed) = (Buffer::new(), Buffer::new());
        values.resize(PANEL * depth);
        packed.resize(depth);
        RowPanel {
            values,
            operands: [none; PANEL],
            packed,
            alpha: [0.0; PANEL],
            beta: [0.0; PANEL],
            threshold: [f32::NEG_INFINITY; PANEL],
        }
    }

    /// Put row `x` into `lane`, with the limit of its test.
    pub fn set(&mut self, lane: usize, x: RowValues, limit: f64, packing: &Packing) {
        self.operands[lane] = packing.pack::<M>(x, self.packed.as_mut_slice());
        M::place(self.values.as_mut_slice(), lane, self.packed.as_slice());
        self.set_limit(lane, limit, &packing.interval);
    }

    pub fn set_limit(&mut self, lane: usize, limit: f64, interval: &Interval) {
        let test = interval.test(self.operands[lane], limit);
        (self.alpha[lane], self.beta[lane], self.threshold[lane]) =
            (test.alpha, test.beta, test.threshold);
    }

    /// Makes `lane` admit nothing from now on.
    pub fn close(&mut self, lane: usize) {
        (self.alpha[lane], self.beta[lane]) = (0.0, 0.0);
        self.threshold[lane] = f32::NEG_INFINITY;
    }

    /// The lanes' tests loosened for centers whose norm and error are at most these.
    pub fn loosened(&self, norm: f32, error: f32) -> [f32; PANEL] {
        std::array::from_fn(|lane| self.test(lane).loosened(norm, error))
    }

    #[inline(always)]
    fn test(&self, lane: usize) -> Test {
        let (alpha, beta) = (self.alpha[lane], self.beta[lane]);
        Test { alpha, beta, threshold: self.threshold[lane] }
    }

    /// Whether a center may be within any row's limit, and of which.
    #[inline(always)]
    pub fn admits(
        &self,
        products: &[f32; PANEL],
        base: f32,
        norm: f32,
        error: f32,
    ) -> (bool, [bool; PANEL]) {
        let (mut any, mut admitted) = (false, [false; PANEL]);
        for lane in 0..PANEL {
            admitted[lane] = self.test(lane).admits(products[lane], base, norm, error);
            any |= admitted[lane];
        }
        (any, admitted)
    }
}
