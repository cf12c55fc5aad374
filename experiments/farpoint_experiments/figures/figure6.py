"""Figure 6 of the paper: robust selections beside greedy ones, on real features: radii, proofs, picks in common, accuracy."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import farpoint
from farpoint.learning._journal import Journal

from ..config import Config, digest
from ..datasets import DataSet
from ..results import circumstances
from ..rounds import Seed
from ..statistics import Interval, mean, paired
from .drawing import LABELED, PICKED, panels, save
from .options import add_config, config_of

#: Labeled rows and picks: LEARNING's small setting, and the paper's.
SIZES = ("1000+1000", "5000+5000")
#: The paper's Xi, as a share of the rows.
OUTLIERS = 1e-4
#: What makes two lines the same measurement.
KEY = ("dataset", "model", "features", "n", "seed", "initial", "budget", "outliers", "time_limit", "config")

Line = dict[str, Any]


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), help=f"labeled rows + picks [{' '.join(SIZES)}]")
    parser.add_argument(
        "--outliers", type=float, default=OUTLIERS, help=f"share of the rows that robust may leave out [{OUTLIERS:g}]"
    )
    parser.add_argument("--time-limit", type=float, help="seconds for one robust search [none]")
    parser.set_defaults(
        command=lambda given: main(
            config_of(given), given.out, sizes=given.sizes, outliers=given.outliers, time_limit=given.time_limit
        )
    )


def main(
    config: Config,
    out: Path,
    *,
    sizes: Sequence[str] = SIZES,
    outliers: float = OUTLIERS,
    time_limit: float | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """A line in figure6.jsonl for each seed of the config and size that is not there yet; then figure6.png and .svg."""
    journal = Journal(out / "figure6.jsonl")
    lines = journal.read()
    for size in sizes:
        initial, budget = parsed(size)
        asked = dataclasses.replace(config, initial=initial, budget=budget, queries=1)
        data = asked.load()
        for seed in asked.seeds:
            wanted = asked_for(asked, data, seed, outliers, time_limit)
            line = next((line for line in lines if all(line.get(key) == value for key, value in wanted.items())), None)
            if line is None:
                line = {**wanted, **measured(Seed(asked, data, seed), wanted["outliers"], time_limit), **circumstances()}
                journal.append(line)
                lines.append(line)
            say(sentence(line))
    draw(lines, out / "figure6")


def parsed(size: str) -> tuple[int, int]:
    """`1000+1000` as two numbers."""
    initial, plus, budget = size.partition("+")
    if not plus or not initial.isdecimal() or not budget.isdecimal():
        raise ValueError(f"size {size!r}: labeled rows + picks, as in 1000+1000")
    return int(initial), int(budget)


def asked_for(config: Config, data: DataSet, seed: int, outliers: float, time_limit: float | None) -> Line:
    n = len(data.pool)
    sizes = (config.initial, config.budget, round(outliers * n))
    return dict(zip(KEY, (data.name, config.model, config.features, n, seed, *sizes, time_limit, digest(config))))


def measured(seed: Seed, outliers: int, time_limit: float | None) -> Line:
    """Both selections after training on the first rows, and a training on the rows of each."""
    first = seed.first_rows()
    start = seed.trained(first)
    embeddings = start.inputs({"embeddings"}, features=seed.config.features)["embeddings"]
    told, picks = selections(embeddings, first, seed.config.budget, outliers, time_limit)
    trained = {name: seed.trained(np.concatenate([first, rows])) for name, rows in picks.items()}
    return {
        **told,
        "picks": {name: rows.tolist() for name, rows in picks.items()},
        "accuracy": {"start": start.accuracy(), **{name: one.accuracy() for name, one in trained.items()}},
        "train_accuracy": {"start": start.train_accuracy, **{name: one.train_accuracy for name, one in trained.items()}},
        "converged": {"start": start.converged, **{name: one.converged for name, one in trained.items()}},
    }


def selections(
    embeddings: np.ndarray, labeled: np.ndarray, budget: int, outliers: int, time_limit: float | None = None
) -> tuple[Line, dict[str, np.ndarray]]:
    """Greedy's radii and robust's interval, and the rows of both."""
    begun = time.perf_counter()
    greedy = farpoint.select(embeddings, budget, labeled=labeled, device="cpu", return_distances=True)
    between = time.perf_counter()
    robust = farpoint.robust(embeddings, budget, labeled=labeled, outliers=outliers, time_limit=time_limit, device="cpu")
    ended = time.perf_counter()
    told = {
        "dimensions": embeddings.shape[1],
        "radius_before": greedy.initial_radius,
        "greedy_radius": greedy.radius,
        "greedy_radius_but_outliers": radius_but(greedy.min_distance, outliers),
        "lower": robust.lower,
        "upper": robust.upper,
        "gap": robust.gap,
        "optimal": robust.is_optimal,
        "end": robust.end,
        "shared": len(np.intersect1d(greedy.centers, robust.centers)) / budget,
        "greedy_seconds": between - begun,
        "robust_seconds": ended - between,
    }
    return told, {"greedy": greedy.centers, "robust": robust.centers}


def radius_but(min_distance: np.ndarray, outliers: int) -> float:
    """The radius with so many of the farthest rows left out."""
    return float(np.partition(min_distance, -1 - outliers)[-1 - outliers])


def sentence(line: Line) -> str:
    proven = "optimal" if line["optimal"] else f"within {100 * line['gap']:.2g} % of the best"
    accuracy = line["accuracy"]
    return (
        f"{line['initial']:,} + {line['budget']:,}, seed {line['seed']}: greedy {line['greedy_radius']:.4g},"
        f" robust {line['upper']:.4g} ({proven}), {100 * line['shared']:.0f} % of the picks in common;"
        f" accuracy {100 * accuracy['greedy']:.2f} % and {100 * accuracy['robust']:.2f} %"
    )


def gain(lines: Sequence[Line]) -> Interval:
    """Accuracy of robust above that of greedy, paired by seed."""
    robust, greedy = ({line["seed"]: line["accuracy"][name] for line in lines} for name in ("robust", "greedy"))
    return paired(robust, greedy)


def draw(lines: Sequence[Line], stem: Path) -> None:
    """Left the radii as shares of greedy's, right what robust adds to the accuracy; one place a size."""
    groups = grouped(lines)
    drawn, (radii, accuracy) = panels(2)
    for at, group in enumerate(groups.values()):
        _radii(radii, at, group)
        told = gain(group)
        accuracy.errorbar(
            at, 100 * told.mean, 100 * (told.high - told.mean), fmt="o", color=PICKED, markersize=8, label="mean, 95 % interval"
        )
        gains = [100 * (one["accuracy"]["robust"] - one["accuracy"]["greedy"]) for one in group]
        accuracy.plot([at + 0.12] * len(group), gains, "o", color=LABELED, markersize=4, label="seeds")
    for panel in (radii, accuracy):
        panel.set_xticks(range(len(groups)), groups)
        panel.set_xlim(-0.5, len(groups) - 0.5)
        shown = dict(zip(*reversed(panel.get_legend_handles_labels())))
        panel.legend(
            shown.values(), shown.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=9.5
        )
    radii.axhline(1, color="#1d2230", linewidth=1)
    radii.set_title("radius, as a share of greedy's", loc="left", fontsize=12)
    accuracy.axhline(0, color="#1d2230", linewidth=1)
    accuracy.set_title("robust above greedy, points of accuracy", loc="left", fontsize=12)
    save(drawn, stem)


def grouped(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines that differ by their seeds alone, by data set and size; where two have the same of these, by all that differs too."""
    alike: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        alike.setdefault(tuple(line.get(key) for key in KEY if key != "seed"), []).append(line)
    named = [(f"{group[0]['dataset']}\n{group[0]['initial']:,} + {group[0]['budget']:,}", group) for group in alike.values()]
    names = [name for name, _ in named]
    return {name if names.count(name) == 1 else f"{name}\n{_settings(group[0])}": group for name, group in named}


def _settings(line: Line) -> str:
    limit = "no limit" if line.get("time_limit") is None else f"{line['time_limit']:g} s"
    return f"{line['model']}, {line['features']}\n{line['outliers']} of {line['n']:,} out, {limit}\n{line.get('config')}"


def _radii(axes: Any, at: int, group: Sequence[Line]) -> None:
    """Shares of greedy's radius with all rows counted, mean over seeds."""
    shares = [
        {key: line[key] / line["greedy_radius"] for key in ("upper", "lower", "greedy_radius_but_outliers")}
        for line in group
        if line["greedy_radius"] > 0
    ]
    for key, word, marker, color, size in (
        ("greedy_radius_but_outliers", "greedy's, outliers left out", "D", LABELED, 10),
        ("upper", "robust's", "o", PICKED, 7),
        ("lower", "no choice is below", "_", PICKED, 16),
    ):
        axes.plot(at, mean(share[key] for share in shares), marker, color=color, markersize=size, markeredgewidth=2, label=word)
