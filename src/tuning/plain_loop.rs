//! The loop everyone writes, as fast as it goes: one product of the pool with the newest center a pick, on all cores. What
//! the benchmarks compare the engine with.

use rayon::prelude::*;

use crate::simd::widest;

/// Bytes of rows a task reads.
const TASK_BYTES: usize = 256 << 10;

/// Farthest first from row 0 in f32, `||x||^2 + ||c||^2 - 2 x.c`: reads the whole pool, `(n, d)`, once a pick. Returns the picks and
/// the squared radius left by each.
///
/// # Panics
/// If `values` are not rows of `d`.
pub fn plain_loop(values: &[f32], d: usize, budget: usize) -> (Vec<usize>, Vec<f32>) {
    assert!(d > 0 && values.len().is_multiple_of(d), "{} values, rows of {d}", values.len());
    let rows = (TASK_BYTES / (4 * d)).max(1);
    let squares: Vec<f32> = values.par_chunks(d).with_min_len(rows).map(|x| dot(x, x)).collect();
    let mut least = vec![f32::INFINITY; squares.len()];
    let (mut centers, mut radii) = (vec![0], Vec::new());
    for _ in 0..budget {
        let newest = centers[centers.len() - 1];
        least[newest] = 0.0;
        let (center, square) = (&values[newest * d..][..d], squares[newest]);
        let tasks = values
            .par_chunks(rows * d)
            .zip(squares.par_chunks(rows))
            .zip(least.par_chunks_mut(rows));
        let farthest = tasks
            .enumerate()
            .map(|(task, ((values, squares), least))| {
                let (row, key) = pass(values, squares, least, center, square);
                (task * rows + row, key)
            })
            .reduce(|| (0, f32::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a });
        radii.push(farthest.1);
        centers.push(farthest.0);
    }
    centers.pop();
    (centers, radii)
}

/// Lower `least` by the distances to `center`; the row left farthest, and its squared distance.
fn pass(
    values: &[f32],
    squares: &[f32],
    least: &mut [f32],
    center: &[f32],
    square: f32,
) -> (usize, f32) {
    widest(
        #[inline(always)]
        || {
            let mut farthest = (0, f32::NEG_INFINITY);
            for (row, x) in values.chunks_exact(center.len()).enumerate() {
                let distance = (squares[row] + square - 2.0 * product(x, center)).max(0.0);
                least[row] = least[row].min(distance);
                if least[row] > farthest.1 {
                    farthest = (row, least[row]);
                }
            }
            farthest
        },
    )
}

fn dot(x: &[f32], y: &[f32]) -> f32 {
    widest(
        #[inline(always)]
        || product(x, y),
    )
}

#[inline(always)]
fn product(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 64];
    let (x, x_rest) = x.as_chunks::<64>();
    let (y, y_rest) = y.as_chunks::<64>();
    for (x, y) in x.iter().zip(y) {
        for lane in 0..64 {
            lanes[lane] = x[lane].mul_add(y[lane], lanes[lane]);
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    let mut width = 32;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0] + rest
}
