//! The plain loop, made as fast as it can be: for each pick one product of the pool with the newest center, on all
//! cores. The benchmarks compare the engine with it.

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
            let states = squares.chunks(TOGETHER).zip(least.chunks_mut(TOGETHER));
            for (block, (rows, (squares, least))) in
                values.chunks(TOGETHER * center.len()).zip(states).enumerate()
            {
                let products = products(rows, center);
                for (at, (least, norm)) in least.iter_mut().zip(squares).enumerate() {
                    *least = least.min((norm + square - 2.0 * products[at]).max(0.0));
                    if *least > farthest.1 {
                        farthest = (block * TOGETHER + at, *least);
                    }
                }
            }
            farthest
        },
    )
}

fn dot(x: &[f32], y: &[f32]) -> f32 {
    widest(
        #[inline(always)]
        || products(x, y)[0],
    )
}

/// Rows whose sums run side by side, so that none waits for another.
const TOGETHER: usize = 4;
const LANES: usize = 16;

/// The products of up to `TOGETHER` rows with `y`.
#[inline(always)]
fn products(rows: &[f32], y: &[f32]) -> [f32; TOGETHER] {
    let d = y.len();
    let mut out = [0.0; TOGETHER];
    if rows.len() < TOGETHER * d {
        for (out, x) in out.iter_mut().zip(rows.chunks_exact(d)) {
            *out = x.iter().zip(y).fold(0.0, |sum, (x, y)| x.mul_add(*y, sum));
        }
        return out;
    }
    let row = |i: usize| rows[i * d..(i + 1) * d].as_chunks::<LANES>();
    let [x0, x1, x2, x3] = [row(0), row(1), row(2), row(3)];
    let (blocks, rest) = y.as_chunks::<LANES>();
    let mut sums = [[0.0f32; LANES]; TOGETHER];
    for (t, y) in blocks.iter().enumerate() {
        for lane in 0..LANES {
            sums[0][lane] = x0.0[t][lane].mul_add(y[lane], sums[0][lane]);
            sums[1][lane] = x1.0[t][lane].mul_add(y[lane], sums[1][lane]);
            sums[2][lane] = x2.0[t][lane].mul_add(y[lane], sums[2][lane]);
            sums[3][lane] = x3.0[t][lane].mul_add(y[lane], sums[3][lane]);
        }
    }
    for ((out, sums), x) in out.iter_mut().zip(sums).zip([x0.1, x1.1, x2.1, x3.1]) {
        let rest: f32 = x.iter().zip(rest).map(|(x, y)| x * y).sum();
        *out = fold(sums) + rest;
    }
    out
}

#[inline(always)]
fn fold(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}
