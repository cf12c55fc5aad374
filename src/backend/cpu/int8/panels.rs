//! Centers as int8 values, in panels: as many as fit a fixed cache, packed again when they were displaced.

use std::ops::Range;

use rayon::prelude::*;

use super::super::centers::Centers;
use super::super::kernels::int8::passing::{CenterSide, Sides};
use super::super::kernels::int8::{Int8Multiplier, Panel};
use super::super::kernels::{Buffer, PANEL};
use super::copy::Int8Rows;
use super::measure::{Int8Operand, Measure};
use super::quantize::Quantizer;
use crate::values::RowScratch;

/// Bytes of packed centers kept.
const CACHE_BYTES: usize = 32 << 20;

/// Panel `p` holds centers `p PANEL` to `(p + 1) PANEL`, and lives in slot `p mod slots`.
pub struct Int8Panels<K> {
    slots: Vec<Int8Panel>,
    capacity: usize,
    depth: usize,
    multiplier: std::marker::PhantomData<K>,
}

/// `PANEL` columns of int8 values, and what each needs.
pub struct Int8Panel {
    number: usize,
    filled: usize,
    pub values: Buffer<i8>,
    /// Where each column's sums start.
    pub start: [i32; PANEL],
    pub operands: [Int8Operand; PANEL],
    sides: Sides,
}

/// The inputs of packing centers.
#[derive(Clone, Copy)]
pub struct Packing<'r> {
    pub centers: &'r Centers<'r>,
    pub rows: &'r Int8Rows<'r>,
    pub quantizer: &'r Quantizer,
    pub measure: &'r Measure,
}

impl Packing<'_> {
    /// Center number `center` as int8 values, `depth` of them with the padding.
    fn center(&self, center: usize, out: &mut [i8]) -> Int8Operand {
        if let Some(row) = self.centers.row(center) {
            return self.rows.gather(row, 0, bytemuck::cast_slice_mut(out), self.quantizer);
        }
        let mut scratch = RowScratch::new();
        let x = self.centers.vector(center, &mut scratch);
        let (head, padding) = out.split_at_mut(self.centers.dimensions());
        padding.fill(0);
        let head = bytemuck::cast_slice_mut(head);
        self.quantizer.operand(self.quantizer.quantize(x, 0, &mut Vec::new(), head))
    }
}

impl Int8Panel {
    pub fn new(depth: usize) -> Int8Panel {
        let mut values = Buffer::new();
        values.resize(PANEL * depth);
        let operands = [Int8Operand::NONE; PANEL];
        let sides = Sides::of_no_centers();
        Int8Panel { number: usize::MAX, filled: 0, values, start: [0; PANEL], operands, sides }
    }

    /// As a multiplier sees it.
    pub fn as_seen(&self) -> Panel<'_> {
        Panel { values: self.values.as_slice(), start: &self.start, sides: &self.sides }
    }

    /// The side of the test of the center in `column`.
    pub fn side(&self, column: usize) -> CenterSide {
        self.sides.center(column)
    }

    /// Put int8 values into `column`.
    pub fn set<K: Int8Multiplier>(
        &mut self,
        column: usize,
        values: &[i8],
        operand: Int8Operand,
        measure: &Measure,
    ) {
        K::place(self.values.as_mut_slice(), column, values);
        self.start[column] = K::start(values);
        self.operands[column] = operand;
        self.sides.set_center(column, measure.center_side(&operand));
    }

    /// Packs those centers of panel number `number`, of its first `filled`, that it lacks.
    fn fill<K: Int8Multiplier>(
        &mut self,
        number: usize,
        filled: usize,
        depth: usize,
        packing: Packing,
    ) {
        if self.number != number {
            (self.number, self.filled) = (number, 0);
            self.sides = Sides::of_no_centers();
        }
        let mut values = vec![0; depth];
        for column in self.filled..filled {
            let operand = packing.center(number * PANEL + column, &mut values);
            self.set::<K>(column, &values, operand, packing.measure);
        }
        self.filled = self.filled.max(filled);
    }
}

impl<K: Int8Multiplier> Int8Panels<K> {
    pub fn new(d: usize) -> Int8Panels<K> {
        let depth = K::depth(d);
        let capacity = (CACHE_BYTES / (PANEL * depth)).max(1);
        Int8Panels { slots: Vec::new(), capacity, depth, multiplier: std::marker::PhantomData }
    }

    /// Bytes of a packed row.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Centers that can be held at once, from a multiple of `PANEL` on.
    pub fn reach(&self) -> usize {
        self.capacity * PANEL
    }

    /// Makes sure that the centers of these numbers are packed: at most [`Int8Panels::reach`] of them, from the start of a panel.
    pub fn ensure(&mut self, wanted: Range<usize>, packing: Packing) {
        let panels = wanted.start / PANEL..wanted.end.div_ceil(PANEL);
        assert!(
            panels.len() <= self.capacity,
            "{} panels, room for {}",
            panels.len(),
            self.capacity
        );
        while self.slots.len() < panels.end.min(self.capacity) {
            self.slots.push(Int8Panel::new(self.depth));
        }
        let (capacity, depth) = (self.capacity, self.depth);
        self.slots.par_iter_mut().enumerate().for_each(|(slot, panel)| {
            let number = panels.start + (slot + capacity - panels.start % capacity) % capacity;
            if panels.contains(&number) {
                let end = wanted.end.min((number + 1) * PANEL);
                panel.fill::<K>(number, end - number * PANEL, depth, packing);
            }
        });
    }

    pub fn get(&self, panel: usize) -> &Int8Panel {
        let found = &self.slots[panel % self.capacity];
        assert_eq!(found.number, panel, "panel {panel} was not ensured");
        found
    }
}
