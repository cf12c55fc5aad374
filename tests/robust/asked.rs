//! A question, and what must hold of its answer.

use farpoint::{
    Device, End, LowerBy, Options, Pool, RobustOptions, RobustSelection, robust, verify_certificate,
};

use crate::oracle::Oracle;
use crate::reference;

/// What is asked, under a name that says how to ask it again.
pub struct Asked<'a> {
    pub name: String,
    pub pool: &'a Pool<'a>,
    pub budget: usize,
    pub options: Options<'a>,
    pub robust: RobustOptions,
}

impl<'a> Asked<'a> {
    pub fn new(
        name: impl Into<String>,
        pool: &'a Pool<'a>,
        budget: usize,
        outliers: usize,
    ) -> Self {
        let options = Options { device: Device::Cpu, threads: 1, ..Options::default() };
        let robust = RobustOptions { outliers, ..RobustOptions::default() };
        Asked { name: name.into(), pool, budget, options, robust }
    }

    pub fn answer(&self) -> RobustSelection {
        robust(self.pool, self.budget, &self.options, &self.robust)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub fn oracle(&self) -> Oracle {
        Oracle::new(self.pool, &self.options)
    }

    pub fn optimum(&self, oracle: &Oracle) -> f64 {
        oracle.optimum(self.budget, self.robust.outliers)
    }

    /// The answer, which must be valid and proven optimal.
    pub fn solved(&self) -> RobustSelection {
        let answer = self.answer();
        self.check(&self.oracle(), &answer);
        assert_eq!((answer.lower, answer.end), (answer.upper, End::Optimal), "{}", self.name);
        answer
    }

    /// The answer, which must be valid and the oracle's optimum.
    pub fn agrees(&self) -> RobustSelection {
        let optimum = self.optimum(&self.oracle());
        let answer = self.solved();
        assert_eq!(answer.upper, optimum, "{}", self.name);
        self.check_decisions(&answer, optimum);
        answer
    }

    /// What holds of every answer, finished or not.
    fn check(&self, oracle: &Oracle, answer: &RobustSelection) {
        let (name, allowed) = (&self.name, self.robust.outliers);
        assert!(answer.lower >= 0.0 && answer.lower <= answer.upper, "{name}: {answer:?}");
        assert_eq!(answer.centers.len(), self.budget, "{name}");
        assert!(answer.centers.is_sorted_by(|a, b| a < b), "{name}: {:?}", answer.centers);
        let ineligible = answer.centers.iter().find(|row| !oracle.eligible.contains(row));
        assert_eq!(ineligible, None, "{name}");
        assert_eq!(answer.upper, oracle.radius(&answer.centers, allowed), "{name}: radius");
        let nearest = oracle.nearest(&answer.centers);
        let farther = |&&row: &&usize| nearest[row].0 > answer.upper;
        let outliers: Vec<usize> = oracle.counted.iter().filter(farther).copied().collect();
        assert_eq!(answer.outliers, outliers, "{name}: outliers");
        assert!(outliers.len() <= allowed, "{name}: {outliers:?}");
        assert_eq!(answer.greedy_radius, self.greedy_radius(oracle), "{name}: greedy");
        assert!(answer.upper <= answer.greedy_radius, "{name}: worse than greedy");
        assert_eq!(answer.is_optimal(), answer.lower == answer.upper, "{name}");
        assert!(answer.end != End::Optimal || answer.is_optimal(), "{name}");
        self.check_settled(&nearest, answer);
        self.check_certificate(oracle, answer);
    }

    fn greedy_radius(&self, oracle: &Oracle) -> f64 {
        let greedy = reference::select(self.pool, self.budget, &self.options);
        oracle.radius(&greedy.centers, self.robust.outliers)
    }

    fn check_settled(&self, nearest: &[(f64, i64)], answer: &RobustSelection) {
        let (distances, names): (Vec<f64>, Vec<i64>) = nearest.iter().copied().unzip();
        let asked = self.options.assign;
        assert_eq!(answer.min_distances, asked.then_some(distances), "{}", self.name);
        assert_eq!(answer.assignment, asked.then_some(names), "{}", self.name);
    }

    /// The proof is of this very answer, and its weights add up.
    fn check_certificate(&self, oracle: &Oracle, answer: &RobustSelection) {
        let (name, proof) = (&self.name, &answer.certificate);
        assert_eq!((proof.budget, proof.outliers), (self.budget, self.robust.outliers), "{name}");
        assert_eq!((proof.lower, proof.upper), (answer.lower, answer.upper), "{name}");
        assert_eq!((&proof.centers, &proof.uncovered), (&answer.centers, &answer.outliers));
        assert!(proof.dual.radius <= proof.lower, "{name}: {proof:?}");
        let by_weights = proof.lower_by == LowerBy::Dual;
        assert!(!by_weights || proof.dual.radius == proof.lower, "{name}: {proof:?}");
        let verdict = verify_certificate(self.pool, proof, &self.options).unwrap();
        assert!(verdict.is_right(), "{name}: {verdict}");
        self.check_dual(oracle, answer);
    }

    /// Weights that no budget of centers strictly nearer than the radius can cover.
    fn check_dual(&self, oracle: &Oracle, answer: &RobustSelection) {
        let (name, dual) = (&self.name, &answer.certificate.dual);
        if dual.radius == 0.0 {
            return;
        }
        assert!(dual.weights.is_sorted_by(|a, b| a.0 < b.0), "{name}: {dual:?}");
        for (row, _) in &dual.weights {
            assert!(oracle.counted.contains(row), "{name}: row {row} is not counted");
            assert!(oracle.labeled[*row].0 >= dual.radius, "{name}: row {row} is covered");
        }
        let weight = |near: &dyn Fn(usize) -> bool| -> u128 {
            let near = dual.weights.iter().filter(|(row, _)| near(*row));
            near.map(|(_, weight)| u128::from(*weight)).sum()
        };
        for &j in &oracle.eligible {
            let covered = weight(&|row| oracle.distances[row][j] < dual.radius);
            assert!(covered <= dual.denominator.into(), "{name}: row {j} covers {covered}");
        }
        let largest = dual.weights.iter().map(|(_, weight)| *weight).max().unwrap_or(0);
        let saved = self.robust.outliers as u128 * u128::from(largest);
        let most = self.budget as u128 * u128::from(dual.denominator);
        assert!(weight(&|_| true) > saved + most, "{name}: {dual:?}");
    }

    /// A radius is said to be feasible or not as it is.
    fn check_decisions(&self, answer: &RobustSelection, optimum: f64) {
        for decision in &answer.decisions {
            if let Some(feasible) = decision.feasible {
                assert_eq!(feasible, decision.radius >= optimum, "{}: {decision:?}", self.name);
            }
        }
    }

    /// The interval holds `optimum`, and the rest is as it must be.
    pub fn check_holds(&self, oracle: &Oracle, answer: &RobustSelection, optimum: f64) {
        self.check(oracle, answer);
        let (lower, upper) = (answer.lower, answer.upper);
        assert!(lower <= optimum && optimum <= upper, "{}: {lower} {optimum} {upper}", self.name);
    }
}
