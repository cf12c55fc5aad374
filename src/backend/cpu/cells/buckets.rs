//! Rows in buckets of near rows: a sample says where buckets part, and each row of the pool is looked at once.

use std::ops::Range;

use rayon::prelude::*;

use super::lanes::{CellValue, padded};
use super::order::{Item, widest_dimension};
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// Rows a bucket, about: a core's cache holds their values while they are put into cells.
const ROWS_A_BUCKET: usize = 1 << 14;
const MOST_BUCKETS: usize = 1 << 10;
/// Rows of the sample for each bucket.
const SAMPLED: usize = 32;
/// Rows that are put into buckets at a time, and of those the rows that go down the levels together.
const CHUNK: usize = 1 << 14;
const TOGETHER: usize = 1 << 8;

/// All rows of a ground, by bucket. Buckets that follow each other are near each other, as cells are.
pub struct Buckets<V, const D: usize> {
    splits: Splits<V>,
    chunks: Vec<Chunk<V, D>>,
}

/// Rows that follow each other in the pool, by bucket.
struct Chunk<V, const D: usize> {
    items: Vec<Item<V, D>>,
    /// Where each bucket ends.
    ends: Vec<usize>,
}

/// Where the rows part, level by level: the parts of part `i` are `2 i` and `2 i + 1`, from part 1 on, which is all rows.
struct Splits<V> {
    levels: u32,
    /// A row is in the upper part if its value in this dimension is not below this value.
    splits: Vec<(usize, V)>,
}

impl<V: CellValue, const D: usize> Buckets<V, D> {
    /// Reads the rows of `ground` once, in order, and a few before. An interrupted run gets any values.
    pub fn new(ground: &HostGround) -> Buckets<V, D> {
        let n = ground.rows.len();
        let splits = Splits::of_sample::<D>(ground, (n / ROWS_A_BUCKET).clamp(1, MOST_BUCKETS));
        let chunks = (0..n.div_ceil(CHUNK)).into_par_iter().map_init(Vec::new, |items, chunk| {
            read(ground, chunk * CHUNK..n.min((chunk + 1) * CHUNK), items);
            splits.part(items)
        });
        let chunks = chunks.collect();
        Buckets { splits, chunks }
    }

    pub fn len(&self) -> usize {
        1 << self.splits.levels
    }

    /// Makes `items` the rows of one bucket, in the order of the pool.
    pub fn take(&self, bucket: usize, items: &mut Vec<Item<V, D>>) {
        items.clear();
        for Chunk { items: all, ends } in &self.chunks {
            let start = if bucket > 0 { ends[bucket - 1] } else { 0 };
            items.extend_from_slice(&all[start..ends[bucket]]);
        }
    }
}

/// Makes `items` these rows of `ground`.
fn read<V: CellValue, const D: usize>(
    ground: &HostGround,
    rows: Range<usize>,
    items: &mut Vec<Item<V, D>>,
) {
    let first = u32::try_from(rows.start).expect("cells hold fewer than 2^32 rows");
    items.clear();
    if ground.is_interrupted() {
        let item = |row| Item { values: [V::default(); D], row };
        return items.extend((first..).map(item).take(rows.len()));
    }
    let mut scratch = RowScratch::new();
    let values = V::of(ground.rows.run(rows, &mut scratch)).chunks_exact(ground.rows.dimensions());
    items.extend(values.zip(first..).map(|(values, row)| Item { values: padded(values), row }));
}

impl<V: CellValue> Splits<V> {
    /// Parts into about so many buckets, of about as many rows of a sample each.
    fn of_sample<const D: usize>(ground: &HostGround, buckets: usize) -> Splits<V> {
        let buckets = buckets.next_power_of_two();
        let mut splits =
            Splits { levels: buckets.ilog2(), splits: vec![(0, V::default()); buckets] };
        if buckets > 1 {
            let (n, size) = (ground.rows.len(), buckets * SAMPLED);
            let (mut sample, mut scratch) = (Vec::with_capacity(size), RowScratch::new());
            for row in (0..size).map(|at| at * (n / size)) {
                sample.push(padded::<V, D>(V::of(ground.rows.get(row, &mut scratch))));
            }
            splits.split(1, &mut sample);
        }
        splits
    }

    /// Parts the rows of part `part`, and its parts in turn.
    fn split<const D: usize>(&mut self, part: usize, sample: &mut [[V; D]]) {
        if part >= self.splits.len() || sample.is_empty() {
            return;
        }
        let j = widest_dimension(sample.iter().copied());
        let order = |a: &V, b: &V| a.partial_cmp(b).expect("a pool's values are finite");
        sample.sort_unstable_by(|a, b| order(&a[j], &b[j]));
        let (least, middle) = (sample[0][j], sample[sample.len() / 2][j]);
        // Where half of the rows have the least value, these are one part.
        let above = sample.iter().map(|values| values[j]).find(|&value| value > least);
        let value = if middle > least { middle } else { above.unwrap_or(middle) };
        self.splits[part] = (j, value);
        let (lower, upper) =
            sample.split_at_mut(sample.partition_point(|values| values[j] < value));
        self.split(2 * part, lower);
        self.split(2 * part + 1, upper);
    }

    /// The rows by bucket.
    fn part<const D: usize>(&self, items: &[Item<V, D>]) -> Chunk<V, D> {
        if self.levels == 0 {
            return Chunk { items: items.to_vec(), ends: vec![items.len()] };
        }
        let buckets = self.buckets(items);
        let mut ends = vec![0; self.splits.len()];
        buckets.iter().for_each(|&bucket| ends[usize::from(bucket)] += 1);
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut order = vec![0u16; items.len()];
        for (at, bucket) in (0..).zip(buckets) {
            let end = &mut ends[usize::from(bucket)];
            order[*end] = at;
            *end += 1;
        }
        Chunk { items: order.into_iter().map(|at| items[usize::from(at)]).collect(), ends }
    }

    /// The bucket of each of the rows.
    fn buckets<const D: usize>(&self, items: &[Item<V, D>]) -> Vec<u16> {
        let mut parts = vec![1; items.len()];
        for (parts, items) in parts.chunks_mut(TOGETHER).zip(items.chunks(TOGETHER)) {
            for _ in 0..self.levels {
                for (part, item) in parts.iter_mut().zip(items) {
                    let (j, value) = self.splits[usize::from(*part)];
                    *part = 2 * *part + u16::from(item.values[j] >= value);
                }
            }
        }
        let first = 1 << self.levels;
        parts.iter_mut().for_each(|part| *part -= first);
        parts
    }
}
