"""lightly-mundig's ``Selection`` by one diversifying strategy. Needs NumPy alone."""

from __future__ import annotations

import math
import operator
from typing import Any, NoReturn

from numpy.typing import NDArray

from farpoint._floats import as_floats

from ._starts import as_rows, select_from

__all__ = ["Selection"]


class Selection:
    """Selects the most diverse samples, in the place of ``lightly_mundig.Selection``.

    It takes one diversifying strategy. Weighting, balancing, similarity and typicality, whose mixture their package does not
    document, are a NotImplementedError.
    """

    def __init__(self) -> None:
        self._embeddings: NDArray[Any] | None = None
        self._least_distance = 0.0

    def add_diversifying_strategy(
        self, embeddings: Any, strength: float, stopping_condition_minimum_distance: float | None = None
    ) -> None:
        """Select by distances between embeddings, ``(n, d)``.

        Args:
            embeddings: float64 is seen as it is, everything else as float32, or float64 for whole numbers that float32 has not.
            strength: more than 0; it weighs strategies against each other, so with one alone it changes nothing.
            stopping_condition_minimum_distance: a sample nearer than this to those selected ends the selection.

        Raises:
            ValueError: a strength that is not positive and finite, embeddings that are not ``(n, d)``.
            NotImplementedError: a second strategy.
        """
        if self._embeddings is not None:
            raise NotImplementedError("one diversifying strategy is taken: lightly_mundig.Selection mixes several")
        if not 0 < strength < math.inf:
            raise ValueError(f"strength must be positive and finite, got {strength}")
        points = as_floats(embeddings, "array of embeddings")
        if points.ndim != 2:
            raise ValueError(f"embeddings must be (n, d), got shape {points.shape}")
        self._embeddings = points
        self._least_distance = stopping_condition_minimum_distance or 0.0

    def run_selection(self, preselected_indices: Any, n_total_samples: int, n_samples_to_select: int) -> list[int]:
        """The preselected rows, then the farthest from all before, ``n_samples_to_select`` in all.

        Without preselected rows row 0 is the first.

        Raises:
            ValueError: no strategy, another number of embeddings than ``n_total_samples``, more samples than there are, preselected rows
                that repeat, values that are not finite.
            IndexError: a preselected row that is none.
        """
        points = self._embeddings
        if points is None:
            raise ValueError("add_diversifying_strategy first: there is nothing to select by")
        if len(points) != n_total_samples:
            raise ValueError(f"{len(points)} embeddings for n_total_samples={n_total_samples}")
        given = as_rows(list(preselected_indices), len(points), "preselected_indices")
        budget = operator.index(n_samples_to_select)
        if not 0 <= budget <= len(points):
            raise ValueError(f"n_samples_to_select must be from 0 to the {len(points)} samples, got {budget}")
        if budget <= len(given):
            return given
        return self._select(points, given or [0], budget)

    def add_balancing_strategy(self, *arguments: Any, **named: Any) -> NoReturn:
        """Not taken."""
        raise _not_taken("balancing")

    def add_weighting_strategy(self, *arguments: Any, **named: Any) -> NoReturn:
        """Not taken; :func:`farpoint.select` has ``weights``."""
        raise _not_taken("weighting")

    def add_subpart_diversifying_strategy(self, *arguments: Any, **named: Any) -> NoReturn:
        """Not taken."""
        raise _not_taken("subpart diversifying")

    def add_subpart_similarity_strategy(self, *arguments: Any, **named: Any) -> NoReturn:
        """Not taken."""
        raise _not_taken("subpart similarity")

    def add_subpart_typicality_strategy(self, *arguments: Any, **named: Any) -> NoReturn:
        """Not taken."""
        raise _not_taken("subpart typicality")

    def _select(self, points: NDArray[Any], starts: list[int], budget: int) -> list[int]:
        least = self._least_distance
        stop_radius = math.nextafter(least, -math.inf) if least > 0 else None
        picks = select_from(points, starts, budget, stop_radius=stop_radius)
        return picks.rows[: len(picks.rows) - int((picks.distances < least).sum())].tolist()


def _not_taken(what: str) -> NotImplementedError:
    return NotImplementedError(f"no {what} strategy is taken here: lightly_mundig.Selection has it")
