#!/usr/bin/env python3
"""What a selection over many holders of rows takes, by the real coordinator and real shards in one process, with a network's delay added.

    scripts/simulate_shards.py pool.npy --budget 2000 --shards 2 4 8 --delay-ms 1 --gigabits 10
    scripts/simulate_shards.py pool.npy --budget 2000 --shards 2 4 8 --beside-ray --output benches/record/simulation.json

Shards answer one after another, each timed alone. The time that is told is the coordinator's, and of each exchange the slowest shard's (or
all shards' over `--processors`, where that is more), the delay, and the bytes through the coordinator's link. `--beside-ray` selects on a
Ray cluster of this machine too, and takes the delay and the link from calls of actors that do nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import numpy as np
import shard_timing

from farpoint import _native, _terms

#: Bytes of a message that is timed beside an empty one.
LARGE = 4 << 20


class Network:
    """Delivers messages to shards of this process, and counts what that would take elsewhere."""

    def __init__(self, shards: list[Any], delay: float, bytes_per_second: float, processors: int | None) -> None:
        self.shards, self.delay, self.rate, self.processors = shards, delay, bytes_per_second, processors
        #: Seconds in shards as they were, and as they would be; seconds on the way; exchanges; bytes.
        self.really = self.computing = self.travelling = 0.0
        self.exchanges = self.bytes = 0

    def call(self, common: bytes, own: dict[int, bytes]) -> dict[int, bytes]:
        answers, took = {}, []
        for shard, part in own.items():
            started = time.perf_counter()
            answers[shard] = self.shards[shard].answer(common, part)
            took.append(time.perf_counter() - started)
        crossed = sum(len(common) + len(part) for part in own.values()) + sum(map(len, answers.values()))
        self.really += sum(took)
        self.computing += max(max(took), sum(took) / self.processors if self.processors else 0.0)
        self.travelling += self.delay + crossed / self.rate
        self.exchanges += 1
        self.bytes += crossed
        return answers


def simulated(path: str, budget: int, shards: int, delay: float, rate: float, processors: int | None) -> dict[str, Any]:
    """The time that this selection would take over so many shards, one thread each."""
    bounds = shard_timing.parts(path, shards)
    pools = [_native.open_part([path], start, end) for start, end in zip(bounds, bounds[1:])]
    held = [_native.Shard(pool, device="cpu", threads=1) for pool in pools]
    over = Network(held, delay, rate, processors)
    started = time.perf_counter()
    answer = _native.coordinate(over.call, [f"shard {at}" for at in range(shards)], budget, _terms.terms(bounds[-1]))
    coordinating = time.perf_counter() - started - over.really
    for shard in held:
        shard.close()
    return {
        "seconds": coordinating + over.computing + over.travelling,
        "coordinating_seconds": coordinating,
        "computing_seconds": over.computing,
        "travelling_seconds": over.travelling,
        "rounds": json.loads(str(answer["statistics"]))["rounds"],
        "exchanges": over.exchanges,
        "bytes": over.bytes,
        "centers": answer["centers"].tolist(),
    }


def middle(run: Any, repeats: int) -> dict[str, Any]:
    """The run of median seconds."""
    return sorted((run() for _ in range(repeats)), key=lambda one: one["seconds"])[repeats // 2]


def idle_calls(actors: int) -> tuple[float, float]:
    """Seconds that a call of so many actors takes of which each does nothing, and bytes a second of large answers."""
    import ray

    @ray.remote(num_cpus=0)
    class Idle:
        def answer(self, common: bytes, length: int) -> bytes:
            return bytes(length)

    idle = [Idle.remote() for _ in range(actors)]

    def call(length: int) -> float:
        started = time.perf_counter()
        ray.get([actor.answer.remote(b"", length) for actor in idle])
        return time.perf_counter() - started

    call(LARGE)
    small, large = (float(np.median([call(length) for _ in range(30)])) for length in (0, LARGE))
    for actor in idle:
        ray.kill(actor)
    return small, actors * LARGE / max(large - small, 1e-9)


def on_ray(path: str, budget: int, shards: int) -> dict[str, Any]:
    import farpoint.ray

    selection = farpoint.ray.select(path, budget, num_shards=shards, num_cpus_per_shard=0)
    return {"seconds": selection.seconds, "centers": selection.centers.tolist()}


def beside_ray(path: str, budget: int, shards: int, repeats: int) -> dict[str, Any]:
    delay, rate = idle_calls(shards)
    real = middle(lambda: on_ray(path, budget, shards), repeats)
    told = middle(lambda: simulated(path, budget, shards, delay, rate, os.cpu_count()), repeats)
    assert told.pop("centers") == real["centers"]
    return {"shards": shards, "delay_ms": 1e3 * delay, "gigabytes_a_second": rate / 1e9, "ray_seconds": real["seconds"]} | told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", help=".npy")
    parser.add_argument("--budget", type=int, required=True)
    parser.add_argument("--shards", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--delay-ms", type=float, default=1.0, help="a round trip to all shards, beside its bytes")
    parser.add_argument("--gigabits", type=float, default=10.0, help="of the coordinator's link, a second")
    parser.add_argument("--processors", type=int, help="that all shards share; each has its own if this is left out")
    parser.add_argument("--beside-ray", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output")
    asked = parser.parse_args()
    if asked.beside_ray:
        import ray

        ray.init(include_dashboard=False, object_store_memory=400 << 20, log_to_driver=False, logging_level="error")
        runs = [beside_ray(asked.pool, asked.budget, shards, asked.repeats) for shards in asked.shards]
        ray.shutdown()
    else:
        network = asked.delay_ms / 1e3, asked.gigabits * 1e9 / 8, asked.processors
        answer = {shards: middle(lambda: simulated(asked.pool, asked.budget, shards, *network), asked.repeats) for shards in asked.shards}
        assert len({str(run.pop("centers")) for run in answer.values()}) == 1, "every number of shards has one answer"
        runs = [{"shards": shards} | run for shards, run in answer.items()]
    for run in runs:
        print(json.dumps(run))
    shard_timing.write({"machine": shard_timing.machine(), "pool": os.path.basename(asked.pool), "budget": asked.budget, "runs": runs}, asked.output)


if __name__ == "__main__":
    main()
