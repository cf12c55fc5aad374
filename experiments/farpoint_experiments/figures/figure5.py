"""Figure 5 of the paper: a t-SNE map of the pool, with the first rows and what uncertainty and core-set pick after them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..config import Config
from ..datasets import DataSet
from ..results import circumstances
from ..rounds import Seed, picked
from .drawing import LABELED, PICKED, POOL, panels, save
from .options import add_config, config_of

#: The paper's two panels: its best uncertainty is the entropy of the softmax here.
STRATEGIES = ("max-entropy", "k-center")


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--rows", type=int, default=20_000, help="rows on the map, all labeled and picked ones among them [20000]; 0: all"
    )
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), help=f"a panel each [{' '.join(STRATEGIES)}]")
    parser.set_defaults(
        command=lambda given: main(config_of(given), given.out, seed=given.seed, rows=given.rows, strategies=given.strategies)
    )


def main(config: Config, out: Path, *, seed: int = 0, rows: int = 20_000, strategies: Sequence[str] = STRATEGIES) -> None:
    """Trains on the first rows, picks `config.budget` more by each strategy, maps the pool.

    `out` then has figure5.json, figure5.png and figure5.svg.
    """
    data = config.load()
    first, picks, embeddings = chosen(config, data, seed, strategies)
    shown = on_the_map(len(embeddings), [first, *picks.values()], rows)
    places = mapped(embeddings[shown])
    told = {
        "dataset": data.name,
        "model": config.model,
        "features": config.features,
        "seed": seed,
        "initial": first.tolist(),
        "picks": {name: list(map(int, chosen)) for name, chosen in picks.items()},
        "rows": shown.tolist(),
        "places": np.round(places, 3).tolist(),
        **circumstances(),
    }
    (out / "figure5.json").write_text(json.dumps(told) + "\n")
    draw(told, out / "figure5")


def chosen(
    config: Config, data: DataSet, seed: int, strategies: Sequence[str]
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """The first rows, each strategy's picks after training on them, and the features that they were picked from."""
    from farpoint.learning import strategy

    asked = {name: strategy(name, random_state=seed) for name in strategies}
    start = Seed(config, data, seed)
    first = start.first_rows()
    wanted = {"embeddings"}.union(*(one.inputs for one in asked.values()))
    inputs = start.trained(first).inputs(wanted, features=config.features, samples=config.samples, seed=1_000 * seed + 1)
    picks = {name: picked(start, one, first, inputs) for name, one in asked.items()}
    return first, picks, inputs["embeddings"]


def on_the_map(n: int, needed: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Rows in increasing order: all that are needed, and others drawn, always the same ones, up to `rows`."""
    always = np.unique(np.concatenate(needed))
    others = np.setdiff1d(np.arange(n), always)
    more = len(others) if rows == 0 else min(max(0, rows - len(always)), len(others))
    return np.sort(np.concatenate([always, np.random.default_rng(5).choice(others, more, replace=False)]))


def mapped(embeddings: np.ndarray) -> np.ndarray:
    """``(n, 2)``, the same for the same features. At most 50 neighbours' worth of perplexity, fewer on small pools."""
    from openTSNE import TSNE

    perplexity = min(30, max(2, (len(embeddings) - 1) // 3))
    return np.asarray(TSNE(perplexity=perplexity, random_state=5, n_jobs=1).fit(embeddings))


def draw(told: dict, stem: Path) -> None:
    """A panel a strategy, from what figure5.json holds."""
    at = {row: place for row, place in zip(told["rows"], told["places"])}
    drawn, axes = panels(len(told["picks"]), 6.2, 6.4)
    every = np.array(told["places"])
    for panel, (name, picks) in zip(axes, told["picks"].items()):
        panel.scatter(*every.T, s=2, color=POOL, linewidths=0, rasterized=True, label=f"{len(every):,} rows of the pool")
        for rows, color, word in ((told["initial"], LABELED, "labeled at first"), (picks, PICKED, "picked")):
            panel.scatter(*np.array([at[row] for row in rows]).T, s=7, color=color, linewidths=0, label=f"{len(rows):,} {word}")
        panel.set_title(name, loc="left", fontsize=13, parse_math=False)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_visible(False)
        panel.set_aspect("equal", adjustable="datalim")
    axes[0].legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=3, frameon=False, markerscale=2.4)
    drawn.suptitle(
        f"{told['dataset']}, {told['features']} features of {told['model']}, seed {told['seed']}",
        x=0.01,
        ha="left",
        color="#5c6475",
    )
    save(drawn, stem)
