//! Pools of every kind and size, drawn at random: the same on every machine.
#![expect(
    clippy::cast_possible_truncation,
    reason = "small numbers, and values rounded as they are meant to be"
)]

use farpoint::synth::{Shape, pool};

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..below`.
    pub fn index(&mut self, below: usize) -> usize {
        (self.next() % below as u64) as usize
    }

    /// In `0.0..1.0`.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Between `least` and `most`, small and large sizes alike.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most `most`")]
    pub fn size(&mut self, least: usize, most: usize) -> usize {
        let (least, most) = ((least as f64).ln(), ((most + 1) as f64).ln());
        (least + self.share() * (most - least)).exp() as usize
    }
}

/// How the rows of a pool lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Synthetic(Shape),
    Uniform,
    LowRank,
    /// A few clusters, a million times as far apart as they are wide.
    FarClusters,
    /// Only a few rows are distinct.
    Duplicates,
    /// Rows come in pairs that differ by a millionth.
    NearDuplicates,
    Binary,
    OneHot,
    /// Codes of several categories, of 0 and a number that is no power of two.
    RealCodes,
    /// Points on a circle.
    Circle,
    /// One row is many orders beyond the rest.
    Outlier,
    /// One row in a hundred is up to a billion times as large as the others.
    Outliers,
    Offset,
    /// Each row has a scale of its own.
    Magnitudes,
    /// Each row is near the row before.
    Walk,
    /// Each row is nearer to the origin than the row before.
    Descending,
}

pub const KINDS: [Kind; 21] = [
    Kind::Synthetic(Shape::Gaussian),
    Kind::Synthetic(Shape::Unit),
    Kind::Synthetic(Shape::Mixture),
    Kind::Synthetic(Shape::Text),
    Kind::Synthetic(Shape::Features),
    Kind::Synthetic(Shape::Integers),
    Kind::Uniform,
    Kind::LowRank,
    Kind::FarClusters,
    Kind::Duplicates,
    Kind::NearDuplicates,
    Kind::Binary,
    Kind::OneHot,
    Kind::Outlier,
    Kind::Outliers,
    Kind::Offset,
    Kind::Magnitudes,
    Kind::Walk,
    Kind::Descending,
    Kind::RealCodes,
    Kind::Circle,
];

/// `(n, d)` values of a kind.
pub fn values(kind: Kind, n: usize, d: usize, random: &mut Random) -> Vec<f32> {
    let seed = random.next();
    let gaussian = || pool(Shape::Gaussian, n, d, seed);
    match kind {
        Kind::Synthetic(shape) => pool(shape, n, d, seed),
        Kind::Uniform => (0..n * d).map(|_| random.share() as f32).collect(),
        Kind::LowRank => low_rank(n, d, random),
        Kind::FarClusters => {
            let clusters = random.size(2, 8);
            by_row(gaussian(), d, |_, row| shift(row, 1e6 * random.index(clusters) as f32))
        }
        Kind::Duplicates => {
            let distinct = random.size(1, n);
            repeated(&gaussian(), d, |_| random.index(distinct))
        }
        Kind::NearDuplicates => {
            by_row(repeated(&gaussian(), d, |row| row / 2), d, |row, values| {
                values[0] += 1e-6 * (row % 2) as f32;
            })
        }
        Kind::Binary => gaussian().iter().map(|v| (*v > 0.0).into()).collect(),
        Kind::OneHot => by_row(vec![0.0; n * d], d, |_, row| row[random.index(d)] = 1.0),
        Kind::RealCodes => by_row(vec![0.0; n * d], d, |_, row| {
            row.chunks_mut(5).for_each(|code| code[random.index(code.len())] = 0.3);
        }),
        Kind::Circle => by_row(vec![0.0; n * d], d, |at, row| {
            let turn = std::f64::consts::TAU * at as f64 / n as f64;
            row[0] = turn.cos() as f32;
            row[d - 1] = turn.sin() as f32;
        }),
        Kind::Outlier => {
            let (outlier, decades) = (random.index(n), random.index(19));
            by_row(gaussian(), d, |row, values| {
                if row == outlier {
                    scale(values, decades as f64);
                }
            })
        }
        Kind::Outliers => by_row(gaussian(), d, |_, row| {
            if random.index(100) == 0 {
                scale(row, 9.0 * random.share());
            }
        }),
        Kind::Offset => {
            let offset = 10f32.powi(random.index(7) as i32);
            gaussian().iter().map(|v| v + offset).collect()
        }
        Kind::Magnitudes => {
            by_row(gaussian(), d, |_, row| scale(row, 24.0 * random.share() - 12.0))
        }
        Kind::Walk => {
            let mut values = gaussian();
            (d..n * d).for_each(|at| values[at] += values[at - d]);
            values
        }
        Kind::Descending => by_row(pool(Shape::Unit, n, d, seed), d, |row, v| {
            scale(v, -9.0 * row as f64 / n as f64)
        }),
    }
}

/// Changes each row.
fn by_row(mut values: Vec<f32>, d: usize, mut change: impl FnMut(usize, &mut [f32])) -> Vec<f32> {
    values.chunks_exact_mut(d).enumerate().for_each(|(row, values)| change(row, values));
    values
}

/// Row `i` becomes row `of(i)`.
fn repeated(values: &[f32], d: usize, mut of: impl FnMut(usize) -> usize) -> Vec<f32> {
    (0..values.len() / d).flat_map(|row| values[of(row) * d..][..d].iter().copied()).collect()
}

fn shift(row: &mut [f32], by: f32) {
    row.iter_mut().for_each(|v| *v += by);
}

fn scale(row: &mut [f32], decades: f64) {
    row.iter_mut().for_each(|v| *v *= 10f64.powf(decades) as f32);
}

/// Rows in a space of a few dimensions.
fn low_rank(n: usize, d: usize, random: &mut Random) -> Vec<f32> {
    let rank = random.size(1, 8);
    let inner = pool(Shape::Gaussian, n, rank, random.next());
    let basis = pool(Shape::Gaussian, rank, d, random.next());
    let row = |inner: &[f32], at: usize| -> f32 {
        inner.iter().zip(basis[at..].iter().step_by(d)).map(|(x, y)| x * y).sum()
    };
    inner
        .chunks_exact(rank)
        .flat_map(|inner| (0..d).map(|at| row(inner, at)).collect::<Vec<_>>())
        .collect()
}
