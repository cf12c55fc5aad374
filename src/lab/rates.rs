//! This machine's rates, from which a run's floor is computed.

use std::time::Instant;

use rayon::prelude::*;

use crate::backend::cpu::kernels::gemm::product;

/// Rows, columns and depth of the product that is timed.
const SIDE: usize = 4096;

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

/// Seconds of the fastest of `times` runs.
pub fn best_of(times: usize, mut run: impl FnMut()) -> f64 {
    let run = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    };
    (0..times).map(run).fold(f64::INFINITY, f64::min)
}
