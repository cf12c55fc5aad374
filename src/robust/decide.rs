//! One radius: do `budget` centers cover all rows but the outliers within it? The cheapest means that tells is used.

use super::branch::{Exhausted, branch};
use super::clock::Clock;
use super::cover::Cover;
use super::greedy_cover::greedy_cover;
#[cfg(feature = "highs")]
use super::highs as solver;
#[cfg(not(feature = "highs"))]
use super::highs_absent as solver;
use super::lagrangian::{lagrangian, proven};
use super::local_search::local_search;
use super::packing::packing;
use super::reduce::{Reduced, reduce};
use super::selection::Method;
use crate::certificate::Dual;

/// What is known of a radius.
pub enum Answer {
    /// These pool rows cover.
    Covered(Vec<u32>),
    /// Nothing does, by this proof, if by any but the search's word.
    Refuted(Option<Dual>),
    /// The effort did not tell.
    Open,
}

/// An answer, and where it came from.
pub struct Verdict {
    pub answer: Answer,
    pub by: Method,
    /// Rows and columns that the reductions left.
    pub residue: (usize, usize),
}

/// How much is tried, in counts, so that it is the same on every machine.
#[derive(Debug, Clone, Copy)]
pub struct Effort(pub u32);

impl Effort {
    fn grow(self, base: usize, factor: usize) -> usize {
        base.saturating_mul(factor.saturating_pow(self.0))
    }

    fn swaps(self) -> usize {
        self.grow(4000, 4)
    }

    fn ascents(self) -> usize {
        self.grow(100, 2)
    }

    fn branches(self) -> usize {
        self.grow(2000, 8)
    }

    /// Nodes of the mixed-integer solver, whose first alone takes long.
    fn nodes(self) -> Option<usize> {
        self.0.checked_sub(1).map(|more| Effort(more).grow(200, 8))
    }
}

/// What turns weights on pool rows into a proof, if they make one.
pub type Prove<'p> = &'p dyn Fn(&[(u32, f64)]) -> Option<Dual>;

/// Decide whether `budget` columns of `cover` leave pool rows of at most `outliers` uncovered.
pub fn decide(
    cover: Cover,
    (budget, outliers): (usize, usize),
    effort: Effort,
    prove: Prove,
    clock: &mut Clock,
) -> Verdict {
    let reduced = reduce(cover, outliers > 0, clock);
    let mut by = Method::Reductions;
    let answer = Cascade { reduced: &reduced, budget, outliers, effort, prove }.run(&mut by, clock);
    let residue = (reduced.cover.rows.len(), reduced.cover.columns.len());
    Verdict { answer, by, residue }
}

struct Cascade<'r> {
    reduced: &'r Reduced,
    budget: usize,
    outliers: usize,
    effort: Effort,
    prove: Prove<'r>,
}

impl Cascade<'_> {
    /// `by` follows what is tried.
    fn run(&self, by: &mut Method, clock: &mut Clock) -> Answer {
        let (cover, outliers) = (&self.reduced.cover, self.outliers);
        let Some(size) = self.budget.checked_sub(self.reduced.fixed.len()) else {
            return Answer::Refuted((self.prove)(&self.lift(&vec![0.0; cover.rows.len()])));
        };
        if cover.weight() <= outliers {
            return self.covered(&[]);
        }
        if let Some(refuted) = self.by_packing(size, by) {
            return refuted;
        }
        *by = Method::GreedyCover;
        let greedy = greedy_cover(cover, outliers);
        if greedy.len() <= size {
            return self.covered(&greedy);
        }
        *by = Method::LocalSearch;
        if let Some(found) =
            local_search(cover, size, outliers, &greedy, self.effort.swaps(), clock)
        {
            return self.covered(&found);
        }
        self.by_relaxation(size, by, clock).unwrap_or_else(|| self.by_search(size, by, clock))
    }

    fn by_packing(&self, size: usize, by: &mut Method) -> Option<Answer> {
        *by = Method::Packing;
        let mut weights = vec![0.0; self.reduced.cover.rows.len()];
        packing(&self.reduced.cover).into_iter().for_each(|row| weights[row as usize] = 1.0);
        self.refute(size, &weights)
    }

    fn by_relaxation(&self, size: usize, by: &mut Method, clock: &mut Clock) -> Option<Answer> {
        let cover = &self.reduced.cover;
        if solver::AVAILABLE {
            *by = Method::LinearProgram;
            let relaxed = solver::relaxation(cover, self.outliers, clock)?;
            if let Some(whole) =
                relaxed.whole.filter(|whole| self.outliers == 0 && whole.len() <= size)
            {
                return Some(self.covered(&whole));
            }
            return self.refute(size, &relaxed.weights);
        }
        *by = Method::Lagrangian;
        let (weights, _) =
            lagrangian(cover, self.outliers, size as f64, self.effort.ascents(), clock);
        self.refute(size, &weights)
    }

    fn by_search(&self, size: usize, by: &mut Method, clock: &mut Clock) -> Answer {
        let (cover, outliers) = (&self.reduced.cover, self.outliers);
        *by = Method::BranchAndBound;
        let found = branch(cover, size, outliers, self.effort.branches(), clock);
        if found != Exhausted::Open {
            return self.exhausted(&found);
        }
        let Some(nodes) = self.effort.nodes().filter(|_| solver::AVAILABLE) else {
            return Answer::Open;
        };
        *by = Method::MixedInteger;
        self.exhausted(&solver::decide(cover, size, outliers, nodes, clock))
    }

    fn exhausted(&self, found: &Exhausted) -> Answer {
        match found {
            Exhausted::Covered(columns) => self.covered(columns),
            Exhausted::Impossible => Answer::Refuted(None),
            Exhausted::Open => Answer::Open,
        }
    }

    fn covered(&self, columns: &[u32]) -> Answer {
        let mut centers = self.reduced.fixed.clone();
        centers.extend(self.reduced.cover.named(columns));
        Answer::Covered(centers)
    }

    /// Whether `weights` prove that more than `size` columns are needed.
    fn refute(&self, size: usize, weights: &[f64]) -> Option<Answer> {
        // Rounding may hide a proof, never make one: that is decided in integers.
        let promising = proven(&self.reduced.cover, self.outliers, weights) > size as f64 - 0.5;
        let proof = promising.then(|| (self.prove)(&self.lift(weights))).flatten();
        proof.map(|proof| Answer::Refuted(Some(proof)))
    }

    /// Weights of the rows left become weights of pool rows: those that forced a column weigh 1, a row that stands for several
    /// shares its weight among them, and dominated rows weigh nothing.
    fn lift(&self, weights: &[f64]) -> Vec<(u32, f64)> {
        let mut lifted: Vec<(u32, f64)> =
            self.reduced.forcing.iter().map(|&row| (row, 1.0)).collect();
        for (members, &weight) in self.reduced.cover.members.iter().zip(weights) {
            if self.outliers == 0 {
                lifted.push((members[0], weight));
            } else {
                lifted.extend(members.iter().map(|&row| (row, weight / members.len() as f64)));
            }
        }
        lifted
    }
}
