"""BMDR: rows that the model is unsure of and that, together with the labeled ones, are spread as the pool is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._warnings import warn
from farpoint.learning._strategy import Answer, Question, Strategy

Matrix = NDArray[np.float64]


class Bmdr(Strategy):
    """Discriminative and representative queries for batch mode active learning (Wang & Ye 2015), for many classes.

    It looks for weights a of the candidates, between 0 and 1 and with the budget as their sum, and a kernel model f, which minimise

        sum over labeled of (y - f)^2 + sum over candidates of a (f^2 + 2 |f|) + ridge |f|^2 + tradeoff * MMD(labeled and a; pool)

    where ``f^2 + 2 |f|`` is the squared loss of the worse label, less 1, and MMD is the squared distance between two means in the
    kernel's space: of the labeled rows with the weighted ones, and of all rows. f and a are fitted in turn; the rows of largest weight
    are chosen.

    What decides depends on how many rows are labeled: a row's loss is between 0 and 3 whatever their number, and what a row does to the
    MMD falls as ``1 / (labeled + budget)``. At the default tradeoff, on two overlapping classes in 8 dimensions, 9 of 10 picks were the
    MMD's own with 10 labeled rows; with 60 and 200 both counted; with 500 all picks were the classifier's. ALiPy's BMDR leaves the factor
    ``2 / (labeled + budget)^2`` of the MMD out and multiplies by 1,000 as well, so that the labels hardly matter there.

    What is changed from the paper:

    - Many classes. There is one f for each class against all others; losses are means over the classes.
    - Large pools. Its kernel matrices hold the square of the rows, so at most `candidates` candidates and `labeled` labeled rows are
      drawn, and the pool is what is drawn. Memory is ``8 (candidates + labeled)^2`` bytes, three times, whatever the pool.
    - |f| is bounded by the parabola through its last value (in the place of ADMM), a is found by accelerated projected gradient.
      `details_["gap"]` is how far the objective of a is from its minimum, at most.

    The kernel is ``exp(-|x - z|^2 / (2 s^2))`` with s the median distance of the rows drawn.

    Parameters
    ----------
    ridge, tradeoff : float
        The paper's lambda and beta.
    turns : int
        How often f and a are fitted.
    candidates, labeled : int
        How many of each are drawn where there are more. Fewer than the budget is an error.
    """

    inputs = frozenset({"embeddings"})

    def __init__(
        self,
        *,
        ridge: float = 0.1,
        tradeoff: float = 1_000.0,
        turns: int = 3,
        candidates: int = 2_000,
        labeled: int = 1_000,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.ridge = ridge
        self.tradeoff = tradeoff
        self.turns = turns
        self.candidates = candidates
        self.labeled = labeled

    def choose(self, question: Question) -> Answer:
        if question.budget > self.candidates:
            raise ValueError(f"a budget of {question.budget} is more than the {self.candidates} candidates that BMDR draws")
        unlabeled = self._drawn(question.candidates, self.candidates, question)
        known = self._drawn(np.arange(len(question.labeled)), self.labeled, question)
        x = question.embeddings[np.concatenate([question.labeled[known], unlabeled])]
        kernel = gaussian(np.asarray(x, np.float64))
        targets = one_against_all(question.labels[known])
        weights, gap = self._fit(kernel, targets, question.budget)
        order = np.argsort(-weights, kind="stable")[: question.budget]
        return Answer(unlabeled[order], details={"candidates": len(unlabeled), "labeled": len(known), "gap": gap})

    def _drawn(self, rows: NDArray[np.int64], most: int, question: Question) -> NDArray[np.int64]:
        if len(rows) <= most:
            return rows
        return np.sort(question.generator.choice(rows, most, replace=False))

    def _fit(self, kernel: Matrix, targets: Matrix, budget: int) -> tuple[Matrix, float]:
        """``(u,)``: the weights of the candidates, which are the last rows of the kernel; and how far they are from the best, at most."""
        labeled = len(targets)
        unlabeled = len(kernel) - labeled
        weights = np.full(unlabeled, budget / unlabeled)
        scale = 2 * self.tradeoff / (labeled + budget) ** 2
        quadratic, spread = scale * kernel[labeled:, labeled:], scale * spread_terms(kernel, labeled, budget)
        f, gap = np.zeros((unlabeled, targets.shape[1])), 0.0
        for _ in range(self.turns if labeled else 1):
            if labeled:
                f = worst_case_scores(kernel, targets, weights, self.ridge, f)
            cost = (f**2 + 2 * np.abs(f)).mean(axis=1)
            weights, gap = minimised(quadratic, cost + spread, weights, budget)
        return weights, gap


def gaussian(x: Matrix) -> Matrix:
    """``(n, n)``: the Gaussian kernel of the median distance."""
    squared = (x**2).sum(axis=1)
    distances = np.maximum(squared[:, None] + squared - 2 * x @ x.T, 0)
    width = float(np.median(distances[np.triu_indices(min(len(x), 1_000), 1)])) if len(x) > 1 else 1.0
    return np.exp(distances / (-2 * (width if width > 0 else 1.0)))


def one_against_all(labels: NDArray[Any]) -> Matrix:
    """``(m, c)``: 1 in the column of a row's class, -1 in the others. One class alone is a warning, and a column of 0."""
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) == 1:
        warn("all labeled rows are of one class: BMDR goes by how rows are spread alone")
    return 2.0 * np.eye(len(classes))[codes] - 1 if len(classes) > 1 else np.zeros((len(labels), 1))


def spread_terms(kernel: Matrix, labeled: int, budget: int) -> Matrix:
    """``(u,)``: the linear term q of the MMD between the labeled rows with the chosen ones, and all rows.

    With l labeled, u candidates, b chosen and n = l + u it is ``(u - b) / n K_UL 1 - (l + b) / n K_UU 1``, and the MMD is
    ``2 / (l + b)^2 (a K_UU a / 2 + q a)`` and what does not depend on a.
    """
    unlabeled, n = len(kernel) - labeled, len(kernel)
    own, to_labeled = kernel[labeled:, labeled:].sum(axis=1), kernel[labeled:, :labeled].sum(axis=1)
    return (unlabeled - budget) / n * to_labeled - (labeled + budget) / n * own


def worst_case_scores(kernel: Matrix, targets: Matrix, weights: Matrix, ridge: float, scores: Matrix, steps: int = 2) -> Matrix:
    """``(u, c)``: f at the candidates, of the kernel model that minimises the loss at these weights.

    ``2 |f| <= f^2 / |g| + |g|`` with equality at ``|f| = |g|``, g the scores before: each step is a weighted kernel ridge regression,
    for each class its own.
    """
    labeled = len(targets)
    fitted = np.empty_like(scores)
    for column in range(targets.shape[1]):
        g = np.abs(scores[:, column])
        for _ in range(steps):
            # A weighted square with target 0: a f^2 + a f^2 / |g|.
            importance = np.concatenate([np.ones(labeled), weights * (1 + 1 / np.maximum(g, 1e-3))])
            fit = _ridge(kernel, np.concatenate([targets[:, column], np.zeros(len(g))]), importance, ridge)[labeled:]
            if np.abs(np.abs(fit) - g).max() < 1e-3:
                break
            g = np.abs(fit)
        fitted[:, column] = fit
    return fitted


def _ridge(kernel: Matrix, target: Matrix, importance: Matrix, ridge: float) -> Matrix:
    """``K (K W + ridge I)^-1 W y``, by the symmetric form ``K S (S K S + ridge I)^-1 S y`` with ``S = sqrt(W)``."""
    root = np.sqrt(importance)
    system = root[:, None] * kernel * root
    system.flat[:: len(system) + 1] += ridge
    return kernel @ (root * np.linalg.solve(system, root * target))


def minimised(
    quadratic: Matrix, linear: Matrix, start: Matrix, budget: int, steps: int = 2_000, tolerance: float = 1e-4
) -> tuple[Matrix, float]:
    """The minimum of ``a Q a / 2 + linear a`` over ``0 <= a <= 1`` with the budget as sum, and how far from it a is at most.

    Accelerated projected gradient, whose momentum starts anew where it goes uphill, until a is within the tolerance.
    """
    # The power iteration comes from below.
    step = 1 / max(1.01 * largest_eigenvalue(quadratic), 1e-12)
    a = ahead = start
    product = product_ahead = quadratic @ start
    momentum, gap = 1.0, gap_of(product + linear, start, budget)
    for _ in range(steps):
        if gap <= tolerance:
            break
        moved = on_simplex(ahead - step * (product_ahead + linear), budget)
        product_moved = quadratic @ moved
        gap = gap_of(product_moved + linear, moved, budget)
        if (ahead - moved) @ (moved - a) > 0:
            momentum = 1.0
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        inertia = (momentum - 1) / faster
        ahead = moved + inertia * (moved - a)
        product_ahead = product_moved + inertia * (product_moved - product)
        a, product, momentum = moved, product_moved, faster
    return a, gap


def gap_of(gradient: Matrix, a: Matrix, budget: int) -> float:
    """What the linear model at a could still gain, which a convex objective cannot exceed."""
    return float(gradient @ a - np.partition(gradient, budget - 1)[:budget].sum())


def largest_eigenvalue(matrix: Matrix, steps: int = 30) -> float:
    """Of a symmetric matrix without negative eigenvalues, by power iteration."""
    v = np.random.default_rng(0).standard_normal(len(matrix))
    for _ in range(steps):
        v = matrix @ (v / max(float(np.linalg.norm(v)), 1e-300))
    return float(np.linalg.norm(v))


def on_simplex(v: Matrix, budget: int) -> Matrix:
    """The nearest point with ``0 <= a <= 1`` and the budget as sum: ``clip(v - t, 0, 1)``.

    The sum falls in t, and is linear between the entries of v and of v - 1.
    """
    rising = np.sort(v)
    above = np.append(np.cumsum(rising[::-1])[::-1], 0)
    knots = np.sort(np.concatenate([rising - 1, rising]))

    def excess(t: Matrix) -> Matrix:
        """``(len(t),)``: the sum over the entries of v above t of how far they are above it."""
        first = np.searchsorted(rising, t, side="right")
        return above[first] - (len(v) - first) * t

    sums = excess(knots) - excess(knots + 1)
    return np.clip(v - np.interp(-budget, -sums, knots), 0, 1)
