//! Small questions, true certificates of them, ways to spoil one, and what a certificate means, slowly.

use farpoint::{Certificate, Dual, LowerBy, Metric, Options, Pool};

use crate::common::reference;

/// Whether `certificate` proves what it says, straight from the definition.
pub fn proves(pool: &Pool, certificate: &Certificate, options: &Options) -> bool {
    let question = Question::new(pool, options);
    let Certificate { budget, outliers, centers, upper, uncovered, lower, lower_by, dual } =
        certificate;
    let n = pool.rows();
    let eligible: Vec<usize> = (0..n).filter(|&i| question.eligible(i)).collect();
    let radii = [*upper, *lower, dual.radius];
    let sizes = radii.iter().all(|r| *r >= 0.0 && r.is_finite() && r.to_bits() >> 63 == 0)
        && (1..=eligible.len()).contains(budget)
        && *outliers < eligible.len();

    let distinct = |rows: &[usize]| (1..rows.len()).all(|at| !rows[..at].contains(&rows[at]));
    let chosen = centers.len() <= *budget
        && distinct(centers)
        && centers.iter().all(|c| eligible.contains(c));
    if !sizes || !chosen {
        return false;
    }

    let covered: Vec<(usize, f64)> = (0..n)
        .filter(|i| !options.excluded.contains(i))
        .map(|i| (i, question.reach(i, centers)))
        .collect();
    let beyond: Vec<usize> = covered.iter().filter(|c| c.1 > *upper).map(|c| c.0).collect();
    let reached = covered.iter().map(|c| c.1).filter(|d| d <= upper).fold(0.0, f64::max);
    let cover = beyond == *uncovered && beyond.len() <= *outliers && reached == *upper;

    let rests = match lower_by {
        LowerBy::Dual => *lower == dual.radius,
        LowerBy::BranchAndBound => dual.radius <= *lower,
    };
    cover && rests && lower <= upper && question.rules_out(dual, *budget, *outliers, &eligible)
}

/// Rows and outside vectors as the metric sees them.
pub struct Question<'a> {
    x: Vec<Vec<f64>>,
    outside: Vec<Vec<f64>>,
    options: &'a Options<'a>,
}

impl<'a> Question<'a> {
    pub fn new(pool: &Pool, options: &'a Options) -> Question<'a> {
        let outside =
            options.labeled_vectors.map_or(Vec::new(), |v| reference::rows(v, options.metric));
        Question { x: reference::rows(pool, options.metric), outside, options }
    }

    pub fn eligible(&self, i: usize) -> bool {
        !self.options.labeled.contains(&i) && !self.options.excluded.contains(&i)
    }

    pub fn distance(&self, i: usize, j: usize) -> f64 {
        reference::distance(&self.x[i], &self.x[j])
    }

    /// From row `i` to the nearest of the labeled centers and `centers`.
    pub fn reach(&self, i: usize, centers: &[usize]) -> f64 {
        let rows = self.options.labeled.iter().chain(centers).map(|&c| self.distance(i, c));
        let outside = self.outside.iter().map(|v| reference::distance(&self.x[i], v));
        rows.chain(outside).fold(f64::INFINITY, f64::min)
    }

    fn rules_out(&self, dual: &Dual, budget: usize, outliers: usize, eligible: &[usize]) -> bool {
        let Dual { radius, denominator, ref weights } = *dual;
        if radius == 0.0 {
            return weights.is_empty();
        }
        let rows = weights.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && weights.iter().all(|(i, _)| eligible.contains(i) && self.reach(*i, &[]) >= radius);
        let ones = weights.iter().all(|&(_, a)| 0 < a && a <= denominator);
        let near = |j: usize| weights.iter().filter(move |w| self.distance(w.0, j) < radius);
        let sum = |weights: &mut dyn Iterator<Item = &(usize, u64)>| {
            weights.map(|w| i128::from(w.1)).sum::<i128>()
        };
        let light = || eligible.iter().all(|&j| sum(&mut near(j)) <= i128::from(denominator));
        let most = weights.iter().map(|w| i128::from(w.1)).max().unwrap_or(0);
        let left = sum(&mut weights.iter()) - outliers as i128 * most;
        rows && ones && light() && left > budget as i128 * i128::from(denominator)
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % count as u64).unwrap()
    }

    /// `count` values in -2..=2, rows of `d`, none of them all 0.
    fn values(&mut self, count: usize, d: usize) -> Vec<f32> {
        let mut values: Vec<f32> =
            (0..count * d).map(|_| [-2.0, -1.0, 0.0, 1.0, 2.0][self.below(5)]).collect();
        for row in values.chunks_exact_mut(d).filter(|row| row.iter().all(|&v| v == 0.0)) {
            row[0] = 1.0;
        }
        values
    }

    fn one_of<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

/// What a pool and options are made of.
pub struct Case {
    pub values: Vec<f32>,
    pub d: usize,
    pub outside: Option<Pool<'static>>,
    pub labeled: Vec<usize>,
    pub excluded: Vec<usize>,
    pub metric: Metric,
    pub budget: usize,
    pub outliers: usize,
}

impl Case {
    /// Of up to 12 rows, most of them with twins.
    pub fn small(random: &mut Random) -> Case {
        let (n, d) = (5 + random.below(8), 1 + random.below(2));
        let outside = (random.below(3) == 0).then(|| 1 + random.below(2));
        let mut rows: Vec<usize> = (0..n).collect();
        let mut some = |random: &mut Random| -> Vec<usize> {
            (0..random.below(3)).map(|_| rows.swap_remove(random.below(rows.len()))).collect()
        };
        let (labeled, excluded) = (some(random), some(random));
        let available = rows.len();
        Case {
            values: random.values(n, d),
            d,
            outside: outside.map(|m| Pool::new(random.values(m, d).leak(), d).unwrap()),
            labeled,
            excluded,
            metric: *random.one_of(&[Metric::Euclidean, Metric::Euclidean, Metric::Cosine]),
            budget: 1 + random.below(3.min(available)),
            outliers: random.below(3.min(available)),
        }
    }

    pub fn pool(&self) -> Pool<'_> {
        Pool::new(&self.values, self.d).unwrap()
    }

    pub fn options(&self) -> Options<'_> {
        Options {
            labeled: self.labeled.clone(),
            labeled_vectors: self.outside.as_ref(),
            excluded: self.excluded.clone(),
            metric: self.metric,
            ..Options::default()
        }
    }

    /// The best cover, or by turns any cover; the largest radius that a few hundred tries find weights for.
    pub fn certificate(&self, random: &mut Random) -> Certificate {
        let (pool, options) = (self.pool(), self.options());
        let question = Question::new(&pool, &options);
        let eligible: Vec<usize> = (0..pool.rows()).filter(|&i| question.eligible(i)).collect();
        let covers = self.covers(&eligible);
        let reached = |centers: &Vec<usize>| self.reached(&question, centers, self.outliers);
        let best = covers.iter().min_by(|a, b| reached(a).total_cmp(&reached(b))).unwrap().clone();
        let optimum = reached(&best);
        let any = random.one_of(&covers).clone();
        let centers = if random.below(3) == 0 && reached(&any).is_finite() { any } else { best };
        let upper = self.reached(&question, &centers, random.below(self.outliers + 1));
        let upper = if upper.is_finite() { upper } else { reached(&centers) };
        let dual = self.dual(&question, &eligible, optimum, random);
        let between = [dual.radius, dual.radius, optimum][random.below(3)];
        let unchecked = between > dual.radius || random.below(4) == 0;
        Certificate {
            budget: self.budget,
            outliers: self.outliers,
            uncovered: (0..pool.rows())
                .filter(|i| !self.excluded.contains(i) && question.reach(*i, &centers) > upper)
                .collect(),
            centers,
            upper,
            lower: between,
            lower_by: if unchecked { LowerBy::BranchAndBound } else { LowerBy::Dual },
            dual,
        }
    }

    /// All sets of at most `budget` eligible rows.
    fn covers(&self, eligible: &[usize]) -> Vec<Vec<usize>> {
        let mut covers: Vec<Vec<usize>> = vec![vec![]];
        for _ in 0..self.budget {
            let longer = covers.iter().flat_map(|cover| {
                let after = eligible.iter().filter(|&&j| cover.last().is_none_or(|&c| j > c));
                after.map(|&j| [&cover[..], &[j]].concat())
            });
            covers = longer.chain(covers.iter().cloned()).collect();
        }
        covers.sort();
        covers.dedup();
        covers
    }

    /// The radius of `centers`, the `outliers` farthest rows not counted.
    fn reached(&self, question: &Question, centers: &[usize], outliers: usize) -> f64 {
        let counted = (0..self.values.len() / self.d).filter(|i| !self.excluded.contains(i));
        let mut distances: Vec<f64> = counted.map(|i| question.reach(i, centers)).collect();
        distances.sort_by(f64::total_cmp);
        distances[distances.len() - 1 - outliers]
    }

    fn dual(
        &self,
        question: &Question,
        eligible: &[usize],
        most: f64,
        random: &mut Random,
    ) -> Dual {
        let pairs = eligible.iter().flat_map(|&i| eligible.iter().map(move |&j| (i, j)));
        let mut radii: Vec<f64> = pairs.map(|(i, j)| question.distance(i, j)).collect();
        radii.extend(eligible.iter().map(|&i| question.reach(i, &[])));
        radii.retain(|&r| r > 0.0 && r <= most);
        radii.sort_by(f64::total_cmp);
        radii.dedup();
        let found = radii.iter().rev().find_map(|&radius| {
            (0..60).find_map(|_| self.weights(question, eligible, radius, random))
        });
        found.unwrap_or(Dual { radius: 0.0, denominator: 1, weights: vec![] })
    }

    /// Weights drawn, and the least denominator that makes them light; `None` if they prove nothing.
    fn weights(
        &self,
        question: &Question,
        eligible: &[usize],
        radius: f64,
        random: &mut Random,
    ) -> Option<Dual> {
        let uncovered = eligible.iter().filter(|&&i| question.reach(i, &[]) >= radius);
        let largest = 1 + random.below(3);
        let weights: Vec<(usize, u64)> = uncovered
            .map(|&i| (i, random.below(largest + 1) as u64))
            .filter(|&(_, weight)| weight > 0)
            .collect();
        let near = |j: usize| weights.iter().filter(move |w| question.distance(w.0, j) < radius);
        let denominator = eligible.iter().map(|&j| near(j).map(|w| w.1).sum()).max()?;
        let dual = Dual { radius, denominator, weights };
        question.rules_out(&dual, self.budget, self.outliers, eligible).then_some(dual)
    }
}

/// `certificate` with one thing changed, in every way there is, each under a name.
pub fn mutants(certificate: &Certificate, n: usize) -> Vec<(String, Certificate)> {
    let mut mutants = Mutants { certificate, made: Vec::new() };
    mutants.of_numbers();
    LISTS.iter().for_each(|&(name, of)| mutants.of_list(name, of, n));
    mutants.of_weights(n);
    mutants.of_units();
    mutants.made
}

struct Mutants<'c> {
    certificate: &'c Certificate,
    made: Vec<(String, Certificate)>,
}

impl Mutants<'_> {
    fn add(&mut self, name: String, change: impl Fn(&mut Certificate)) {
        let mut mutant = self.certificate.clone();
        change(&mut mutant);
        self.made.push((name, mutant));
    }

    fn of_numbers(&mut self) {
        for (name, of) in NUMBERS {
            let value = *of(&mut self.certificate.clone());
            for to in numbers(value) {
                self.add(format!("{name} {value} -> {to}"), |c| *of(c) = to);
            }
        }
        for (name, of) in SIZES {
            let value = *of(&mut self.certificate.clone());
            for to in [0, value.wrapping_sub(1), value.wrapping_add(1), usize::MAX] {
                self.add(format!("{name} {value} -> {to}"), |c| *of(c) = to);
            }
        }
    }

    fn of_list(&mut self, name: &str, of: fn(&mut Certificate) -> &mut Vec<usize>, n: usize) {
        for (at, &row) in of(&mut self.certificate.clone()).iter().enumerate() {
            self.add(format!("{name} without {row}"), |c| _ = of(c).remove(at));
            self.add(format!("{name} twice {row}"), |c| of(c).insert(at, row));
            for to in 0..=n {
                self.add(format!("{name} {row} -> {to}"), |c| of(c)[at] = to);
            }
        }
        for row in (0..=n).chain([usize::MAX]) {
            self.add(format!("{name} and {row}"), |c| of(c).push(row));
            self.add(format!("{name} and {row} in order"), |c| {
                of(c).push(row);
                of(c).sort_unstable();
            });
        }
        self.add(format!("{name} reversed"), |c| of(c).reverse());
    }

    fn of_weights(&mut self, n: usize) {
        for (at, &(row, weight)) in self.certificate.dual.weights.iter().enumerate() {
            for to in [0, weight - 1, weight + 1, u64::MAX] {
                self.add(format!("{row} weighs {weight} -> {to}"), |c| c.dual.weights[at].1 = to);
            }
            for to in (0..=n).chain([usize::MAX]) {
                self.add(format!("weighted {row} -> {to}"), |c| c.dual.weights[at].0 = to);
                self.add(format!("weighted {row} -> {to} in order"), |c| {
                    c.dual.weights[at].0 = to;
                    c.dual.weights.sort_unstable();
                });
            }
            self.add(format!("{row} does not weigh"), |c| _ = c.dual.weights.remove(at));
            self.add(format!("{row} twice"), |c| c.dual.weights.insert(at, (row, weight)));
        }
        for row in 0..=n {
            self.add(format!("{row} weighs too"), |c| {
                c.dual.weights.push((row, 1));
                c.dual.weights.sort_unstable();
            });
        }
        self.add("weights reversed".into(), |c| c.dual.weights.reverse());
    }

    fn of_units(&mut self) {
        let Dual { radius, denominator, .. } = self.certificate.dual;
        for to in [0, 1, denominator - 1, denominator + 1, 2 * denominator, u64::MAX] {
            self.add(format!("denominator {denominator} -> {to}"), |c| c.dual.denominator = to);
        }
        for to in [LowerBy::Dual, LowerBy::BranchAndBound] {
            self.add(format!("lower by {to:?}"), |c| c.lower_by = to);
        }
        // Two changes that are one: the same proof in other units, and the whole bound moved.
        self.add("weights and denominator doubled".into(), |c| {
            c.dual.denominator *= 2;
            c.dual.weights.iter_mut().for_each(|w| w.1 *= 2);
        });
        for to in numbers(radius) {
            self.add(format!("bound {radius} -> {to}"), |c| (c.dual.radius, c.lower) = (to, to));
        }
    }
}

type Part<T> = (&'static str, fn(&mut Certificate) -> &mut T);

const NUMBERS: [Part<f64>; 3] =
    [("upper", |c| &mut c.upper), ("lower", |c| &mut c.lower), ("radius", |c| &mut c.dual.radius)];
const SIZES: [Part<usize>; 2] = [("budget", |c| &mut c.budget), ("outliers", |c| &mut c.outliers)];
const LISTS: [Part<Vec<usize>>; 2] =
    [("centers", |c| &mut c.centers), ("uncovered", |c| &mut c.uncovered)];

fn numbers(value: f64) -> [f64; 8] {
    let (up, down) = (value.next_up(), value.next_down());
    [up, down, value / 2.0, value + 1.0, 0.0, -value, f64::NAN, f64::INFINITY]
}
