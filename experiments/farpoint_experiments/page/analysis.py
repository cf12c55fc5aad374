"""Everything that the page's parts need of a run, computed once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from farpoint_experiments.statistics import RANDOM, START, Comparison, Curve, area, compare, curves

from .folder import Run
from .palette import Look, is_k_center, looks, sees_labels


@dataclass(frozen=True)
class Missing:
    """A strategy and seed that has fewer rounds than the run has."""

    strategy: str
    seed: int
    done: int
    wanted: int


@dataclass(frozen=True)
class Analysis:
    run: Run
    curves: dict[str, Curve]
    #: Every strategy but random, where random is there; the best first.
    comparisons: list[Comparison]
    looks: dict[str, Look]
    missing: list[Missing]

    @property
    def labeled(self) -> tuple[int, ...]:
        """All points of the run."""
        return tuple(sorted({record["labeled"] for record in self.run.records}))

    @property
    def ranked(self) -> list[str]:
        """The strategies, the best first; random where its curve puts it."""
        return sorted(self.curves, key=lambda name: -_height(self.curves[name]))

    @property
    def k_centers(self) -> list[Comparison]:
        return [one for one in self.comparisons if self.run.is_any(one.strategy, is_k_center)]

    @property
    def best_other(self) -> Comparison | None:
        """The best that is no k-center and can be used; only those that went as far as random did."""
        whole = [one for one in self.comparisons if one.labeled == self.curves[RANDOM].labeled and one.area.pairs]
        return next(
            (one for one in whole if not self.run.is_any(one.strategy, lambda name: is_k_center(name) or sees_labels(name))), None
        )


def analyse(run: Run) -> Analysis:
    known = curves(run.records)
    random = known.get(RANDOM)
    compared = [compare(curve, random) for name, curve in known.items() if random and name != RANDOM]
    compared.sort(key=lambda one: math.inf if math.isnan(one.area.mean) else -one.area.mean)
    ranked = [one.strategy for one in compared] or sorted(known, key=lambda name: -_height(known[name]))
    kinds = {name for name in known if run.is_any(name, is_k_center)}
    return Analysis(run, known, compared, looks(ranked, kinds), _missing(run))


def _height(curve: Curve) -> float:
    """The mean curve's area, for ranking; its last value where it has one point."""
    whole = area(curve.labeled, list(curve.mean))
    return float(curve.mean[-1]) if math.isnan(whole) else whole


def _missing(run: Run) -> list[Missing]:
    """What the config asks for and is not there; without a config, what the furthest strategy has and others lack."""
    done: dict[tuple[str, int], set[int]] = {}
    for one in run.records:
        if one["strategy"] != START and one["round"] > 0:
            done.setdefault((one["strategy"], one["seed"]), set()).add(one["round"])
    seeds, queries = run.config.get("seeds"), run.config.get("queries")
    wanted = queries if isinstance(queries, int) else max((max(rounds) for rounds in done.values()), default=0)
    asked = [(name, seed) for name in run.choices or run.strategies for seed in (seeds if isinstance(seeds, list) else run.seeds)]
    counts = {key: len(done.get(key, ())) for key in asked}
    return [Missing(name, seed, count, wanted) for (name, seed), count in counts.items() if count < wanted]
