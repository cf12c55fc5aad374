"""Distances to given centers, by the engine: canonical, where the rows lie, without an ``(n, k)`` or ``(n, d)`` temporary."""

from __future__ import annotations

import sys
from typing import Any

from farpoint._select import select

#: No distance between float32 rows is larger: a selection that may stop there picks nothing and settles the distances.
ANY_RADIUS = sys.float_info.max


def nearest(pool: Any, *, rows: Any = None, vectors: Any = None, **options: Any) -> tuple[Any, Any]:
    """Every row's distance to the nearest of the given centers, ``(n,)`` float64, and that one's position, ``(n,)`` int64.

    `pool` is ``(n, d)``; the centers are distinct `rows` of it, not all of them, or `vectors` ``(k, d)``. Of equally near ones it is the
    first; a row given is its own. Arrays are of the pool's library, on its device. `options` go to `farpoint.select`, which says what is raised.
    """
    selection = select(
        pool,
        1,
        labeled=rows,
        labeled_vectors=vectors,
        stop_radius=ANY_RADIUS,
        return_distances=True,
        return_assignment=True,
        **options,
    )
    return selection.min_distance, -1 - selection.assignment


def nearest_distances(pool: Any, rows: Any, **options: Any) -> Any:
    """Every row's distance to the nearest of `rows`, which may be all there are."""
    if len(rows) == len(pool):
        # Nothing is left to ask for, as a selection must.
        return select(pool, len(rows), return_distances=True, **options).min_distance
    return nearest(pool, rows=rows, **options)[0]
