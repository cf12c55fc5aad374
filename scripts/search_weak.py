#!/usr/bin/env python3
"""Draw pools of every kind and size at random, and look for one on which Farpoint is slower than NumPy's plain loop.

    scripts/python-wheel
    scripts/search_weak.py [--minutes 60] [--seed 0] [--wheel WHEEL] [--record FILE]
    scripts/search_weak.py --values 262144 --work 1048576     # small pools and few picks alone: what a call costs

Both run in this process, on one core, and are compared by processor seconds. A ratio above --again is measured again, in turns, and the
median counts. Every pool is told that raises an error, whose picks part from NumPy's by more than f32 sums round, or whose ratio is above
--told; the worst ratios are printed at the end and after Ctrl-C, of short calls apart. A pool can be drawn again alone, by `--seed` and `--only` its number, with the same --values and --work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import weak_environment

if __name__ == "__main__":
    weak_environment.enter()

import numpy as np
from weak_pools import KINDS
from weak_tools import Call, agreement, farpoint, numpy_loop, numpy_products

#: Values of the largest pool, and values times budget, where nothing else is asked for: a loop takes a few seconds.
MOST_VALUES = 1 << 25
MOST_WORK = 1 << 31
#: Calls that take less are repeated until they have taken so many seconds.
SHORT = 0.02


@dataclass
class Drawn:
    """A pool, and what it took."""

    number: int
    kind: str
    rows: int
    d: int
    budget: int
    dtype: str
    seconds: float = 0.0
    #: Of NumPy's loops, Farpoint's time over theirs; of the second, where its picks are ours.
    ratio: float = 0.0
    products_ratio: float | None = None
    statistics: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        products = "" if self.products_ratio is None else f", of products {self.products_ratio:.2f}"
        size = f"{self.rows:,} x {self.d} {self.dtype}, {self.budget:,} picks"
        return f"{self.ratio:6.2f}{products}  #{self.number} {self.kind}, {size}: {self.seconds:.4f} s"


def log_uniform(random: np.random.Generator, least: float, most: float) -> int:
    return int(np.exp(random.uniform(np.log(least), np.log(most + 1))))


def draw(args: argparse.Namespace, number: int) -> tuple[Drawn, np.ndarray]:
    random = np.random.default_rng((args.seed, number))
    kind = str(random.choice(list(KINDS)))
    d = log_uniform(random, 1, 1000)
    rows = log_uniform(random, 2, max(2, min(args.values // d, 4_000_000)))
    budget = log_uniform(random, 1, max(1, min(rows, args.work // (rows * d))))
    dtype = "float64" if random.random() < 0.2 else "float32"
    with np.errstate(all="ignore"):
        pool = np.ascontiguousarray(KINDS[kind](random, rows, d), dtype=dtype)
    return Drawn(number, kind, rows, d, budget, dtype), pool


def processor_seconds(call: Call, pool: np.ndarray, budget: int) -> tuple[float, Any]:
    """Of one call, the mean of as many as make it long enough."""
    calls, started = 0, time.process_time()
    while calls == 0 or time.process_time() - started < SHORT:
        picks = call(pool, budget)
        calls += 1
    return (time.process_time() - started) / calls, picks


def compare(drawn: Drawn, pool: np.ndarray, args: argparse.Namespace) -> None:
    """Fills in what it took, and tells what is wrong with the answers."""
    calls = (farpoint, numpy_loop, numpy_products)
    with np.errstate(all="ignore"):
        runs = [[processor_seconds(call, pool, drawn.budget) for call in calls]]
        while len(runs) < 5 and runs[0][0][0] > args.again * runs[0][1][0]:
            runs.append([processor_seconds(call, pool, drawn.budget) for call in calls])
    ours, plain, products = (statistics.median(run[at][0] for run in runs) for at in range(len(calls)))
    picks = [run[1] for run in runs[0]]
    drawn.seconds, drawn.ratio = ours, ours / plain
    if agreement(pool, picks[0], picks[2])["same"]:
        drawn.products_ratio = ours / products
    answer = agreement(pool, picks[0], picks[1])
    if answer.get("gap", 0) < -1e-12:
        print(f"wrong: NumPy found a farther row: {drawn}, {answer}", flush=True)
    elif not answer["same"]:
        print(f"not compared: NumPy's f32 sums choose otherwise: {drawn}, {answer}", flush=True)


def counted(pool: np.ndarray, budget: int) -> dict[str, Any]:
    import farpoint

    counts = farpoint.select(pool, budget, device="cpu", threads=1).statistics
    return {name: count for name, count in counts.items() if count and isinstance(count, (int, float))}


def search(args: argparse.Namespace) -> list[Drawn]:
    found: list[Drawn] = []
    ends = time.monotonic() + 60 * args.minutes
    numbers = [args.only] if args.only is not None else range(1 << 62)
    try:
        for number in numbers:
            if time.monotonic() > ends:
                break
            drawn, pool = draw(args, number)
            try:
                compare(drawn, pool, args)
            except (ValueError, RuntimeError, MemoryError) as error:
                print(f"error: {drawn}: {error}", flush=True)
                continue
            found.append(drawn)
            if drawn.ratio > args.told and drawn.seconds >= args.call:
                drawn.statistics = counted(pool, drawn.budget)
                print(drawn, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    return found


def summary(found: list[Drawn], args: argparse.Namespace) -> list[Drawn]:
    """The worst, of short calls apart: what a call takes from Python is most of those."""
    long = [drawn for drawn in found if drawn.seconds >= args.call]
    short = [drawn for drawn in found if drawn.seconds < args.call]
    kept = []
    for name, group in (("from", long), ("below", short)):
        worst = sorted(group, key=lambda drawn: -drawn.ratio)[: args.keep]
        slower = sum(drawn.ratio > args.told for drawn in group)
        print(f"\n{name} {args.call} s: {len(group):,} pools, {slower:,} above {args.told}; the worst:")
        print(*worst, sep="\n")
        kept += worst
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="the one in target/python/wheel without")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one pool")
    parser.add_argument("--values", type=int, default=MOST_VALUES, help="of the largest pool")
    parser.add_argument("--work", type=int, default=MOST_WORK, help="values times picks, at most")
    parser.add_argument("--again", type=float, default=0.9, help="ratio above which a pool is measured five times")
    parser.add_argument("--told", type=float, default=1.25, help="ratio above which a pool is told at once")
    parser.add_argument("--call", type=float, default=1e-3, help="seconds below which a run is told among short calls")
    parser.add_argument("--keep", type=int, default=20, help="how many of the worst are kept")
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    weak_environment.pin_to_one_core()
    sys.path.insert(0, str(weak_environment.unpacked(args.wheel or weak_environment.newest_wheel())))
    farpoint(np.zeros((2, 1), dtype=np.float32), 1)  # imports
    found = search(args)
    worst = summary(found, args)
    if args.record:
        command = " ".join(["scripts/search_weak.py", *sys.argv[1:]])
        told = {
            "machine": weak_environment.machine(),
            "command": command,
            "pools": len(found),
            "worst": [asdict(one) for one in worst],
        }
        args.record.write_text(json.dumps(told, indent=1) + "\n")
    return 1 if any(drawn.ratio > args.told for drawn in worst) else 0


if __name__ == "__main__":
    sys.exit(main())
