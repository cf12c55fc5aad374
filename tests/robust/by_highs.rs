//! Robust selections against HiGHS on the plain covering problem: a column for every row that may be chosen, a constraint for every
//! row to be covered, nothing reduced. Some budget of columns covers at the radius found, and none at the next one that occurs below.

use std::num::NonZeroU32;

use farpoint::synth::{self, Shape};
use farpoint::{Device, Options, Pool, RobustOptions, robust};
use highs::{Col, HighsModelStatus, RowProblem, Sense};

use crate::oracle::Oracle;

/// The fewest rows that leave at most `outliers` counted ones farther than `radius` from them and the labeled centers.
fn fewest(oracle: &Oracle, radius: f64, outliers: usize) -> usize {
    let mut problem = RowProblem::default();
    let chosen: Vec<(usize, Col)> = oracle
        .eligible
        .iter()
        .map(|&row| (row, problem.add_integer_column(1.0, 0.0..=1.0)))
        .collect();
    let mut left_out = Vec::new();
    for &row in oracle.counted.iter().filter(|&&row| oracle.labeled[row].0 > radius) {
        let given_up = problem.add_integer_column(0.0, 0.0..=1.0);
        let near = chosen.iter().filter(|(center, _)| oracle.distances[row][*center] <= radius);
        let terms = near.map(|&(_, column)| column).chain([given_up]);
        problem.add_row(1.0.., terms.map(|column| (column, 1.0)).collect::<Vec<_>>());
        left_out.push((given_up, 1.0));
    }
    problem.add_row(..=outliers as f64, left_out);
    let mut model = problem.optimise(Sense::Minimise);
    model.make_quiet();
    model.set_threads(NonZeroU32::MIN);
    let solved = model.solve();
    assert_eq!(solved.status(), HighsModelStatus::Optimal);
    solved.get_solution().columns()[..chosen.len()].iter().filter(|value| **value > 0.5).count()
}

/// The largest distance below `radius` at which a counted row may be covered.
fn next_below(oracle: &Oracle, radius: f64) -> Option<f64> {
    let between = |&row: &usize| oracle.eligible.iter().map(move |&c| oracle.distances[row][c]);
    let labeled = oracle.counted.iter().map(|&row| oracle.labeled[row].0);
    let occurring = oracle.counted.iter().flat_map(between).chain(labeled);
    occurring.filter(|&distance| distance < radius).reduce(f64::max)
}

/// Question number `seed`: sizes, shapes and what is labeled come in cycles of which no two have the same length.
/// Whether the answer is better than greedy's.
fn agree(seed: usize) -> bool {
    let n = [12, 40, 75, 120, 200][seed % 5];
    let d = 1 + seed % 8;
    let shape = [Shape::Integers, Shape::Gaussian, Shape::Mixture][seed % 3];
    let budget = 1 + seed * 37 % (n / 4);
    let outliers = seed / 3 % 5;
    let values = synth::pool(shape, n, d, seed as u64);
    let pool = Pool::new(&values, d).unwrap();
    let labeled =
        if (seed / 2).is_multiple_of(2) { Vec::new() } else { (0..n).step_by(11).collect() };
    let excluded = if seed.is_multiple_of(7) { vec![1, 5] } else { Vec::new() };
    let options = Options { device: Device::Cpu, labeled, excluded, ..Options::default() };
    let asked = RobustOptions { outliers, ..RobustOptions::default() };
    let name = format!("seed {seed}: {shape:?} {n} x {d}, {budget} and {outliers} out");

    let answer = robust(&pool, budget, &options, &asked).unwrap();
    assert_eq!(answer.lower, answer.upper, "{name}");
    let oracle = Oracle::new(&pool, &options);
    assert_eq!(oracle.radius(&answer.centers, outliers), answer.upper, "{name}");
    let enough = fewest(&oracle, answer.upper, outliers);
    assert!(enough <= budget, "{name}: {enough} are needed at {}", answer.upper);
    if let Some(below) = next_below(&oracle, answer.upper) {
        let too_many = fewest(&oracle, below, outliers);
        assert!(too_many > budget, "{name}: {too_many} suffice at {below}");
    }
    answer.upper < answer.greedy_radius
}

#[test]
fn the_plain_model_agrees() {
    let better = (0..120).filter(|&seed| agree(seed)).count();
    assert!(
        better > 60,
        "greedy has the best radius of all but {better}: nothing was searched for"
    );
}
