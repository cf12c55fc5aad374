//! Rows in k-d order: halved again and again along the dimension in which they lie widest apart, down to cells.

use super::group::{largest, least};
use super::lanes::CellValue;

/// A row of the pool, on its way to its cell.
#[derive(Clone, Copy)]
pub struct Item<V, const D: usize> {
    pub values: [V; D],
    pub row: u32,
}

/// Rows looked at to find the dimension in which rows lie widest apart.
const SAMPLE: usize = 64;
/// Rows that one thread orders by itself.
const ALONE: usize = 1 << 14;

/// Puts rows in order, so that each `per_cell` of them lie near each other, and so do each 16 cells, each 256, and so on. `O(n log n)`.
/// The first part is of a power of two of cells, so that 16 neighbouring cells come of one part. An interrupted run leaves any order.
pub fn halve<V: CellValue, const D: usize>(
    items: &mut [Item<V, D>],
    per_cell: usize,
    must_end: &(impl Fn() -> bool + Sync),
) {
    let cells = items.len().div_ceil(per_cell);
    if cells <= 1 || must_end() {
        return;
    }
    let first = cells.next_power_of_two() / 2 * per_cell;
    let sample = items.iter().step_by(items.len().div_ceil(SAMPLE));
    let j = widest_dimension(sample.map(|item| item.values));
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

/// The dimension in which rows lie widest apart. Whichever it is, the order is right.
pub fn widest_dimension<V: CellValue, const D: usize>(
    mut rows: impl Iterator<Item = [V; D]>,
) -> usize {
    let first = rows.next().expect("a part has a row");
    let (low, high) = rows.fold((first, first), |(mut low, mut high), values| {
        for j in 0..D {
            low[j] = least(low[j], values[j]);
            high[j] = largest(high[j], values[j]);
        }
        (low, high)
    });
    let width = |j: usize| high[j].widen() - low[j].widen();
    (0..D).max_by(|&a, &b| width(a).total_cmp(&width(b))).expect("rows have a value")
}
