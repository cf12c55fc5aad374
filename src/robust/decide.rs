//! Decides one radius: do `budget` centers cover all rows but the outliers within it? The means are tried in turn, the
//! cheapest first.

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

/// Fewer nodes than this are not worth branching for.
const FEW_NODES: usize = 64;

/// The answer for a radius.
pub enum Answer {
    /// These pool rows cover.
    Covered(Vec<u32>),
    /// No cover exists. `None`: an exhaustive search says so, without a certificate.
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
    /// The linear relaxation was solved, and does not refute the radius.
    pub relaxed: bool,
}

/// Which answer is sought. Means that can only give the other one are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    Either,
    Cover,
    Refutation,
}

/// How a radius is tried.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    pub effort: Effort,
    pub sought: Sought,
    /// Whether the linear relaxation may refute.
    pub relax: bool,
}

/// How much is tried, in counts, so that it is the same on every machine.
#[derive(Debug, Clone, Copy)]
pub struct Effort(pub u32);

impl Effort {
    fn grow(self, base: usize, factor: usize) -> usize {
        base.saturating_mul(factor.saturating_pow(self.0))
    }

    fn swaps(self) -> usize {
        self.grow(32_000, 8)
    }

    fn ascents(self) -> usize {
        self.grow(100, 2)
    }

    /// Nodes of our own exhaustive search. Where the mixed-integer solver follows, they suffice for small problems
    /// only.
    fn branches(self) -> usize {
        if solver::AVAILABLE { 2000 } else { self.grow(2000, 8) }
    }

    /// Nodes of the mixed-integer solver for a problem of so many pairs. The first node pays by its cuts. Branching
    /// takes long to learn where to branch, so a few nodes do not pay: there are many, or one.
    fn nodes(self, pairs: usize) -> Option<usize> {
        let nodes = Effort(self.0.checked_sub(1)?).grow(1 << 20, 8) / pairs.max(1);
        Some(if nodes < FEW_NODES { 1 } else { nodes })
    }
}

/// Turns weights on pool rows into a proof, if they are one.
pub type Prove<'p> = &'p dyn Fn(&[(u32, f64)]) -> Option<Dual>;

/// Decides whether `budget` columns of `cover` leave at most `outliers` pool rows uncovered.
pub fn decide(
    cover: Cover,
    (budget, outliers): (usize, usize),
    trial: Trial,
    prove: Prove,
    clock: &mut Clock,
) -> Verdict {
    let reduced = reduce(cover, outliers > 0, clock);
    let mut cascade = Cascade {
        reduced: &reduced,
        budget,
        outliers,
        trial,
        prove,
        by: Method::Reductions,
        relaxed: false,
    };
    let answer = cascade.run(clock);
    let residue = (reduced.cover.rows.len(), reduced.cover.columns.len());
    Verdict { answer, by: cascade.by, residue, relaxed: cascade.relaxed }
}

struct Cascade<'r> {
    reduced: &'r Reduced,
    budget: usize,
    outliers: usize,
    trial: Trial,
    prove: Prove<'r>,
    /// What was tried last.
    by: Method,
    /// As in [`Verdict`].
    relaxed: bool,
}

impl Cascade<'_> {
    fn run(&mut self, clock: &mut Clock) -> Answer {
        let Some(size) = self.budget.checked_sub(self.reduced.fixed.len()) else {
            let weights = vec![0.0; self.reduced.cover.rows.len()];
            return Answer::Refuted((self.prove)(&self.lift(&weights)));
        };
        if self.reduced.cover.weight() <= self.outliers {
            return self.covered(&[]);
        }
        let sought = self.trial.sought;
        if sought != Sought::Cover
            && let Some(refuted) = self.by_packing(size)
        {
            return refuted;
        }
        if sought != Sought::Refutation
            && let Some(covered) = self.by_swaps(size, clock)
        {
            return covered;
        }
        if sought != Sought::Cover
            && self.trial.relax
            && let Some(answer) = self.by_relaxation(size, clock)
        {
            return answer;
        }
        self.by_search(size, clock)
    }

    fn by_packing(&mut self, size: usize) -> Option<Answer> {
        self.by = Method::Packing;
        let mut weights = vec![0.0; self.reduced.cover.rows.len()];
        packing(&self.reduced.cover).into_iter().for_each(|row| weights[row as usize] = 1.0);
        self.refute(size, &weights)
    }

    fn by_swaps(&mut self, size: usize, clock: &mut Clock) -> Option<Answer> {
        let (cover, outliers) = (&self.reduced.cover, self.outliers);
        self.by = Method::GreedyCover;
        let greedy = greedy_cover(cover, outliers);
        if greedy.len() <= size {
            return Some(self.covered(&greedy));
        }
        self.by = Method::LocalSearch;
        let swaps = self.trial.effort.swaps();
        let found = local_search(cover, size, outliers, &greedy, swaps, clock);
        found.map(|found| self.covered(&found))
    }

    fn by_relaxation(&mut self, size: usize, clock: &mut Clock) -> Option<Answer> {
        let cover = &self.reduced.cover;
        if solver::AVAILABLE {
            self.by = Method::LinearProgram;
            let relaxed = solver::relaxation(cover, self.outliers, clock)?;
            if let Some(whole) =
                relaxed.whole.filter(|whole| self.outliers == 0 && whole.len() <= size)
            {
                return Some(self.covered(&whole));
            }
            let refuted = self.refute(size, &relaxed.weights);
            self.relaxed = refuted.is_none();
            return refuted;
        }
        self.by = Method::Lagrangian;
        let steps = self.trial.effort.ascents();
        let (weights, _) = lagrangian(cover, self.outliers, size as f64, steps, clock);
        self.refute(size, &weights)
    }

    fn by_search(&mut self, size: usize, clock: &mut Clock) -> Answer {
        let (cover, outliers) = (&self.reduced.cover, self.outliers);
        self.by = Method::BranchAndBound;
        let found = branch(cover, size, outliers, self.trial.effort.branches(), clock);
        if found != Exhausted::Open {
            return self.exhausted(&found);
        }
        let nodes = self.trial.effort.nodes(cover.rows.pairs());
        let Some(nodes) = nodes.filter(|_| solver::AVAILABLE && self.trial.sought != Sought::Cover)
        else {
            return Answer::Open;
        };
        self.by = Method::MixedInteger;
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
        // Rounding may hide a proof but never makes one: the proof is decided in integers.
        let promising = proven(&self.reduced.cover, self.outliers, weights) > size as f64 - 0.5;
        let proof = promising.then(|| (self.prove)(&self.lift(weights))).flatten();
        proof.map(|proof| Answer::Refuted(Some(proof)))
    }

    /// Turns weights of the rows that are left into weights of pool rows. Rows that forced a column weigh 1. A row that
    /// stands for several pool rows shares its weight among them. Dominated rows weigh nothing.
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
