"""What the tests hold the adapters to: farthest-first selection from its definition, and pools full of ties."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def farthest_first(points, budget, start):
    """``budget`` distinct rows of ``points`` (n, d) from row ``start`` on; ties to the lowest row. Exact for small integers."""
    rows = [start]
    while len(rows) < budget:
        nearest = nearest_distances(points, points[rows])
        nearest[rows] = -1.0
        rows.append(int(nearest.argmax()))
    return rows


def nearest_distances(points, centers):
    """Every row's distance to the nearest center, (n,) float64."""
    differences = np.asarray(points, dtype=np.float64)[:, None] - np.asarray(centers, dtype=np.float64)[None]
    return np.sqrt((differences**2).sum(axis=2)).min(axis=1)


def clouds(rows=st.integers(1, 12), least=-2, most=2):
    """Small clouds of few integers, (n, d) float32: ties and duplicates are plentiful, and every sum is exact."""
    shapes = st.tuples(rows, st.integers(1, 3))
    return hnp.arrays(np.float32, shapes, elements=st.integers(least, most).map(float))


def gaussian(n, d, seed=0):
    """(n, d) float32."""
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
