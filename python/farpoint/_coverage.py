"""How well any centers cover a pool, and what that bounds the loss by of a network trained on them."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from farpoint import _native, _terms
from farpoint._frameworks import readable


class Constants(NamedTuple):
    """What is known of the loss, as the extension takes it."""

    loss_lipschitz: float
    regression_lipschitz: float
    loss_bound: float
    classes: int
    gamma: float


class Bound(NamedTuple):
    """A bound on the mean loss over all rows, term by term."""

    #: The distance within which rows count as covered, and how many rows are farther from every center.
    radius: float
    uncovered: int
    #: What the loss of the covered rows is at most, that of the uncovered ones, and what random labels may add.
    covering_term: float
    uncovered_term: float
    hoeffding_term: float
    #: The sum.
    total: float
    #: Whether the sum is at least the largest loss there is: then it says nothing.
    vacuous: bool


class Coverage:
    """Every counted row's distance to its nearest center."""

    #: ``(m,)`` float64, in the metric's units, the least first.
    distances: np.ndarray

    def __init__(self, distances: np.ndarray) -> None:
        self.distances = distances

    @property
    def radius(self) -> float:
        """The largest distance."""
        return float(self.distances[-1])

    def within(self, share: float) -> float:
        """The least distance within which at least this share of the rows lie, 0 to 1."""
        share = _share(share)
        # In billionths: no float is 0.29 exactly, and 29 rows of 100 are meant.
        rows = -(-len(self) * round(share * 10**9) // 10**9)
        return float(self.distances[max(rows, 1) - 1])

    def uncovered(self, radius: float) -> int:
        """How many rows are farther than `radius` from every center."""
        return len(self) - int(np.searchsorted(self.distances, radius, side="right"))

    def bound(self, radius: float | None = None, **constants: Any) -> Bound:
        """`farpoint.bound` at `radius`, by default the largest distance, with the rows beyond it uncovered."""
        radius = self.radius if radius is None else radius
        return bound(rows=len(self), radius=radius, uncovered=self.uncovered(radius), **constants)

    def least_bound(self, **constants: Any) -> Bound:
        """The least `bound` at any radius; of equal bounds the one that covers most rows. O(n): only distances that occur need be tried."""
        radii = np.unique(self.distances)[::-1]
        return min((self.bound(float(radius), **constants) for radius in radii), key=lambda one: one.total)

    def __len__(self) -> int:
        """Rows counted."""
        return len(self.distances)

    def __repr__(self) -> str:
        return f"Coverage({len(self)} rows, half within {self.within(0.5):.6g}, all within {self.radius:.6g})"


def coverage(
    pool: Any,
    centers: Any,
    *,
    labeled: Any = None,
    labeled_vectors: Any = None,
    exclude: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    threads: int = 0,
) -> Coverage:
    """How well `centers` cover `pool`, however they were chosen: every row's distance to the nearest of them, exact.

    Parameters
    ----------
    pool : array ``(n, d)``
        As `select` takes it, in host memory.
    centers : rows or mask
        Pool rows, in any order.
    labeled : rows or mask, optional
        More centers, which are counted as rows, too.
    labeled_vectors : array ``(m, d)``, optional
        Centers from elsewhere.
    exclude : rows or mask, optional
        Rows that are not counted.
    metric : {'euclidean', 'cosine'}
        Distances under cosine are chords.
    threads : int
        CPU threads; 0 is one a core.

    Raises what `select` raises; ValueError for rows given twice, labeled, excluded or left out, among `centers`, and for no center at all.

    Time is one pass over the pool with all centers, O(n k d) in matrix products; memory beside the pool 32 bytes a row.
    """
    pool = readable(pool)
    n = _terms.rows_of(pool)
    asked = _terms.terms(n, labeled=labeled, exclude=exclude, metric=metric, threads=threads, device="cpu")
    chosen = _terms.rows("centers", centers, n)
    if chosen is None:
        raise TypeError("centers are rows of the pool, or a mask, not None")
    if labeled_vectors is not None:
        labeled_vectors = _terms.vectors(labeled_vectors)
    return Coverage(_native.coverage(pool, chosen, asked, labeled_vectors))


def bound(
    *,
    radius: float,
    rows: int,
    uncovered: int = 0,
    loss_lipschitz: float,
    regression_lipschitz: float,
    loss_bound: float,
    classes: int,
    gamma: float,
) -> Bound:
    """The bound on the mean loss over all rows of a network that was trained on the centers of a cover alone.

    Parameters
    ----------
    radius : float
        How far from its nearest center a covered row may be.
    rows : int
        Rows drawn, centers included.
    uncovered : int
        Rows farther than `radius` from every center.
    loss_lipschitz, regression_lipschitz : float
        How fast the loss of a label, and the probability of a class, can change with the row.
    loss_bound : float
        The largest loss there is.
    classes : int
        Classes.
    gamma : float
        The probability with which the bound may fail, between 0 and 1.

    Raises ValueError for a number that is not finite or negative, and for more rows uncovered than there are.

    Source: Sener & Savarese, ICLR 2018, Theorem 1, whose first term is weighted here by the share of rows covered, and the largest loss
    added for the others.
    """
    given = {
        "loss_lipschitz": loss_lipschitz,
        "regression_lipschitz": regression_lipschitz,
        "loss_bound": loss_bound,
        "gamma": gamma,
    }
    numbers = {name: _terms.number(name, value) for name, value in given.items()}
    if None in numbers.values():
        raise TypeError(f"{next(name for name, value in numbers.items() if value is None)} is a number, not None")
    constants = Constants(classes=_terms.count("classes", classes), **numbers)  # type: ignore[arg-type]
    counts = _terms.count("rows", rows), _terms.count("uncovered", uncovered)
    distance = _terms.number("radius", radius)
    if distance is None:
        raise TypeError("radius is a number, not None")
    return Bound(distance, counts[1], *_native.bound(constants, counts[0], distance, counts[1]))


def _share(share: float) -> float:
    number = _terms.number("share", share)
    if number is None or math.isnan(number) or not 0 <= number <= 1:
        raise ValueError(f"a share is a number from 0 to 1, not {share}")
    return number
