"""What a selection will take."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from farpoint import _native, _terms
from farpoint._frameworks import readable


class Plan(NamedTuple):
    """What a selection on the CPU will take: bytes, pairs and seconds."""

    rows: int
    dimensions: int
    dtype: str
    budget: int
    device: str
    pool_bytes: int
    #: Of those, the ones that are not copied into memory.
    mapped_bytes: int
    state_bytes: int
    workspace_bytes: int
    #: Bytes of memory that are free; None where the system does not say.
    available_bytes: int | None
    #: Whether state and workspace fit into memory.
    fits: bool | None
    #: Whether the pool fits beside them; if not it is read from its file about three times.
    pool_fits: bool | None
    #: Distances that will be evaluated by the filter, of the rows * budget there are.
    evaluations: float
    #: Seconds it will take, estimated.
    seconds: float
    rehearsal_rows: int
    rehearsal_picks: int
    rehearsal_seconds: float
    read_bytes_per_second: float
    #: Seconds that a loop takes at least which reads the pool once a pick.
    plain_loop_seconds: float


def plan(pool: Any, budget: int, *, metric: Literal["euclidean", "cosine"] = "euclidean", threads: int = 0) -> Plan:
    """Say whether a selection of `budget` rows on the CPU will fit, and how long it will take.

    Measures this machine for about a second. Raises as `select` does.
    """
    told = _native.plan(
        readable(pool), _terms.count("budget", budget), _terms.name("metric", metric), _terms.count("threads", threads)
    )
    return Plan(**json.loads(told))
