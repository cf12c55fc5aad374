"""What a selection answers."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import numpy as np

from farpoint._terms import Terms, host
from farpoint._warnings import warn

#: The first center, where nothing is labeled.
First = Literal["lowest", "mean", "heaviest", "random"] | int


class Selection:
    """The rows selected, in order, and how well they cover the pool.

    Arrays are of the pool's library, on the pool's device.
    """

    #: New centers, ``(k,)`` int64: pool rows, in the order greedy chose them. The first j are the selection of budget j.
    centers: Any
    #: ``(k,)`` float64: ``radii[t]`` is the cover radius once ``centers[:t + 1]`` are chosen. One shorter after an interruption before the last pick.
    radii: Any
    #: ``(k,)`` float64: no t + 1 new centers have a radius below ``lower_bounds[t]``.
    lower_bounds: Any
    #: The cover radius of the labeled centers alone; infinite if there are none.
    initial_radius: float
    #: The row that the last radius is the distance of; None if every row is a center.
    farthest: int | None
    #: ``(n,)`` float64, each row's distance to its nearest center; with ``return_distances``. Infinite for excluded rows without one.
    min_distance: Any
    #: ``(n,)`` int64, each row's nearest center: p >= 0 is a position in `centers`, -1 - l labeled entry l; with ``return_assignment``.
    assignment: Any
    #: Picks made when the radius was 0 already, the last ones: each equals a center before it, or has weight 0.
    idle_picks: int
    #: Whether the run was stopped before its budget or stop radius.
    interrupted: bool
    #: What the engine took, the check of the values included.
    seconds: float

    def __init__(
        self,
        answer: dict[str, Any],
        convert: Callable[[np.ndarray], Any],
        asked: Terms,
        labeled_vectors: Any,
        has_distances: bool,
        has_assignment: bool,
    ) -> None:
        self.centers, self.radii = convert(answer["centers"]), convert(answer["radii"])
        self.lower_bounds = convert(answer["lower_bounds"])
        self.initial_radius, self.farthest = answer["initial_radius"], answer["farthest"]
        self.min_distance = if_asked(has_distances, answer["min_distance"], convert)
        self.assignment = if_asked(has_assignment, answer["assignment"], convert)
        self.idle_picks = _idle_picks(answer)
        self.interrupted, self.seconds = answer["interrupted"], answer["seconds"]
        self._counts = answer["statistics"]
        self._asked, self._labeled_vectors = asked, labeled_vectors

    @property
    def radius(self) -> float:
        """The last cover radius known, in the metric's units."""
        return float(self.radii[-1]) if len(self.radii) else self.initial_radius

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """What the run did: the device, rounds, pairs evaluated, rows read, seconds a phase."""
        return json.loads(str(self._counts))

    def __getstate__(self) -> dict[str, Any]:
        # The extension's counts are text only when they are asked for.
        return {**self.__dict__, "_counts": str(self._counts)}

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """The coverage curve: numbers of new centers, and the cover radius with so many, as NumPy arrays. Where rows are labeled it begins at 0."""
        radii = host(self.radii)
        if math.isinf(self.initial_radius):
            return np.arange(1, len(radii) + 1), radii
        return np.arange(len(radii) + 1), np.concatenate([[self.initial_radius], radii])

    def plot(self, ax: Any = None) -> Any:
        """Draw the coverage curve, and the proven lower bound below it, with matplotlib. Returns the axes."""
        import matplotlib.pyplot as plt

        ax = ax or plt.subplots(figsize=(6, 4), layout="constrained")[1]
        centers, radii = self.curve()
        bounds = host(self.lower_bounds)
        ax.plot(centers, radii, drawstyle="steps-post", label="radius of these centers")
        ax.plot(
            np.arange(1, len(bounds) + 1),
            bounds,
            drawstyle="steps-post",
            linestyle="--",
            label="no choice of as many does better",
        )
        ax.set(
            xlabel="new centers",
            ylabel="cover radius",
            ylim=(0, None),
            title=f"{len(self.centers)} centers, radius {self.radius:.4g}",
        )
        ax.legend()
        return ax

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """All of it but what there is one of a row, as JSON text; also written to `path` if one is given. An infinite radius is null."""
        named = {
            "centers": host(self.centers).tolist(),
            "radii": host(self.radii).tolist(),
            "initial_radius": None if math.isinf(self.initial_radius) else self.initial_radius,
            "lower_bounds": host(self.lower_bounds).tolist(),
            "farthest": self.farthest,
            "idle_picks": self.idle_picks,
            "interrupted": self.interrupted,
            "seconds": self.seconds,
            "statistics": self.statistics,
        }
        return as_json(named, path)

    def __len__(self) -> int:
        return len(self.centers)

    def __repr__(self) -> str:
        state = ", interrupted" if self.interrupted else ""
        return f"Selection({len(self.centers)} centers, radius {self.radius:.6g}{state})"


def _idle_picks(answer: dict[str, Any]) -> int:
    """The radii before picks never grow: where that before the last one is not 0, none is."""
    picks, radii = len(answer["centers"]), answer["radii"]
    if picks > 1 and radii[picks - 2] != 0:
        return 0
    before = [answer["initial_radius"], *radii[: picks - 1]][:picks]
    return before.count(0)


def if_asked(is_asked: bool, array: np.ndarray | None, convert: Callable[[np.ndarray], Any]) -> Any:
    """What there is one of a row; an interrupted run has none of it."""
    return convert(array) if is_asked and array is not None else None


def interrupted(raised: BaseException, selection: Any) -> BaseException:
    """What ended a run early, with what was made until then attached."""
    raised.selection = selection  # type: ignore[attr-defined]
    return raised


def warn_of_fallback(fallback: str | None) -> None:
    """Say why no GPU was used where one would have been."""
    if fallback is not None:
        warn(f"the CPU is used: {fallback}", RuntimeWarning)


def as_json(named: dict[str, Any], path: str | os.PathLike[str] | None) -> str:
    """JSON text, also written to `path` if one is given."""
    text = json.dumps(named)
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return text
