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
/// Rows that spread evenly in `r` directions leave `(LARGE / SMALL)^(-2 / r)` of a large cell's spread in a small one.
const FEW_DIRECTIONS: f64 = 0.5;

/// Whether rows near each other spread in few directions, about six at most: then cells of few rows are much smaller than cells of many.
/// Reads a fixed sample. Rows far beyond the others do not matter, nor do clusters far from each other.
pub(crate) fn spread_in_few_directions(ground: &HostGround) -> bool {
    let mut scratch = RowScratch::new();
    let item = |row| Item { values: widened(ground.rows.get(row, &mut scratch)), row: 0 };
    let mut items: Vec<_> = sample(ground.rows.len(), SAMPLE).map(item).collect();
    halve(&mut items, SMALL, &|| false);
    usual_spread(&items, SMALL) <= FEW_DIRECTIONS * usual_spread(&items, LARGE)
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

    /// 20,000 rows, each of `d` values.
    fn few(d: usize, values: &[f32]) -> bool {
        let pool = Pool::new(values, d).unwrap();
        let ground = HostGround::of_pool(&pool, &Options::default()).unwrap();
        let mut scratch = RowScratch::new();
        let item = |row| Item { values: widened(ground.rows.get(row, &mut scratch)), row: 0 };
        let mut items: Vec<_> = sample(ground.rows.len(), SAMPLE).map(item).collect();
        halve(&mut items, SMALL, &|| false);
        println!("d {d}: {}", usual_spread(&items, SMALL) / usual_spread(&items, LARGE));
        spread_in_few_directions(&ground)
    }

    /// Rows of `d` values that are sums of `rank` directions.
    fn of_rank(d: usize, rank: usize) -> Vec<f32> {
        let parts = pool(Shape::Gaussian, 20_000, rank, 1);
        let directions = pool(Shape::Gaussian, rank, d, 2);
        let sum = |row: &[f32], j: usize| (0..rank).map(|r| row[r] * directions[r * d + j]).sum();
        parts
            .chunks(rank)
            .flat_map(|row| (0..d).map(move |j| (row, j)))
            .map(|(row, j)| sum(row, j))
            .collect()
    }

    #[test]
    fn low_rank_is_told_from_full() {
        for d in [9, 16, 24, 32] {
            for rank in 1..=9 {
                print!("rank {rank} ");
                let found = few(d, &of_rank(d, rank));
                if rank <= 4 {
                    assert!(found, "{d}, {rank}");
                }
            }
        }
        for d in [9, 10, 12, 16, 32] {
            let values = pool(Shape::Gaussian, 20_000, d, 1);
            println!("full rank {}", few(d, &values));
        }
    }

    #[test]
    fn far_rows_and_far_clusters_do_not_hide_full_rank() {
        let mut values = pool(Shape::Gaussian, 20_000, 16, 1);
        values[..16].fill(1e18);
        assert!(!few(16, &values));
        for (row, values) in values.chunks_mut(16).enumerate() {
            values[0] += if row % 2 == 0 { 1e6 } else { -1e6 };
        }
        assert!(!few(16, &values));
    }

    #[test]
    fn clusters_and_equal_rows_have_tight_cells() {
        let centers = pool(Shape::Gaussian, 100, 16, 1);
        let near = pool(Shape::Gaussian, 20_000, 16, 2);
        let row = |at: usize| centers[at / 16 * 31 % 100 * 16 + at % 16] + near[at] / 30.0;
        assert!(few(16, &(0..20_000 * 16).map(row).collect::<Vec<f32>>()));
        assert!(few(16, &vec![1.0; 20_000 * 16]));
    }
}
