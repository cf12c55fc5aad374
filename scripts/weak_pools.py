"""Pools on which selections have been slow: the rows of the table of bench_weak.py, and kinds to draw others of at random.

Each maker takes a generator of random numbers, n and d, and returns float32 rows, (n, d).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Maker = Callable[[np.random.Generator, int, int], np.ndarray]


def uniform(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return random.random((n, d), dtype=np.float32)


def gaussian(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return random.standard_normal((n, d), dtype=np.float32)


def of_rank(rank: int) -> Maker:
    return lambda random, n, d: gaussian(random, n, min(rank, d)) @ gaussian(random, min(rank, d), d)


def unit(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    values = gaussian(random, n, d)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-30)


def mixture(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Clusters of unlike size and spread."""
    clusters = int(random.integers(2, 200))
    weights = random.pareto(1.5, clusters) + 1
    of = random.choice(clusters, n, p=weights / weights.sum())
    spread = random.lognormal(-2, 1, clusters).astype(np.float32)
    return gaussian(random, clusters, d)[of] + spread[of, None] * gaussian(random, n, d)


def two_far(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Two clusters, a million times as far apart as they are wide."""
    return gaussian(random, n, d) + np.float32(1e6) * random.integers(0, 2, (n, 1)).astype(np.float32)


def one_outlier(size: float) -> Maker:
    def make(random: np.random.Generator, n: int, d: int) -> np.ndarray:
        values = gaussian(random, n, d)
        values[n // 2] *= np.float32(size)
        return values

    return make


def some_outliers(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """One row in a thousand is up to 1e9 times as large as the others."""
    values = gaussian(random, n, d)
    rows = random.choice(n, max(1, n // 1000), replace=False)
    values[rows] *= (10 ** random.uniform(1, 9, (len(rows), 1))).astype(np.float32)
    return values


def offset(size: float) -> Maker:
    return lambda random, n, d: gaussian(random, n, d) + np.float32(size)


def magnitudes(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Each row has a scale of its own, over 24 decades."""
    return gaussian(random, n, d) * (10 ** random.uniform(-12, 12, (n, 1))).astype(np.float32)


def heavy_tailed(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return random.standard_t(1.5, (n, d)).astype(np.float32)


def lattice(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return random.integers(-8, 9, (n, d)).astype(np.float32)


def binary(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return random.integers(0, 2, (n, d)).astype(np.float32)


def one_hot(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Codes of one category each; as many as rows where there are as many values: an identity."""
    values = np.zeros((n, d), dtype=np.float32)
    values[np.arange(n), random.permutation(n) % d] = 1
    return values


def scaled(make: Maker, factor: float) -> Maker:
    return lambda random, n, d: make(random, n, d) * np.float32(factor)


def half_tiny(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Every other row is 1e-30 times as large."""
    values = gaussian(random, n, d)
    values[::2] *= np.float32(1e-30)
    return values


def circle(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    values, turn = np.zeros((n, d), dtype=np.float32), np.arange(n) * (2 * np.pi / n)
    values[:, 0], values[:, -1] = np.cos(turn), np.sin(turn)
    return values


def categories(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Codes of several categories beside each other."""
    values, width = np.zeros((n, d), dtype=np.float32), min(d, 8)
    for start in range(0, d - width + 1, width):
        values[np.arange(n), start + random.integers(0, width, n)] = 1
    return values


def distinct(count: int) -> Maker:
    """Only so many rows are distinct."""
    return lambda random, n, d: gaussian(random, min(count, n), d)[random.integers(0, min(count, n), n)]


def near_duplicates(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    values = distinct(max(1, n // 20))(random, n, d)
    return values + np.float32(1e-6) * gaussian(random, n, d)


def walk(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Rows in the order of time: each is near the row before."""
    return np.cumsum(gaussian(random, n, d), axis=0, dtype=np.float64).astype(np.float32)


def curve(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Rows on a curve through all dimensions."""
    along = np.sort(random.random(n, dtype=np.float32))[:, None]
    return np.sin(along * np.arange(1, d + 1, dtype=np.float32) + random.random(d, dtype=np.float32))


def rectified(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Features after a rectifier: many zeros."""
    return np.maximum(of_rank(16)(random, n, d) - 1, 0)


def descending(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Each row is nearer to 0 than the row before: later rows are never picked early."""
    return unit(random, n, d) * (np.float32(2) ** -(np.arange(n, dtype=np.float32)[:, None] * 30 / n))


def shells(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    return unit(random, n, d) * random.integers(1, 5, (n, 1)).astype(np.float32)


def skewed_scales(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Columns of unlike units."""
    return gaussian(random, n, d) * (10 ** random.uniform(-4, 4, d)).astype(np.float32)


KINDS: dict[str, Maker] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "rank 1": of_rank(1),
    "rank 3": of_rank(3),
    "rank 8": of_rank(8),
    "unit": unit,
    "mixture": mixture,
    "two far clusters": two_far,
    "one row of 1e18": one_outlier(1e18),
    "one row of 1e4": one_outlier(1e4),
    "some outliers": some_outliers,
    "offset 1e3": offset(1e3),
    "offset 1e6": offset(1e6),
    "magnitudes": magnitudes,
    "heavy-tailed": heavy_tailed,
    "lattice": lattice,
    "binary": binary,
    "one-hot": one_hot,
    "categories": categories,
    "categories of 0.3": scaled(categories, 0.3),
    "lattice of no grid": scaled(lattice, 0.314159),
    "circle": circle,
    "half of 1e-30": half_tiny,
    "10 distinct rows": distinct(10),
    "1,000 distinct rows": distinct(1000),
    "near duplicates": near_duplicates,
    "walk": walk,
    "curve": curve,
    "rectified": rectified,
    "descending": descending,
    "shells": shells,
    "columns of unlike units": skewed_scales,
}
