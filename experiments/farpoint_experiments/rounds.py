"""The rounds of one strategy and one seed: select, label, train again from scratch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

import farpoint
from farpoint.learning import Strategy, strategy

from .config import Choice, Config
from .datasets import DataSet
from .lines import Line
from .statistics import START
from .trainers import Trained, train


@dataclass(frozen=True, eq=False)
class Seed:
    """What all strategies of a seed share: the first rows, the network's seed and the training on the first rows."""

    config: Config
    data: DataSet
    seed: int

    def first_rows(self) -> np.ndarray:
        """Drawn at random; the same for every strategy, model and trainer."""
        return np.random.default_rng([self.seed, 1]).choice(len(self.data.pool), self.config.initial, replace=False)

    def trained(self, rows: np.ndarray, trusted: tuple[np.ndarray, np.ndarray] | None = None) -> Trained:
        """From scratch on these rows, and on those a strategy trusts its own labels of."""
        # In order of the pool, so that the same rows are the same training in whichever order they were chosen.
        data, rows = self.data, np.sort(rows)
        if trusted is not None and len(trusted[0]):
            labels = data.labels.copy()
            labels[trusted[0]] = trusted[1]
            data, rows = replace(data, labels=labels), np.concatenate([rows, trusted[0]])
        return train(self.config.model, data, rows, self.config.training, self.seed)

    @cached_property
    def start(self) -> Trained:
        """Round 0."""
        return self.trained(self.first_rows())


def start_line(seed: Seed) -> Line:
    """Round 0 as a line of results."""
    return _line(seed, START, 0, seed.first_rows(), 0, seed.start, 0.0, 0.0, {})


def run(seed: Seed, choice: Choice, done: list[Line], tell: Callable[[Line], None]) -> None:
    """The rounds of a strategy after those that are done, each told as a line of results.

    A run that goes on trains once more on what the last line left: the same network, for the same seed.
    """
    asked = strategy(choice.name, random_state=seed.seed, **choice.options)
    rows = np.concatenate([seed.first_rows(), *(np.array(line["picks"], np.int64) for line in done)])
    trained = seed.start if not done else seed.trained(rows, _trusted(done[-1]["details"]))
    for number in range(len(done) + 1, seed.config.points):
        begun = time.perf_counter()
        inputs = _inputs(seed, asked, trained, number)
        selecting = time.perf_counter()
        picks = picked(seed, asked, rows, inputs)
        selected = time.perf_counter()
        details = dict(asked.details_)
        if seed.config.radii:
            details |= _radii(inputs["embeddings"], rows, picks)
        rows = np.concatenate([rows, picks])
        trained = seed.trained(rows, _trusted(details))
        tell(_line(seed, choice.label, number, picks, len(rows), trained, selecting - begun, selected - selecting, details))


def _inputs(seed: Seed, asked: Strategy, trained: Trained, number: int) -> dict[str, np.ndarray]:
    wanted = set(asked.inputs) | ({"embeddings"} if seed.config.radii else set())
    draws = 1_000 * seed.seed + number
    return trained.inputs(wanted, features=seed.config.features, samples=seed.config.samples, seed=draws) if wanted else {}


def y_of(labels: np.ndarray, labeled: np.ndarray) -> np.ndarray:
    """Labels of the labeled rows, NaN elsewhere."""
    y = np.full(len(labels), np.nan)
    y[labeled] = labels[labeled]
    return y


def picked(seed: Seed, asked: Strategy, rows: np.ndarray, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """What a strategy picks beside the labeled `rows`, from those of the inputs that it names."""
    y = y_of(seed.data.labels, rows)
    given = {name: array for name, array in inputs.items() if name in asked.inputs}
    picks: np.ndarray = asked.query(np.zeros((len(y), 0)), y, batch_size=seed.config.budget, **given)  # type: ignore[arg-type]
    return picks


def _radii(embeddings: np.ndarray, rows: np.ndarray, picks: np.ndarray) -> dict[str, float]:
    """How far the farthest row is from a labeled one, before and after the picks."""
    radii = [
        farpoint.select(embeddings, 1, labeled=known, stop_radius=1e300).initial_radius
        for known in (rows, np.union1d(rows, picks))
    ]
    return dict(zip(("radius_before", "radius"), radii))


def _trusted(details: dict[str, Any]) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows that the strategy labels itself, and their labels."""
    trusted = details.get("trusted")
    return trusted and (np.array(trusted["rows"], np.int64), np.array(trusted["labels"], np.int64))


def _line(
    seed: Seed,
    label: str,
    number: int,
    picks: np.ndarray,
    labeled: int,
    trained: Trained,
    inputs: float,
    select: float,
    details: Line,
) -> Line:
    return {
        "strategy": label,
        "seed": seed.seed,
        "round": number,
        "labeled": labeled or len(picks),
        "accuracy": trained.accuracy(),
        "train_accuracy": trained.train_accuracy,
        "converged": trained.converged,
        "epochs": trained.epochs,
        "train_seconds": trained.seconds,
        "inputs_seconds": inputs,
        "select_seconds": select,
        "radius_before": details.pop("radius_before", None),
        "radius": details.pop("radius", None),
        "class_counts": np.bincount(seed.data.labels[picks], minlength=len(seed.data.classes)).tolist(),
        "details": details,
        "picks": picks.tolist(),
    }
