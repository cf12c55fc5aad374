//! Questions to ask: small ones drawn at random, and pools of some size.

use farpoint::synth::{self, Shape};
use farpoint::{Device, Metric, Options, Pool};

use crate::asked::Asked;

/// Small questions to ask.
pub const SMALL: u64 = 3000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("below count, a usize")
    }

    fn integer(&mut self, most: usize) -> f32 {
        self.below(2 * most + 1) as f32 - most as f32
    }

    fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 1e6 - 8.0
    }

    /// `count` different numbers below `n`, or all of them.
    fn some(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..n).collect();
        (0..count.min(n)).map(|_| numbers.swap_remove(self.below(numbers.len()))).collect()
    }
}

/// The values of a small pool, of one of the kinds that break such searches.
fn small_values(random: &mut Random, n: usize, d: usize) -> (&'static str, Vec<f32>) {
    let size = n * d;
    match random.below(6) {
        0 => ("grid", (0..size).map(|_| random.integer(2)).collect()),
        1 => ("binary", (0..size).map(|_| random.below(2) as f32).collect()),
        2 => {
            let seeds: Vec<f32> = (0..3 * d).map(|_| random.float()).collect();
            let copied = (0..n).map(|_| random.below(3) * d);
            ("copies of three", copied.flat_map(|at| seeds[at..at + d].to_vec()).collect())
        }
        3 => {
            let direction: Vec<f32> = (0..d).map(|_| random.integer(3)).collect();
            let steps: Vec<f32> = (0..n).map(|_| random.integer(6)).collect();
            let along = |step: &f32| direction.iter().map(|v| v * step).collect::<Vec<f32>>();
            ("collinear", steps.iter().flat_map(along).collect())
        }
        4 => {
            let near = |random: &mut Random| match random.below(3) {
                0 => random.integer(1).next_up(),
                _ => random.integer(1),
            };
            ("near duplicates", (0..size).map(|_| near(random)).collect())
        }
        _ => ("floats", (0..size).map(|_| random.float()).collect()),
    }
}

/// Cosine refuses rows of zeros.
fn without_zero_rows(values: &mut [f32], d: usize) {
    let zero = |row: &&mut [f32]| row.iter().all(|&v| v == 0.0);
    values.chunks_exact_mut(d).filter(zero).for_each(|row| row[0] = 1.0);
}

/// A small question drawn with `seed`.
pub fn small(seed: u64, check: impl FnOnce(Asked)) {
    let mut random = Random(seed);
    let (n, d) = (2 + random.below(11), [1, 2, 5][random.below(3)]);
    let (kind, mut values) = small_values(&mut random, n, d);
    let (_, mut vectors) = small_values(&mut random, 2, d);
    let metric = if random.below(4) == 0 { Metric::Cosine } else { Metric::Euclidean };
    if metric == Metric::Cosine {
        without_zero_rows(&mut values, d);
        without_zero_rows(&mut vectors, d);
    }
    vectors.truncate(d * (1 + random.below(2)));
    let (pool, vectors) = (Pool::new(&values, d).unwrap(), Pool::new(&vectors, d).unwrap());
    let few = |random: &mut Random| [0, 0, 1, 2, 3][random.below(5)].min(n / 3);
    let count = few(&mut random);
    let labeled = random.some(n, count);
    let count = few(&mut random);
    let excluded = random.some(n, count);
    let eligible = (0..n).filter(|row| !labeled.contains(row) && !excluded.contains(row)).count();
    let budget = 1 + random.below(eligible.min(5));
    let outliers = random.below(eligible.min(4));
    let labeled_vectors = (random.below(4) == 0).then_some(&vectors);
    let name = format!("seed {seed}, {kind}, {n} x {d} {metric:?}, {budget} and {outliers} out");
    let mut asked = Asked::new(name, &pool, budget, outliers);
    let assign = random.below(2) == 0;
    let told = asked.options.clone();
    asked.options = Options { labeled, excluded, labeled_vectors, metric, assign, ..told };
    check(asked);
}

/// A pool of some size and shape under a name.
fn medium() -> Vec<(&'static str, usize, Vec<f32>)> {
    let pool = |shape, n, d| (d, synth::pool(shape, n, d, 21));
    let doubled = {
        let values = synth::pool(Shape::Gaussian, 40, 3, 5);
        values.chunks_exact(3).flat_map(|row| [row, row].concat()).collect()
    };
    [
        ("gaussian", pool(Shape::Gaussian, 120, 8)),
        ("plane", pool(Shape::Gaussian, 60, 2)),
        ("integers", pool(Shape::Integers, 100, 2)),
        ("mixture", pool(Shape::Mixture, 110, 16)),
        ("line", pool(Shape::Integers, 80, 1)),
        ("doubled", (3, doubled)),
    ]
    .map(|(name, (d, values))| (name, d, values))
    .into()
}

/// Each medium pool with some rows labeled, some excluded.
pub fn each_medium(mut check: impl FnMut(&str, &Pool, &Options)) {
    for (name, d, values) in medium() {
        let pool = Pool::new(&values, d).unwrap();
        let told = Options { device: Device::Cpu, threads: 1, ..Options::default() };
        let labeled: Vec<usize> = (0..pool.rows()).step_by(10).collect();
        check(name, &pool, &told);
        let told = Options { labeled, excluded: (1..9).collect(), ..told };
        check(&format!("{name}, labeled"), &pool, &told);
    }
}
