//! The linear relaxation and the mixed-integer problem, by HiGHS.

mod interrupt;

use std::num::NonZeroU32;

use highs::{Col, HighsModelStatus, Model, RowProblem, Sense, SolvedModel};

use super::branch::Exhausted;
use super::clock::Clock;
use super::cover::Cover;

/// Whether this build has the solver.
pub const AVAILABLE: bool = true;

/// Slack for the solver's floating-point values: of one column, and of the number of columns.
const TOLERANCE: f64 = 1e-6;

/// Heuristics of the solver that are switched off. They look for covers and take most of its time, and our swaps find
/// the same covers.
const COVER_HEURISTICS: &[&str] = &[
    "mip_heuristic_run_feasibility_jump",
    "mip_heuristic_run_rins",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_root_reduced_cost",
];

/// The answer of the linear relaxation.
pub struct Relaxed {
    /// Weights of the rows: the dual solution, feasible up to rounding.
    pub weights: Vec<f64>,
    /// The columns that it takes whole; `None` if it takes any in part.
    pub whole: Option<Vec<u32>>,
}

/// Solves for the least number of columns, in fractions, that leave at most `outliers` pool rows uncovered.
pub fn relaxation(cover: &Cover, outliers: usize, clock: &mut Clock) -> Option<Relaxed> {
    let problem = Problem::new(cover, outliers, false);
    let solved = solve(problem.model(), clock)?;
    if solved.status() != HighsModelStatus::Optimal {
        return None;
    }
    let solution = solved.get_solution();
    let weights = solution.dual_rows()[..cover.rows.len()].iter().map(|&y| y.max(0.0)).collect();
    let columns = &solution.columns()[..cover.columns.len()];
    let is_whole = |value: &f64| !(TOLERANCE..=1.0 - TOLERANCE).contains(value);
    let whole = columns.iter().all(is_whole).then(|| chosen(columns));
    let whole = whole.filter(|whole| uncovered(cover, whole) <= outliers);
    Some(Relaxed { weights, whole })
}

/// Whether `size` columns leave at most `outliers` pool rows uncovered, as far as a search of `nodes` nodes tells.
pub fn decide(
    cover: &Cover,
    size: usize,
    outliers: usize,
    nodes: usize,
    clock: &mut Clock,
) -> Exhausted {
    let mut problem = Problem::new(cover, outliers, true);
    problem.at_most(size);
    let mut model = problem.model();
    model.set_option("objective_target", size as f64 + TOLERANCE);
    model.set_option("mip_max_nodes", i32::try_from(nodes).unwrap_or(i32::MAX));
    for heuristic in COVER_HEURISTICS {
        model.set_option(*heuristic, false);
    }
    let Some(solved) = solve(model, clock) else { return Exhausted::Open };
    if solved.status() == HighsModelStatus::Infeasible {
        return Exhausted::Impossible;
    }
    let solution = solved.get_solution();
    let columns = solution.columns();
    if columns.len() < cover.columns.len() {
        return Exhausted::Open;
    }
    let chosen = chosen(&columns[..cover.columns.len()]);
    let covers = chosen.len() <= size && uncovered(cover, &chosen) <= outliers;
    if covers { Exhausted::Covered(chosen) } else { Exhausted::Open }
}

fn chosen(columns: &[f64]) -> Vec<u32> {
    (0u32..).zip(columns).filter(|(_, value)| **value > 0.5).map(|(column, _)| column).collect()
}

/// Pool rows that `chosen` leaves uncovered, counted here whatever the solver says.
fn uncovered(cover: &Cover, chosen: &[u32]) -> usize {
    let mut covered = vec![false; cover.rows.len()];
    for &column in chosen {
        cover.columns.get(column as usize).iter().for_each(|&row| covered[row as usize] = true);
    }
    (0..covered.len()).filter(|&row| !covered[row]).map(|row| cover.multiplicity(row)).sum()
}

fn solve(mut model: Model, clock: &mut Clock) -> Option<SolvedModel> {
    if clock.is_over() {
        return None;
    }
    if let Some(left) = clock.left() {
        model.set_option("time_limit", left.as_secs_f64().max(1e-3));
    }
    // One thread gives the same answer every time.
    model.set_threads(NonZeroU32::MIN);
    let solved = interrupt::solve(model, || clock.is_over());
    clock.look();
    solved
}

/// The problem: choose few columns, such that every row has one or counts as an outlier.
struct Problem {
    problem: RowProblem,
    columns: Vec<Col>,
}

impl Problem {
    fn new(cover: &Cover, outliers: usize, whole: bool) -> Problem {
        let mut problem = RowProblem::default();
        // No optimum takes a column more than once. The relaxation is not told so: a price of that limit would be part
        // of its dual, and no certificate holds such prices.
        let most = if whole { 1.0 } else { f64::INFINITY };
        let columns: Vec<Col> = (0..cover.columns.len())
            .map(|_| problem.add_column_with_integrality(1.0, 0.0..=most, whole))
            .collect();
        let given_up: Vec<Col> = (0..if outliers > 0 { cover.rows.len() } else { 0 })
            .map(|_| problem.add_column(0.0, 0.0..=most))
            .collect();
        for (row, covering) in cover.rows.iter().enumerate() {
            let covering = covering.iter().map(|&column| columns[column as usize]);
            let terms = covering.chain(given_up.get(row).copied());
            problem.add_row(1.0.., terms.map(|column| (column, 1.0)).collect::<Vec<_>>());
        }
        if outliers > 0 {
            let multiplicity = |row| cover.multiplicity(row) as f64;
            let terms = given_up.iter().enumerate().map(|(row, &z)| (z, multiplicity(row)));
            problem.add_row(..=outliers as f64, terms.collect::<Vec<_>>());
        }
        Problem { problem, columns }
    }

    fn at_most(&mut self, size: usize) {
        let terms: Vec<(Col, f64)> = self.columns.iter().map(|&column| (column, 1.0)).collect();
        self.problem.add_row(..=size as f64, terms);
    }

    fn model(self) -> Model {
        let mut model = self.problem.optimise(Sense::Minimise);
        model.make_quiet();
        model
    }
}
