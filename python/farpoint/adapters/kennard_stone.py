"""``kennard_stone.train_test_split``. Needs scikit-learn; kennard_stone itself is not imported."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, indexable

import farpoint

from ._starts import select_from

__all__ = ["train_test_split"]


def train_test_split(
    *arrays: Any,
    test_size: float | None = None,
    train_size: float | None = None,
    metric: str = "euclidean",
    n_jobs: int | None = None,
    device: Any = "cpu",
    random_state: None = None,
    shuffle: None = None,
) -> list[Any]:
    """Split each of ``arrays`` in two, as ``kennard_stone.train_test_split`` does: training samples cover the first array.

    The first training sample is the one farthest from the mean of the standardized features, each next one the sample farthest from those
    before it. As theirs, every array's training part begins with the last of them, and its test part with what would be chosen last.

    Args:
        arrays: of equal length; the first ``(n, d)``, numbers. Features that do not vary are left out.
        test_size, train_size: a part or a number, as scikit-learn's; a quarter is for tests where neither is given.
        metric: ``"euclidean"``.
        n_jobs, random_state, shuffle: here for the signature; nothing is random.
        device: as :func:`farpoint.select` takes it.

    Returns:
        For each array its training part and its test part.

    Raises:
        ValueError: no array, another metric, sizes that do not fit, values that are not finite, no feature that varies.

    The order of all samples takes about 0.4 n^2 d multiplications; memory is O(n) beside the float64 copy of the first array.
    """
    if metric != "euclidean":
        raise ValueError(f"metric {metric!r} is not 'euclidean': kennard_stone.train_test_split takes others")
    if not arrays:
        raise ValueError("At least one array required as input")
    arrays = indexable(*arrays)
    n_train, n_test = _sizes(arrays[0], test_size, train_size)
    order = _order(_standardized(arrays[0]), str(device))[::-1]
    train, test = order[n_test : n_test + n_train], order[:n_test]
    return [_taken(array, rows) for array in arrays for rows in (train, test)]


def _sizes(array: Any, test_size: float | None, train_size: float | None) -> tuple[int, int]:
    """How many samples scikit-learn would give to either part."""
    if test_size is None and train_size is None:
        test_size = 0.25
    train, test = next(
        ShuffleSplit(1, test_size=test_size, train_size=train_size, random_state=0).split(np.empty(_length(array)))
    )
    return len(train), len(test)


def _standardized(array: Any) -> NDArray[np.float64]:
    samples = check_array(array, dtype="numeric")
    return np.ascontiguousarray(StandardScaler().fit_transform(VarianceThreshold().fit_transform(samples)), dtype=np.float64)


def _order(points: NDArray[np.float64], device: str) -> NDArray[np.int64]:
    mean = points.mean(axis=0, keepdims=True)
    first = int(farpoint.select(points, 1, labeled_vectors=mean, device=device).centers[0])
    return select_from(points, [first], len(points), device=device).rows


def _length(array: Any) -> int:
    return array.shape[0] if hasattr(array, "shape") else operator.length_hint(array)


def _taken(array: Any, rows: NDArray[np.int64]) -> Any:
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    return array[rows] if hasattr(array, "shape") else [array[row] for row in rows]
