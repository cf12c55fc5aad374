//! How fast memory is read.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rayon::prelude::*;

use crate::pool::is_set;
use crate::simd::widest;

/// Values a task reads.
const TASK: usize = 1 << 16;

/// Bytes a second that all threads together read from `values`, pass after pass: the median of 41. Once `interrupt` is set nothing more
/// is read, and the number means nothing.
pub fn read_bandwidth(values: &[f32], interrupt: Option<&AtomicBool>) -> f64 {
    let timed = |_| if is_set(interrupt) { 0.0 } else { pass(values) };
    let mut seconds: Vec<f64> = (0..41).map(timed).collect();
    seconds.sort_by(f64::total_cmp);
    size_of_val(values) as f64 / seconds[seconds.len() / 2]
}

/// Seconds to read `values` once.
fn pass(values: &[f32]) -> f64 {
    let started = Instant::now();
    black_box(values.par_chunks(TASK).map(sum).sum::<f32>());
    started.elapsed().as_secs_f64()
}

fn sum(values: &[f32]) -> f32 {
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
}
