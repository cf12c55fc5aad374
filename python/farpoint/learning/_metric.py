"""The metrics that strategies take, and rows of length 1 for the cosine one."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Metric = Literal["euclidean", "cosine"]


def checked_metric(metric: Any) -> Metric:
    """One of the metrics. Raises ValueError for anything else."""
    if metric not in get_args(Metric):
        raise ValueError(f"metric={metric!r} is neither 'euclidean' nor 'cosine'")
    return metric


def unit(x: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rows of length 1. Raises ValueError for a row of zeros, which `rows` name as the pool does."""
    largest = np.abs(x).max(axis=1, keepdims=True, initial=0)
    if not largest.all():
        raise ValueError(
            f"row {rows[np.argmin(largest)]} is all zeros, which has no direction: drop it or use the euclidean metric"
        )
    # Divided by its largest value first, no row overflows when it is squared.
    x = np.asarray(x, np.float64) / largest
    return x / np.linalg.norm(x, axis=1, keepdims=True)
