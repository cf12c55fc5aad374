//! The oracle: greedy k-center by the definition, in f64, sharing no code with the engine.

pub mod robust;

use farpoint::{First, Metric, Options, Pool};

/// What the oracle answers, as `Selection` has it.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub centers: Vec<usize>,
    pub radii: Vec<f64>,
    pub initial_radius: f64,
    pub min_distances: Vec<f64>,
    pub assignment: Vec<i64>,
}

/// 32 partial sums by fused multiply-add, folded in halves, and the root.
pub fn distance(x: &[f64], c: &[f64]) -> f64 {
    let mut p = [0.0f64; 32];
    for j in 0..x.len() {
        let t = x[j] - c[j];
        p[j % 32] = t.mul_add(t, p[j % 32]);
    }
    for half in [16, 8, 4, 2, 1] {
        (0..half).for_each(|i| p[i] += p[i + half]);
    }
    p[0].sqrt()
}

/// The rows as the metric sees them.
#[expect(clippy::cast_possible_truncation, reason = "the one rounding of the cosine view")]
pub fn rows(pool: &Pool, metric: Metric) -> Vec<Vec<f64>> {
    let row = |i| {
        let x = pool.row_f64(i, &mut Vec::new()).to_vec();
        let norm = distance(&x, &vec![0.0; x.len()]);
        let cosine = metric == Metric::Cosine;
        if cosine { x.iter().map(|v| f64::from((v / norm) as f32)).collect() } else { x }
    };
    (0..pool.rows()).map(row).collect()
}

pub fn select(pool: &Pool, budget: usize, options: &Options) -> Answer {
    let x = rows(pool, options.metric);
    let outside = options.labeled_vectors.map_or(Vec::new(), |v| rows(v, options.metric));
    let n = x.len();
    let weight = |i: usize| options.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
    let key = |i: usize, d: f64| if weight(i) == 0.0 { 0.0 } else { weight(i) * d };
    let (mut min, mut nearest) = (vec![f64::INFINITY; n], vec![0i64; n]);
    let mut apply = |c: &[f64], label: i64| {
        for i in 0..n {
            let d = distance(&x[i], c);
            if d < min[i] {
                (min[i], nearest[i]) = (d, label);
            }
        }
        min.clone()
    };
    let labeled = options.labeled.iter().map(|&i| &x[i]).chain(&outside);
    let mut distances = vec![f64::INFINITY; n];
    for (l, c) in labeled.enumerate() {
        distances = apply(c, -1 - l as i64);
    }
    let mut left: Vec<usize> =
        (0..n).filter(|i| !options.labeled.contains(i) && !options.excluded.contains(i)).collect();
    let (mut centers, mut keys) = (Vec::new(), Vec::new());
    loop {
        let farthest = left.iter().map(|&i| (i, key(i, distances[i])));
        let next = farthest.reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (mut row, radius) = next.unwrap_or((usize::MAX, 0.0));
        keys.push(radius);
        let first_of_all = centers.is_empty() && options.labeled.is_empty() && outside.is_empty();
        let stop = options.stop_radius.is_some_and(|stop| radius <= stop);
        if centers.len() == budget || (stop && !first_of_all) {
            break;
        }
        if first_of_all {
            keys[0] = f64::INFINITY;
            row = first(options, &x, &left);
        }
        distances = apply(&x[row], centers.len() as i64);
        left.retain(|&i| i != row);
        centers.push(row);
    }
    for (l, &row) in options.labeled.iter().enumerate() {
        (min[row], nearest[row]) = (0.0, -1 - l as i64);
    }
    for (p, &row) in centers.iter().enumerate() {
        (min[row], nearest[row]) = (0.0, p as i64);
    }
    Answer {
        centers,
        initial_radius: keys.remove(0),
        radii: keys,
        min_distances: min,
        assignment: nearest,
    }
}

/// A position among the rows asked about, a row, their distance.
pub type Pairs = Vec<(u32, u32, f64)>;

/// All pairs of one of `rows` and an eligible row: for each of `rows` by distance, then by row.
pub fn all_pairs(pool: &Pool, options: &Options, rows: &[usize]) -> Pairs {
    let x = self::rows(pool, options.metric);
    let eligible = |j: &usize| !options.labeled.contains(j) && !options.excluded.contains(j);
    let eligible: Vec<usize> = (0..x.len()).filter(eligible).collect();
    let mut pairs = Vec::new();
    for (slot, &row) in rows.iter().enumerate() {
        let start = pairs.len();
        let to = |&j: &usize| (number(slot), number(j), distance(&x[row], &x[j]));
        pairs.extend(eligible.iter().map(to));
        pairs[start..].sort_by(|a: &(u32, u32, f64), b| a.2.total_cmp(&b.2).then(a.1.cmp(&b.1)));
    }
    pairs
}

pub fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap()
}

fn first(options: &Options, x: &[Vec<f64>], left: &[usize]) -> usize {
    let lowest_least = |cost: &dyn Fn(usize) -> f64| {
        left.iter().copied().reduce(|a, b| if cost(b) < cost(a) { b } else { a }).unwrap()
    };
    match options.first {
        First::Row(row) => row,
        First::Lowest => left[0],
        First::Heaviest => {
            lowest_least(&|i| -options.weights.as_ref().map_or(1.0, |w| f64::from(w[i])))
        }
        First::Mean | First::FarthestFromMean => {
            let counted: Vec<usize> =
                (0..x.len()).filter(|i| !options.excluded.contains(i)).collect();
            let mean: Vec<f64> = (0..x[0].len()).map(|j| mean(&counted, |i| x[i][j])).collect();
            match options.first {
                First::Mean => lowest_least(&|i| distance(&x[i], &mean)),
                _ => lowest_least(&|i| -distance(&x[i], &mean)),
            }
        }
        First::FarthestPair => {
            let farthest =
                |i: usize| left.iter().map(|&j| distance(&x[i], &x[j])).fold(0.0, f64::max);
            lowest_least(&|i| -farthest(i))
        }
        First::Loneliest => lowest_least(&|i| {
            let others = left.iter().filter(|&&j| j != i);
            -others.map(|&j| distance(&x[i], &x[j])).fold(f64::INFINITY, f64::min)
        }),
        First::Random => unimplemented!("checked against known rows instead"),
    }
}

/// Sums over blocks of 1,024 consecutive rows, added in block order.
fn mean(rows: &[usize], value: impl Fn(usize) -> f64) -> f64 {
    let last = rows[rows.len() - 1];
    let block =
        |b: usize| rows.iter().filter(|&&i| i / 1024 == b).fold(0.0, |sum, &i| sum + value(i));
    (0..=last / 1024).fold(0.0, |sum, b| sum + block(b)) / rows.len() as f64
}
