//! Centers that are surely no nearer to a row than another one: the squared distance as a plain sum in f32, with a proven error.
//!
//! The sum is of the check alone: the engine, which multiplies packed rows, has no part in it. With `u = 2^-24`, values x
//! and c, and `S = sum_j (x_j - c_j)^2`:
//!
//! - Each difference is rounded once, by a factor within `1 +- u`: a difference of floats is exact where it is subnormal.
//! - Each `fma(t, t, sum)` is rounded once, by a factor within `1 +- u`, or, where it is subnormal, by at most `2^-150`.
//! - So a term is rounded at most `d + 2` times, and `sum <= (S + d 2^-150) (1 + u)^(d + 2)`. Since `(1 + u)^-m >= 1 - m u`,
//!   `S >= sum (1 - (d + 2) u) - d 2^-150`.
//! - A sum that overflows is above every f32 by the same rule: of a difference that overflows, already the square is.
//! - The canonical distance is within a factor `1 +- (d / 32 + 16) 2^-53` of the square root of S.
//!
//! The constants below leave room for the last point and for their own roundings in f64: 14 u is more than
//! `(d / 16 + 64) 2^-53` for every d below 2^24.

use crate::simd::widest;

/// Centers of a tile: two vectors of AVX-512.
pub(super) const TILE: usize = 32;

/// Rows that go past a tile together.
pub(super) const TOGETHER: usize = 4;

/// For each of some rows, the sums of squared differences from the centers of a tile.
pub(super) type Sums = [[f32; TILE]; TOGETHER];

/// Sums for `rows`, each `(d,)`. Value `j` of center `c` of the tile is `columns[j][c]`.
pub(super) fn sums(rows: [&[f32]; TOGETHER], columns: &[[f32; TILE]]) -> Sums {
    widest(
        #[inline(always)]
        || {
            let mut sums = [[0.0; TILE]; TOGETHER];
            let rows = rows.map(|row| &row[..columns.len()]);
            for (j, column) in columns.iter().enumerate() {
                for at in 0..TOGETHER {
                    for lane in 0..TILE {
                        let t = column[lane] - rows[at][j];
                        sums[at][lane] = t.mul_add(t, sums[at][lane]);
                    }
                }
            }
            sums
        },
    )
}

/// Whether any of `sums` is not beyond `reach`.
pub(super) fn is_any_within(sums: &[f32; TILE], reach: f32) -> bool {
    widest(
        #[inline(always)]
        || sums.iter().fold(false, |any, &sum| any | (sum <= reach)),
    )
}

/// How far sums may be from what they are sums of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margin {
    factor: f64,
    room: f64,
}

impl Margin {
    /// For rows of `d` values.
    pub fn new(d: usize) -> Margin {
        let d = d as f64;
        let unit = 2f64.powi(-24);
        // From d = 2^24 on no sum tells anything.
        Margin { factor: (1.0 - (d + 16.0) * unit).max(0.0), room: d * 2f64.powi(-149) }
    }

    /// The largest sum that a canonical distance of at most `limit` can have; no sum is beyond one that is not a number or
    /// infinite.
    pub fn reach(self, limit: f64) -> f32 {
        above((limit * limit + self.room) / self.factor)
    }
}

/// The least f32 that is not below `number`.
#[expect(clippy::cast_possible_truncation, reason = "rounded to the nearest, then up")]
fn above(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) < number { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::distance;

    /// Values of hostile size: whole numbers, and numbers that differ little, are huge, tiny, subnormal, or all of these.
    fn value(kind: usize, draw: u32) -> f32 {
        let unit = (draw % 1999) as f32 / 999.0 - 1.0;
        match kind {
            0 => (draw % 17) as f32,
            1 => unit,
            2 => 1000.0 + unit * 1e-3,
            3 => unit * 1e-22,
            4 => unit * 1e-42,
            5 => unit * 1e18,
            6 => unit * f32::MAX,
            _ => value((draw % 7) as usize, draw.rotate_left(9)),
        }
    }

    /// The pairs of some rows and the centers of a tile: each row, each center, their sum and their margin.
    fn pairs(mut visit: impl FnMut(&[f32], &[f32], f32, Margin)) {
        let mut state = 1u32;
        for d in [1, 2, 31, 33, 128, 1000] {
            for kind in 0..8 {
                let mut vector = || -> Vec<f32> {
                    let draw = || {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        value(kind, state >> 8)
                    };
                    std::iter::repeat_with(draw).take(d).collect()
                };
                let rows: Vec<Vec<f32>> = (0..TOGETHER).map(|_| vector()).collect();
                let mut centers: Vec<Vec<f32>> = (0..TILE).map(|_| vector()).collect();
                centers[3].clone_from(&rows[1]);
                let columns: Vec<[f32; TILE]> =
                    (0..d).map(|j| std::array::from_fn(|lane| centers[lane][j])).collect();
                let all = sums(std::array::from_fn(|at| &*rows[at]), &columns);
                for (row, sums) in rows.iter().zip(&all) {
                    for (center, &sum) in centers.iter().zip(sums) {
                        visit(row, center, sum, Margin::new(d));
                    }
                }
            }
        }
    }

    /// No sum is beyond the distance that it is of; and many are beyond one a little smaller, or there would be no use in them.
    #[test]
    fn what_is_beyond_is_farther() {
        let (mut all, mut beyond) = (0, 0);
        pairs(|row, center, sum, margin| {
            let exact = distance(row, center);
            for limit in [exact, exact.next_up(), exact * 1.001, f64::INFINITY] {
                assert!(sum <= margin.reach(limit), "{sum} {limit} of {} values", row.len());
            }
            all += 1;
            beyond += usize::from(sum > margin.reach(exact * 0.999));
        });
        assert!(beyond > all / 3, "{beyond} of {all}");
    }

    /// Without its margin a sum would rule out centers that are near enough.
    #[test]
    fn sums_need_their_margin() {
        for (factor, room) in [(false, true), (true, false)] {
            let mut wrong = 0;
            pairs(|row, center, sum, margin| {
                let narrow = Margin {
                    factor: if factor { margin.factor } else { 1.0 },
                    room: if room { margin.room } else { 0.0 },
                };
                wrong += usize::from(sum > narrow.reach(distance(row, center)));
            });
            assert!(wrong > 0, "{factor} {room}");
        }
    }

    #[test]
    fn one_sum_within_is_seen() {
        for lane in 0..TILE {
            let mut sums = [5.0; TILE];
            sums[lane] = 2.0;
            assert!(is_any_within(&sums, 2.0) && !is_any_within(&sums, 2.0f32.next_down()));
        }
    }

    #[test]
    fn too_long_rows_rule_nothing_out() {
        assert_eq!(Margin::new(1 << 25).reach(0.0), f32::INFINITY);
    }
}
