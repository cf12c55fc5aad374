"""What a selection will take."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from farpoint import _native, _terms
from farpoint._frameworks import readable


class Way(NamedTuple):
    """A way in which a selection can be made, and what it takes."""

    #: "in_memory", "copy_in_memory", "on_disk", "gpu" or "gpu_staged".
    name: str
    #: Bytes, at most, those of the pool included; on a GPU, of its memory.
    memory_bytes: int
    #: Bytes read from disk, about.
    read_bytes: int
    #: Bytes written to a scratch file.
    scratch_bytes: int
    #: Estimated; None on a GPU.
    seconds: float | None
    #: Whether there is the memory; None where that is not known.
    fits: bool | None


class Plan(NamedTuple):
    """What a selection on the CPU will take: bytes, pairs and seconds."""

    rows: int
    dimensions: int
    dtype: str
    budget: int
    device: str
    pool_bytes: int
    #: Of those, the ones in files, as a pool keeps them.
    disk_bytes: int
    #: Of those, the ones that must be decoded first.
    decoded_bytes: int
    state_bytes: int
    workspace_bytes: int
    #: Bytes of memory that may be taken; None where the system does not say.
    available_bytes: int | None
    #: What leaves no more: "machine", "control_group" or "caller".
    limited_by: str | None
    #: Of those on the CPU, which come first, the first that fits is taken.
    ways: list[Way]
    #: The name of the one that will be taken; None if nothing fits.
    way: str | None
    fits: bool | None
    #: Bytes of memory that a robust selection takes beside the pool, about.
    robust_bytes: int
    #: Distances that will be evaluated by the filter, of the rows * budget there are.
    evaluations: float
    #: Seconds it will take, estimated.
    seconds: float | None
    #: What the rounds compute with: "int8", "floats" or "cells".
    filter: str
    #: The rehearsal: a selection from rows of the pool that lie evenly in it.
    rehearsal_rows: int
    rehearsal_of_pool: bool
    rehearsal_picks: int
    rehearsal_seconds: float
    #: The powers of the rows and of the picks that the time is taken to grow with.
    growth_by_rows: float
    growth_by_picks: float
    read_bytes_per_second: float
    #: Seconds that a loop takes at least which reads the pool once a pick.
    plain_loop_seconds: float


def plan(pool: Any, budget: int, *, metric: Literal["euclidean", "cosine"] = "euclidean", threads: int = 0) -> Plan:
    """Say whether a selection of `budget` rows on the CPU will fit, and how long it will take.

    Selects from a sample of the pool's rows for a few seconds. Raises as `select` does; Ctrl-C ends it within 100 ms.
    """
    told = _native.plan(
        readable(pool), _terms.count("budget", budget), _terms.name("metric", metric), _terms.count("threads", threads)
    )
    plan = json.loads(told)
    plan["ways"] = [Way(**way) for way in plan["ways"]]
    return Plan(**plan)
