"""google/active-learning's ``kCenterGreedy``."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

import farpoint
from farpoint._floats import as_floats
from farpoint._nearest import nearest_distances

__all__ = ["kCenterGreedy"]


class kCenterGreedy:
    """Greedy k-center from what is selected already, in place of ``sampling_methods.kcenter_greedy.kCenterGreedy``.

    Args:
        X: ``(n, ...)``, one row a data point.
        y: not used.
        seed: not used; nothing is random, and where nothing is selected yet row 0 is the first pick.
        metric: ``"euclidean"``, or ``"cosine"``, scikit-learn's cosine distance ``1 - cos``.

    Attributes:
        X, y, seed, metric: as given.
        flat_X: X as ``(n, d)``.
        features: ``(n, d)``, what distances are between: ``model.transform(X)`` of the last batch, or ``flat_X``.
        min_distances: ``(n, 1)`` float64, every row's distance to its nearest center, the last picks counted, in the metric's
            units; ``None`` before there is a center.
        already_selected: the rows the last batch was told are selected, without its own picks.

    Raises:
        ValueError: another metric.
    """

    name = "kcenter"

    def __init__(self, X: Any, y: Any, seed: Any, metric: Any = "euclidean") -> None:
        if metric not in ("euclidean", "cosine"):
            raise ValueError(f"metric {metric!r} is not supported: give 'euclidean' or 'cosine'")
        self.X, self.y, self.seed, self.metric = X, y, seed, metric
        self.n_obs = X.shape[0]
        self.flat_X = self.flatten_X()
        self.features = self.flat_X
        self.min_distances: Any = None
        self.already_selected: list[int] = []

    def flatten_X(self) -> Any:
        """X as ``(n, d)``."""
        return self.X.reshape(self.n_obs, -1)

    def select_batch(self, **kwargs: Any) -> list[int]:
        """:meth:`select_batch_`, whose arguments it takes by name."""
        return self.select_batch_(**kwargs)

    def select_batch_(self, model: Any, already_selected: Iterable[int], N: int, **kwargs: Any) -> list[int]:
        """``N`` rows not yet selected, in the order of their selection; prints the radius they leave.

        ``already_selected`` are all rows selected so far, in any order, which may be none; what earlier calls were told or picked
        plays no part. Further arguments are ignored.

        Raises:
            ValueError: fewer than N rows are left, N is negative, or a feature is not finite.
            IndexError: a selected row is not in X.
            TypeError: a selected row is no whole number; features are no real numbers, or whole numbers beyond 2**24.
        """
        self.features = model.transform(self.X) if hasattr(model, "transform") else self.flat_X
        self.already_selected = _distinct(already_selected)
        if N == 0:
            self.update_distances(self.already_selected, only_new=False, reset_dist=True)
            return []
        selection = farpoint.select(
            _pool(self.features), N, labeled=self.already_selected, metric=self.metric, return_distances=True
        )
        self.min_distances = self._in_metric(selection.min_distance).reshape(-1, 1)
        print(f"Maximum distance from cluster centers is {self.min_distances.max():0.2f}")
        return selection.centers.tolist()

    def update_distances(self, cluster_centers: Iterable[int], only_new: bool = True, reset_dist: bool = False) -> None:
        """Take in ``cluster_centers``, rows; with ``only_new`` those not in ``already_selected``, with ``reset_dist`` alone."""
        if reset_dist:
            self.min_distances = None
        known = set(self.already_selected) if only_new else set()
        centers = [row for row in _distinct(cluster_centers) if row not in known]
        if not centers:
            return
        nearest = nearest_distances(_pool(self.features), centers, metric=self.metric)
        distances = self._in_metric(nearest).reshape(-1, 1)
        self.min_distances = distances if self.min_distances is None else np.minimum(self.min_distances, distances)

    def to_dict(self) -> None:
        """Nothing, as theirs."""

    def _in_metric(self, distances: Any) -> Any:
        # The engine's cosine distances are chords.
        return distances**2 / 2 if self.metric == "cosine" else distances


def _distinct(rows: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(operator.index(row) for row in rows))


def _pool(features: Any) -> Any:
    """Features the engine reads: wide integers and booleans become float32, or float64 where that alone has them all."""
    if isinstance(features, np.ndarray) and features.dtype.kind in "biu" and features.dtype not in (np.uint8, np.int8):
        return as_floats(features, "array of features")
    return features
