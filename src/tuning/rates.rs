//! What this machine can do: the rates that a run's floor is made of.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

use crate::backend::cpu::kernels::gemm::product;
use crate::simd::widest;

/// Rows, columns and depth of the product that is timed.
const SIDE: usize = 4096;
/// Values a task reads.
const TASK: usize = 1 << 16;

/// The best f32 rate of the `gemm` crate on all threads, in operations (two a multiply-add) a second: the product of two
/// matrices of side 4,096, the best of three.
pub fn product_rate() -> f64 {
    let (a, b) = (vec![1.0f32; SIDE * SIDE], vec![0.5f32; SIDE * SIDE]);
    let mut c = vec![0.0f32; SIDE * SIDE];
    let share = SIDE.div_ceil(rayon::current_num_threads()) * SIDE;
    let multiply = |(rows, out): (&[f32], &mut [f32])| product(rows, &b, SIDE, SIDE, out);
    let seconds =
        best_of(3, || a.par_chunks(share).zip(c.par_chunks_mut(share)).for_each(multiply));
    2.0 * (SIDE as f64).powi(3) / seconds
}

/// Bytes a second that all threads together read from `values`, pass after pass: the median of 41.
pub fn read_bandwidth(values: &[f32]) -> f64 {
    let sum = |values: &[f32]| {
        widest(
            #[inline(always)]
            || {
                let mut lanes = [0.0f32; 64];
                for chunk in values.as_chunks::<64>().0 {
                    lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
                }
                lanes.iter().sum::<f32>()
            },
        )
    };
    let pass = || {
        black_box(values.par_chunks(TASK).map(sum).sum::<f32>());
    };
    let mut seconds: Vec<f64> = (0..41).map(|_| best_of(1, pass)).collect();
    seconds.sort_by(f64::total_cmp);
    let seconds = seconds[seconds.len() / 2];
    size_of_val(values) as f64 / seconds
}

/// Seconds of the fastest of `times` runs.
pub fn best_of(times: usize, mut run: impl FnMut()) -> f64 {
    let run = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    };
    (0..times).map(run).fold(f64::INFINITY, f64::min)
}
