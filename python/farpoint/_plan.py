"""What a selection will take."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from farpoint import _ids, _native, _terms
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


class RobustPlan(NamedTuple):
    """What a robust selection takes. How long its search goes on no plan tells: ``time_limit`` ends it."""

    outliers: int
    #: Picks of greedy, where the search begins: budget and outliers together.
    greedy_picks: int
    #: Seconds until the search begins, estimated.
    start_seconds: float | None
    #: Bytes of memory beside the pool until then, and for what the search holds a row.
    start_bytes: int
    #: Bytes of memory for each pair of near rows that the search holds.
    pair_bytes: int
    #: Bytes of memory beside the pool with as many pairs as it holds at most.
    memory_bytes: int


class Plan(NamedTuple):
    """What a selection on the CPU will take: bytes, pairs and seconds."""

    rows: int
    dimensions: int
    dtype: str
    budget: int
    #: Centers from the start: labeled rows, and vectors from elsewhere.
    labeled: int
    #: Rows that are neither chosen nor counted.
    excluded: int
    device: str
    pool_bytes: int
    #: Of those, the ones in files, as a pool keeps them.
    disk_bytes: int
    #: Of those, the ones that must be decoded first.
    decoded_bytes: int
    state_bytes: int
    workspace_bytes: int
    #: Bytes of what is labeled, excluded and weighted.
    given_bytes: int
    #: Bytes of memory that may be taken; None where the system does not say.
    available_bytes: int | None
    #: What leaves no more: "machine", "control_group" or "caller".
    limited_by: str | None
    #: Of those on the CPU, which come first, the first that fits is taken.
    ways: list[Way]
    #: The name of the one that will be taken; None if nothing fits.
    way: str | None
    fits: bool | None
    #: Of a robust selection, what its search takes; the other counts and seconds are then of greedy's picks, where it begins.
    robust: RobustPlan | None
    #: Distances that will be evaluated by the filter, of the rows * (labeled + budget) there are.
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
    #: Seconds that a loop takes at least which reads the pool once a center, labeled or new.
    plain_loop_seconds: float


def plan(
    pool: Any,
    budget: int | float | str,
    *,
    labeled: Any = None,
    labeled_vectors: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    weights: Any = None,
    exclude: Any = None,
    robust: bool = False,
    outliers: int | None = None,
    threads: int = 0,
    ids: Any = None,
) -> Plan:
    """Say whether a selection of `budget` rows on the CPU will fit, and how long it will take.

    Selects from a sample of the pool's rows for a few seconds, as large a part of which is labeled, excluded and weighted as of the pool's.

    Parameters
    ----------
    pool, budget, labeled, labeled_vectors, metric, weights, exclude, threads, ids
        As in `farpoint.select`; the pool in host memory.
    robust : bool
        Plan `farpoint.robust` too: how long until its search begins, and its memory. No plan tells how long a search takes.
    outliers : int, optional
        Of a robust selection, the rows that may stay uncovered.

    Raises as `select` does, and as `robust` where that is planned; Ctrl-C ends it within 100 ms.
    """
    if outliers is not None and not robust:
        raise ValueError("outliers are of a robust selection: pass robust=True, too")
    if robust and weights is not None:
        raise ValueError("a robust selection takes no weights, nor does its proof")
    pool = readable(pool)
    n = _terms.rows_of(pool)
    known = _ids.ids_of(ids, pool, n)
    asked = _terms.terms(
        n,
        labeled=_ids.rows_by(known, "labeled", labeled),
        weights=weights,
        exclude=_ids.rows_by(known, "exclude", exclude),
        metric=metric,
        device="cpu",
        threads=threads,
    )
    if labeled_vectors is not None:
        labeled_vectors = _terms.vectors(labeled_vectors)
    left_out = _terms.count("outliers", outliers or 0) if robust else None
    told = _native.plan(pool, _terms.rows_to_choose(budget, n), asked, labeled_vectors, left_out)
    plan = json.loads(told)
    plan["ways"] = [Way(**way) for way in plan["ways"]]
    plan["robust"] = plan["robust"] and RobustPlan(**plan["robust"])
    return Plan(**plan)
