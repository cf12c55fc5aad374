"""Core-sets: k-center, greedy and robust, and k-center that minds uncertainty, predicted classes or density."""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import farpoint
from farpoint._uncertainty import entropy
from farpoint.learning._metric import Metric, checked_metric, unit
from farpoint.learning._strategy import Answer, Question, Strategy


class KCenter(Strategy):
    """The rows farthest from everything labeled or chosen before them: the paper's core-set, greedy (its Algorithm 1).

    `details_` has `radius_before` and `radius`: the largest distance of a row to the labeled rows, and to those and the chosen.
    Of distances that are multiplied by weights they are `weighted_radius_before` and `weighted_radius`. Where nothing is labeled, the first
    row is drawn.

    Parameters
    ----------
    metric : {'euclidean', 'cosine'}
    device : str
        As `farpoint.select` takes it.
    """

    inputs = frozenset({"embeddings"})

    def __init__(self, *, metric: Metric = "euclidean", device: str = "auto", **options: Any) -> None:
        super().__init__(**options)
        self.metric = checked_metric(metric)
        self.device = device

    def choose(self, question: Question) -> Answer:
        return self._covering(question, self.weights(question))

    def weights(self, question: Question) -> NDArray[np.float64] | None:
        """``(n,)``: what distances are multiplied by; None is 1 for all."""
        return None

    def _covering(self, question: Question, weights: NDArray[np.float64] | None = None) -> Answer:
        selection = self.select(question, question.budget, question.labeled, question.barred, weights)
        of = "" if weights is None else "weighted_"
        told = {f"{of}radius_before": finite(selection.initial_radius), f"{of}radius": selection.radius}
        return Answer(selection.centers, details=told)

    def select(
        self,
        question: Question,
        budget: int,
        labeled: NDArray[np.int64],
        barred: NDArray[np.bool_],
        weights: NDArray[np.float64] | None = None,
    ) -> farpoint.Selection:
        """`farpoint.select` beside `labeled`, without the `barred` rows."""
        first: Any = "lowest" if len(labeled) else int(question.generator.choice(np.flatnonzero(~barred)))
        return farpoint.select(
            question.embeddings,
            budget,
            labeled=labeled,
            exclude=barred if barred.any() else None,
            weights=weights,
            metric=self.metric,
            device=self.device,
            first=first,
        )


class RobustKCenter(KCenter):
    """The budget of rows that leaves all but some outliers within the least radius, and the proof: the paper's robust core-set.

    `details_` has `radius` (which a fraction of the rows may exceed), `lower` (no choice has less), `greedy_radius`, `outliers` and the
    `certificate`, which ``farpoint verify --certificate`` checks.

    Parameters
    ----------
    outliers : float
        The paper's Xi as a fraction of the pool's rows: 1e-4.
    time_limit : float, optional
        Seconds for the search, which then ends with the interval proven so far. The rows then depend on the machine.
    """

    def __init__(self, *, outliers: float = 1e-4, time_limit: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.outliers = outliers
        self.time_limit = time_limit

    def choose(self, question: Question) -> Answer:
        found = farpoint.robust(
            question.embeddings,
            question.budget,
            outliers=round(self.outliers * len(question.embeddings)),
            labeled=question.labeled,
            exclude=question.barred if question.barred.any() else None,
            metric=self.metric,
            device="cpu" if self.device == "auto" else self.device,
            time_limit=self.time_limit,
        )
        return Answer(
            found.centers,
            details={
                "radius": found.upper,
                "lower": found.lower,
                "greedy_radius": found.greedy_radius,
                "outliers": found.outliers.tolist(),
                "certificate": json.loads(found.certificate_json),
            },
        )


class UncertainKCenter(KCenter):
    """k-center whose distances are multiplied by the model's uncertainty: far rows, unless the model is sure of them.

    Parameters
    ----------
    floor : float
        The weight of a row that the model is wholly sure of; one of largest entropy has weight 1.
    """

    inputs = frozenset({"embeddings", "probabilities"})

    def __init__(self, *, floor: float = 0.1, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= floor <= 1:
            raise ValueError(f"floor={floor} is not between 0 and 1")
        self.floor = floor

    def weights(self, question: Question) -> NDArray[np.float64]:
        largest = np.log(max(2, question.probabilities.shape[1]))
        return self.floor + (1 - self.floor) * entropy(question.probabilities) / largest


class DenseKCenter(KCenter):
    """k-center whose distances are multiplied by local density: far rows, unless they stand alone.

    The density of a row is the inverse of its distance to the `neighbors`-th nearest other row of some drawn once a query, beside
    the largest among the candidates. Time is one product of ``(n, d)`` and ``(reference, d)``; memory a block of it.

    Parameters
    ----------
    neighbors, reference : int
        Which neighbor, the nearest being the first, among how many rows drawn.
    """

    def __init__(self, *, neighbors: int = 10, reference: int = 2_000, **options: Any) -> None:
        super().__init__(**options)
        if not 1 <= neighbors < reference:
            raise ValueError(
                f"neighbors={neighbors} is not between 1 and {reference - 1}: {reference} rows are drawn, each with so many others"
            )
        self.neighbors = neighbors
        self.reference = reference

    def weights(self, question: Question) -> NDArray[np.float64]:
        x = question.embeddings
        drawn = question.generator.choice(len(x), min(self.reference, len(x)), replace=False)
        if len(drawn) == 1:
            return np.ones(len(x))
        if self.metric == "cosine":
            x = unit(x, np.arange(len(x)))
        reach = nth_distance(x, drawn, min(self.neighbors, len(drawn) - 1))
        # Rows with as many duplicates stand at distance 0: they are as dense as the densest that do not.
        positive = reach[question.candidates][reach[question.candidates] > 0]
        least = positive.min() if len(positive) else 1.0
        return least / np.maximum(reach, least)


class QuotaKCenter(KCenter):
    """k-center class by class: every predicted class has a quota of the budget, and its farthest rows fill it.

    What a class has too few candidates for is shared among the others. Rows that were chosen for one class are labeled for the next.

    Parameters
    ----------
    quotas : {'equal', 'predicted'}
        The same number of every class, or in proportion to how many candidates are predicted to be of it.
    """

    inputs = frozenset({"embeddings", "probabilities"})

    def __init__(self, *, quotas: Literal["equal", "predicted"] = "equal", **options: Any) -> None:
        super().__init__(**options)
        if quotas not in ("equal", "predicted"):
            raise ValueError(f"quotas={quotas!r} is neither 'equal' nor 'predicted'")
        self.quotas = quotas

    def choose(self, question: Question) -> Answer:
        predicted = question.probabilities.argmax(axis=1)
        classes, sizes = np.unique(predicted[question.candidates], return_counts=True)
        shares = np.ones(len(classes)) if self.quotas == "equal" else sizes.astype(np.float64)
        quotas = apportion(question.budget, shares, sizes)
        chosen = np.zeros(0, np.int64)
        for name, quota in zip(classes, quotas):
            if quota:
                barred = question.barred
                barred[question.candidates[predicted[question.candidates] != name]] = True
                known = np.concatenate([question.labeled, chosen])
                barred[known] = False
                chosen = np.concatenate([chosen, self.select(question, int(quota), known, barred).centers])
        return Answer(chosen, details={"quotas": dict(zip(classes.tolist(), quotas.tolist()))})


def apportion(budget: int, shares: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """`budget` in whole numbers in proportion to `shares`, none above its size: largest remainders, the first of equal ones.

    The sizes sum to at least the budget.
    """
    quotas = np.zeros(len(shares), np.int64)
    while (left := budget - quotas.sum()) > 0:
        open_ = np.flatnonzero(quotas < sizes)
        exact = left * shares[open_] / shares[open_].sum()
        whole = np.floor(exact).astype(np.int64)
        for position in np.argsort(whole - exact, kind="stable")[: left - whole.sum()]:
            whole[position] += 1
        quotas[open_] = np.minimum(quotas[open_] + whole, sizes[open_])
    return quotas


def nth_distance(x: NDArray[Any], rows: NDArray[np.int64], n: int, block: int = 4_096) -> NDArray[np.float64]:
    """``(len(x),)``: every row's distance to the n-th nearest other row of `rows`, the nearest being the first."""
    own = np.full(len(x), -1)
    own[rows] = np.arange(len(rows))
    reference = np.asarray(x[rows], np.float64)
    squared = (reference**2).sum(axis=1)
    distances = []
    for start in range(0, len(x), block):
        part = np.asarray(x[start : start + block], np.float64)
        d = (part**2).sum(axis=1)[:, None] + squared - 2 * part @ reference.T
        drawn = np.flatnonzero(own[start : start + block] >= 0)
        d[drawn, own[start + drawn]] = np.inf
        distances.append(np.sqrt(np.maximum(np.partition(d, n - 1, axis=1)[:, n - 1], 0)))
    return np.concatenate(distances)


def finite(radius: float) -> float | None:
    """A radius, None where nothing is labeled."""
    return radius if np.isfinite(radius) else None
