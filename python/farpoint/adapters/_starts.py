"""Selections that go on from rows which somebody else chose."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from farpoint._frameworks import readable
from farpoint._select import run
from farpoint._terms import terms


class Picks(NamedTuple):
    """Rows in their order, ``(budget,)`` int64, and each one's distance to those before it, ``(budget,)`` float64.

    The distances of the starts are infinite.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]


def select_from(
    points: NDArray[Any],
    starts: list[int],
    budget: int,
    *,
    stop_radius: float | None = None,
    device: str = "auto",
    progress: bool = False,
) -> Picks:
    """``starts``, distinct and at least one, then the rows of ``points`` (n, d) farthest from all before, ``budget`` in all.

    Ends early once no row is farther than ``stop_radius``. Raises as :func:`farpoint.select`, but does not warn of picks at distance 0.
    """
    untold = np.full(len(starts), np.inf)
    if budget == len(starts):
        return Picks(np.array(starts, dtype=np.int64), untold)
    asked = terms(len(points), labeled=starts, stop_radius=stop_radius, device=device)
    chosen = run(readable(points), budget - len(starts), asked, progress=progress)
    distances = [chosen.initial_radius, *chosen.radii][: len(chosen.centers)]
    return Picks(np.concatenate([starts, chosen.centers]).astype(np.int64), np.concatenate([untold, distances]))


def as_rows(given: Any, n: int, what: str) -> list[int]:
    """A row, or rows, of a pool of ``n``: whole numbers, distinct. ``what`` names them in errors.

    Raises:
        TypeError: what is no whole number.
        IndexError: what is no row.
        ValueError: a row that is given twice.
    """
    several = isinstance(given, (list, tuple, np.ndarray)) and np.ndim(given) == 1
    rows = [operator.index(row) for row in (given if several else [given])]
    for row in rows:
        if not 0 <= row < n:
            raise IndexError(f"{what} {row} is no row of {n}")
    if len(set(rows)) < len(rows):
        raise ValueError(f"{what} names a row twice: {rows}")
    return rows
