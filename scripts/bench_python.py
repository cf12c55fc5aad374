#!/usr/bin/env python3
"""Time the Python package beside the engine, beside the program, and beside anomalib, and write the record.

    cargo build --release && scripts/python-wheel
    pip install target/python/wheel/farpoint-*.whl torch anomalib
    scripts/bench_python.py --text text-embeddings-20k.npy [--record benches/record/python.json]

    call        10 of 1,000 x 64: what a call takes beyond the engine's own time, which the selection tells
    small       a few picks from pools that a core's cache holds: a call, beside NumPy's plain loop
    batch       20 of each of 1,000 x 100 x 16: `farpoint.torch.select_batch` on all cores and on one, beside a call a pool and NumPy's loop
    text        2,000 of the 20,000 text embeddings: `farpoint.select` beside `farpoint select`, whose own time is told by --log
    patchcore   anomalib's PatchCore on 50,000 x 1,024 features at 10 %: `PatchcoreModel.subsample_embedding` as it is, and with
                farpoint.adapters.anomalib in the place of its sampler

Turns alternate, so that what else the machine does falls on both; medians are told.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from weak_tools import numpy_loop

import farpoint

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "target" / "release"
CALLS = 1000
#: Rows, dimensions and picks.
SMALL = [(10, 2, 2), (10, 2, 5), (100, 8, 2), (100, 8, 5), (100, 64, 5), (100, 64, 20), (1000, 16, 5), (1000, 64, 10)]
BATCH = (1000, 100, 16)
FEATURES = (50_000, 1024)
RATIO = 0.1


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def call(turns: int) -> dict[str, Any]:
    pool = np.random.default_rng(0).standard_normal((1000, 64), dtype=np.float32)

    def beyond_the_engine() -> tuple[float, float]:
        started = time.perf_counter()
        selection = farpoint.select(pool, 10, device="cpu")
        whole = time.perf_counter() - started
        return whole * 1e6, (whole - selection.seconds) * 1e6

    each = [beyond_the_engine() for _ in range(turns * CALLS)]
    call_us, overhead_us = (round(statistics.median(column), 1) for column in zip(*each))
    return {"call_us": call_us, "overhead_us": overhead_us, "calls": len(each)}


def small(turns: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    return [{"rows": n, "dimensions": d, "picks": picks, **beside_numpy(random, (n, d), picks, turns)} for n, d, picks in SMALL]


def beside_numpy(random: np.random.Generator, shape: tuple[int, int], picks: int, turns: int) -> dict[str, Any]:
    """Microseconds a call, of the middle of many turns."""
    pool = random.standard_normal(shape, dtype=np.float32)

    def many(select: Callable[[np.ndarray, int], object]) -> float:
        return 1e6 * seconds(lambda: [select(pool, picks) for _ in range(20)]) / 20

    def ours(pool: np.ndarray, picks: int) -> object:
        return farpoint.select(pool, picks, device="cpu")

    each = [(many(ours), many(numpy_loop)) for _ in range(turns * CALLS // 20)]
    call_us, numpy_us = (round(statistics.median(column), 1) for column in zip(*each))
    return {"call_us": call_us, "numpy_us": numpy_us, "ratio": round(call_us / numpy_us, 2)}


def batch(turns: int) -> dict[str, Any]:
    """Milliseconds."""
    import torch

    from farpoint.torch import select_batch

    pools = np.random.default_rng(0).standard_normal(BATCH, dtype=np.float32)
    tensor, cores, picks = torch.from_numpy(pools), os.sched_getaffinity(0), 20

    def on_one_core() -> None:
        os.sched_setaffinity(0, {min(cores)})
        try:
            select_batch(tensor, picks)
        finally:
            os.sched_setaffinity(0, cores)

    works = {
        "batch_ms": lambda: select_batch(tensor, picks),
        "batch_on_one_core_ms": on_one_core,
        "calls_ms": lambda: [farpoint.select(pool, picks, device="cpu") for pool in pools],
        "numpy_ms": lambda: [numpy_loop(pool, picks) for pool in pools],
    }
    each = [[1e3 * seconds(work) for work in works.values()] for _ in range(turns)]
    middle = (round(statistics.median(column), 1) for column in zip(*each))
    return {"pools": BATCH[0], "rows": BATCH[1], "dimensions": BATCH[2], "picks": picks, **dict(zip(works, middle))}


def text(path: Path, turns: int) -> dict[str, Any]:
    pool = np.load(path)
    budget = 2000
    ours, programs = [], []
    for _ in range(turns):
        ours.append(seconds(lambda: farpoint.select(pool, budget, device="cpu")))
        programs.append(program_seconds(path, budget))
    python, program = statistics.median(ours), statistics.median(programs)
    return {"python_seconds": python, "program_seconds": program, "ratio": round(python / program, 3), "turns": turns}


def program_seconds(path: Path, budget: int) -> float:
    """What the program says it took, opening and checking the pool included, as the Python call checks it."""
    command = [RELEASE / "farpoint", "select", path, "--budget", str(budget), "--device", "cpu", "--log", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    opening = next(line for line in done.stderr.splitlines() if "open_seconds" in line)
    return json.loads(done.stdout)["seconds"] + float(opening.split()[-1])


def patchcore() -> dict[str, Any]:
    """Both select from the same features; anomalib's sampler first projects them at random."""
    import torch
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    from farpoint.adapters.anomalib import patch

    torch.manual_seed(0)
    basis = torch.randn(64, FEATURES[1])
    features = torch.relu(torch.randn(FEATURES[0], 64) @ basis / 8) + 0.05 * torch.randn(FEATURES)

    def subsample() -> float:
        model = PatchcoreModel(layers=["layer2"], backbone="resnet18", pre_trained=False)
        model.embedding_store = [features]
        return seconds(lambda: model.subsample_embedding(RATIO))

    with patch():
        ours = statistics.median(subsample() for _ in range(3))
    theirs = subsample()
    return {
        "rows": FEATURES[0],
        "dimensions": FEATURES[1],
        "farpoint_seconds": ours,
        "anomalib_seconds": theirs,
        "times_faster": round(theirs / ours, 1),
    }


def machine() -> dict[str, Any]:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next(line.split(": ")[1] for line in cpuinfo.splitlines() if line.startswith("model name"))
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], cwd=ROOT, capture_output=True, text=True)
    versions = {name: sys.modules[name].__version__ for name in ("numpy", "torch", "anomalib", "farpoint") if name in sys.modules}
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        **versions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, help="the text embeddings; left out without")
    parser.add_argument("--only", choices=["call", "small", "batch", "text", "patchcore"])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    cases: dict[str, Callable[[], Any]] = {
        "call": lambda: call(args.turns),
        "small": lambda: small(args.turns),
        "batch": lambda: batch(args.turns),
    }
    if args.text:
        cases["text"] = lambda: text(args.text, args.turns)
    cases["patchcore"] = patchcore
    found = {}
    for name in [name for name in cases if args.only in (None, name)]:
        found[name] = cases[name]()
        print(name, json.dumps(found[name]), flush=True)
    if args.record:
        record = {"command": " ".join(["scripts/bench_python.py", *sys.argv[1:]]), "machine": machine(), **found}
        args.record.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
