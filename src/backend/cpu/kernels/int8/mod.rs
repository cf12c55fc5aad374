//! Exact products of int8 rows and int8 centers, in 32-bit integers.
//!
//! | file | what it has |
//! | --- | --- |
//! | this one | the trait of every int8 multiplier |
//! | `quads` | the layout that all of them share |
//! | `avx512_vnni` | AVX-512's `vpdpbusd`: 64 multiply-adds an instruction |
//! | `avx_vnni` | AVX-VNNI's, of half the width, for processors without AVX-512 |
//! | `amx_int8` | AMX; not run by any machine yet |
//! | `neon_dot` | Arm's `sdot` |
//! | `portable` | any machine: the next where it can, else plain Rust |
//! | `widened`, `avx2`, `avx512bw` | x86's `vpmaddwd`, of 16-bit values, in two widths |
//! | `passing` | which products pass a test |
//! | `tests/` | each of them against a plain sum; AMX's instructions in software |

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod amx_int8;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx512bw;
#[cfg(target_arch = "x86_64")]
pub mod avx_vnni;
#[cfg(target_arch = "aarch64")]
pub mod neon_dot;
pub mod passing;
pub mod portable;
mod quads;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod widened;

use std::ops::Range;

use super::PANEL;
use passing::{RowSide, Sides, passing};

/// Multiplies a block of int8 rows by a panel of int8 centers, exactly.
pub trait Int8Multiplier: Copy + Send + Sync {
    /// Rows a block is a multiple of; `multiply` takes no others.
    const ROWS: usize;

    /// What the bytes of a packed row are XORed with: `UNSIGNED` where the instruction takes unsigned rows, else 0. It
    /// holds for the padding too: a padding byte is `FLIP`, which stands for 0.
    const FLIP: u8;

    /// Bytes a packed row of `d` values takes, with its padding.
    fn depth(d: usize) -> usize;

    /// Put a packed center of `depth` values, its padding 0, into column `column` of a panel of `PANEL` such centers.
    fn place(panel: &mut [i8], column: usize, center: &[i8]);

    /// What the sums of this center's column start from, so that they end as products of the rows' own values.
    fn start(center: &[i8]) -> i32 {
        if Self::FLIP == UNSIGNED { unsigned_start(center) } else { 0 }
    }

    /// The products of `rows`, row-major of `depth` bytes, and the panel's `columns`, each plus what its column starts
    /// from: row `i`'s with column `c` goes to `out[i * PANEL + c]`. Sums wrap: a product below 2^31 in size is exact,
    /// whatever they pass on the way. Other columns of `out` may be overwritten too.
    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    );

    /// The test of every pair of `rows` and the panel's `columns`. `out` has the products of the pairs that pass, as `multiply` puts
    /// them, and any numbers elsewhere.
    fn multiply_and_test(
        self,
        rows: &[u8],
        depth: usize,
        panel: Panel,
        columns: Range<usize>,
        tested: Tested,
        out: &mut [i32],
    ) {
        self.multiply(rows, depth, panel.values, panel.start, columns.clone(), out);
        passing(tested.rows, panel.sides, columns, out, tested.passing);
    }
}

/// `PANEL` centers as a multiplier and the test see them.
#[derive(Clone, Copy)]
pub struct Panel<'p> {
    pub values: &'p [i8],
    /// Where each column's sums start.
    pub start: &'p [i32; PANEL],
    pub sides: &'p Sides,
}

/// Rows' sides of the test, and what comes of it.
pub struct Tested<'t> {
    /// One for each row of the block, of those too that only fill it up.
    pub rows: &'t [RowSide],
    /// Of each row, a bit for each of the columns asked for, set if the pair passes; other bits may be anything.
    pub passing: &'t mut [u128],
}

/// The flip that makes a byte `q + 128`.
pub const UNSIGNED: u8 = 0x80;

/// The sum of `(q_x + 128) q_c` is 128 times the center's sum too large.
fn unsigned_start(center: &[i8]) -> i32 {
    center.iter().fold(0i32, |sum, &q| sum.wrapping_sub(128 * i32::from(q)))
}

/// How many rows a block has. Panics if an argument of `multiply` does not fit the others: every read and write of a
/// multiplier is inside what is checked here.
fn checked_rows<M: Int8Multiplier>(
    rows: &[u8],
    depth: usize,
    panel: &[i8],
    columns: &Range<usize>,
    out: &[i32],
) -> usize {
    let count = rows.len() / depth;
    assert_eq!((rows.len(), panel.len()), (count * depth, PANEL * depth));
    assert!(count.is_multiple_of(M::ROWS), "{count} rows, not a multiple of {}", M::ROWS);
    assert_eq!(depth, M::depth(depth), "no depth of this multiplier");
    assert!(columns.end <= PANEL && out.len() >= count * PANEL);
    count
}
