"""A pool that lies in several arrays on GPUs: each is a shard of its own, and the answer is that of all rows together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from farpoint import _native
from farpoint._frameworks import framework, is_torch, readable
from farpoint._progress import Tick, ticking
from farpoint._selection import Selection, interrupted
from farpoint._terms import Terms


def lie_on_gpus(pool: Any) -> bool:
    """Whether `pool` is a list of arrays that lie on GPUs, several or one."""
    return isinstance(pool, (list, tuple)) and len(pool) > 0 and all(map(_lies_on_a_gpu, pool))


def _lies_on_a_gpu(array: Any) -> bool:
    return array.is_cuda if is_torch(array) else hasattr(array, "__cuda_array_interface__")


def rows_of(parts: Any) -> int:
    """Rows of all parts."""
    return sum(len(part) for part in parts)


def select(
    parts: Any,
    budget: int | None,
    asked: Terms,
    labeled_vectors: Any,
    progress: bool | Tick | None,
    has_distances: bool,
    has_assignment: bool,
) -> Selection:
    """The selection from the rows of all parts, in their order. Distances and nearest centers are lists: an array for each part, on its GPU."""
    if asked.device != "auto":
        raise ValueError(f"device {asked.device!r}: the pool lies on GPUs already, in {len(parts)} parts: leave the device out")
    parts = [readable(part) for part in parts]
    libraries = [framework(part) for part in parts]
    shards = [_native.Shard(part, threads=asked.threads, stream=library.stream) for part, library in zip(parts, libraries)]
    names = [f"part {at}" for at in range(len(parts))]
    with ThreadPoolExecutor(len(shards)) as calls, ticking(progress) as tick:

        def call(common: bytes, own: dict[int, bytes]) -> dict[int, bytes]:
            return dict(zip(own, calls.map(lambda shard: shards[shard].answer(common, own[shard]), own)))

        answer = _native.coordinate(call, names, budget, asked, labeled_vectors, tick, has_distances or has_assignment)
    selection = Selection(answer, libraries[0].answer, asked, labeled_vectors, False, False)
    if answer["raised"] is not None:
        raise interrupted(answer["raised"], selection)
    if has_distances or has_assignment:
        settled = [shard.settled() for shard in shards]
        distances, assignment = ([lib.answer(one[at]) for lib, one in zip(libraries, settled)] for at in (0, 1))
        selection.min_distance = distances if has_distances else None
        selection.assignment = assignment if has_assignment else None
    return selection
