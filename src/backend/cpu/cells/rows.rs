//! The rows of one cell and their state.

use super::lanes::{CellValue, LANES, below, lanes, squares};
use crate::backend::Candidate;
use crate::ground::key;

/// The number of no pool row.
pub const NO_ROW: u32 = u32::MAX;
/// Squares that have the same root are nearer each other than this factor says: the roots lie within one unit in the last place, `2^-52`
/// at most, and squares within twice as much.
const SAME_ROOT: f64 = 1.0 - 1.0 / (1u64 << 50) as f64;

/// Eight rows side by side. Past the last row lanes are filled with rows that are centers already.
#[derive(Clone)]
#[repr(align(32))]
pub struct Block<V, const D: usize> {
    /// The least square `S` to the centers applied: its root is the row's bound.
    pub squares: [f64; LANES],
    pub values: [[V; LANES]; D],
    /// The nearest center's number: the first that is at the bound.
    pub nearest: [u32; LANES],
    /// Pool rows.
    pub rows: [u32; LANES],
}

/// What a row's key is its distance times: its weight, or nothing of a row that may not be chosen.
pub type Factor = Option<f32>;

/// A cell's largest square, and its row of largest key.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// Of all rows, those that may not be chosen included.
    pub most: f64,
    /// Its row is [`NO_ROW`] where none may be chosen.
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
            let new = squares(&block.values, &centers[number as usize]);
            if below(&new, &block.squares) != 0 {
                take_in(block, &new, number);
            }
        }
    }
}

/// Takes in what is lower. A row's nearest center changes only if its distance does.
#[inline(always)]
fn take_in<V, const D: usize>(block: &mut Block<V, D>, new: &[f64; LANES], number: u32) {
    let old = block.squares;
    let sure: [f64; LANES] = std::array::from_fn(|lane| old[lane] * SAME_ROOT);
    let (lowered, nearer) = (below(new, &old), below(new, &sure));
    for lane in 0..LANES {
        let is_nearer = new[lane] < sure[lane];
        block.nearest[lane] = if is_nearer { number } else { block.nearest[lane] };
        block.squares[lane] = if new[lane] < old[lane] { new[lane] } else { old[lane] };
    }
    for lane in lanes(lowered & !nearer) {
        if new[lane].sqrt() < old[lane].sqrt() {
            block.nearest[lane] = number;
        }
    }
}

/// The summary of a cell whose rows may all be chosen and have no weights.
#[inline(always)]
pub fn summary<V, const D: usize>(blocks: &[Block<V, D>]) -> Summary {
    let mut largest = [0.0f64; LANES];
    for block in blocks {
        for lane in 0..LANES {
            let square = block.squares[lane];
            largest[lane] = if square > largest[lane] { square } else { largest[lane] };
        }
    }
    let most = largest.into_iter().fold(0.0, f64::max);
    let key = most.sqrt();
    // Squares from here on may have the same root.
    let least = [(most * SAME_ROOT).next_down(); LANES];
    let (mut row, mut at) = (NO_ROW, 0);
    for (number, block) in blocks.iter().enumerate() {
        for lane in lanes(below(&least, &block.squares)) {
            let square = block.squares[lane];
            if block.rows[lane] < row && (square == most || square.sqrt() == key) {
                (row, at) = (block.rows[lane], number * LANES + lane);
            }
        }
    }
    Summary { most, best: Candidate { key, row: row as usize }, at }
}

/// The summary of a cell whose rows have these factors.
#[inline(always)]
pub fn summary_by_factors<V, const D: usize>(
    blocks: &[Block<V, D>],
    factors: &[[Factor; LANES]],
) -> Summary {
    let none = Candidate { key: -1.0, row: NO_ROW as usize };
    let mut summary = Summary { most: 0.0, best: none, at: 0 };
    for (number, (block, factors)) in blocks.iter().zip(factors).enumerate() {
        for lane in 0..LANES {
            let square = block.squares[lane];
            summary.most = summary.most.max(square);
            let Some(weight) = factors[lane] else { continue };
            let key = key(Some(weight), square.sqrt());
            let row = Candidate { key, row: block.rows[lane] as usize };
            if row.precedes(summary.best) {
                (summary.best, summary.at) = (row, number * LANES + lane);
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
