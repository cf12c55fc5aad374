//! Centers that are surely no nearer to a row than another one: the squared distance as a plain sum in f32, with a proven error.
//!
//! The sum is of the check alone: the engine, which multiplies packed rows, has no part in it. With `u = 2^-24`, values x
//! and c, and `S = sum_j (x_j - c_j)^2`:
//!
//! - Each difference is rounded once, by a factor within `1 +- u`: a difference of floats is exact where it is subnormal. Of f64
//!   values it is rounded twice, to f64 and to f32: by a factor within `1 +- (u + 2^-52)`, or, where it is subnormal in f32, by at most
//!   `2^-150`, which changes its square by less than `2^-274`.
//! - Each `fma(t, t, sum)` is rounded once, by a factor within `1 +- u`, or, where it is subnormal, by at most `2^-150`.
//! - So a term is rounded at most `d + 2` times, and `sum <= (S + d 2^-150) (1 + u)^(d + 2)`. Since `(1 + u)^-m >= 1 - m u`,
//!   `S >= sum (1 - (d + 2) u) - d 2^-150`.
//! - A sum that overflows is above every f32 by the same rule: of a difference that overflows, already the square is.
//! - The canonical distance is within a factor `1 +- (d / 32 + 16) 2^-53` of the square root of S.
//!
//! The constants below leave room for the last point, for f64 values and for their own roundings in f64: 14 u is more than
//! `(d / 16 + 64) 2^-53` for every d below 2^24, and 2^-149 twice what subnormal sums lose.

use crate::simd::widest;
use crate::values::RowBlock;

/// Centers of a tile: two vectors of AVX-512.
pub(super) const TILE: usize = 32;

/// Rows that go past a tile together.
pub(super) const TOGETHER: usize = 4;

/// For each of some rows, the sums of squared differences from the centers of a tile.
pub(super) type Sums = [[f32; TILE]; TOGETHER];

/// The centers of a tile, one dimension after another: value `j` of center `c` is `columns[j][c]`.
pub(super) enum Columns {
    F32(Vec<[f32; TILE]>),
    F64(Vec<[f64; TILE]>),
}

impl Columns {
    /// Of at most [`TILE`] centers, each `(d,)`; zeros where they are fewer.
    pub fn new(centers: &RowBlock, d: usize) -> Columns {
        match centers {
            RowBlock::F32(values) => Columns::F32(columns(values, d)),
            RowBlock::F64(values) => Columns::F64(columns(values, d)),
        }
    }

    /// Sums for rows `at` of `rows`. Where rows and centers are of two types they are 0, and rule nothing out.
    pub fn sums(&self, rows: &RowBlock, at: [usize; TOGETHER]) -> Sums {
        match (rows, self) {
            (RowBlock::F32(rows), Columns::F32(columns)) => sums(rows, at, columns),
            (RowBlock::F64(rows), Columns::F64(columns)) => sums(rows, at, columns),
            _ => [[0.0; TILE]; TOGETHER],
        }
    }
}

fn columns<V: Copy + Default>(centers: &[V], d: usize) -> Vec<[V; TILE]> {
    let mut columns = vec![[V::default(); TILE]; d];
    for (lane, center) in centers.chunks_exact(d).enumerate() {
        columns.iter_mut().zip(center).for_each(|(column, &value)| column[lane] = value);
    }
    columns
}

/// A value of a row or a center.
trait Term: Copy {
    /// The difference, rounded to f32.
    fn minus(self, other: Self) -> f32;
}

impl Term for f32 {
    #[inline(always)]
    fn minus(self, other: f32) -> f32 {
        self - other
    }
}

impl Term for f64 {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a rounding that the margin has room for")]
    fn minus(self, other: f64) -> f32 {
        (self - other) as f32
    }
}

fn sums<V: Term>(rows: &[V], at: [usize; TOGETHER], columns: &[[V; TILE]]) -> Sums {
    widest(
        #[inline(always)]
        || {
            let d = columns.len();
            let [first, second, third, fourth] = at.map(|at| &rows[at * d..][..d]);
            let mut sums = [[0.0; TILE]; TOGETHER];
            let values = first.iter().zip(second).zip(third).zip(fourth);
            for (column, (((&a, &b), &c), &d)) in columns.iter().zip(values) {
                for (sums, value) in sums.iter_mut().zip([a, b, c, d]) {
                    for (sum, center) in sums.iter_mut().zip(column) {
                        let t = center.minus(value);
                        *sum = t.mul_add(t, *sum);
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
    use crate::values::RowValues;

    /// Values of hostile size: whole numbers, and numbers that differ little, are huge, tiny, subnormal, or all of these.
    fn value(kind: usize, draw: u32) -> f64 {
        let unit = f64::from(draw % 1999) / 999.0 - 1.0;
        match kind {
            0 => f64::from(draw % 17),
            1 => unit,
            2 => 1000.0 + unit * 1e-3,
            3 => unit * 1e-22,
            4 => unit * 1e-42,
            5 => unit * 1e18,
            6 => unit * f64::from(f32::MAX),
            7 => value((draw % 7) as usize, draw.rotate_left(9)),
            // Of f64 alone.
            8 => 5e6 + unit * 1e-4,
            9 => unit * 1e-160,
            _ => unit * 1e300,
        }
    }

    const F32_KINDS: usize = 8;
    const KINDS: usize = 11;

    /// Vectors of hostile values, all of them as f32 where they can be.
    fn vectors(count: usize, d: usize, kind: usize, is_f32: bool, state: &mut u32) -> RowBlock {
        let mut block = RowBlock::default();
        for _ in 0..count {
            let draw = || {
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                value(kind, *state >> 8)
            };
            let row: Vec<f64> = std::iter::repeat_with(draw).take(d).collect();
            #[expect(clippy::cast_possible_truncation, reason = "these are the values")]
            match is_f32 {
                true => {
                    block.push(RowValues::F32(&row.iter().map(|&v| v as f32).collect::<Vec<_>>()))
                }
                false => block.push(RowValues::F64(&row)),
            }
        }
        block
    }

    /// Each of some rows, each center of a tile, their sum and their margin. Some rows are centers.
    fn pairs(mut visit: impl FnMut(RowValues, RowValues, f32, Margin)) {
        let mut state = 1u32;
        let kinds =
            (0..F32_KINDS).map(|kind| (kind, true)).chain((0..KINDS).map(|kind| (kind, false)));
        for (kind, is_f32) in kinds {
            for d in [1, 2, 31, 33, 128, 1000] {
                let rows = vectors(TOGETHER, d, kind, is_f32, &mut state);
                let mut centers = vectors(TILE - 1, d, kind, is_f32, &mut state);
                centers.push(rows.row(1, d));
                let columns = Columns::new(&centers, d);
                let sums = columns.sums(&rows, std::array::from_fn(|at| at));
                for (at, sums) in sums.iter().enumerate() {
                    for (lane, &sum) in sums.iter().enumerate() {
                        visit(rows.row(at, d), centers.row(lane, d), sum, Margin::new(d));
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
                assert!(sum <= margin.reach(limit), "{sum} {limit} {row:?} {center:?}");
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
    fn rows_of_two_types_rule_nothing_out() {
        let rows = vectors(TOGETHER, 3, 1, true, &mut 1);
        let centers = Columns::new(&vectors(TILE, 3, 1, false, &mut 2), 3);
        assert_eq!(centers.sums(&rows, [0, 1, 2, 3]), [[0.0; TILE]; TOGETHER]);
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
