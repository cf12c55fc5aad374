"""Distances to given rows, by the engine: canonical, on the features' device, without an ``(n, d)`` temporary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import farpoint

# No distance between float32 rows is larger: a selection that may stop there picks nothing and settles the distances.
ANY_RADIUS = sys.float_info.max


def nearest_distances(features: Any, rows: Sequence[int], metric: str = "euclidean", device: str = "auto") -> Any:
    """Every row's distance to the nearest of ``rows``.

    ``features`` is ``(n, d)``, ``rows`` are distinct rows of it, at least one. Returns ``(n,)`` float64, in the features' framework,
    on their device; chords where ``metric`` is ``"cosine"``. Raises as :func:`farpoint.select`.
    """
    options: dict[str, Any] = {"metric": metric, "device": device, "return_distances": True}
    if len(rows) == len(features):
        # Nothing is left to ask for, as a selection must.
        return farpoint.select(features, len(rows), **options).min_distance
    return farpoint.select(features, 1, labeled=rows, stop_radius=ANY_RADIUS, **options).min_distance
