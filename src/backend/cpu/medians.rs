//! The median of some rows in each dimension: many dimensions are sorted at once, by comparisons that do not depend on the values.

use crate::simd::widest;
use crate::values::{RowValues, Value};

/// Dimensions that are sorted together.
const LANES: usize = 16;
/// Dimensions whose values are held at a time.
const AT_ONCE: usize = 4096;

type Lanes = [f64; LANES];

/// The upper median in each of `d` dimensions of the `rows`, of which there is one at least; `show` shows one.
pub fn medians(
    rows: impl Iterator<Item = usize> + Clone,
    d: usize,
    show: impl Fn(usize, &mut dyn FnMut(RowValues)),
) -> Vec<f64> {
    let exchanges = exchanges(rows.clone().count());
    let mut medians = Vec::with_capacity(d.next_multiple_of(LANES));
    for start in (0..d).step_by(AT_ONCE) {
        let groups = (d.min(start + AT_ONCE) - start).div_ceil(LANES);
        let mut held: Vec<Vec<Lanes>> = vec![Vec::with_capacity(rows.size_hint().0); groups];
        for row in rows.clone() {
            show(row, &mut |x| {
                for (group, held) in held.iter_mut().enumerate() {
                    held.push(lanes(x, start + group * LANES));
                }
            });
        }
        for held in &mut held {
            sort(held, &exchanges);
            medians.extend(held[held.len() / 2]);
        }
    }
    medians.truncate(d);
    medians
}

/// Values of `x` from dimension `start` on; zeros beyond its last.
fn lanes(x: RowValues, start: usize) -> Lanes {
    match x {
        RowValues::F32(values) => widened(&values[start..]),
        RowValues::F64(values) => widened(&values[start..]),
    }
}

fn widened<V: Value>(values: &[V]) -> Lanes {
    let mut lanes = [0.0; LANES];
    lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane = value.widen());
    lanes
}

/// Sorts each lane by itself.
fn sort(rows: &mut [Lanes], exchanges: &[(usize, usize)]) {
    widest(
        #[inline(always)]
        || {
            for &(first, second) in exchanges {
                let (a, b) = (rows[first], rows[second]);
                for lane in 0..LANES {
                    let is_swapped = b[lane] < a[lane];
                    rows[first][lane] = if is_swapped { b[lane] } else { a[lane] };
                    rows[second][lane] = if is_swapped { a[lane] } else { b[lane] };
                }
            }
        },
    );
}

/// Pairs of places that sort any `count` values if they are put in order one pair after another.
///
/// Source: Batcher's merge exchange; Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.2M.
fn exchanges(count: usize) -> Vec<(usize, usize)> {
    let mut exchanges = Vec::new();
    let top = count.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut apart) = (top, 0, p);
        loop {
            let firsts = (0..count.saturating_sub(apart)).filter(|first| first & p == r);
            exchanges.extend(firsts.map(|first| (first, first + apart)));
            if q == p {
                break;
            }
            (apart, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the principle of zeros and ones: what sorts all of those sorts everything.
    #[test]
    fn exchanges_sort() {
        for count in 0..=12 {
            let exchanges = exchanges(count);
            for bits in 0..1u32 << count {
                let mut values: Vec<u32> = (0..count).map(|at| bits >> at & 1).collect();
                for &(first, second) in &exchanges {
                    if values[second] < values[first] {
                        values.swap(first, second);
                    }
                }
                assert!(values.is_sorted(), "{bits:b} of {count}");
            }
        }
    }

    #[test]
    fn medians_are_those_of_sorted_columns() {
        for (n, d) in [(1, 1), (2, 15), (5, 16), (62, 17), (63, 33), (40, AT_ONCE + 7)] {
            let value = |row: usize, j: usize| ((row * 7919 + j * 104_729) % 1009) as f64 - 500.0;
            let rows: Vec<Vec<f64>> =
                (0..n).map(|row| (0..d).map(|j| value(row, j)).collect()).collect();
            let found = medians(0..n, d, |row, look| look(RowValues::F64(&rows[row])));
            let median = |j: usize| {
                let mut column: Vec<f64> = rows.iter().map(|row| row[j]).collect();
                column.sort_unstable_by(f64::total_cmp);
                column[n / 2]
            };
            assert_eq!(found, (0..d).map(median).collect::<Vec<f64>>(), "{n} x {d}");
        }
    }
}
