//! A pool in two dimensions: its two directions of largest variance, found on a sample of rows.

use rayon::prelude::*;

use crate::options::Metric;
use crate::pool::Pool;
use crate::values::RowValues;

/// Rows the directions are found on at most, and values at most (64 MiB): enough for a picture.
const MOST_ROWS: usize = 20_000;
const MOST_VALUES: usize = 1 << 24;

/// Directions iterated together: more than two, so that the leading two settle within [`ITERATIONS`].
const BLOCK: usize = 6;
const ITERATIONS: usize = 8;

/// Rows summed together; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 256;

/// Rows spread over the pool, increasing: each from its own stretch, at a place that no period in the pool can meet.
pub(super) fn sample(n: usize, d: usize) -> Vec<usize> {
    let most = MOST_ROWS.min((MOST_VALUES / d).max(1000));
    if n <= most {
        return (0..n).collect();
    }
    let edge = |i: usize| usize::try_from(i as u128 * n as u128 / most as u128).expect("up to n");
    (0..most).map(|i| edge(i) + scatter(i as u64, edge(i + 1) - edge(i))).collect()
}

/// A place below `count` that depends on `i` alone.
fn scatter(i: u64, count: usize) -> usize {
    let bits = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    usize::try_from((bits >> 33) % count as u64).expect("below count, a usize")
}

/// The two leading principal directions of a sample of rows, as the metric sees them.
pub(super) struct Projection {
    metric: Metric,
    mean: Vec<f64>,
    /// The largest deviation from the mean: what rows are divided by, so that no square overflows.
    scale: f64,
    axes: [Vec<f32>; 2],
    /// The share of the sample's variance along each axis.
    pub explained: [f64; 2],
}

impl Projection {
    /// The projection; none if the sampled rows are all equal. `O(100 m d)` for `m` sampled rows.
    pub fn new(pool: &Pool, metric: Metric, rows: &[usize]) -> Option<Projection> {
        let mut seen = Projection {
            metric,
            mean: vec![0.0; pool.dimensions()],
            scale: 1.0,
            axes: [const { Vec::new() }; 2],
            explained: [0.0; 2],
        };
        seen.mean = seen.sample_mean(pool, rows);
        let widest = |&row| seen.deviations(pool, row).fold(0.0, |most: f64, x| most.max(x.abs()));
        seen.scale = rows.iter().map(widest).fold(0.0, f64::max);
        if seen.scale == 0.0 {
            return None;
        }
        let sampled: Vec<f32> = rows.iter().flat_map(|&row| seen.centered(pool, row)).collect();
        (seen.axes, seen.explained) = principal_axes(&sampled, pool.dimensions());
        Some(seen)
    }

    /// Where `row` lies.
    pub fn point(&self, pool: &Pool, row: usize) -> [f64; 2] {
        let values = self.centered(pool, row);
        [0, 1].map(|axis| f64::from(dot(&values, &self.axes[axis])))
    }

    fn sample_mean(&self, pool: &Pool, rows: &[usize]) -> Vec<f64> {
        let mut sum = vec![0.0; pool.dimensions()];
        for &row in rows {
            sum.iter_mut().zip(self.deviations(pool, row)).for_each(|(sum, x)| *sum += x);
        }
        sum.iter().map(|sum| sum / rows.len() as f64).collect()
    }

    /// The values of `row` under the metric, less the mean.
    fn deviations(&self, pool: &Pool, row: usize) -> impl Iterator<Item = f64> {
        let mut values = Vec::new();
        pool.row_f64(row, &mut values);
        let norm = match self.metric {
            Metric::Euclidean => 1.0,
            Metric::Cosine => crate::distance::norm(RowValues::F64(&values)),
        };
        values.into_iter().zip(&self.mean).map(move |(x, mean)| x / norm - mean)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more than f32")]
    fn centered(&self, pool: &Pool, row: usize) -> Vec<f32> {
        self.deviations(pool, row).map(|x| (x / self.scale) as f32).collect()
    }
}

/// The two leading eigenvectors of `rows' rows`, and their shares of its trace: block power iterations from fixed
/// directions, then the best two within the block.
fn principal_axes(rows: &[f32], d: usize) -> ([Vec<f32>; 2], [f64; 2]) {
    let mut block: Vec<Vec<f32>> = (0..BLOCK.min(d)).map(|b| start(b, d)).collect();
    orthonormalize(&mut block);
    for _ in 1..ITERATIONS {
        block = scatter_times(rows, d, &block);
        orthonormalize(&mut block);
    }
    let image = scatter_times(rows, d, &block);
    let mut inner: Vec<Vec<f64>> =
        block.iter().map(|v| image.iter().map(|y| f64::from(dot(v, y))).collect()).collect();
    let turns = diagonalize(&mut inner);
    let mut order: Vec<usize> = (0..block.len()).collect();
    order.sort_by(|&a, &b| inner[b][b].total_cmp(&inner[a][a]));
    let trace: f64 = rows.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let leading = |rank: usize| {
        let Some(&at) = order.get(rank) else { return (vec![0.0; d], 0.0) };
        (upright(combine(&block, &turns, at)), (inner[at][at] / trace).clamp(0.0, 1.0))
    };
    let [(first, a), (second, b)] = [leading(0), leading(1)];
    ([first, second], [a, b])
}

/// A fixed direction to start from: plus and minus ones, far from any the data would have.
fn start(b: usize, d: usize) -> Vec<f32> {
    let sign = |j: usize| if scatter((b * d + j) as u64, 2) == 0 { 1.0 } else { -1.0 };
    (0..d).map(sign).collect()
}

/// `rows' rows v` for each `v` of the block.
fn scatter_times(rows: &[f32], d: usize, block: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let parts: Vec<Vec<Vec<f32>>> = rows
        .par_chunks(CHUNK * d)
        .map(|chunk| {
            let mut sums = vec![vec![0.0; d]; block.len()];
            for row in chunk.chunks_exact(d) {
                for (v, sum) in block.iter().zip(&mut sums) {
                    let along = dot(row, v);
                    sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += along * x);
                }
            }
            sums
        })
        .collect();
    let mut totals = vec![vec![0.0; d]; block.len()];
    for part in &parts {
        for (total, part) in totals.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(total, x)| *total += x);
        }
    }
    totals
}

/// Gram and Schmidt's way, twice over for accuracy; what depends on earlier vectors becomes zero.
fn orthonormalize(block: &mut [Vec<f32>]) {
    for at in 0..block.len() {
        let (before, rest) = block.split_at_mut(at);
        let v = &mut rest[0];
        let length = dot(v, v).sqrt();
        for u in before.iter().chain(before.iter()) {
            let along = dot(u, v);
            v.iter_mut().zip(u).for_each(|(x, u)| *x -= along * u);
        }
        let left = dot(v, v).sqrt();
        let factor = if left > 1e-5 * length { 1.0 / left } else { 0.0 };
        v.iter_mut().for_each(|x| *x *= factor);
    }
}

/// Jacobi's rotations: `matrix`, small and symmetric, becomes diagonal; returns the eigenvectors, one a column.
fn diagonalize(matrix: &mut [Vec<f64>]) -> Vec<Vec<f64>> {
    let size = matrix.len();
    let mut turns: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _sweep in 0..20 {
        for p in 0..size {
            for q in p + 1..size {
                let angle = 0.5 * (2.0 * matrix[p][q]).atan2(matrix[p][p] - matrix[q][q]);
                let (sin, cos) = angle.sin_cos();
                let turn = |a: &mut f64, b: &mut f64| {
                    (*a, *b) = (cos * *a + sin * *b, cos * *b - sin * *a);
                };
                for row in matrix.iter_mut().chain(turns.iter_mut()) {
                    let (left, right) = row.split_at_mut(q);
                    turn(&mut left[p], &mut right[0]);
                }
                let (upper, lower) = matrix.split_at_mut(q);
                upper[p].iter_mut().zip(&mut lower[0]).for_each(|(a, b)| turn(a, b));
            }
        }
    }
    turns
}

/// Column `at` of the block turned by `turns`.
fn combine(block: &[Vec<f32>], turns: &[Vec<f64>], at: usize) -> Vec<f32> {
    let mut out = vec![0.0f32; block[0].len()];
    for (v, turn) in block.iter().zip(turns) {
        #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more than f32")]
        let factor = turn[at] as f32;
        out.iter_mut().zip(v).for_each(|(out, x)| *out += factor * x);
    }
    out
}

/// The direction whose largest value is positive: an eigenvector's sign is nobody's choice.
fn upright(mut axis: Vec<f32>) -> Vec<f32> {
    let largest = axis.iter().copied().fold(0.0f32, |a, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        axis.iter_mut().for_each(|x| *x = -*x);
    }
    axis
}

/// Eight partial sums, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_directions_of_a_box() {
        // Values of spread 1, 5 and 3 along three of seven dimensions, at right angles to each other.
        let mut values = Vec::new();
        for i in 0..1000u64 {
            let at = |salt: u64| scatter(i * 3 + salt, 2001) as f32 / 1000.0 - 1.0;
            values.extend([at(0), 0.0, 5.0 * at(1), 1e6, 0.0, 3.0 * at(2), -7.0]);
        }
        let pool = Pool::new(&values, 7).expect("finite");
        let rows = sample(1000, 7);
        let found = Projection::new(&pool, Metric::Euclidean, &rows).expect("it varies");
        assert!(found.axes[0][2] > 0.99 && found.axes[1][5] > 0.99, "{:?}", found.axes);
        assert!((found.explained[0] - 25.0 / 35.0).abs() < 0.05, "{:?}", found.explained);
    }

    #[test]
    fn one_dimension_and_no_variance() {
        let line = Pool::new(&[1.0f32, 2.0, 4.0], 1).expect("finite");
        let found = Projection::new(&line, Metric::Euclidean, &[0, 1, 2]).expect("it varies");
        assert_eq!(found.explained, [1.0, 0.0]);
        let same = Pool::new(&[3.0f32; 12], 4).expect("finite");
        assert!(Projection::new(&same, Metric::Euclidean, &[0, 1, 2]).is_none());
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let values = [3e38f32, -3e38, -3e38, 3e38, 0.0, 0.0];
        let pool = Pool::new(&values, 2).expect("finite");
        let found = Projection::new(&pool, Metric::Euclidean, &[0, 1, 2]).expect("it varies");
        assert!(found.point(&pool, 0).iter().all(|x| x.is_finite()));
        assert!((found.explained[0] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn samples_are_spread() {
        assert_eq!(sample(5, 3), [0, 1, 2, 3, 4]);
        let rows = sample(1_000_003, 8);
        assert_eq!(rows.len(), MOST_ROWS);
        assert!(rows.is_sorted_by(|a, b| a < b) && rows[MOST_ROWS - 1] < 1_000_003);
        assert_eq!(sample(100_000, 1 << 20).len(), 1000);
    }
}
