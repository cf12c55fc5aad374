//! Bounds the loss of a network that was trained on the centers of a cover alone.

use serde::Serialize;

use crate::error::{Error, Result};

/// What the bound depends on. The distances of the cover are between embeddings, so the Lipschitz constants must be
/// with respect to embeddings; under cosine, to chords.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundInputs {
    /// λ^l: how fast the loss of a fixed label may change with the row.
    pub loss_lipschitz: f64,
    /// λ^η: how fast the probability of a class may change with the row.
    pub regression_lipschitz: f64,
    /// L: the largest loss there is.
    pub loss_bound: f64,
    /// C: classes.
    pub classes: usize,
    /// γ: the bound may fail with at most this probability.
    pub gamma: f64,
    /// n: rows drawn, the centers among them included.
    pub rows: usize,
    /// δ: how far from its nearest center a covered row may be.
    pub radius: f64,
    /// Rows farther than that.
    pub uncovered: usize,
}

/// A bound on the mean loss over all rows, term by term.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bound {
    /// δ, as given.
    pub radius: f64,
    /// Rows farther than that, as given.
    pub uncovered: usize,
    /// `(1 - ρ) δ (λ^l + λ^η L C)`, with ρ the share of rows uncovered: the loss of the covered rows is at most this.
    pub covering_term: f64,
    /// `ρ L`: the loss of the uncovered rows is at most this.
    pub uncovered_term: f64,
    /// `sqrt(L² ln(1/γ) / (2 n))`: what the random labels may add, by Hoeffding's inequality.
    pub hoeffding_term: f64,
    /// The sum.
    pub total: f64,
    /// True if the sum is at least L. No loss exceeds L, so the bound then says nothing.
    pub vacuous: bool,
}

/// Bounds the mean loss over all rows, by how well they are covered. The network learnt the labels of the centers
/// alone.
///
/// Source: Sener & Savarese, ICLR 2018, Theorem 1. Let the n rows be drawn independently from one distribution and their
/// labels too, each given its row; the loss be at most L and λ^l-Lipschitz in the row for every label; the probability of each
/// of the C classes be λ^η-Lipschitz in the row (the theorem's λ^μ is a misprint of it); every row be within δ of a center;
/// and the trained network's loss at every center be zero. Then with probability at least 1 - γ the mean loss over the n rows is
/// at most `δ (λ^l + λ^η L C) + sqrt(L² ln(1/γ) / (2 n))`.
///
/// The paper has no rows left uncovered; with a share ρ of them the bound is `(1 - ρ) δ (λ^l + λ^η L C) + ρ L` and the same last
/// term. Proof: the paper bounds each row's expected loss by the first term if it is within δ of a center, and of any other row
/// it is at most L; the mean of n such is as stated. Hoeffding's inequality, of n independent losses in 0 to L, is as before.
/// It does not know δ, so δ may be chosen after the distances are seen.
///
/// Computed in f64, rounded to nearest: a term is right to a few units in its last place.
///
/// # Errors
/// A number that is not finite or negative, γ not between 0 and 1, no class, no row, more rows uncovered than there are.
///
/// ```
/// use farpoint::{BoundInputs, bound};
///
/// let inputs = BoundInputs {
///     loss_lipschitz: 0.5,
///     regression_lipschitz: 0.25,
///     loss_bound: 2.0,
///     classes: 10,
///     gamma: 0.05,
///     rows: 50_000,
///     radius: 0.1,
///     uncovered: 5,
/// };
/// let bound = bound(&inputs)?;
/// assert!((bound.covering_term - 0.9999 * 0.1 * (0.5 + 0.25 * 2.0 * 10.0)).abs() < 1e-12);
/// assert!(bound.total < 2.0 && !bound.vacuous);
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn bound(inputs: &BoundInputs) -> Result<Bound> {
    check(inputs)?;
    let BoundInputs { loss_bound, radius, uncovered, .. } = *inputs;
    let n = inputs.rows as f64;
    let share = uncovered as f64 / n;
    // The radius comes before the slope: a share of 0 must not be multiplied by a product that overflowed.
    let covering_term = (inputs.rows - uncovered) as f64 / n * radius * slope(inputs);
    let uncovered_term = share * loss_bound;
    let hoeffding_term = loss_bound * (-inputs.gamma.ln() / (2.0 * n)).sqrt();
    let total = covering_term + uncovered_term + hoeffding_term;
    let vacuous = total >= loss_bound;
    Ok(Bound { radius, uncovered, covering_term, uncovered_term, hoeffding_term, total, vacuous })
}

/// `λ^l + λ^η L C`.
fn slope(inputs: &BoundInputs) -> f64 {
    let classes = inputs.classes as f64;
    inputs.loss_lipschitz + inputs.regression_lipschitz * inputs.loss_bound * classes
}

fn check(inputs: &BoundInputs) -> Result<()> {
    let refuse = |name, value, must| Err(Error::Bound { name, value, must });
    let numbers = [
        ("loss_lipschitz", inputs.loss_lipschitz),
        ("regression_lipschitz", inputs.regression_lipschitz),
        ("loss_bound", inputs.loss_bound),
        ("radius", inputs.radius),
    ];
    let wrong = numbers.iter().find(|(_, number)| !(number.is_finite() && *number >= 0.0));
    if let Some(&(name, value)) = wrong {
        return refuse(name, value, "a finite number of at least 0");
    }
    if !(inputs.gamma > 0.0 && inputs.gamma < 1.0) {
        return refuse("gamma", inputs.gamma, "a probability between 0 and 1, both left out");
    }
    for (name, count) in [("classes", inputs.classes), ("rows", inputs.rows)] {
        if count == 0 {
            return refuse(name, 0.0, "at least 1");
        }
    }
    if inputs.uncovered > inputs.rows {
        return refuse("uncovered", inputs.uncovered as f64, "at most the number of rows");
    }
    if !slope(inputs).is_finite() {
        let must = "a finite number: give smaller constants";
        return refuse(
            "loss_lipschitz + regression_lipschitz * loss_bound * classes",
            slope(inputs),
            must,
        );
    }
    Ok(())
}
