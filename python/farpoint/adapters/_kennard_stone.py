"""The order of Kennard and Stone: the two farthest rows, then farthest first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._nearest import nearest_distances

from ._starts import select_from

#: Values of a block of squared distances between pairs of rows: 32 MB.
BLOCK = 4_000_000


def kennard_stone_order(points: NDArray[Any], budget: int) -> NDArray[np.int64]:
    """The first ``budget`` rows, at least two, of ``points`` (n, d): float32 or float64.

    The pair takes :func:`farthest_pair`'s time, the rest that of a selection.
    """
    return select_from(points, list(farthest_pair(points)), budget).rows


def farthest_pair(points: NDArray[Any]) -> tuple[int, int]:
    """The two rows of ``points`` (n, d) that are farthest from each other; of equal pairs the one of the lowest rows, in that order.

    Canonical distances decide. Products in float64 rule out what is nearer by more than they may round, and the triangle inequality
    the rows that lie near the mean: up to n^2 d / 2 multiplications where all rows are equally far from it, next to nothing where a few are
    farthest out. Memory is one float64 copy of ``points`` and 100 MB.
    """
    shifted = points - points.mean(axis=0, dtype=np.float64)
    squared = np.einsum("ij,ij->i", shifted, shifted)
    outermost = int(squared.argmax())
    far = nearest_distances(points, [outermost])
    best, pair = float(far.max()), _sorted(outermost, int(far.argmax()))
    if best == 0:
        return 0, 1  # all rows are equal
    kept = _may_be_ends(np.sqrt(squared), best)
    shifted, squared = shifted[kept], squared[kept]
    slack = 8 * (points.shape[1] + 8) * np.finfo(np.float64).eps * float(squared.max())
    rows = max(1, BLOCK // len(kept))
    for begin in range(0, len(kept), rows):
        block = slice(begin, begin + rows)
        estimates = shifted[block] @ shifted[begin:].T
        estimates *= -2
        estimates += squared[begin:]
        estimates += squared[block, None]
        near_best = estimates >= best * best - slack
        for row in np.flatnonzero(near_best.any(axis=1)):
            others = kept[begin + row + 1 :][near_best[row, row + 1 :]]
            if len(others):
                best, pair = _farther(points, int(kept[begin + row]), others, best, pair)
    return pair


def _may_be_ends(reach: NDArray[np.float64], best: float) -> NDArray[np.int64]:
    """Rows of pairs that may be ``best`` apart or more: their distances ``reach`` from the mean add up to it."""
    return np.flatnonzero(reach + reach.max() >= best * (1 - 1e-9))


def _farther(
    points: NDArray[Any], row: int, others: NDArray[np.int64], best: float, pair: tuple[int, int]
) -> tuple[float, tuple[int, int]]:
    """The farthest of ``pair``, ``best`` apart, and the pairs of ``row`` and each of ``others``."""
    together = points[np.concatenate([[row], others])]
    distances = nearest_distances(together, [0])[1:]
    place = int(distances.argmax())
    candidate = _sorted(row, int(others[place]))
    if distances[place] > best or (distances[place] == best and candidate < pair):
        return float(distances[place]), candidate
    return best, pair


def _sorted(row: int, other: int) -> tuple[int, int]:
    return (row, other) if row < other else (other, row)
