//! Pools of known shape, to try things on: the same values on every machine.

use rayon::prelude::*;

/// Dimensions behind [`Shape::Features`].
const INTRINSIC: usize = 16;

/// The shape of a synthetic pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Independent, near-normal values.
    Gaussian,
    /// Independent directions of norm 1.
    Unit,
    /// 200 clusters with a few directions of spread each.
    Mixture,
    /// Like sentence embeddings: norm 1, clustered, with a decaying spectrum.
    Text,
    /// Like a network's last layer: rectified random features of 100 clusters in 16 dimensions, with a little noise.
    Features,
    /// Integers in -8..=8: plentiful ties.
    Integers,
}

/// A synthetic pool, `(n, d)` row-major. `O(n d)`, text and mixture `O(32 n d)`.
///
/// ```
/// let values = farpoint::synth::pool(farpoint::synth::Shape::Unit, 100, 16, 7);
/// assert_eq!(values.len(), 100 * 16);
/// ```
pub fn pool(shape: Shape, n: usize, d: usize, seed: u64) -> Vec<f32> {
    let basis = Basis::new(shape, d, seed);
    let mut values = vec![0.0; n * d];
    values.par_chunks_mut(d.max(1)).enumerate().for_each(|(row, out)| {
        basis.row(&mut Random::new(seed, row as u64), out);
    });
    values
}

/// The values that all rows of a pool share.
struct Basis {
    shape: Shape,
    clusters: Vec<Vec<f32>>,
    directions: Vec<Vec<f32>>,
}

impl Basis {
    fn new(shape: Shape, d: usize, seed: u64) -> Basis {
        let (clusters, directions) = match shape {
            Shape::Mixture => (200, 24),
            Shape::Text => (400, 32),
            Shape::Features => (100, INTRINSIC),
            _ => (0, 0),
        };
        let mut random = Random::new(seed, u64::MAX);
        let width = if shape == Shape::Features { INTRINSIC } else { d };
        let mut vectors = |count, width| (0..count).map(|_| random.normals(width)).collect();
        Basis { shape, clusters: vectors(clusters, width), directions: vectors(directions, d) }
    }

    fn row(&self, random: &mut Random, out: &mut [f32]) {
        match self.shape {
            Shape::Gaussian => out.fill_with(|| random.normal()),
            Shape::Integers => out.fill_with(|| random.index(17) as f32 - 8.0),
            Shape::Unit => {
                out.fill_with(|| random.normal());
                normalize(out);
            }
            Shape::Mixture => self.spread(random, 1.0, 0.1, out),
            Shape::Text => {
                self.spread(random, 0.6, 0.5, out);
                normalize(out);
            }
            Shape::Features => self.rectify(random, out),
        }
    }

    /// A point of a cluster seen by random directions, negative values cut off. Low-numbered clusters have more rows, and each its spread.
    fn rectify(&self, random: &mut Random, out: &mut [f32]) {
        let share = random.index(1 << 16);
        let cluster = (share * share * self.clusters.len()) >> 32;
        let spread = 0.5 + (cluster % 8) as f32 / 4.0;
        let point = random.normals(INTRINSIC);
        let scale = 1.0 / (INTRINSIC as f32).sqrt();
        out.fill(0.0);
        for ((center, step), direction) in
            self.clusters[cluster].iter().zip(&point).zip(&self.directions)
        {
            let value = (3.0 * center + spread * step) * scale;
            out.iter_mut().zip(direction).for_each(|(x, v)| *x += value * v);
        }
        out.iter_mut().for_each(|x| *x = x.max(0.0) + 0.05 * random.normal());
    }

    /// A cluster's center, a step along each shared direction (shorter for later ones), and noise.
    fn spread(&self, random: &mut Random, center: f32, noise: f32, out: &mut [f32]) {
        let cluster = &self.clusters[random.index(self.clusters.len())];
        out.iter_mut().zip(cluster).for_each(|(x, c)| *x = center * c + noise * random.normal());
        for (rank, direction) in self.directions.iter().enumerate() {
            let step = random.normal() / ((rank + 1) as f32).sqrt();
            out.iter_mut().zip(direction).for_each(|(x, v)| *x += step * v);
        }
    }
}

fn normalize(row: &mut [f32]) {
    let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    row.iter_mut().for_each(|x| *x /= norm);
}

/// SplitMix64, one stream a row.
struct Random(u64);

impl Random {
    fn new(seed: u64, stream: u64) -> Random {
        let mut random = Random(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        Random(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("below count, a usize")
    }

    /// Near-normal of variance 1: the sum of four 16-bit uniforms, which no platform's `ln` or `cos` can change.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        (sum as f32 - 131_070.0) / 37_836.8
    }

    fn normals(&mut self, d: usize) -> Vec<f32> {
        (0..d).map(|_| self.normal()).collect()
    }
}
