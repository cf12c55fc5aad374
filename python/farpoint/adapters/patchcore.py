"""The samplers of amazon-science/patchcore-inspection. Torch features need torch, NumPy features only NumPy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import farpoint
from farpoint._nearest import nearest_distances

__all__ = ["ApproximateGreedyCoresetSampler", "BaseSampler", "GreedyCoresetSampler", "IdentitySampler", "RandomSampler"]


class IdentitySampler:
    """Keeps every feature."""

    def run(self, features: Any) -> Any:
        """The features themselves."""
        return features


class BaseSampler:
    """What the samplers of a fraction share.

    Attributes:
        percentage: the fraction kept, of ``(0, 1)``.
        rows: of the last run, the rows kept, in the order of their selection: int64, in the features' framework. ``None`` before.

    Raises:
        ValueError: ``percentage`` is not in ``(0, 1)``.
    """

    def __init__(self, percentage: float) -> None:
        if not 0 < percentage < 1:
            raise ValueError("Percentage value not in (0, 1).")
        self.percentage = percentage
        self.rows: Any = None

    def run(self, features: Any) -> Any:
        """``int(n * percentage)`` of the ``(n, d)`` features, of the same type, on the same device."""
        self.rows = self._choose(features, int(len(features) * self.percentage))
        return features[self.rows]

    def _choose(self, features: Any, budget: int) -> Any:
        raise NotImplementedError


class GreedyCoresetSampler(BaseSampler):
    """Exact greedy k-center. The first row is the one farthest from the mean, as theirs is.

    Args:
        percentage: the fraction kept, of ``(0, 1)``.
        device: where features on the host are selected from: a ``torch.device`` or its name. Features on a GPU are selected from
            where they lie. ``None``, and devices the engine does not know, leave the choice to the engine.
        dimension_to_project_features_to: dimensions of the projection, if there is one; features that have as many already are not
            projected.
        projection: ``None`` selects by the features themselves. ``"linear"`` by their image under a random ``torch.nn.Linear``,
            as theirs does, drawn with torch's seed. Either way the features returned are the original ones.

    Raises:
        ValueError: ``percentage`` or ``projection`` is something else.
    """

    def __init__(
        self,
        percentage: float,
        device: Any,
        dimension_to_project_features_to: int = 128,
        *,
        projection: Literal["linear"] | None = None,
    ) -> None:
        super().__init__(percentage)
        if projection not in (None, "linear"):
            raise ValueError(f"projection {projection!r} is neither None nor 'linear'")
        self.device = device
        self.dimension_to_project_features_to = dimension_to_project_features_to
        self.projection = projection

    def run(self, features: Any) -> Any:
        """``int(n * percentage)`` of the ``(n, d)`` features, of the same type, on the same device, in the order picked.

        Raises:
            ValueError: that is no row at all, or a feature is not finite.
        """
        return super().run(features)

    def _choose(self, features: Any, budget: int) -> Any:
        reduced = self._reduced(features)
        device = _engine_device(reduced, self.device)
        first = self._first(reduced, device)
        rows = farpoint.select(reduced, budget, first=first, device=device).centers
        # A projection of NumPy features is a tensor.
        return np.asarray(rows) if isinstance(features, np.ndarray) else rows

    def _first(self, features: Any, device: str) -> int:
        return _farthest_from_mean(features, device)

    def _reduced(self, features: Any) -> Any:
        if self.projection is None or features.shape[1] == self.dimension_to_project_features_to:
            return features
        import torch

        mapper = torch.nn.Linear(features.shape[1], self.dimension_to_project_features_to, bias=False)
        with torch.no_grad():
            features = torch.as_tensor(features)
            return mapper.to(features.device)(features.float())


class ApproximateGreedyCoresetSampler(GreedyCoresetSampler):
    """Exact greedy k-center as well, from the first row theirs has.

    Theirs keeps the mean distances to some random rows in the running minimum for ever, so its later picks are not farthest-first.
    Ours start from the same row, and are.

    Args:
        percentage, device, dimension_to_project_features_to, projection: as for :class:`GreedyCoresetSampler`.
        number_of_starting_points: random rows, drawn by ``numpy.random.choice``, for the mean-distance start.
        start: the first row: ``"mean_distance"``, the row of largest mean distance to the starting points, as theirs;
            ``"farthest_from_mean"``, which is not random.
    """

    def __init__(
        self,
        percentage: float,
        device: Any,
        number_of_starting_points: int = 10,
        dimension_to_project_features_to: int = 128,
        *,
        projection: Literal["linear"] | None = None,
        start: Literal["mean_distance", "farthest_from_mean"] = "mean_distance",
    ) -> None:
        super().__init__(percentage, device, dimension_to_project_features_to, projection=projection)
        if start not in ("mean_distance", "farthest_from_mean"):
            raise ValueError(f"start {start!r} is neither 'mean_distance' nor 'farthest_from_mean'")
        self.number_of_starting_points = number_of_starting_points
        self.start = start

    def _first(self, features: Any, device: str) -> int:
        if self.start == "farthest_from_mean":
            return _farthest_from_mean(features, device)
        return _farthest_from_random_rows(features, self.number_of_starting_points, device)


class RandomSampler(BaseSampler):
    """Distinct random rows, drawn by ``numpy.random.choice``: theirs, for the same seed."""

    def _choose(self, features: Any, budget: int) -> Any:
        return np.random.choice(len(features), budget, replace=False)


def _farthest_from_mean(features: Any, device: str) -> int:
    """The row of largest sum of squared distances to all rows, which theirs starts from: that sum is
    ``n |x - mean|^2`` and the same amount for every row."""
    if isinstance(features, np.ndarray):
        mean = features.mean(axis=0, keepdims=True, dtype=np.float64)
        mean = mean if features.dtype == np.float64 else mean.astype(np.float32)
    else:
        import torch

        mean = features.detach().mean(dim=0, keepdim=True, dtype=torch.promote_types(features.dtype, torch.float32))
    return int(farpoint.select(features, 1, labeled_vectors=mean, device=device).centers[0])


def _farthest_from_random_rows(features: Any, count: int, device: str) -> int:
    n = len(features)
    rows = np.random.choice(n, min(count, n), replace=False)
    total = sum(nearest_distances(features, [row], device=device) for row in rows.tolist())
    return int(total.argmax())


def _engine_device(features: Any, device: Any) -> str:
    name = str(device)
    on_host = isinstance(features, np.ndarray) or features.device.type == "cpu"
    return name if on_host and name.partition(":")[0] in ("cpu", "cuda") else "auto"
