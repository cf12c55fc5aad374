"""The oracle: greedy k-center by its definition (docs/contract.md) in NumPy's float64, sharing no code with the engine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Answer(NamedTuple):
    centers: list[int]
    radii: list[float]
    initial_radius: float
    farthest: int | None
    min_distance: list[float]
    assignment: list[int]


def distances(rows: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Canonical distances of each row to `center`: 32 sums by fused multiply-add, folded in halves, and the root."""
    sums = np.zeros((len(rows), 32))
    for j in range(rows.shape[1]):
        difference = rows[:, j].astype(float) - float(center[j])
        sums[:, j % 32] = fused(difference, sums[:, j % 32])
    for half in (16, 8, 4, 2, 1):
        sums[:, :half] += sums[:, half : 2 * half]
    return np.sqrt(sums[:, 0])


def fused(t: np.ndarray, sum_: np.ndarray) -> np.ndarray:
    """``t * t + sum_``, rounded once: Boldo and Melquiond, Emulation of FMA, 2008. (Python has none before 3.13.)"""
    big = t * 134217729.0 - (t * 134217729.0 - t)
    product, small = t * t, t - big
    low = small * small - ((product - big * big) - 2 * big * small)
    upper, rest = two_sum(sum_, low)
    high, over = two_sum(product, upper)
    odd, error = two_sum(rest, over)
    is_even = odd.view(np.int64) % 2 == 0
    return high + np.where((error != 0) & is_even, np.nextafter(odd, np.copysign(np.inf, error)), odd)


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rounded sum, and what rounding lost."""
    s = a + b
    return s, (a - (s - (s - a))) + (b - (s - a))


def seen(rows: Any, metric: str) -> np.ndarray:
    """Rows as the metric sees them."""
    rows = np.asarray(rows)
    rows = rows.astype(np.float64 if rows.dtype == np.float64 else np.float32)
    if metric == "cosine":
        norms = distances(rows, np.zeros(rows.shape[1]))
        return (rows.astype(float) / norms[:, None]).astype(np.float32)
    return rows


def select(
    pool,
    budget=None,
    *,
    labeled=(),
    labeled_vectors=None,
    metric="euclidean",
    weights=None,
    exclude=(),
    stop_radius=None,
    first="lowest",
    seed=0,
) -> Answer:
    """`farpoint.select`; `labeled` and `exclude` as lists of rows."""
    x = seen(pool, metric)
    outside = [] if labeled_vectors is None else list(seen(labeled_vectors, metric))
    weights = np.ones(len(x), np.float32) if weights is None else np.asarray(weights, dtype=np.float32)
    least, nearest = np.full(len(x), np.inf), np.zeros(len(x), int)

    def add(center, label):
        to = distances(x, center)
        nearest[to < least] = label
        np.minimum(least, to, out=least)

    for position, center in enumerate([*(x[row] for row in labeled), *outside]):
        add(center, -1 - position)
    left = sorted(set(range(len(x))) - set(labeled) - set(exclude))
    budget = len(left) if budget is None else budget
    is_bare = len(labeled) + len(outside) == 0
    centers, radii = [], []
    while True:
        keys = [float(weights[row]) * least[row] if weights[row] else 0.0 for row in left]
        row = left[int(np.argmax(keys))] if left else None
        radii.append(np.inf if is_bare and not centers else max(keys, default=0.0))
        if len(centers) == budget or (stop_radius is not None and radii[-1] <= stop_radius):
            break
        if is_bare and not centers:
            row = first_row(first, x, left, sorted(set(range(len(x))) - set(exclude)), weights, seed)
        add(x[row], len(centers))
        left.remove(row)
        centers.append(row)
    # A center is its own nearest, also where an earlier one equals it.
    for position, own in enumerate(labeled):
        least[own], nearest[own] = 0, -1 - position
    for position, own in enumerate(centers):
        least[own], nearest[own] = 0, position
    return Answer(centers, radii[1:], radii[0], row, least.tolist(), nearest.tolist())


def first_row(first, x, left, counted, weights, seed) -> int:
    """The first center, where nothing is labeled."""
    if first == "mean":
        blocks = [
            sum((x[row].astype(float) for row in counted if row // 1024 == b), np.zeros(x.shape[1]))
            for b in range(-(-len(x) // 1024))
        ]
        return left[int(np.argmin(distances(x[left], sum(blocks, np.zeros(x.shape[1])) / len(counted))))]
    if first == "heaviest":
        return left[int(np.argmax(weights[left]))]
    if first == "random":
        return left[uniform(seed, len(left))]
    return left[0] if first == "lowest" else first


def uniform(seed: int, count: int) -> int:
    """SplitMix64, then Lemire's reduction with rejection."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) % 2**64
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        high, low = divmod((z ^ z >> 31) * count, 2**64)
        if low >= (2**64 - count) % count:
            return high
