"""What one round's selection takes: k-center beside scikit-activeml's CoreSet and beside training; the memory of k-median and BMDR."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from farpoint.learning import strategy
from farpoint.learning._journal import Journal

from ..config import Config
from ..results import circumstances
from ..rounds import Seed, y_of
from .memory import bytes_beyond
from .options import add_config, config_of
from .table1 import timed_call

Line = dict[str, Any]
#: Strategies whose memory beyond the embeddings is measured.
MEASURED = ("k-center", "k-median", "bmdr")


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.set_defaults(command=lambda given: main(config_of(given), given.out))


def main(config: Config, out: Path) -> None:
    """One line more in selection.jsonl, which is also printed."""
    journal = Journal(out / "selection.jsonl")
    journal.read()
    data = config.load()
    seed = Seed(config, data, config.seeds[0])
    first = seed.first_rows()
    trained, training = timed_call(lambda: seed.trained(first))
    inputs, passing = timed_call(lambda: trained.inputs({"embeddings"}, features=config.features))
    embeddings = inputs["embeddings"]
    line = {
        "dataset": data.name,
        "model": config.model,
        "n": len(embeddings),
        "dimensions": embeddings.shape[1],
        "initial": len(first),
        "budget": config.budget,
        "training": training,
        "inputs": passing,
        **beside(embeddings, y_of(data.labels, first), config.budget),
        "bytes_beyond": {name: bytes_beyond(name, embeddings, y_of(data.labels, first), config.budget) for name in MEASURED},
        **circumstances(),
    }
    journal.append(line)
    print(line)


def beside(embeddings: np.ndarray, y: np.ndarray, budget: int) -> Line:
    """Both selections on the same rows, ours first and again after theirs; how many picks they share, and up to which they agree."""
    from skactiveml.pool import CoreSet

    ours, before = timed_call(lambda: strategy("k-center").query(embeddings, y, batch_size=budget))
    theirs, their_times = timed_call(lambda: CoreSet(random_state=0).query(embeddings, y, batch_size=budget))
    _, after = timed_call(lambda: strategy("k-center").query(embeddings, y, batch_size=budget))
    differ = np.flatnonzero(ours != np.asarray(theirs))
    return {
        "k_center": [before, after],
        "core_set_of_scikit_activeml": their_times,
        "picks_shared": len(np.intersect1d(ours, theirs)),
        "first_pick_that_differs": int(differ[0]) if len(differ) else None,
    }
