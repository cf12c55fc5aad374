//! Packed centers, in panels: as many as fit a fixed cache, packed again when they were displaced.

use std::ops::Range;

use rayon::prelude::*;

use super::centers::Centers;
use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::Packing;
use crate::backend::interval::{Interval, Operand};
use crate::rows::Gather;
use crate::values::RowScratch;

/// Bytes of packed centers kept.
const CACHE_BYTES: usize = 64 << 20;

/// Panel `p` holds centers `p PANEL` to `(p + 1) PANEL`, and lives in slot `p mod slots`.
pub struct Panels<M: Multiplier> {
    slots: Vec<Panel<M>>,
    capacity: usize,
    depth: usize,
}

/// `PANEL` packed centers, the first `filled` of them real.
pub struct Panel<M: Multiplier> {
    number: usize,
    filled: usize,
    depth: usize,
    pub values: Buffer<M::Value>,
    pub operands: [Operand; PANEL],
    pub terms: CenterTerms,
}

/// The centers' side of the test for a panel.
#[derive(Clone)]
pub struct CenterTerms {
    pub base: [f32; PANEL],
    pub norm: [f32; PANEL],
    pub error: [f32; PANEL],
}

impl<M: Multiplier> Panel<M> {
    pub fn new(depth: usize) -> Panel<M> {
        let mut values = Buffer::new();
        values.resize(PANEL * depth);
        let none = Operand { square: f64::INFINITY, norm: 0.0, error: 0.0 };
        let terms =
            CenterTerms { base: [f32::INFINITY; PANEL], norm: [0.0; PANEL], error: [0.0; PANEL] };
        Panel { number: usize::MAX, filled: 0, depth, values, operands: [none; PANEL], terms }
    }

    /// Put a packed center into `column`.
    pub fn set(&mut self, column: usize, row: &[M::Value], operand: Operand, interval: &Interval) {
        M::place(self.values.as_mut_slice(), column, row);
        self.operands[column] = operand;
        (self.terms.base[column], self.terms.norm[column], self.terms.error[column]) =
            interval.center(operand);
    }
}

impl<M: Multiplier> Panels<M> {
    pub fn new(d: usize) -> Panels<M> {
        let depth = M::depth(d);
        let panel_bytes = PANEL * depth * size_of::<M::Value>();
        Panels { slots: Vec::new(), capacity: (CACHE_BYTES / panel_bytes).max(1), depth }
    }

    /// Centers that can be held at once, from a multiple of `PANEL` on.
    pub fn reach(&self) -> usize {
        self.capacity * PANEL
    }

    /// Makes sure that the centers of these numbers are packed: at most [`Panels::reach`] of them, from the start of a
    /// panel.
    pub fn ensure<R: Gather + ?Sized>(
        &mut self,
        wanted: Range<usize>,
        centers: &Centers<R>,
        packing: &Packing,
    ) {
        let panels = wanted.start / PANEL..wanted.end.div_ceil(PANEL);
        assert!(
            panels.len() <= self.capacity,
            "{} panels, room for {}",
            panels.len(),
            self.capacity
        );
        while self.slots.len() < panels.end.min(self.capacity) {
            self.slots.push(Panel::new(self.depth));
        }
        let capacity = self.capacity;
        self.slots.par_iter_mut().enumerate().for_each(|(slot, panel)| {
            let number = panels.start + (slot + capacity - panels.start % capacity) % capacity;
            if panels.contains(&number) {
                let end = wanted.end.min((number + 1) * PANEL);
                fill(panel, number, end - number * PANEL, centers, packing);
            }
        });
    }

    pub fn get(&self, panel: usize) -> &Panel<M> {
        let found = &self.slots[panel % self.capacity];
        assert_eq!(found.number, panel, "panel {panel} was not ensured");
        found
    }
}

/// Packs those centers of panel number `number`, of its first `filled`, that `panel` lacks.
fn fill<M: Multiplier, R: Gather + ?Sized>(
    panel: &mut Panel<M>,
    number: usize,
    filled: usize,
    centers: &Centers<R>,
    packing: &Packing,
) {
    if panel.number != number {
        (panel.number, panel.filled) = (number, 0);
        panel.terms.base.fill(f32::INFINITY);
    }
    let (mut scratch, mut packed) = (RowScratch::new(), Buffer::<M::Value>::new());
    packed.resize(panel.depth);
    for column in panel.filled..filled {
        let x = centers.vector(number * PANEL + column, &mut scratch);
        let operand = packing.pack::<M>(x, packed.as_mut_slice());
        panel.set(column, packed.as_slice(), operand, &packing.interval);
    }
    panel.filled = panel.filled.max(filled);
}
