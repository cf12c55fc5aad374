"""k-median: rows whose distances to all others sum to little."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._nearest import nearest
from farpoint.learning._metric import Metric, checked_metric, unit
from farpoint.learning._strategy import Answer, Question, Strategy


class KMedian(Strategy):
    """The medians of as many clusters of the candidates as the budget: the paper's baseline of that name.

    The objective is the sum of distances to the nearest median. Medians are drawn one after another with chances in proportion to
    their distance from those before; then rows are assigned to the nearest and each cluster's median is found anew, until nothing
    changes. This descends to a local optimum, as Lloyd's does for k-means; the best medians are out of reach.

    The engine assigns, in ``n k d`` multiplications a step; a cluster of m rows takes ``m^2 d``, of more than `largest` rows its
    median is looked for among so many, drawn. Memory is the candidates' embeddings and a block of distances.

    Parameters
    ----------
    metric : {'euclidean', 'cosine'}
    steps : int
        At most so many times.
    largest : int
        Rows of a cluster that are tried as its median.
    """

    inputs = frozenset({"embeddings"})

    def __init__(
        self,
        *,
        metric: Metric = "euclidean",
        steps: int = 20,
        largest: int = 2_000,
        device: str = "auto",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.metric = checked_metric(metric)
        self.steps = steps
        self.largest = largest
        self.device = device

    def choose(self, question: Question) -> Answer:
        x = question.embeddings[question.candidates]
        if self.metric == "cosine":
            x = unit(x, question.candidates).astype(x.dtype)
        exponent = int(np.frexp(max(x.max(initial=0), -x.min(initial=0)))[1])
        np.ldexp(x, -exponent, out=x)  # exact, and no square overflows
        if question.budget == len(x):
            return Answer(question.candidates)
        medians = drawn(x, question.budget, question.generator)
        for _ in range(self.steps):
            _, clusters = nearest(x, rows=medians, device=self.device)
            moved = self._medians(x, clusters, question)
            if (moved == medians).all():
                break
            medians = moved
        distances, _ = nearest(x, rows=medians, device=self.device)
        return Answer(question.candidates[medians], details={"objective": float(np.ldexp(distances.sum(), exponent))})

    def _medians(self, x: NDArray[Any], clusters: NDArray[np.int64], question: Question) -> NDArray[np.int64]:
        order = np.argsort(clusters, kind="stable")
        ends = np.cumsum(np.bincount(clusters, minlength=question.budget))
        members = np.split(order, ends[:-1])
        return np.array([self._median(x, rows, question.generator) for rows in members])

    def _median(self, x: NDArray[Any], rows: NDArray[np.int64], generator: np.random.Generator) -> int:
        """The row of the cluster whose distances to the others sum to least, the lowest of equal ones."""
        tried = rows if len(rows) <= self.largest else np.sort(generator.choice(rows, self.largest, replace=False))
        return int(tried[np.argmin(distance_sums(x[tried], x[rows]))])


def drawn(x: NDArray[Any], budget: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`budget` distinct rows, each drawn with chances in proportion to its distance from those before; the first alike.

    Rows at distance 0 are drawn, alike, once there are no others.
    """
    rows = np.empty(budget, np.int64)
    squared = np.einsum("ij,ij->i", x, x)
    least = np.ones(len(x))
    taken = np.zeros(len(x), bool)
    for position in range(budget):
        chance = np.where(taken, 0, least)
        total = chance.sum()
        chance = chance / total if total > 0 else ~taken / np.count_nonzero(~taken)
        row = rows[position] = generator.choice(len(x), p=chance)
        taken[row] = True
        distance = _rounded_distances(x, squared, row)
        least = distance if position == 0 else np.minimum(least, distance)
    return rows


def _rounded_distances(x: NDArray[Any], squared: NDArray[Any], row: int) -> NDArray[np.float64]:
    """Distances to one row by one product, for chances only: within rounding of 0 they are 0."""
    sums = squared + squared[row]
    distance = sums - 2 * (x @ x[row])
    return np.sqrt(np.where(distance > 8 * np.finfo(x.dtype).eps * sums, distance, 0), dtype=np.float64)


def distance_sums(tried: NDArray[Any], rows: NDArray[Any], block: int = 1_024) -> NDArray[np.float64]:
    """``(len(tried),)``: the sum of each one's distances to all `rows`."""
    tried, rows = np.asarray(tried, np.float64), np.asarray(rows, np.float64)
    sums = np.zeros(len(tried))
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        squared = (tried**2).sum(axis=1)[:, None] + (part**2).sum(axis=1) - 2 * tried @ part.T
        sums += np.sqrt(np.maximum(squared, 0)).sum(axis=1)
    return sums
