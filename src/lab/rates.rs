//! This machine's rates, from which a run's floor is computed.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

use crate::backend::cpu::kernels::gemm::product;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::int8::amx_int8::AmxInt8;
#[cfg(target_arch = "aarch64")]
use crate::backend::cpu::kernels::int8::neon_dot::NeonDot;
use crate::backend::cpu::kernels::int8::portable::PortableInt8;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::int8::{avx_vnni::AvxVnni, avx512_vnni::Avx512Vnni};
use crate::backend::cpu::kernels::{Buffer, PANEL};

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

/// The rate of every int8 multiplier this machine has, by name, in operations (two a multiply-add) a second.
pub fn int8_rates() -> Vec<(&'static str, f64)> {
    let mut rates = Vec::new();
    #[cfg(target_arch = "x86_64")]
    rates.extend(Avx512Vnni::detect().map(|vnni| ("AVX-512 VNNI", int8_rate(vnni))));
    #[cfg(target_arch = "x86_64")]
    rates.extend(AvxVnni::detect().map(|vnni| ("AVX-VNNI", int8_rate(vnni))));
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    rates.extend(AmxInt8::detect().map(|amx| ("AMX", int8_rate(amx))));
    #[cfg(target_arch = "aarch64")]
    rates.extend(NeonDot::detect().map(|dot| ("Neon", int8_rate(dot))));
    rates.push(("portable code", int8_rate(PortableInt8)));
    rates
}

/// Every thread multiplies a tile of its own, again and again: what a refresh does when nothing else costs time.
fn int8_rate<M: Int8Multiplier>(multiplier: M) -> f64 {
    const ROWS: usize = 256;
    const D: usize = 768;
    const TIMES: usize = 200;
    let depth = M::depth(D);
    let center = vec![1; depth];
    let tile = |_: rayon::BroadcastContext<'_>| {
        let (mut rows, mut panel, mut out) = (Buffer::new(), Buffer::new(), Buffer::new());
        rows.resize(ROWS * depth);
        panel.resize(PANEL * depth);
        out.resize(ROWS * PANEL);
        (0..PANEL).for_each(|column| M::place(panel.as_mut_slice(), column, &center));
        let (start, out) = ([M::start(&center); PANEL], out.as_mut_slice());
        for _ in 0..TIMES {
            multiplier.multiply(rows.as_slice(), depth, panel.as_slice(), &start, 0..PANEL, out);
            black_box(&out);
        }
    };
    let seconds = best_of(5, || drop(rayon::broadcast(tile)));
    (2 * TIMES * ROWS * D * PANEL * rayon::current_num_threads()) as f64 / seconds
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
