"""What curves over several seeds say: areas, differences to random paired by seed, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

#: The strategy that round 0 is recorded under: the first pool, which all strategies of a seed share.
START = "start"
#: The strategy that all others are compared with.
RANDOM = "random"
#: Differences of accuracy that are too small to matter: half a point.
LEVEL = 0.005
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Curve:
    """Test accuracy of one strategy over the rows labeled."""

    strategy: str
    seeds: tuple[int, ...]
    #: Rows labeled at each point, increasing.
    labeled: tuple[int, ...]
    #: ``(seeds, points)`` float64; NaN where a round is missing.
    accuracy: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """``(points,)``, over the seeds that have the point."""
        return np.array([mean(column) for column in self.accuracy.T])

    @property
    def deviation(self) -> np.ndarray:
        """``(points,)`` standard deviations with n - 1; NaN where fewer than two seeds have the point."""
        return np.array([deviation(column) for column in self.accuracy.T])

    def at(self, labeled: int) -> dict[int, float]:
        """Accuracy by seed at one point."""
        column = self.accuracy[:, self.labeled.index(labeled)]
        return {seed: float(value) for seed, value in zip(self.seeds, column) if not math.isnan(value)}

    def areas(self, labeled: Sequence[int]) -> dict[int, float]:
        """Area under the curve by seed, over these points; seeds that lack one of them have none."""
        columns = [self.labeled.index(point) for point in labeled]
        by_seed = {seed: area(labeled, row[columns]) for seed, row in zip(self.seeds, self.accuracy)}
        return {seed: value for seed, value in by_seed.items() if not math.isnan(value)}


@dataclass(frozen=True)
class Interval:
    """A mean difference and its 95 % interval by a paired t-test; without two pairs the interval is NaN."""

    mean: float
    low: float
    high: float
    #: Seeds that both sides have.
    pairs: int
    #: Seeds that only one side has.
    left_out: int


@dataclass(frozen=True)
class Saved:
    """What two mean curves need for the accuracy that the lower of them ends at; more than 0 labels are saved by the strategy."""

    accuracy: float
    strategy_labels: float
    random_labels: float

    @property
    def labels(self) -> float:
        return self.random_labels - self.strategy_labels


@dataclass(frozen=True)
class Comparison:
    """One strategy beside random."""

    strategy: str
    #: The points that some seed has of both.
    labeled: tuple[int, ...]
    #: Difference of accuracy at each of these points.
    points: tuple[Interval, ...]
    #: Difference of the area under the curve, over these points.
    area: Interval
    #: None where no seed has all the points of both.
    saved: Saved | None

    @property
    def verdict(self) -> str:
        """What the difference of the areas tells."""
        return verdict(self.area)


def curves(records: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    """The curve of each strategy that has a round of its own; each begins at the start that its seeds share."""
    starts: dict[int, tuple[int, float]] = {}
    rounds: dict[str, dict[tuple[int, int], float]] = {}
    for record in records:
        seed, labeled, accuracy = int(record["seed"]), int(record["labeled"]), float(record["accuracy"])
        if record["strategy"] == START:
            starts[seed] = labeled, accuracy
        else:
            rounds.setdefault(record["strategy"], {})[seed, labeled] = accuracy
    return {strategy: _curve(strategy, cells, starts) for strategy, cells in rounds.items()}


def _curve(strategy: str, cells: dict[tuple[int, int], float], starts: Mapping[int, tuple[int, float]]) -> Curve:
    seeds = tuple(sorted({seed for seed, _ in cells}))
    begun = {(seed, starts[seed][0]): starts[seed][1] for seed in seeds if seed in starts}
    cells = {**begun, **cells}
    labeled = tuple(sorted({point for _, point in cells}))
    accuracy = np.array([[cells.get((seed, point), math.nan) for point in labeled] for seed in seeds])
    return Curve(strategy, seeds, labeled, accuracy)


def compare(curve: Curve, random: Curve) -> Comparison:
    """The strategy beside random: the same seeds, so the same first pools and networks."""
    labeled = shared_points(curve, random)
    points = tuple(paired(curve.at(point), random.at(point)) for point in labeled)
    areas = paired(curve.areas(labeled), random.areas(labeled), {*curve.seeds, *random.seeds})
    return Comparison(curve.strategy, labeled, points, areas, labels_saved(curve, random))


def shared_points(curve: Curve, random: Curve) -> tuple[int, ...]:
    """The points that at least one seed has of both."""
    both = sorted({*curve.labeled} & {*random.labeled})
    return tuple(point for point in both if curve.at(point).keys() & random.at(point).keys())


def mean(values: Iterable[float]) -> float:
    """Over the values that are not NaN; NaN if none is."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def deviation(values: Iterable[float]) -> float:
    """The standard deviation with n - 1; NaN of fewer than two values."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan


def area(labeled: Sequence[int], accuracy: Sequence[float]) -> float:
    """The area by trapezoids over the range of labels, so a mean accuracy; NaN of fewer than two points or with one missing."""
    if len(labeled) < 2:
        return math.nan
    return float(np.trapezoid(accuracy, labeled) / (labeled[-1] - labeled[0]))


def paired(strategy: Mapping[int, float], random: Mapping[int, float], seeds: Iterable[int] | None = None) -> Interval:
    """The mean difference over the seeds that both have.

    The others of `seeds`, or of all that either has, are left out and counted.
    """
    both = sorted(strategy.keys() & random.keys())
    left_out = len({*(strategy.keys() | random.keys() if seeds is None else seeds)}) - len(both)
    differences = [strategy[seed] - random[seed] for seed in both]
    middle, half = mean(differences), half_width(differences)
    return Interval(middle, middle - half, middle + half, len(both), left_out)


def half_width(differences: Sequence[float]) -> float:
    """Half of the interval's width, by Student's t."""
    n = len(differences)
    if n < 2:
        return math.nan
    quantile = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
    return quantile * deviation(differences) / math.sqrt(n)


def verdict(interval: Interval, level: float = LEVEL) -> str:
    """Better or worse where the interval leaves 0 out, level where it lies within `level` of 0; else the seeds do not tell."""
    if interval.low > 0:
        return "better"
    if interval.high < 0:
        return "worse"
    if -level <= interval.low and interval.high <= level:
        return "level"
    return f"not told apart with {interval.pairs} seed{'' if interval.pairs == 1 else 's'}"


def labels_saved(curve: Curve, random: Curve) -> Saved | None:
    """Both means over the seeds that have every shared point of both; None where there is no such seed, or one point only."""
    labeled = shared_points(curve, random)
    seeds = curve.areas(labeled).keys() & random.areas(labeled).keys()
    if not seeds:
        return None
    means = [[mean(of.at(point)[seed] for seed in seeds) for point in labeled] for of in (curve, random)]
    accuracy = min(means[0][-1], means[1][-1])
    return Saved(accuracy, *(first_reaching(labeled, values, accuracy) for values in means))


def first_reaching(labeled: Sequence[int], accuracy: Sequence[float], wanted: float) -> float:
    """Labels at which the line through the points first reaches an accuracy; NaN where it never does."""
    if accuracy[0] >= wanted:
        return float(labeled[0])
    for left in range(len(labeled) - 1):
        low, high = accuracy[left], accuracy[left + 1]
        if high >= wanted:
            return labeled[left] + (wanted - low) / (high - low) * (labeled[left + 1] - labeled[left])
    return math.nan
