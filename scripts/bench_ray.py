#!/usr/bin/env python3
"""How much Ray adds: the same shards as actors, and in one process. Answers are compared, to the bit, before anything is said.

    scripts/bench_ray.py pool.npy --budget 2000 --shards 3 --output benches/record/ray.json
    scripts/bench_ray.py large.npy --budget 200 --shards 4 --memory

The actors are started apart: the seconds are the coordinator's. `--memory` measures what driver and actors hold at most, beside one process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray  # noqa: E402 - it reads the line above
import shard_timing  # noqa: E402

import farpoint  # noqa: E402
import farpoint.ray  # noqa: E402

ONE = """
import sys, resource, farpoint
pool = farpoint.open(sys.argv[1])
farpoint.select(pool, int(sys.argv[2]), device="cpu")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def on_ray(path, shards, budget):
    selection = farpoint.ray.select(path, budget, num_shards=shards, num_cpus_per_shard=1)
    return selection.centers, selection.radii, selection.statistics, selection.seconds


def of_one_process(path, shards, budget):
    answer, seconds = shard_timing.in_one_process(path, shards, budget)
    return answer["centers"], answer["radii"], json.loads(str(answer["statistics"])), seconds


def memory(path, shards, budget):
    """Bytes that driver and actors hold at most, those of one process, and of the object store."""
    most, is_over = {"bytes": 0}, threading.Event()

    def watch():
        while not is_over.is_set():
            most["bytes"] = max(most["bytes"], sum(map(_held, _processes())))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    on_ray(path, shards, budget)
    is_over.set()
    watcher.join()
    one = int(subprocess.run([sys.executable, "-c", ONE, path, str(budget)], capture_output=True, text=True, check=True).stdout)
    total, free = ray.cluster_resources()["object_store_memory"], ray.available_resources()["object_store_memory"]
    record = {
        "command": " ".join(sys.argv),
        "machine": shard_timing.machine(),
        "pool_bytes": os.path.getsize(path),
        "driver_and_actors_bytes": most["bytes"],
        "one_process_bytes": one,
        "ratio": most["bytes"] / one,
    }
    print(f"driver and actors {most['bytes'] / 1e9:.2f} GB, one process {one / 1e9:.2f} GB: {record['ratio']:.2f} times")
    return record | {"object_store_bytes_used": int(total - free)}


def _processes():
    """This process and the actors."""
    yield os.getpid()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::Holder"):
                yield int(folder.name)
        except OSError:
            pass


def _held(pid):
    """Bytes of a process, with its share of what several have."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", help=".npy")
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--output")
    options = parser.parse_args()
    asked = options.pool, options.shards, options.budget
    ray.init(
        num_cpus=options.shards,
        include_dashboard=False,
        object_store_memory=200 << 20,
        log_to_driver=False,
        logging_level="error",
    )
    try:
        if options.memory:
            record = memory(*asked)
        else:
            runs = {"one process": lambda: of_one_process(*asked), "Ray": lambda: on_ray(*asked)}
            whole = farpoint.select(farpoint.open(options.pool), options.budget, device="cpu")
            assert on_ray(*asked)[0].tolist() == whole.centers.tolist()
            record = shard_timing.compare(
                "Ray", runs, path=options.pool, budget=options.budget, shards=options.shards, repeat=options.repeat
            )
    finally:
        ray.shutdown()
    shard_timing.write(record, options.output)


if __name__ == "__main__":
    main()
