//! The rows of one cell and their state.

use super::group::{largest, least};
use super::lanes::{CellValue, square, squares};
use crate::backend::Candidate;
use crate::ground::key;

/// The number of no pool row.
pub const ABSENT: u32 = u32::MAX;
/// Squares that have the same root are nearer each other than this factor says: the roots lie within one unit in the last place, `2^-52`
/// at most, and squares within twice as much.
const SAME_ROOT: f64 = 1.0 - 1.0 / (1u64 << 50) as f64;

/// Rows side by side.
pub const ROWS: usize = 32;

/// Rows side by side. Past the last row of the pool, lanes are filled with rows that are centers already.
#[derive(Clone)]
#[repr(align(64))]
pub struct Block<V, const D: usize> {
    /// The square `S` to the nearest center: its root is the row's bound.
    pub squares: [f64; ROWS],
    pub values: [[V; ROWS]; D],
    /// The nearest center's number: the first that is at the bound.
    pub nearest: [u32; ROWS],
    /// Pool rows.
    pub rows: [u32; ROWS],
}

/// What a row's key is its distance times: its weight, or nothing of a row that may not be chosen.
pub type Factor = Option<f32>;

/// A cell's largest square, and its row of largest key.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// Of all rows, those that may not be chosen included.
    pub most: f64,
    /// Its row is [`ABSENT`] where none may be chosen.
    pub best: Candidate,
    /// Where that row lies in the cell.
    pub at: usize,
}

/// Lowers the squares of a cell's rows by `centers`, of these numbers, in order.
#[inline(always)]
pub fn lower<V: CellValue, const D: usize>(
    blocks: &mut [Block<V, D>],
    numbers: &[u32],
    centers: &[[f64; D]],
) {
    for block in blocks {
        for &number in numbers {
            lower_block(block, number, &centers[number as usize]);
        }
    }
}

/// A row's nearest center changes only if its distance does, which squares that are near each other leave open.
#[inline(always)]
fn lower_block<V: CellValue, const D: usize>(
    block: &mut Block<V, D>,
    number: u32,
    center: &[f64; D],
) {
    let new: [f64; ROWS] = squares(&block.values, center);
    // Mostly none is lowered. Numbers as wide as the squares make vectors of this.
    let mut lowered = 0;
    for (new, old) in new.iter().zip(&block.squares) {
        lowered |= u64::from(new < old);
    }
    if lowered == 0 {
        return;
    }
    let mut open = 0;
    for lane in 0..ROWS {
        let (old, new) = (block.squares[lane], new[lane]);
        let is_nearer = u32::from(new < old * SAME_ROOT);
        open |= u32::from(new < old) ^ is_nearer;
        let mask = is_nearer.wrapping_neg();
        block.nearest[lane] = (block.nearest[lane] & !mask) | (number & mask);
    }
    for lane in 0..ROWS {
        let (old, new) = (block.squares[lane], new[lane]);
        block.squares[lane] = if new < old * SAME_ROOT { new } else { old };
    }
    if open != 0 {
        lower_by_root(block, number, center);
    }
}

/// Lowers what squares leave open.
#[inline(never)]
fn lower_by_root<V: CellValue, const D: usize>(
    block: &mut Block<V, D>,
    number: u32,
    center: &[f64; D],
) {
    for lane in 0..ROWS {
        let (old, new) = (block.squares[lane], square(&block.values, lane, center));
        if new < old && new.sqrt() < old.sqrt() {
            (block.squares[lane], block.nearest[lane]) = (new, number);
        }
    }
}

/// The least and the largest of the rows' values, by dimension.
#[inline(always)]
pub fn box_around<V: CellValue, const D: usize>(blocks: &[Block<V, D>]) -> ([V; D], [V; D]) {
    let (mut low, mut high) = (blocks[0].values, blocks[0].values);
    for block in &blocks[1..] {
        for j in 0..D {
            for lane in 0..ROWS {
                low[j][lane] = least(low[j][lane], block.values[j][lane]);
                high[j][lane] = largest(high[j][lane], block.values[j][lane]);
            }
        }
    }
    let ends = |values: &[V; ROWS], better: fn(V, V) -> V| {
        values[1..].iter().fold(values[0], |a, &b| better(a, b))
    };
    (low.map(|values| ends(&values, least)), high.map(|values| ends(&values, largest)))
}

/// The summary of a cell whose rows may all be chosen and have no weights.
#[inline(always)]
pub fn summary<V, const D: usize>(blocks: &[Block<V, D>]) -> Summary {
    let most = largest_square(blocks);
    let key = most.sqrt();
    // Squares above this may have the same root.
    let least = (most * SAME_ROOT).next_down();
    let (mut row, mut at) = (ABSENT, 0);
    for (number, block) in blocks.iter().enumerate() {
        let mut found = 0;
        for lane in 0..ROWS {
            found |= u64::from(block.squares[lane] > least);
        }
        if found == 0 {
            continue;
        }
        for lane in (0..ROWS).filter(|&lane| block.squares[lane] > least) {
            let square = block.squares[lane];
            if block.rows[lane] < row && (square == most || square.sqrt() == key) {
                (row, at) = (block.rows[lane], number * ROWS + lane);
            }
        }
    }
    Summary { most, best: Candidate { key, row: row as usize }, at }
}

/// Squares are no less than 0, so their bits sort as they do.
#[inline(always)]
fn largest_square<V, const D: usize>(blocks: &[Block<V, D>]) -> f64 {
    let mut largest = 0;
    for block in blocks {
        for lane in 0..ROWS {
            largest = largest.max(block.squares[lane].to_bits());
        }
    }
    f64::from_bits(largest)
}

/// The summary of a cell whose rows have these factors.
#[inline(always)]
pub fn summary_by_factors<V, const D: usize>(
    blocks: &[Block<V, D>],
    factors: &[[Factor; ROWS]],
) -> Summary {
    let none = Candidate { key: -1.0, row: ABSENT as usize };
    let mut summary = Summary { most: 0.0, best: none, at: 0 };
    for (number, (block, factors)) in blocks.iter().zip(factors).enumerate() {
        for (lane, &factor) in factors.iter().enumerate() {
            let square = block.squares[lane];
            summary.most = summary.most.max(square);
            let Some(weight) = factor else { continue };
            let key = key(Some(weight), square.sqrt());
            let row = Candidate { key, row: block.rows[lane] as usize };
            if row.precedes(summary.best) {
                (summary.best, summary.at) = (row, number * ROWS + lane);
            }
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_of_one_root_are_that_near() {
        let mut equal = 0;
        for exponent in -1074..=254 {
            for step in 0..50 {
                let square = 2f64.powi(exponent) * (1.0 + f64::from(step) / 50.0);
                let mut below = square.next_down();
                while below > 0.0 && below.sqrt() == square.sqrt() {
                    assert!(below >= square * SAME_ROOT, "{below}, {square}");
                    (below, equal) = (below.next_down(), equal + 1);
                }
            }
        }
        assert!(equal > 10_000, "{equal} pairs were found");
    }
}
