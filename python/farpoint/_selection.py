"""What a selection answers."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from farpoint import _native
from farpoint._frameworks import readable
from farpoint._terms import Terms, host
from farpoint._warnings import warn

#: The first center, where nothing is labeled.
First = Literal["lowest", "mean", "heaviest", "random", "farthest-from-mean", "farthest-pair", "loneliest"] | int


class _Answered(NamedTuple):
    """A selection as the extension takes it."""

    centers: np.ndarray | None
    radii: np.ndarray | None
    initial_radius: float
    lower_bounds: np.ndarray | None
    farthest: int | None
    min_distance: np.ndarray | None
    assignment: np.ndarray | None
    interrupted: bool
    #: As JSON.
    statistics: str


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
    #: ``(n,)`` float64, each row's distance to its nearest center; with ``return_distances``. Infinite for excluded rows without one, NaN for those that `open` left out (`skip_bad`).
    min_distance: Any
    #: ``(n,)`` int64, each row's nearest center: p >= 0 is a position in `centers`, -1 - l labeled entry l; with ``return_assignment``.
    assignment: Any
    #: The ids of `centers`, ``(k,)`` in host memory, where the rows have some; else None.
    ids: Any = None
    #: The files of `centers` and their rows there, of a pool in files.
    _places: tuple[np.ndarray, np.ndarray] | None = None
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

    def table(self) -> dict[str, np.ndarray]:
        """The picks as columns, which data frames are made of: rank, row, id, file, row_in_file and radius, as far as there are such.

        The radius that an interrupted selection does not know is NaN.
        """
        radii = np.full(len(self), np.nan)
        radii[: len(self.radii)] = host(self.radii)
        return {**as_table(self.centers, self.ids, self._places), "radius": radii}

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """All of it but what there is one of a row, as JSON text; also written to `path` if one is given. An infinite radius is null."""
        named = {
            "centers": host(self.centers).tolist(),
            **as_named(self.ids, self._places),
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

    def report(self, path: str | os.PathLike[str], pool: Any, *, name: str = "pool") -> None:
        """Write the page of this selection, made from `pool`, to `path`: one HTML file that loads nothing from anywhere.

        It has the coverage curve, a map of pool and picks, tables, and, of a selection with ``return_distances`` and
        ``return_assignment``, how far rows lie from their nearest center and how many each serves. `name` is what it calls the pool.

        Reads at most 40,000 rows of the pool, which is in host memory; the file stays below 1.5 MB.

        Raises ValueError for a pool that the selection is not of; OSError for a file that cannot be written.
        """
        page = _native.report(readable(pool), self._answered(), self._asked._replace(device="cpu"), name, self._labeled_vectors)
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)

    def _answered(self) -> _Answered:
        def each(values: Any, dtype: type) -> np.ndarray | None:
            return None if values is None else np.ascontiguousarray(host(values), dtype=dtype)

        return _Answered(
            each(self.centers, np.int64),
            each(self.radii, np.float64),
            self.initial_radius,
            each(self.lower_bounds, np.float64),
            self.farthest,
            each(self.min_distance, np.float64),
            each(self.assignment, np.int64),
            self.interrupted,
            str(self._counts),
        )

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


def as_table(centers: Any, ids: Any, places: tuple[np.ndarray, np.ndarray] | None) -> dict[str, np.ndarray]:
    """Picks as columns: their rank, row, id, file and row in it."""
    rows = host(centers)
    columns = {"rank": np.arange(1, len(rows) + 1), "row": rows}
    if ids is not None:
        columns["id"] = np.asarray(ids)
    if places is not None:
        columns["file"], columns["row_in_file"] = places
    return columns


def as_named(ids: Any, places: tuple[np.ndarray, np.ndarray] | None) -> dict[str, list[Any]]:
    """What JSON has of ids and places, as the program's has it."""
    named: dict[str, list[Any]] = {}
    if ids is not None:
        named["ids"] = [one if isinstance(one, (str, int)) else str(one) for one in np.asarray(ids, dtype=object).tolist()]
    if places is not None:
        named["files"], named["rows_in_files"] = (column.tolist() for column in places)
    return named


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


def warn_of_idle_picks(selection: Selection) -> None:
    """Say which picks cover nothing that was not covered."""
    if selection.idle_picks:
        warn(
            f"{selection.idle_picks} of the {len(selection)} picks came when the radius was 0: each equals a center before it, or "
            "has weight 0; stop_radius=0 leaves them out"
        )


def as_json(named: dict[str, Any], path: str | os.PathLike[str] | None) -> str:
    """JSON text, also written to `path` if one is given."""
    text = json.dumps(named)
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return text
