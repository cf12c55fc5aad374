//! The bulk of some rows: a middle, and how far most of them lie from it. Rows far beyond the others move neither, as long as fewer than
//! half of the rows are such.

use super::medians::medians;
use crate::backend::interval::RANGE;
use crate::distance::distance_to_point;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::{RowScratch, RowValues};

/// Rows sampled: anything near the middle serves.
pub const SAMPLE: usize = 1024;
/// Of the sample, rows whose median is taken in each dimension.
const MEDIAN_OF: usize = 63;
/// Rows within so many times the median distance from the median are of the bulk.
const WITHIN: f64 = 8.0;

/// The bulk of some rows, of which a fixed sample is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Bulk {
    /// The mean of the sample's rows that are near their median, `(d,)`.
    pub middle: Vec<f64>,
    /// No row of those is farther from the middle; 0 if all are one point. Where the filter's range is too small for the whole sample, it is
    /// chosen so that most rows are within the range.
    pub reach: f64,
}

impl Bulk {
    /// The bulk of `n` rows of `d` values, of which `show` shows one. Reads few of them, three times.
    pub fn of(n: usize, d: usize, show: impl Fn(usize, &mut dyn FnMut(RowValues))) -> Bulk {
        if n == 0 {
            return Bulk { middle: vec![0.0; d], reach: 0.0 };
        }
        let median = medians(sample(n, MEDIAN_OF), d, &show);
        let mut distances = Vec::with_capacity(n.min(SAMPLE));
        for at in sample(n, SAMPLE) {
            show(at, &mut |x| distances.push(distance_to_point(x, &median)));
        }
        let limit = WITHIN * median_of_positive(&distances);
        let is_near = |&(_, &distance): &(usize, &f64)| distance <= limit;
        let (mut middle, mut count, mut farthest) = (vec![0.0; d], 0.0, 0.0f64);
        for (at, &distance) in sample(n, SAMPLE).zip(&distances).filter(is_near) {
            show(at, &mut |x| x.add_to(&mut middle));
            (count, farthest) = (count + 1.0, farthest.max(distance));
        }
        middle.iter_mut().for_each(|sum| *sum /= count);
        let moved = distance_to_point(RowValues::F64(&middle), &median);
        let near = (farthest + moved) * (1.0 + 1e-6);
        Bulk { middle, reach: reach(near, distances) }
    }

    /// The bulk of a pool's rows.
    pub fn of_ground(ground: &HostGround) -> Bulk {
        let rows = &ground.rows;
        Bulk::of(rows.len(), rows.dimensions(), |row, look| {
            look(rows.get(row, &mut RowScratch::new()));
        })
    }
}

/// How far the bulk reaches: as far as the rows near the middle, unless the range around that leaves rows of the sample out and another
/// leaves out fewer. `distances`: from the middle, of the sample.
fn reach(near: f64, mut distances: Vec<f64>) -> f64 {
    let farthest = distances.iter().copied().fold(0.0, f64::max);
    if farthest <= near * RANGE {
        return near;
    }
    distances.retain(|&distance| distance > 0.0);
    distances.sort_unstable_by(f64::total_cmp);
    let count = |start: usize| {
        let end = distances.partition_point(|&distance| distance <= distances[start] * RANGE);
        end - start
    };
    // Of equally good ranges the one of farther rows: those matter first.
    let best = (0..distances.len()).max_by_key(|&start| count(start));
    best.map_or(near, |start| distances[start])
}

/// A fixed sample of about `count` of `n` rows, fewer of fewer; at most `count`.
pub fn sample(n: usize, count: usize) -> impl Iterator<Item = usize> + Clone {
    (0..n).step_by(sample_step(n, count))
}

/// From each row of such a sample to the next.
pub fn sample_step(n: usize, count: usize) -> usize {
    n.div_ceil(count).max(1)
}

/// The median of the values above 0; 0 without any.
fn median_of_positive(values: &[f64]) -> f64 {
    let mut positive: Vec<f64> = values.iter().copied().filter(|&value| value > 0.0).collect();
    if positive.is_empty() { 0.0 } else { middle_of(&mut positive) }
}

/// The upper median of some values.
pub fn middle_of(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(n: usize, value: impl Fn(usize, usize) -> f32) -> Bulk {
        let values: Vec<f32> = (0..n * 5).map(|at| value(at / 5, at % 5)).collect();
        Bulk::of(n, 5, |row, look| look(RowValues::F32(&values[row * 5..][..5])))
    }

    fn ordinary(row: usize, j: usize) -> f32 {
        ((row * 31 + j * 17) % 101) as f32 / 101.0
    }

    #[test]
    fn without_rows_beyond_it_is_the_mean_of_the_sample() {
        let found = bulk(1000, ordinary);
        let mean =
            |j: usize| (0..1000).map(|row| f64::from(ordinary(row, j))).sum::<f64>() / 1000.0;
        let off = (0..5).map(|j| (found.middle[j] - mean(j)).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12, "{off}");
        assert!((0.5..3.0).contains(&found.reach), "{}", found.reach);
    }

    #[test]
    fn rows_beyond_move_it_little_if_they_are_fewer_than_half() {
        for every in [3, 10, 500] {
            for far in [1e6, 1e20, f32::MAX] {
                let is_far = |row: usize| row % every == 1;
                let found = bulk(1000, |row, j| if is_far(row) { far } else { ordinary(row, j) });
                let size = found.middle.iter().fold(0.0f64, |most, value| most.max(value.abs()));
                assert!(size < 1.0 && found.reach < 3.0, "{every}, {far}: {found:?}");
            }
        }
    }

    #[test]
    fn where_sizes_are_too_far_apart_for_the_range_most_rows_decide() {
        let share = |large: usize, factor: f32| {
            bulk(1000, |row, j| ordinary(row, j) * if row % 10 < large { 1.0 } else { factor })
                .reach
        };
        assert!((0.01..3.0).contains(&share(5, 1e-37)), "{}", share(5, 1e-37));
        assert!((0.01..3.0).contains(&share(6, 1e-37)));
        assert!(share(4, 1e-37) < 1e-30);
        assert!(share(4, 1e-20) < 1e-10);
    }

    #[test]
    fn of_equal_rows_and_of_mostly_equal_rows() {
        assert_eq!(bulk(70, |_, _| 3.0), Bulk { middle: vec![3.0; 5], reach: 0.0 });
        assert_eq!(bulk(1, |_, _| 3.0), Bulk { middle: vec![3.0; 5], reach: 0.0 });
        let found = bulk(1000, |row, j| if row % 3 == 0 { ordinary(row, j) } else { 0.0 });
        assert!((0.5..3.0).contains(&found.reach), "{found:?}");
    }
}
