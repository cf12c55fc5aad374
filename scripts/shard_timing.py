"""What `scripts/bench_ray.py` and `scripts/bench_distributed.py` share: the same shards in one process, and the record."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from farpoint import _native, _terms


def parts(path, count):
    """The file's rows in parts of about equal length: where each begins, and where the last one ends."""
    rows = np.load(path, mmap_mode="r").shape[0]
    return [shard * rows // count for shard in range(count + 1)]


def in_one_process(path, count, budget, threads=1):
    """Shards in threads of this process, called without any transport: the answer, and the seconds that the coordinator took."""
    bounds = parts(path, count)
    opened = [_native.open_part([str(path)], start, end) for start, end in zip(bounds, bounds[1:])]
    shards = [_native.Shard(pool, device="cpu", threads=threads) for pool in opened]
    with ThreadPoolExecutor(count) as calls:

        def call(common, own):
            return dict(zip(own, calls.map(lambda shard: shards[shard].answer(common, own[shard]), own)))

        answer = _native.coordinate(call, [f"shard {at}" for at in range(count)], budget, _terms.terms(bounds[-1]))
    for shard in shards:
        shard.close()
    return answer, answer["seconds"]


def compare(name, runs, *, path, budget, shards, repeat):
    """Run each of `runs` (name to a function that gives centers, radii, statistics and seconds) in turn, some times, and say what they took.

    All answers must be equal.
    """
    seconds, first = {run: [] for run in runs}, None
    for _ in range(repeat):
        for run, work in runs.items():
            centers, radii, statistics, took = work()
            first = first or (centers.tolist(), radii.tolist())
            assert (centers.tolist(), radii.tolist()) == first, f"{run} answers otherwise"
            seconds[run].append(took)
    medians = {run: float(np.median(all_)) for run, all_ in seconds.items()}
    here, there = medians["one process"], medians[name]
    overhead = there - here
    record = {
        "what": name,
        "command": " ".join(sys.argv),
        "commit": subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "machine": machine(),
        "pool": Path(path).name,
        "budget": budget,
        "shards": shards,
        "rounds": statistics["rounds"],
        "exchanges": statistics["exchanges"],
        "exchange_bytes": statistics["exchange_bytes"],
        "seconds": seconds,
        "median_seconds": medians,
        "overhead_seconds": overhead,
        "overhead_ms_a_round": 1000 * overhead / statistics["rounds"],
    }
    for run, median in medians.items():
        print(f"{run:30} {median:8.3f} s")
    print(f"{statistics['rounds']} rounds: {overhead:.3f} s beyond one process, {record['overhead_ms_a_round']:.2f} ms a round")
    return record


def machine():
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "amx": has_amx(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
    }


def has_amx():
    return "amx_tile" in Path("/proc/cpuinfo").read_text()


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def write(record, path):
    if path is not None:
        Path(path).write_text(json.dumps(record, indent=1) + "\n")
