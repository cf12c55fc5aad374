//! The squares that canonical distances are the roots of, to the bit: of consecutive rows beside one center.
//!
//! Rows of few values lie side by side in a vector, one a lane. The values of longer rows do, and each row's sum is folded.

use super::super::cells::fold_few;
#[cfg(target_arch = "x86_64")]
use super::super::kernels::squares::{Avx512Squares, Loaded as Summed};
use crate::distance::sum_of_squares;
use crate::simd::widest;
use crate::values::RowValues;
#[cfg(not(target_arch = "x86_64"))]
use crate::values::Value as Summed;

/// A center's values are filled up with zeros to a multiple of so many: a vector of AVX-512.
const FILLED: usize = 8;

/// A center.
pub struct Center {
    pub number: u32,
    d: usize,
    filled: Vec<f64>,
}

impl Center {
    pub fn new(number: u32, values: RowValues) -> Center {
        let mut filled = values.to_f64();
        let d = filled.len();
        filled.resize(d.next_multiple_of(FILLED), 0.0);
        Center { number, d, filled }
    }

    /// The square of each of `rows`, `(m, d)`, into `out`, `(m,)`.
    pub fn squares(&self, rows: RowValues, out: &mut [f64]) {
        match rows {
            RowValues::F32(rows) => self.squares_of(rows, out),
            RowValues::F64(rows) => self.squares_of(rows, out),
        }
    }

    fn squares_of<V: Summed>(&self, rows: &[V], out: &mut [f64]) {
        assert_eq!(rows.len(), out.len() * self.d, "rows of another dimension");
        match self.d {
            1 => self.of_few::<V, 1>(rows, out),
            2 => self.of_few::<V, 2>(rows, out),
            3 => self.of_few::<V, 3>(rows, out),
            4 => self.of_few::<V, 4>(rows, out),
            5 => self.of_few::<V, 5>(rows, out),
            6 => self.of_few::<V, 6>(rows, out),
            7 => self.of_few::<V, 7>(rows, out),
            8 => self.of_few::<V, 8>(rows, out),
            _ => self.of_many(rows, out),
        }
    }

    /// Dimension `j` alone is in partial sum `j`.
    fn of_few<V: Summed, const D: usize>(&self, rows: &[V], out: &mut [f64]) {
        let center: [f64; D] = std::array::from_fn(|j| self.filled[j]);
        widest(
            #[inline(always)]
            || {
                for (x, out) in rows.as_chunks::<D>().0.iter().zip(out) {
                    let mut partial = [0.0; D];
                    for j in 0..D {
                        let t = x[j].widen() - center[j];
                        partial[j] = t * t;
                    }
                    *out = fold_few(partial);
                }
            },
        );
    }

    fn of_many<V: Summed>(&self, rows: &[V], out: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512Squares::detect() {
            return avx512.of_rows(rows, self.d, &self.filled, out);
        }
        self.of_many_portable(rows, out);
    }

    fn of_many_portable<V: Summed>(&self, rows: &[V], out: &mut [f64]) {
        let center = &self.filled[..self.d];
        widest(
            #[inline(always)]
            || {
                for (x, out) in rows.chunks_exact(self.d).zip(out) {
                    *out = sum_of_squares(x, center);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::distance;

    /// Numbers of every size that a pool may have, and both zeros.
    fn hostile(at: usize) -> f64 {
        let sizes = [1.0, 1e-30, 1e30, 5e-324, -1e-155, 3.4e38, 1e7, -0.0, 0.0, 1e-300, -1e9];
        let step = (at * 2_654_435_761 % 1021) as f64 / 512.0 - 1.0;
        sizes[at * 7 % sizes.len()] * step
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded as it is meant to be")]
    #[test]
    fn roots_are_canonical_distances_whatever_the_dimension() {
        for d in (1..=70).chain([95, 96, 97, 128, 300]) {
            for rows in [1, 2, 3, 31, 40] {
                let wide: Vec<f64> = (0..rows * d).map(|at| hostile(at + d)).collect();
                let narrow: Vec<f32> = wide.iter().map(|&value| value as f32).collect();
                let center: Vec<f64> = (0..d).map(|j| hostile(3 * j + rows)).collect();
                let row = |at: usize| at * d..(at + 1) * d;
                let check = |all: RowValues, one: &dyn Fn(usize) -> f64| {
                    let mut squares = vec![f64::NAN; rows];
                    let by = Center::new(0, RowValues::F64(&center));
                    by.squares(all, &mut squares);
                    let mut portable = vec![f64::NAN; rows];
                    match all {
                        RowValues::F32(all) => by.of_many_portable(all, &mut portable),
                        RowValues::F64(all) => by.of_many_portable(all, &mut portable),
                    }
                    assert_eq!(squares, portable, "d = {d}");
                    for (at, square) in squares.into_iter().enumerate() {
                        assert_eq!(square.sqrt().to_bits(), one(at).to_bits(), "{at}, d = {d}");
                    }
                };
                let c = RowValues::F64(&center);
                check(RowValues::F64(&wide), &|at| distance(RowValues::F64(&wide[row(at)]), c));
                check(RowValues::F32(&narrow), &|at| distance(RowValues::F32(&narrow[row(at)]), c));
            }
        }
    }
}
