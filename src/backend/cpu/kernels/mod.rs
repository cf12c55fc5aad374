//! Products of packed rows and packed centers, in the cheapest arithmetic the machine has. All unsafe code of the CPU
//! backend is in this folder.
//!
//! | file | what it has |
//! | --- | --- |
//! | this one | the trait of every multiplier, and memory for operands |
//! | `gemm` | f32, on every machine |
//! | `avx512_bf16`, `amx` | bf16 by AVX-512 and by AMX |
//! | `bf16_layout` | rounding and layout that those two share |
//! | `amx_tiles` | whether this process may use AMX's tiles, and their shape |
//! | `int8/` | exact products of int8 |
//! | `squares` | squared canonical distances by AVX-512 |
//! | `cpuid` | what the processor says of itself |
//! | `prefetch` | asks the cache for a row ahead |

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod amx;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx_tiles;
#[cfg(target_arch = "x86_64")]
pub mod avx512_bf16;
#[cfg(target_arch = "x86_64")]
mod bf16_layout;
#[cfg(target_arch = "x86_64")]
mod cpuid;
pub mod gemm;
pub mod int8;
pub mod prefetch;
#[cfg(target_arch = "x86_64")]
pub mod squares;

use std::ops::Range;

/// Centers a panel. A multiple of every kernel's block of columns.
pub const PANEL: usize = 128;

/// Multiplies a block of rows by a panel of centers, in a type it rounds them to.
pub trait Multiplier: Copy + Send + Sync {
    /// The type that operands are rounded to.
    type Value: bytemuck::Pod + Send + Sync;

    /// Values a packed row of `d` takes, with its padding of zeros.
    fn depth(d: usize) -> usize;

    /// `z` as the multiplier will see it, and that value again in f64.
    fn round(z: f64) -> (Self::Value, f64);

    /// `g`: the computed product of q and p is within `g ||q|| ||p|| + d 2^-125` of the exact one.
    fn error_factor(d: usize) -> f64;

    /// Put a packed row into column `column` of a panel of `PANEL` such rows.
    fn place(panel: &mut [Self::Value], column: usize, row: &[Self::Value]);

    /// The products of `rows`, row-major of `depth` values, and the panel's `columns`: row `i`'s with column `c` goes to
    /// `out[i * PANEL + c]`. Other columns of `out` may be overwritten too.
    fn multiply(
        self,
        rows: &[Self::Value],
        depth: usize,
        panel: &[Self::Value],
        columns: Range<usize>,
        out: &mut [f32],
    );

    /// Rows a block is a multiple of; `multiply` takes no others.
    const ROWS: usize;

    /// Measured: selections from floats in memory take this one, although they could run on int8 values, where intervals of those are wider
    /// than so many standard deviations of what sets rows apart.
    const PREFERRED_FROM: f64;
}

/// Memory for operands, on cache-line boundaries.
pub struct Buffer<T> {
    lines: Vec<Line>,
    len: usize,
    values: std::marker::PhantomData<T>,
}

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

impl<T: bytemuck::Pod> Buffer<T> {
    pub fn new() -> Buffer<T> {
        Buffer { lines: Vec::new(), len: 0, values: std::marker::PhantomData }
    }

    /// Make it `len` values; those it had keep their bits, new ones are zero.
    pub fn resize(&mut self, len: usize) {
        let lines = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        self.lines.resize(lines, Line([0; 64]));
        self.len = len;
    }

    pub fn as_slice(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
