//! In how many directions rows spread, as far as a sample tells: whether cells of rows of many values are tight.

use super::MOST_DIMENSIONS;
use super::lanes::widened;
use super::order::{Item, halve};
use crate::backend::cpu::bulk::sample;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// Rows sampled, those of a small cell and those of a large one, of which the small ones are parts.
const SAMPLE: usize = 1024;
const SMALL: usize = 8;
const LARGE: usize = 64;
/// What is left of a large cell's spread in a small one, at most. Measured: 0.35 of rows that spread in three directions, 0.5 in four, 0.6 in
/// five, and from 0.75 on of nine values at full rank; cells win up to five or six directions.
const LEFT: f64 = 0.62;

/// Whether rows near each other spread in few directions, about five at most, or in clusters: then cells of few rows are much smaller than
/// cells of many. Reads a fixed sample. A few rows far beyond the others do not matter, nor do few clusters far from each other.
pub(crate) fn spread_in_few_directions(ground: &HostGround) -> bool {
    let mut scratch = RowScratch::new();
    let item = |row| Item { values: widened(ground.rows.get(row, &mut scratch)), row: 0 };
    let mut items: Vec<_> = sample(ground.rows.len(), SAMPLE).map(item).collect();
    halve(&mut items, SMALL, &|| false);
    usual_spread(&items, SMALL) <= LEFT * usual_spread(&items, LARGE)
}

/// The spread of most cells of `rows` rows: three of four have at most that.
fn usual_spread(items: &[Item<f64, MOST_DIMENSIONS>], rows: usize) -> f64 {
    let mut spreads: Vec<f64> = items.chunks_exact(rows).map(spread).collect();
    if spreads.is_empty() {
        return 0.0;
    }
    let at = spreads.len() * 3 / 4;
    *spreads.select_nth_unstable_by(at, f64::total_cmp).1
}

/// How far rows lie from their mean: the sum of the squares, over one less than the rows.
fn spread(items: &[Item<f64, MOST_DIMENSIONS>]) -> f64 {
    let rows = items.len() as f64;
    let of = |j: usize| {
        let mean = items.iter().map(|item| item.values[j]).sum::<f64>() / rows;
        items.iter().map(|item| (item.values[j] - mean).powi(2)).sum::<f64>()
    };
    (0..MOST_DIMENSIONS).map(of).sum::<f64>() / (rows - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::pool::Pool;
    use crate::synth::{Shape, pool};

    /// What is said of 20,000 rows of `d` values.
    fn are_few(d: usize, values: &[f32]) -> bool {
        let (pool, options) = (Pool::new(values, d).unwrap(), Options::default());
        spread_in_few_directions(&HostGround::of_pool(&pool, &options).unwrap())
    }

    /// Rows of `d` values that are sums of `rank` directions.
    fn of_rank(d: usize, rank: usize) -> Vec<f32> {
        let parts = pool(Shape::Gaussian, 20_000, rank, 1);
        let directions = pool(Shape::Gaussian, d, rank, 2);
        let value = |row: &[f32], of: &[f32]| row.iter().zip(of).map(|(a, b)| a * b).sum();
        parts
            .chunks(rank)
            .flat_map(|row| directions.chunks(rank).map(move |of| value(row, of)))
            .collect()
    }

    #[test]
    fn low_rank_is_told_from_full() {
        for d in [9, 16, 32] {
            for rank in 1..=3 {
                assert!(are_few(d, &of_rank(d, rank)), "{d} values of rank {rank}");
            }
            assert!(!are_few(d, &of_rank(d, 9)), "{d} values of rank 9");
            assert!(!are_few(d, &pool(Shape::Gaussian, 20_000, d, 1)), "{d} values of full rank");
        }
    }

    #[test]
    fn far_rows_and_far_clusters_do_not_hide_full_rank() {
        let mut values = pool(Shape::Gaussian, 20_000, 16, 1);
        values[..16].fill(1e18);
        assert!(!are_few(16, &values));
        for (row, values) in values.chunks_mut(16).enumerate() {
            values[0] += if row % 2 == 0 { 1e6 } else { -1e6 };
        }
        assert!(!are_few(16, &values));
    }

    #[test]
    fn clusters_and_equal_rows_have_tight_cells() {
        let centers = pool(Shape::Gaussian, 100, 16, 1);
        let near = pool(Shape::Gaussian, 20_000, 16, 2);
        let row = |at: usize| centers[at / 16 * 31 % 100 * 16 + at % 16] + near[at] / 30.0;
        assert!(are_few(16, &(0..20_000 * 16).map(row).collect::<Vec<f32>>()));
        assert!(are_few(16, &vec![1.0; 20_000 * 16]));
    }
}
