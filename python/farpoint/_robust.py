"""Robust k-center: the best radius, with outliers left out, and its proof."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from farpoint import _ids, _native, _terms
from farpoint._frameworks import framework, readable
from farpoint._progress import ticking
from farpoint._selection import First, as_json, as_named, as_table, if_asked, interrupted, warn_of_fallback
from farpoint._terms import Terms, host


class Decision(NamedTuple):
    """One radius of the search, and whether the budget covers at it."""

    radius: float
    #: None where the effort made did not tell.
    feasible: bool | None
    #: What told, or the last that was tried.
    by: str
    #: Rows and columns that the reductions left.
    residue: tuple[int, int]
    seconds: float
    #: Seconds since the run began.
    elapsed: float
    #: The interval from then on.
    lower: float
    upper: float


class RobustSelection:
    """A cover, and an interval that is proven to hold the best radius any such cover can have."""

    #: The chosen rows, ``(k,)`` int64, in increasing order.
    centers: Any
    #: The ids of `centers`, ``(k,)`` in host memory, where the rows have some; else None.
    ids: Any = None
    #: The files of `centers` and their rows there, of a pool in files.
    _places: tuple[np.ndarray, np.ndarray] | None = None
    #: The counted rows farther than `upper` from every center, ``(z,)`` int64.
    outliers: Any
    #: No choice of as many centers leaves all but the outliers within a radius below this.
    lower: float
    #: The radius of `centers`; optimal if it equals `lower`.
    upper: float
    #: The radius that greedy with the same budget leaves.
    greedy_radius: float
    #: Why the search ended, in words.
    end: str
    #: ``(n,)`` float64, each row's distance to its nearest center; with ``return_distances``.
    min_distance: Any
    #: ``(n,)`` int64, each row's nearest center as `Selection.assignment`; with ``return_assignment``.
    assignment: Any
    #: The proof of both sides, as JSON; `farpoint.verify` checks it.
    certificate_json: str

    def __init__(
        self,
        answer: dict[str, Any],
        convert: Any,
        asked: Terms,
        labeled_vectors: Any,
        has_distances: bool,
        has_assignment: bool,
    ) -> None:
        self.centers, self.outliers = convert(answer["centers"]), convert(answer["outliers"])
        self.lower, self.upper, self.greedy_radius = answer["lower"], answer["upper"], answer["greedy_radius"]
        self.end = answer["end"]
        self.min_distance = if_asked(has_distances, answer["min_distance"], convert)
        self.assignment = if_asked(has_assignment, answer["assignment"], convert)
        self._decisions, self.certificate_json = answer["decisions"], answer["certificate"]
        self._counts, self._search = answer["statistics"], answer["search"]
        self._asked, self._labeled_vectors = asked, labeled_vectors

    @property
    def gap(self) -> float:
        """``(upper - lower) / upper``, 0 where both are 0."""
        return 0.0 if self.upper == 0 else (self.upper - self.lower) / self.upper

    @property
    def is_optimal(self) -> bool:
        """Whether no better radius exists."""
        return self.lower == self.upper

    @cached_property
    def decisions(self) -> list[Decision]:
        """Every radius that was decided, in the order of the search."""
        return [Decision(**{**told, "residue": tuple(told["residue"])}) for told in json.loads(self._decisions)]

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """What greedy and the distances took, and under ``search`` the search."""
        return {**json.loads(self._counts), "search": json.loads(self._search)}

    def table(self) -> dict[str, np.ndarray]:
        """The centers as columns, which data frames are made of: rank, row, id, file and row_in_file, as far as there are such."""
        return as_table(self.centers, self.ids, self._places)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """All of it but what there is one of a row, as JSON text; also written to `path` if one is given."""
        named = {
            "centers": host(self.centers).tolist(),
            **as_named(self.ids, self._places),
            "outliers": host(self.outliers).tolist(),
            "lower": self.lower,
            "upper": self.upper,
            "greedy_radius": self.greedy_radius,
            "end": self.end,
            "decisions": json.loads(self._decisions),
            "certificate": json.loads(self.certificate_json),
            "statistics": self.statistics,
        }
        return as_json(named, path)

    def __len__(self) -> int:
        return len(self.centers)

    def __repr__(self) -> str:
        proven = "optimal" if self.is_optimal else f"at most {100 * self.gap:.3g} % above the best"
        return f"RobustSelection({len(self.centers)} centers, radius {self.upper:.6g}, {proven})"


def robust(
    pool: Any,
    budget: int | float | str,
    *,
    outliers: int = 0,
    labeled: Any = None,
    labeled_vectors: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    exclude: Any = None,
    time_limit: float | None = None,
    gap: float = 0.0,
    candidates: Literal["all", "greedy"] = "all",
    first: First = "lowest",
    seed: int | None = None,
    device: Any = "auto",
    threads: int = 0,
    return_distances: bool = False,
    return_assignment: bool = False,
    ids: Any = None,
    progress: Callable[[float, float, float], object] | None = None,
) -> RobustSelection:
    """Choose `budget` rows of `pool` that leave all but `outliers` rows within the least radius possible, with the proof.

    Without a time limit the answer is a pure function of the pool's values and of what is asked; with one it may depend on the
    machine, but the interval is always true. The search is exponential at worst.

    Parameters
    ----------
    pool, budget, labeled, labeled_vectors, metric, exclude, first, seed, device, threads, ids, return_distances, return_assignment
        As in `farpoint.select`; the pool in host memory.
    outliers : int
        Rows that may stay uncovered.
    time_limit : float, optional
        Stop the search after so many seconds, with the interval proven so far.
    gap : float
        Stop the search once ``upper - lower <= gap * upper``.
    candidates : {'all', 'greedy'}
        Which rows may become centers: all, or the first ``budget + outliers`` that greedy picks, a much smaller search.
    progress : callable, optional
        Called with (seconds, lower, upper) a few dozen times a second; ends the run by raising.

    Raises
    ------
    As `farpoint.select`. KeyboardInterrupt, and what `progress` raises, end the search at the next step of it, and before the search at
    once; the exception's ``selection`` has the interval proven so far, and is None if no pick had a radius yet.

    Source: Sener & Savarese, ICLR 2018, Algorithm 2, corrected.
    """
    pool, library = readable(pool), framework(pool)
    n = _terms.rows_of(pool)
    known = _ids.ids_of(ids, pool, n)
    asked = _terms.terms(
        n,
        labeled=_ids.rows_by(known, "labeled", labeled),
        exclude=_ids.rows_by(known, "exclude", exclude),
        metric=metric,
        first=first,
        seed=seed,
        device=device,
        threads=threads,
        assign=return_distances or return_assignment,
    )
    robust_terms = {
        "outliers": _terms.count("outliers", outliers),
        "time_limit": _terms.number("time_limit", time_limit),
        "gap": _terms.number("gap", gap),
        "candidates": _terms.name("candidates", candidates),
    }
    if labeled_vectors is not None:
        labeled_vectors = _terms.vectors(labeled_vectors)
    if progress is True:
        raise TypeError("progress of a robust selection is a callable: a search has no length that a bar could show")

    def search() -> RobustSelection:
        with ticking(progress) as tick:
            answer = _native.robust(pool, _terms.rows_to_choose(budget, n), asked, robust_terms, labeled_vectors, tick)
        selection = RobustSelection(answer, library.answer, asked, labeled_vectors, return_distances, return_assignment)
        if answer["raised"] is not None:
            raise interrupted(answer["raised"], selection)
        warn_of_fallback(answer["fallback"])
        return selection

    return _ids.named(known, pool, search)
