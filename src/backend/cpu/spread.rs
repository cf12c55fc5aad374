//! How wide intervals of int8 values are beside what sets rows apart, by a sample.

use super::bulk::sample;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::{RowBlock, RowScratch, RowValues};

/// Rows looked at: about a third of a millisecond of rows of 384 values.
const SAMPLE: usize = 128;
/// Steps of int8 values from 0 to the largest.
const STEPS: f64 = 127.0;

/// The width of an int8 interval, in standard deviations of the distance between a row and the nearest other one, each by a sample: infinite
/// of equally far rows. Where it is large, many rows have keys as large as the largest, as far as int8 values tell. Evaluates at most 8,128
/// distances.
pub(crate) fn interval_beside_spread(ground: &HostGround) -> f64 {
    let d = ground.rows.dimensions();
    let (mut rows, mut scratch) = (RowBlock::default(), RowScratch::new());
    for row in sample(ground.rows.len(), SAMPLE) {
        rows.push(ground.rows.get(row, &mut scratch));
    }
    let rows: Vec<RowValues> = (0..rows.len() / d).map(|at| rows.row(at, d)).collect();
    width(&rows, d) / deviation(&nearest_distances(&rows))
}

/// The median width: twice the error of a row whose values are rounded to steps of its own, independently.
fn width(rows: &[RowValues], d: usize) -> f64 {
    let mut middle = vec![0.0; d];
    rows.iter().for_each(|x| x.add_to(&mut middle));
    middle.iter_mut().for_each(|sum| *sum /= rows.len() as f64);
    let largest = |x: &RowValues| {
        let sizes = middle.iter().enumerate().map(|(j, middle)| (x.at(j) - middle).abs());
        sizes.fold(0.0, f64::max)
    };
    let mut largest: Vec<f64> = rows.iter().map(largest).collect();
    2.0 * super::bulk::middle_of(&mut largest) / STEPS * (d as f64 / 12.0).sqrt()
}

/// Of each row, how far the nearest other one is.
fn nearest_distances(rows: &[RowValues]) -> Vec<f64> {
    let mut nearest = vec![f64::INFINITY; rows.len()];
    for (at, &x) in rows.iter().enumerate() {
        for (before, &y) in rows[..at].iter().enumerate() {
            let distance = distance(x, y);
            nearest[at] = nearest[at].min(distance);
            nearest[before] = nearest[before].min(distance);
        }
    }
    nearest
}

/// The standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}
