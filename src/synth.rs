//! Pools of known shape, to try things on: the same values on every machine.

mod blocks;
mod random;
mod sift;

use rayon::prelude::*;

pub use blocks::Blocks;
use random::Random;
use sift::Sift;

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
    /// Like SIFT descriptors: integers in 0..=255, mostly small, in 1,024 clusters of unlike size and spread, of 16 dimensions and a little
    /// noise.
    Sift,
}

/// A synthetic pool, `(n, d)` row-major. `O(n d)`, text and mixture `O(32 n d)`. [`Blocks`] makes the same rows a few at a time.
///
/// ```
/// let values = farpoint::synth::pool(farpoint::synth::Shape::Unit, 100, 16, 7);
/// assert_eq!(values.len(), 100 * 16);
/// ```
pub fn pool(shape: Shape, n: usize, d: usize, seed: u64) -> Vec<f32> {
    let basis = Basis::new(shape, d, seed);
    let mut values = vec![0.0; n * d];
    values.par_chunks_mut(d.max(1)).enumerate().for_each(|(row, out)| basis.row(seed, row, out));
    values
}

/// The values that all rows of a pool share.
struct Basis {
    shape: Shape,
    clusters: Vec<Vec<f32>>,
    directions: Vec<Vec<f32>>,
    sift: Option<Sift>,
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
        let (clusters, directions) = (vectors(clusters, width), vectors(directions, d));
        let sift = (shape == Shape::Sift).then(|| Sift::new(d, &mut random));
        Basis { shape, clusters, directions, sift }
    }

    /// Row `row` of the pool of `seed`, `(d,)`. Its random numbers depend on no other row.
    fn row(&self, seed: u64, row: usize, out: &mut [f32]) {
        let random = &mut Random::new(seed, row as u64);
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
            Shape::Sift => self.sift.as_ref().expect("made for this shape").row(random, out),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Pools that people have made: their bytes for a seed do not change.
    #[test]
    fn seeds_keep_their_pools() {
        for (shape, expected) in [
            (Shape::Gaussian, "c8bae39d6097ec80"),
            (Shape::Unit, "597ecf77e97e607f"),
            (Shape::Mixture, "b5479582c6e5ea8b"),
            (Shape::Text, "083b27bcd97efbeb"),
            (Shape::Features, "b318805b71aaab2a"),
            (Shape::Integers, "24e59e7996634669"),
            (Shape::Sift, "e7b5bd8ede3a0c39"),
        ] {
            let values = pool(shape, 100, 37, 5);
            let hash = blake3::hash(bytemuck::cast_slice(&values)).to_hex();
            assert_eq!(&hash[..16], expected, "{shape:?}");
        }
    }

    #[test]
    fn sift_is_like_sift() {
        let (n, d) = (2000, 128);
        let values = pool(Shape::Sift, n, d, 1);
        assert!(values.iter().all(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0));
        let share = |wanted: fn(&f32) -> bool| {
            values.iter().filter(|v| wanted(v)).count() as f64 / (n * d) as f64
        };
        assert!((0.2..0.45).contains(&share(|&v| v == 0.0)));
        assert!(share(|&v| v < 16.0) > 0.5 && share(|&v| v > 100.0) < 0.1);
        let norms: f64 = values
            .chunks(d)
            .map(|row| row.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt())
            .sum();
        assert!((400.0..700.0).contains(&(norms / n as f64)));
    }
}
