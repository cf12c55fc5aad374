//! Rows like SIFT descriptors: whole numbers from 0 to 255, a third of them 0, most of the others small.
//!
//! A row is a point of a cluster, moved along 16 directions; then negative values become 0 and the others are squared,
//! which makes small values plentiful. Clusters have from a tenth to a three-thousandth of all rows, and spreads of one
//! to five. Neighbouring clusters share directions.

use super::random::Random;
use crate::simd::widest;

const CLUSTERS: usize = 1024;
/// Coarse patterns, one to 16 clusters.
const PATTERNS: usize = 64;
/// Directions that all clusters share.
const DIRECTIONS: usize = 64;
/// Directions along which a cluster's rows spread: the dimension that its rows have but for noise.
const INTRINSIC: usize = 16;
/// Values that are made side by side.
const CHUNK: usize = 128;
/// Draws for their noise: 16 bits a value.
const DRAWS: usize = CHUNK / 4;

pub(super) struct Sift {
    d: usize,
    /// `(CLUSTERS, padded)`
    clusters: Vec<f32>,
    /// `(DIRECTIONS, padded)`
    directions: Vec<f32>,
}

impl Sift {
    pub fn new(d: usize, random: &mut Random) -> Sift {
        let padded = d.next_multiple_of(CHUNK);
        let patterns = random.normals(PATTERNS * padded);
        let mut clusters = random.normals(CLUSTERS * padded);
        for (cluster, values) in clusters.chunks_exact_mut(padded).enumerate() {
            let pattern = &patterns[(cluster % PATTERNS) * padded..][..padded];
            values.iter_mut().zip(pattern).for_each(|(x, p)| *x = 0.4 + 0.7 * p + 0.35 * *x);
        }
        Sift { d, clusters, directions: random.normals(DIRECTIONS * padded) }
    }

    /// One row, `(d,)`.
    pub fn row(&self, random: &mut Random, out: &mut [f32]) {
        // A share of 17 bits, cubed: low-numbered clusters have more rows.
        let share = random.next() >> 47;
        let cluster = usize::try_from((share.pow(3) * CLUSTERS as u64) >> 51)
            .expect("the number of a cluster");
        let spread = 0.06 * (1 + cluster % 5) as f32;
        let steps: [f32; INTRINSIC] =
            std::array::from_fn(|rank| spread * random.normal() / ((rank + 1) as f32).sqrt());
        widest(
            #[inline(always)]
            || {
                for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
                    let values = self.chunk(cluster, &steps, chunk, random.draws());
                    out.copy_from_slice(&values[..out.len()]);
                }
            },
        );
    }

    #[inline(always)]
    fn chunk(
        &self,
        cluster: usize,
        steps: &[f32; INTRINSIC],
        chunk: usize,
        draws: [u64; DRAWS],
    ) -> [f32; CHUNK] {
        let mut values = *self.vector(&self.clusters, cluster, chunk);
        for (rank, step) in steps.iter().enumerate() {
            let direction = self.vector(&self.directions, (cluster + rank) % DIRECTIONS, chunk);
            for at in 0..CHUNK {
                values[at] += step * direction[at];
            }
        }
        for (at, value) in values.iter_mut().enumerate() {
            let bits = (draws[at % DRAWS] >> (16 * (at / DRAWS))) & 0xffff;
            let noisy = (*value + (bits as f32 - 32_767.5) * (0.05 / 32_768.0)).max(0.0);
            *value = (noisy * noisy * 36.0 + 0.5).floor().min(255.0);
        }
        values
    }

    /// Values `CHUNK * chunk..` of vector `at` of `vectors`.
    #[inline(always)]
    fn vector<'v>(&self, vectors: &'v [f32], at: usize, chunk: usize) -> &'v [f32; CHUNK] {
        let chunks = self.d.div_ceil(CHUNK);
        &vectors.as_chunks().0[at * chunks + chunk]
    }
}
