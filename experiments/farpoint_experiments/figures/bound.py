"""Theorem 1 beside a run: coverage radius, the gap of loss between labeled rows and the whole pool, and the bound on it.

The networks of the run are trained again, which gives the same ones, since a results file has no weights. The loss is the 2-norm
between class probabilities and the label, the radius that of the penultimate features, where the constant of the loss is known:
half the largest singular value of the last layer. The constant of the class probabilities is not known; with the 0 that is taken
if none is given, the bound is the least that the theorem can say.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import farpoint
from farpoint.learning._journal import Journal

from ..config import Config, digest, parsed
from ..page import read_run
from ..page.plots import shortened
from ..results import circumstances
from ..rounds import Seed
from ..statistics import START
from .drawing import LABELED, PICKED, SECOND, panels, save
from .options import add_out
from .theorem import LOSS_BOUND, loss, loss_lipschitz

STRATEGIES = ("random", "k-center")
GAMMA = 0.05
#: What makes two lines of one config the same measurement.
KEY = ("strategy", "seed", "labeled", "rows", "gamma", "class_lipschitz")

Line = dict[str, Any]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a run's folder")
    add_out(parser)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), help=f"of the run [{' '.join(STRATEGIES)}]")
    parser.add_argument("--seeds", nargs="+", type=int, help="of the run [its first]")
    parser.add_argument("--gamma", type=float, default=GAMMA, help=f"with what probability the bound may fail [{GAMMA}]")
    parser.add_argument(
        "--class-lipschitz", type=float, default=0.0, help="how fast a class's probability may change with a row [0]"
    )
    parser.set_defaults(command=_command)


def _command(given: argparse.Namespace) -> None:
    given.out.mkdir(parents=True, exist_ok=True)
    main(
        given.folder,
        given.out,
        strategies=given.strategies,
        seeds=given.seeds,
        gamma=given.gamma,
        class_lipschitz=given.class_lipschitz,
    )


def main(
    folder: Path,
    out: Path,
    *,
    strategies: Sequence[str] = STRATEGIES,
    seeds: Sequence[int] | None = None,
    gamma: float = GAMMA,
    class_lipschitz: float = 0.0,
    say: Callable[[str], None] = print,
) -> None:
    """A line in bound.jsonl for each round that is not there yet; then bound.md, bound.png and bound.svg of all lines.

    Raises
    ------
    ValueError
        A bound.jsonl of a run of another config; constants that cannot be.
    """
    _check_constants(gamma, class_lipschitz)
    run = read_run(folder)
    config = parsed(dict(run.config), str(folder / "run.json"))
    labeled = labeled_rows(run.records, strategies, seeds or config.seeds[:1])
    journal = Journal(out / "bound.jsonl")
    lines = journal.read()
    _check_config(lines, digest(config), journal.path)
    done = {tuple(line.get(key) for key in KEY) for line in lines}
    data = config.load()
    for (strategy, seed, count), rows in labeled.items():
        wanted = dict(zip(KEY, (strategy, seed, count, rows_digest(rows), gamma, class_lipschitz)))
        if tuple(wanted.values()) not in done:
            told = measured(Seed(config, data, seed), rows, gamma, class_lipschitz)
            lines.append({**wanted, "config": digest(config), **told, **circumstances()})
            journal.append(lines[-1])
    (out / "bound.md").write_text(table(lines))
    draw(lines, config, out / "bound")
    say(summary(lines))


def _check_constants(gamma: float, class_lipschitz: float) -> None:
    if not 0 < gamma < 1:
        raise ValueError(f"--gamma {gamma:g}: a probability above 0 and below 1")
    if not 0 <= class_lipschitz < math.inf:
        raise ValueError(f"--class-lipschitz {class_lipschitz:g}: a finite number of at least 0")


def _check_config(lines: Sequence[Line], config: str, path: Path) -> None:
    for number, line in enumerate(lines, 1):
        if line.get("config") != config:
            raise ValueError(f"{path}, line {number} is of a run of another config: give another --out")


def rows_digest(rows: np.ndarray) -> str:
    """The same for the same rows in any order: what a network was trained on."""
    return hashlib.sha256(np.sort(rows).astype("<i8").tobytes()).hexdigest()[:12]


def labeled_rows(
    records: Sequence[Line], strategies: Sequence[str], seeds: Sequence[int]
) -> dict[tuple[str, int, int], np.ndarray]:
    """All rows labeled after each round, by strategy, seed and their number; the start is a strategy of its own."""
    by_round = {(one["strategy"], one["seed"], one["round"]): one for one in records}
    found: dict[tuple[str, int, int], np.ndarray] = {}
    for seed in seeds:
        start = by_round.get((START, seed, 0))
        if start is None:
            raise ValueError(f"the run has no round 0 of seed {seed}")
        found[START, seed, start["labeled"]] = np.array(start["picks"], np.int64)
        for strategy in strategies:
            found |= _rounds(by_round, strategy, seed, start)
    return found


def _rounds(
    by_round: dict[tuple[str, int, int], Line], strategy: str, seed: int, start: Line
) -> dict[tuple[str, int, int], np.ndarray]:
    rows, number = list(start["picks"]), 1
    found = {}
    while (one := by_round.get((strategy, seed, number))) is not None:
        if "trusted" in one.get("details", {}):
            raise ValueError(f"{strategy} trains on labels that it gives itself: the theorem is not of those")
        rows += one["picks"]
        found[strategy, seed, one["labeled"]] = np.array(rows, np.int64)
        number += 1
    if not found:
        raise ValueError(f"the run has no rounds of {strategy!r} with seed {seed}")
    return found


def measured(seed: Seed, rows: np.ndarray, gamma: float, class_lipschitz: float) -> Line:
    """The two sides of the theorem for a network trained on these rows."""
    trained = seed.trained(rows)
    inputs = trained.inputs({"embeddings", "probabilities"}, features="penultimate")
    head = trained.network.head.weight.detach().cpu().numpy()
    constants = {
        "loss_lipschitz": loss_lipschitz(head),
        "regression_lipschitz": class_lipschitz,
        "loss_bound": LOSS_BOUND,
        "classes": len(seed.data.classes),
        "gamma": gamma,
    }
    covered = farpoint.coverage(inputs["embeddings"], [], labeled=rows)
    losses = loss(inputs["probabilities"], seed.data.labels)
    right = inputs["probabilities"].argmax(axis=1) == seed.data.labels
    return {
        "n": len(losses),
        "radius": covered.radius,
        "loss_lipschitz": constants["loss_lipschitz"],
        "class_lipschitz": class_lipschitz,
        "gamma": gamma,
        "pool_loss": float(losses.mean()),
        "labeled_loss": float(losses[rows].mean()),
        "gap": abs(float(losses.mean() - losses[rows].mean())),
        "pool_accuracy": float(right.mean()),
        "labeled_accuracy": float(right[rows].mean()),
        "bound": covered.bound(**constants).total,
        "least_bound": covered.least_bound(**constants).total,
        "test_accuracy": trained.accuracy(),
    }


def summary(lines: Sequence[Line]) -> str:
    """How loose the bound is, and whether a smaller radius goes with a smaller gap, in words."""
    ratios = [line["bound"] / line["gap"] for line in lines if line["gap"] > 0]
    vacuous = sum(line["bound"] >= LOSS_BOUND for line in lines)
    least_vacuous = sum(line["least_bound"] >= LOSS_BOUND for line in lines)
    said = (
        f"{len(lines)} trainings; losses are at most {LOSS_BOUND:.3f}. The bound says nothing in {vacuous} of them,"
        f" at its best radius in {least_vacuous}."
    )
    if ratios:
        said += f" It is {min(ratios):,.0f} to {max(ratios):,.0f} times the gap."
    if len({line["radius"] for line in lines}) > 2:
        said += (
            f" Radius and gap have a rank correlation of {rank_correlation(lines, 'radius', 'gap'):+.2f};"
            " each training has features of its own, so radii are not of one scale."
        )
    return said


def rank_correlation(lines: Sequence[Line], one: str, other: str) -> float:
    """Spearman's; equal values have the order of the lines."""
    ranks = [np.argsort(np.argsort([line[key] for line in lines], kind="stable")) for key in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def table(lines: Sequence[Line]) -> str:
    """Markdown, with the summary below."""
    sides = ["radius", "loss constant", "loss, pool", "loss, labeled", "gap", "bound", "at its best radius", "bound / gap"]
    heads = ["strategy", "seed", "labeled", *sides, "accuracy, pool", "accuracy, labeled"]
    rows = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *map(_row, lines)]
    return "\n".join([*rows, "", summary(lines)]) + "\n"


def _row(line: Line) -> str:
    ratio = f"{line['bound'] / line['gap']:,.0f}" if line["gap"] > 0 else "–"
    bounds = [f"{line[key]:.3g}{' (vacuous)' if line[key] >= LOSS_BOUND else ''}" for key in ("bound", "least_bound")]
    losses = [f"{line[key]:.4f}" for key in ("pool_loss", "labeled_loss", "gap")]
    accuracies = [f"{100 * line[key]:.2f} %" for key in ("pool_accuracy", "labeled_accuracy")]
    first = [
        line["strategy"],
        str(line["seed"]),
        f"{line['labeled']:,}",
        f"{line['radius']:.4g}",
        f"{line['loss_lipschitz']:.3g}",
    ]
    return f"| {' | '.join([*first, *losses, *bounds, ratio, *accuracies])} |"


def draw(lines: Sequence[Line], config: Config, stem: Path) -> None:
    """The gap and the bounds over the radius, on one scale; the largest possible loss is a line."""
    drawn, (axes,) = panels(1, 8.4, 5.6)
    radii = [line["radius"] for line in lines]
    for key, color, marker, word in (
        ("bound", PICKED, "v", "Theorem 1's bound"),
        ("least_bound", SECOND, "s", "the same at its best radius, rows beyond it uncovered"),
    ):
        axes.plot(radii, [line[key] for line in lines], marker, color=color, markersize=7, label=word)
    for strategy, marker in zip(dict.fromkeys(line["strategy"] for line in lines), "o^DPX*ph<>"):
        own = [line for line in lines if line["strategy"] == strategy]
        places = [line["radius"] for line in own], [line["gap"] for line in own]
        axes.plot(*places, marker, color=LABELED, markersize=7, label=shortened(f"the gap of losses: {strategy}", 60))
    axes.axhline(LOSS_BOUND, color="#1d2230", linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        "no loss is larger: a bound above says nothing",
        (0.01, LOSS_BOUND),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=9,
    )
    axes.set_yscale("log")
    axes.set_xlabel("coverage radius in penultimate features")
    axes.set_title(f"{config.dataset}, {config.model}".replace("_", "-"), loc="left", parse_math=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=9.5)
    save(drawn, stem)
