"""Ids of rows: none twice, and those of the picks."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np

from farpoint.ray._shards import Shards

#: Rows whose hashes the driver looks at together.
AT_ONCE = 1 << 24


def check_distinct(shards: Shards, column: str) -> None:
    """Raise ValueError for an id that stands twice, in one shard or in two. The driver holds the hashes of about 2^24 rows at once."""
    every, first_rows = range(len(shards)), shards.first_rows
    _check_kinds(shards, shards.own("hash_ids", {shard: (first_rows[shard],) for shard in every}))
    buckets = first_rows[-1] // AT_ONCE + 1
    for bucket in range(buckets):
        hashes = np.sort(np.concatenate(list(shards.each("id_hashes", every, bucket, buckets).values())))
        for hashed in np.unique(hashes[1:][hashes[1:] == hashes[:-1]]):
            _check_ids(column, [found for ids in shards.each("ids_of", every, hashed).values() for found in ids])
    shards.each("forget_hashes", every)


def _check_kinds(shards: Shards, kinds: dict[int, str]) -> None:
    """Ids of two kinds cannot be told to be equal."""
    for shard, kind in kinds.items():
        if kind != kinds[0]:
            raise TypeError(f"ids are of one type: {shards.name(0)} has {kinds[0]}, {shards.name(shard)} {kind}")


def _check_ids(column: str, ids: list[Any]) -> None:
    """Of ids with one hash."""
    seen = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"the id {one!r} of the column {column!r} stands at {ids.count(one)} rows: ids must tell rows apart")
        seen.add(one)


def ids_of_centers(shards: Shards, centers: np.ndarray, within: float | None = None) -> list[Any]:
    """The ids of the centers, in their order. With `within` the shards are asked once, for so many seconds, and none is started again.

    Raises TimeoutError where they do not answer by then.
    """
    first_rows = shards.first_rows
    holders = [bisect_right(first_rows, row) - 1 for row in centers.tolist()]
    places: dict[int, list[int]] = {}
    for at, holder in enumerate(holders):
        places.setdefault(holder, []).append(at)
    asked = {shard: (centers[mine] - first_rows[shard],) for shard, mine in places.items()}
    answers = shards.own("ids", asked) if within is None else shards.once("ids", asked, within)
    ids: list[Any] = [None] * len(centers)
    for shard, mine in places.items():
        for at, one in zip(mine, answers[shard]):
            ids[at] = one
    return ids
