//! Rows in k-d order: halved again and again along the dimension in which they lie widest apart, down to cells.

use rayon::prelude::*;

use super::group::{largest, least};
use super::lanes::CellValue;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// A row of the pool, on its way to its cell.
#[derive(Clone, Copy)]
pub struct Item<V, const D: usize> {
    pub values: [V; D],
    pub row: u32,
}

/// Rows looked at to find the widest dimension.
const SAMPLE: usize = 64;
/// Rows that one thread orders by itself.
const ALONE: usize = 1 << 14;

/// The rows of `ground`, so that each `per_cell` of them lie near each other, and so do each 16 cells, each 256, and so on.
/// `O(n log n)`; the pool is read once, in order. An interrupted run gets them in any order.
pub fn in_order<V: CellValue, const D: usize>(
    ground: &HostGround,
    per_cell: usize,
) -> Vec<Item<V, D>> {
    let item = |scratch: &mut RowScratch, row: u32| {
        let values = match ground.is_interrupted() {
            true => [V::default(); D],
            false => V::row(ground.rows.get(row as usize, scratch)),
        };
        Item { values, row }
    };
    let n = u32::try_from(ground.rows.len()).expect("cells hold fewer than 2^32 rows");
    let rows = (0..n).into_par_iter().with_min_len(256);
    let mut items: Vec<Item<V, D>> = rows.map_init(RowScratch::new, item).collect();
    halve(&mut items, per_cell, &|| ground.is_interrupted());
    items
}

/// The first part is of a power of two of cells, so that 16 neighbouring cells come of one part.
fn halve<V: CellValue, const D: usize>(
    items: &mut [Item<V, D>],
    per_cell: usize,
    must_end: &(impl Fn() -> bool + Sync),
) {
    let cells = items.len().div_ceil(per_cell);
    if cells <= 1 || must_end() {
        return;
    }
    let first = cells.next_power_of_two() / 2 * per_cell;
    let j = widest_dimension(items);
    let order = |a: &Item<V, D>, b: &Item<V, D>| {
        a.values[j].partial_cmp(&b.values[j]).expect("a pool's values are finite")
    };
    items.select_nth_unstable_by(first, order);
    let is_large = items.len() > ALONE;
    let (a, b) = items.split_at_mut(first);
    if is_large {
        rayon::join(|| halve(a, per_cell, must_end), || halve(b, per_cell, must_end));
    } else {
        halve(a, per_cell, must_end);
        halve(b, per_cell, must_end);
    }
}

/// The dimension in which a sample of the rows lies widest apart. Whatever it is, the order is right.
fn widest_dimension<V: CellValue, const D: usize>(items: &[Item<V, D>]) -> usize {
    let sample = items.iter().step_by(items.len().div_ceil(SAMPLE));
    let (low, high) = box_around(sample);
    let width = |j: usize| high[j].widen() - low[j].widen();
    (0..D).max_by(|&a, &b| width(a).total_cmp(&width(b))).expect("rows have a value")
}

/// The least and the largest of the rows' values, by dimension.
pub fn box_around<'i, V: CellValue, const D: usize>(
    mut items: impl Iterator<Item = &'i Item<V, D>>,
) -> ([V; D], [V; D]) {
    let first = items.next().expect("a cell has a row").values;
    items.fold((first, first), |(mut low, mut high), item| {
        for j in 0..D {
            low[j] = least(low[j], item.values[j]);
            high[j] = largest(high[j], item.values[j]);
        }
        (low, high)
    })
}
