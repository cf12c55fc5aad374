#!/usr/bin/env python3
"""How much gloo adds: the same shards as ranks of a group, and in one process. Answers are compared, to the bit, before anything is said.

scripts/bench_distributed.py pool.npy --budget 2000 --ranks 3 --output benches/record/distributed.json
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile

import numpy as np
import shard_timing
import torch
import torch.distributed as dist
from torch import multiprocessing

import farpoint.distributed


def rank(at, options, folder):
    """Rank 0 measures; the others take part as often."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=at, world_size=options.ranks)
    bounds = shard_timing.parts(options.pool, options.ranks)
    mine = np.load(options.pool, mmap_mode="r")[bounds[at] : bounds[at + 1]].copy()

    def over_gloo():
        selection = farpoint.distributed.select(mine, options.budget, device="cpu", threads=1)
        return selection.centers, selection.radii, selection.statistics, selection.seconds

    def in_one_process():
        answer, seconds = shard_timing.in_one_process(options.pool, options.ranks, options.budget)
        return answer["centers"], answer["radii"], json.loads(str(answer["statistics"])), seconds

    if at == 0:
        runs = {"one process": in_one_process, "gloo": over_gloo}
        record = shard_timing.compare(
            "gloo", runs, path=options.pool, budget=options.budget, shards=options.ranks, repeat=options.repeat
        )
        shard_timing.write(record, options.output)
    else:
        for _ in range(options.repeat):
            over_gloo()
    dist.barrier()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", help=".npy")
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--output")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(rank, (options, folder), options.ranks)


if __name__ == "__main__":
    main()
