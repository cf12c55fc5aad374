"""Table 1 of the paper: run times of greedy and robust on real features, 10,000 labeled rows and 5,000 picks of 50,000."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import farpoint
from farpoint.learning._journal import Journal

from ..config import Config
from ..results import circumstances
from ..rounds import Seed
from .figure6 import OUTLIERS
from .options import add_config, config_of

Line = dict[str, Any]


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--pool", type=int, default=50_000, help="rows [50000]")
    parser.add_argument("--initial", type=int, default=10_000, help="labeled rows [10000]")
    parser.add_argument("--budget", type=int, default=5_000, help="picks [5000]")
    parser.add_argument("--threads", type=int, default=0, help="of greedy and of robust; 0: one a core [0]")
    parser.add_argument("--time-limit", type=float, help="seconds for the robust search [none]")
    parser.set_defaults(command=_command)


def _command(given: argparse.Namespace) -> None:
    config = dataclasses.replace(config_of(given), pool=given.pool, initial=given.initial, budget=given.budget, queries=1)
    main(config, given.out, threads=given.threads, time_limit=given.time_limit)


def main(
    config: Config, out: Path, *, threads: int = 0, time_limit: float | None = None, say: Callable[[str], None] = print
) -> None:
    """One line more in table1.jsonl; table1.md is of all lines."""
    data = config.load()
    seed = Seed(config, data, config.seeds[0])
    first = seed.first_rows()
    embeddings = seed.trained(first).inputs({"embeddings"}, features=config.features)["embeddings"]
    about = {
        "dataset": data.name,
        "model": config.model,
        "features": config.features,
        "seed": seed.seed,
        "initial": len(first),
        "budget": config.budget,
    }
    journal = Journal(out / "table1.jsonl")
    lines = journal.read()
    lines.append({**about, **timed(embeddings, first, config.budget, threads, time_limit), **circumstances()})
    journal.append(lines[-1])
    (out / "table1.md").write_text(table(lines))
    say(table(lines[-1:]))


def timed(embeddings: np.ndarray, labeled: np.ndarray, budget: int, threads: int, time_limit: float | None = None) -> Line:
    """Seconds of a clock and of all processors, of both selections."""
    outliers = round(OUTLIERS * len(embeddings))
    greedy, greedy_times = timed_call(lambda: farpoint.select(embeddings, budget, labeled=labeled, device="cpu", threads=threads))
    robust, robust_times = timed_call(
        lambda: farpoint.robust(
            embeddings, budget, labeled=labeled, outliers=outliers, device="cpu", threads=threads, time_limit=time_limit
        )
    )
    return {
        "n": len(embeddings),
        "dimensions": embeddings.shape[1],
        "threads": threads,
        "outliers": outliers,
        "greedy": {**greedy_times, "radius": greedy.radius},
        "robust": {**robust_times, "lower": robust.lower, "upper": robust.upper, "optimal": robust.is_optimal, "end": robust.end},
    }


def timed_call(run: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What it gives, and the seconds that it took, of a clock and of all processors."""
    wall, processor = time.perf_counter(), time.process_time()
    answer = run()
    return answer, {"wall_seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - processor}


def table(lines: list[Line]) -> str:
    """Markdown."""
    times = [f"{name}, {what}" for name in ("greedy", "robust") for what in ("seconds", "of all processors")]
    heads = ["data", "n x d", "labeled + picks", "outliers", *times, "robust's radius / greedy's", "proven", "machine"]
    rows = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    return "\n".join([*rows, *map(_row, lines)]) + "\n"


def _row(line: Line) -> str:
    greedy, robust = line["greedy"], line["robust"]
    seconds = [f"{times[key]:.3g}" for times in (greedy, robust) for key in ("wall_seconds", "processor_seconds")]
    proven = "optimal" if robust["optimal"] else f"within {100 * (1 - robust['lower'] / robust['upper']):.2g} %"
    ratio = f"{robust['upper'] / greedy['radius']:.4f}" if greedy["radius"] > 0 else "–"
    size = [
        line["dataset"],
        f"{line['n']:,} x {line['dimensions']}",
        f"{line['initial']:,} + {line['budget']:,}",
        str(line["outliers"]),
    ]
    return f"| {' | '.join([*size, *seconds, ratio, proven, line['machine']])} |"
