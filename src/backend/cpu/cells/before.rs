//! How far each of a list of picks is from the centers before it: the picks alone lie in cells, and are asked one by one.

use std::time::Instant;

use super::lanes::{CellValue, padded, widened};
use super::order::Item;
use super::rows::ROWS;
use super::tree::Tree;
use crate::backend::Before;
use crate::backend::cpu::centers::Centers;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// Picks between two looks at the interrupt.
const AT_ONCE: usize = 1024;
/// Rows a cell.
const CELL: usize = 2 * ROWS;

/// The distances of `picks`, which are eligible rows. Of the pool it reads the picks alone.
pub(crate) fn distances_before<V: CellValue, const D: usize>(
    ground: &HostGround,
    picks: &[usize],
) -> Before {
    let mut before = Before::default();
    if picks.is_empty() {
        return before;
    }
    let started = Instant::now();
    let mut centers = Centers::new(ground);
    let labeled = centers.len();
    picks.iter().for_each(|&row| centers.push(row));
    let mut scratch = RowScratch::new();
    let (mut tree, places) = Tree::of(items::<V, D>(ground, picks), CELL);
    let mut applied: Vec<[f64; D]> = Vec::with_capacity(centers.len());
    for number in 0..centers.len() {
        if let Some(pick) = number.checked_sub(labeled) {
            // Whoever interrupts gets what is known, and at least the first.
            if pick > 0 && pick % AT_ONCE == 0 && ground.is_interrupted() {
                break;
            }
            let (square, pairs) = tree.settled_square(places[pick], &applied);
            before.distances.push(square.sqrt());
            before.evaluations += pairs;
        }
        applied.push(widened(centers.vector(number, &mut scratch)));
        before.evaluations += tree.apply(&applied);
    }
    before.canonical = before.evaluations;
    before.seconds = started.elapsed().as_secs_f64();
    before
}

/// The picks, numbered as rows of their own.
fn items<V: CellValue, const D: usize>(ground: &HostGround, picks: &[usize]) -> Vec<Item<V, D>> {
    let mut scratch = RowScratch::new();
    let item =
        |(&pick, row)| Item { values: padded(V::of(ground.rows.get(pick, &mut scratch))), row };
    picks.iter().zip(0..).map(item).collect()
}
