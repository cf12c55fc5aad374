"""Distances to given vectors, by the engine: canonical, on the features' device, without an ``(n, d)`` temporary."""

from __future__ import annotations

import sys
from typing import Any

import farpoint

# No distance between float32 rows is larger: a selection that may stop there picks nothing and settles the distances.
ANY_RADIUS = sys.float_info.max


def nearest_distances(features: Any, vectors: Any, metric: str = "euclidean", device: str = "auto") -> Any:
    """Every row's distance to the nearest of ``vectors``.

    ``features`` is ``(n, d)``, ``vectors`` ``(m, d)`` with m at least 1. Returns ``(n,)`` float64, in the features' framework, on
    their device; chords where ``metric`` is ``"cosine"``. Raises as :func:`farpoint.select`.
    """
    covered = farpoint.select(
        features,
        1,
        labeled_vectors=vectors,
        metric=metric,
        stop_radius=ANY_RADIUS,
        device=device,
        return_distances=True,
    )
    return covered.min_distance
