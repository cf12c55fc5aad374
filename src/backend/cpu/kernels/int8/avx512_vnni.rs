//! int8 products by AVX-512's `vpdpbusd`, which does not saturate: four multiply-adds a lane, unsigned rows by signed centers.

use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_storeu_si512,
};
use std::ops::Range;

use super::super::PANEL;
use super::passing::avx512::{SideVectors, passes};
use super::passing::{RowSide, Sides};
use super::quads::{self, BLOCK_COLUMNS, QUAD};
use super::{Int8Multiplier, Panel, Tested, UNSIGNED, checked_rows};

/// Exists only where the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512Vnni(());

impl Avx512Vnni {
    /// The multiplier, if this machine has it.
    pub fn detect() -> Option<Avx512Vnni> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        has.then_some(Avx512Vnni(()))
    }
}

impl Int8Multiplier for Avx512Vnni {
    /// With two vectors of columns: 16 sums hide the instruction's latency, and 10 loads feed 16 of it.
    const ROWS: usize = 8;
    const FLIP: u8 = UNSIGNED;

    fn depth(d: usize) -> usize {
        quads::depth(d, QUAD)
    }

    fn place(panel: &mut [i8], column: usize, center: &[i8]) {
        quads::place(panel, column, center);
    }

    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        let count = checked_rows::<Self>(rows, depth, panel, &columns, out);
        for (row, column) in blocks(count, &columns) {
            let (a, b) = (&rows[row * depth..], &panel[column * depth..]);
            let (start, out) = (&start[column..], &mut out[row * PANEL + column..]);
            // SAFETY: `self` exists, so the machine has the features (`detect`). `checked_rows` found count a multiple of ROWS,
            // depth of 4, and columns.end <= PANEL, a multiple of 32: `a` holds ROWS rows of depth bytes, `b` two blocks of 16
            // columns of depth bytes, `start` 32 numbers, and `out` 32 in each of ROWS rows.
            unsafe {
                let sums = block(a.as_ptr(), b.as_ptr(), depth, start.as_ptr());
                for (row, sums) in sums.iter().enumerate() {
                    store(sums, out.as_mut_ptr().add(row * PANEL));
                }
            }
        }
    }

    fn multiply_and_test(
        self,
        rows: &[u8],
        depth: usize,
        panel: Panel,
        columns: Range<usize>,
        tested: Tested,
        out: &mut [i32],
    ) {
        let count = checked_rows::<Self>(rows, depth, panel.values, &columns, out);
        assert!(tested.rows.len() == count && tested.passing.len() == count);
        for (row, column) in blocks(count, &columns) {
            let (a, b) = (&rows[row * depth..], &panel.values[column * depth..]);
            let (start, out) = (&panel.start[column..], &mut out[row * PANEL + column..]);
            let sides = tested.rows[row..].first_chunk().expect("a multiple of ROWS");
            // SAFETY: as in `multiply`.
            let passing = unsafe {
                let sums = block(a.as_ptr(), b.as_ptr(), depth, start.as_ptr());
                test(&sums, sides, panel.sides, column, out.as_mut_ptr())
            };
            for (bits, passing) in tested.passing[row..].iter_mut().zip(passing) {
                let others = *bits & !(u128::from(u32::MAX) << column);
                *bits = others | u128::from(passing) << column;
            }
        }
    }
}

/// The first row and column of every block that has some of `columns`.
fn blocks(rows: usize, columns: &Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let first = columns.start / COLUMNS * COLUMNS;
    let columns = (first..columns.end).step_by(COLUMNS);
    columns
        .flat_map(move |column| (0..rows).step_by(Avx512Vnni::ROWS).map(move |row| (row, column)))
}

/// Columns of a block: two vectors of them.
const COLUMNS: usize = 2 * BLOCK_COLUMNS;

/// Products of 8 rows with 32 columns.
type Sums = [[__m512i; 2]; Avx512Vnni::ROWS];

/// The test of a block's pairs: of each row, a bit for each of the 32 columns from `column` on. Writes the 32 products of every row that
/// has a pair that passes, in rows of `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn test(
    sums: &Sums,
    rows: &[RowSide; Avx512Vnni::ROWS],
    centers: &Sides,
    column: usize,
    out: *mut i32,
) -> [u32; Avx512Vnni::ROWS] {
    let [left, right] =
        [column, column + BLOCK_COLUMNS].map(|column| SideVectors::load(centers, column));
    let mut passing = [0; Avx512Vnni::ROWS];
    for (row, sums) in sums.iter().enumerate() {
        let side = SideVectors::of_row(rows[row]);
        passing[row] =
            passes(&side, &left, sums[0]) | passes(&side, &right, sums[1]) << BLOCK_COLUMNS;
        if passing[row] != 0 {
            // SAFETY: 32 numbers of each of 8 rows, which the caller promised.
            unsafe { store(sums, out.add(row * PANEL)) };
        }
    }
    passing
}

/// Writes 32 numbers to `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn store(sums: &[__m512i; 2], out: *mut i32) {
    // SAFETY: 32 numbers, which the caller promised.
    unsafe {
        _mm512_storeu_si512(out.cast(), sums[0]);
        _mm512_storeu_si512(out.add(BLOCK_COLUMNS).cast(), sums[1]);
    }
}

/// The products of eight rows with 32 columns. Reads `8 depth` bytes of `a`, `32 depth` of `b` and 32 numbers of `start`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn block(a: *const u8, b: *const i8, depth: usize, start: *const i32) -> Sums {
    // SAFETY: 32 numbers, which the caller promised.
    let start: [__m512i; 2] = unsafe {
        [_mm512_loadu_si512(start.cast()), _mm512_loadu_si512(start.add(BLOCK_COLUMNS).cast())]
    };
    let mut sums = [start; Avx512Vnni::ROWS];
    for quad in 0..depth / QUAD {
        // SAFETY: quad < depth / 4: the two vectors end at 64 (quad + 1) <= 16 depth in their block of 16 depth bytes, and
        // the broadcasts read bytes 4 quad to 4 quad + 3 of rows 0 to 7, as the caller promised.
        unsafe {
            let left = b.add(quad * BLOCK_COLUMNS * QUAD);
            let right = _mm512_loadu_si512(left.add(BLOCK_COLUMNS * depth).cast());
            let left = _mm512_loadu_si512(left.cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                let x = a.add(row * depth + QUAD * quad).cast::<i32>().read_unaligned();
                let x = _mm512_set1_epi32(x);
                sum[0] = _mm512_dpbusd_epi32(sum[0], x, left);
                sum[1] = _mm512_dpbusd_epi32(sum[1], x, right);
            }
        }
    }
    sums
}
