"""anomalib's ``KCenterGreedy``; :func:`patch` has anomalib's own PatchCore and AnomalyDINO use it. Needs torch."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator
from typing import Any, Literal

import torch

import farpoint
from farpoint._frameworks import readable
from farpoint._nearest import nearest_distances
from farpoint._select import run
from farpoint._terms import terms

from ._replacing import replacing

__all__ = ["KCenterGreedy", "farthest_first_coreset", "patch"]


class KCenterGreedy:
    """Exact greedy k-center of an embedding, in place of ``anomalib.models.components.KCenterGreedy``.

    Args:
        embedding: ``(n, d)``, on any device the engine knows; the selection runs where it lies. Other shapes are seen as
            ``(n, -1)``.
        sampling_ratio: the core-set holds ``int(n * sampling_ratio)`` rows.
        projection: ``None`` selects by the embedding itself, which covers it better and needs no copy. ``"sparse"`` projects
            an ``(n, d)`` embedding by anomalib's ``SparseRandomProjection(eps=0.9)`` first, as anomalib does.

    Attributes:
        embedding, coreset_size, n_observations: as given, and counted.
        model: the projection, ``None`` without one.
        features: ``(n, d)``, what distances are between; there once something is selected.
        min_distances: see :attr:`min_distances`.

    Raises:
        ValueError: no row would be selected, or ``projection`` is something else.
        ImportError: ``projection="sparse"`` without anomalib.
    """

    def __init__(self, embedding: torch.Tensor, sampling_ratio: float, *, projection: Literal["sparse"] | None = None) -> None:
        self.embedding = embedding
        self.n_observations = embedding.shape[0]
        self.coreset_size = _coreset_size(self.n_observations, sampling_ratio)
        self.model = _projection_model(projection)
        self.features: torch.Tensor
        self._min_distances: torch.Tensor | None
        self._centers: list[int] | None
        self.min_distances = None

    @property
    def min_distances(self) -> torch.Tensor | None:
        """Every row's distance to its nearest center, all picks counted: ``(n, 1)`` float64; ``None`` before there is a center.

        After a selection they are computed when first asked for, in one more pass over the features.
        """
        if self._min_distances is None and self._centers is not None:
            self._min_distances = nearest_distances(self.features, self._centers).unsqueeze(1)
        return self._min_distances

    @min_distances.setter
    def min_distances(self, distances: torch.Tensor | None) -> None:
        self._min_distances = distances
        self._centers = None

    def reset_distances(self) -> None:
        """Forget every center."""
        self.min_distances = None

    def update_distances(self, cluster_center: int | torch.Tensor | None) -> None:
        """Take in the center ``cluster_center``, a row; ``None`` changes nothing. A selection must have set ``features``."""
        if cluster_center is None:
            return
        distances = nearest_distances(self.features, [operator.index(cluster_center)]).unsqueeze(1)
        known = self.min_distances
        self.min_distances = distances if known is None else torch.minimum(known, distances)

    def get_new_idx(self) -> torch.Tensor:
        """The row farthest from its nearest center, the lowest of equally far ones: a tensor of no dimensions, int64.

        Raises:
            TypeError: there is no center yet.
        """
        distances = self.min_distances
        if not isinstance(distances, torch.Tensor):
            raise TypeError(f"self.min_distances must be of type Tensor. Got {type(distances)}")
        return distances.squeeze(1).argmax()

    def select_coreset_idxs(self) -> list[int]:
        """``coreset_size`` distinct rows, in the order of their selection; the first is ``torch.randint``'s.

        Raises:
            ValueError: ``coreset_size`` exceeds the rows, or a feature is not finite.
        """
        self.reset_distances()
        self.features = self._features()
        start = torch.randint(high=self.n_observations, size=(1,), device=self.features.device).item()
        self._centers = farpoint.select(self.features, self.coreset_size, first=start).centers.tolist()
        return list(self._centers)

    def sample_coreset(self) -> torch.Tensor:
        """The selected rows of the embedding, ``(coreset_size, d)``, in the order of their selection."""
        return self.embedding[self.select_coreset_idxs()]

    def _features(self) -> torch.Tensor:
        if self.embedding.ndim != 2:
            return self.embedding.reshape(self.n_observations, -1)
        if self.model is None:
            return self.embedding
        return self.model.fit(self.embedding).transform(self.embedding)


def _coreset_size(n: int, sampling_ratio: float) -> int:
    size = int(n * sampling_ratio)
    if size <= 0:
        raise ValueError(
            f"coreset_size must be a positive integer, got {size}. "
            f"Check sampling_ratio ({sampling_ratio}) and embedding size ({n})."
        )
    return size


def _projection_model(projection: str | None) -> Any:
    if projection is None:
        return None
    if projection != "sparse":
        raise ValueError(f"projection {projection!r} is neither None nor 'sparse'")
    from anomalib.models.components.dimensionality_reduction import SparseRandomProjection

    return SparseRandomProjection(eps=0.9)


def farthest_first_coreset(embeddings: torch.Tensor, target_size: int) -> torch.Tensor:
    """``target_size`` rows of ``embeddings`` (n, d), what MH-PatchCore's merge-reduce bank keeps of a block.

    The first is the one farthest from the mean, each next one the row farthest from those before it; all rows in their order where there
    are no more. Raises ValueError for values that are not finite.
    """
    if target_size >= len(embeddings):
        return embeddings.clone()
    mean = embeddings.mean(dim=0, keepdim=True)
    first = int(torch.linalg.vector_norm(embeddings - mean, dim=1).argmax())
    return embeddings[run(readable(embeddings), target_size, terms(len(embeddings), first=first)).centers]


@contextlib.contextmanager
def patch() -> Iterator[None]:
    """While it is entered, anomalib's own models select with this module: PatchCore and AnomalyDINO with :class:`KCenterGreedy`,
    MH-PatchCore's merge-reduce bank with :func:`farthest_first_coreset`, where anomalib has it (2.7).

    They import their selection by name and take no other, so its name is replaced in every module of anomalib, for every thread::

        with farpoint.adapters.anomalib.patch():
            Engine().fit(model=Patchcore(), datamodule=datamodule)
    """
    from anomalib.models.components.sampling.k_center_greedy import KCenterGreedy as theirs

    with contextlib.ExitStack() as patches:
        patches.enter_context(replacing("anomalib", "KCenterGreedy", theirs, KCenterGreedy))
        with contextlib.suppress(ImportError):
            from anomalib.models.image.mh_patchcore.components import _farthest_first_coreset

            patches.enter_context(
                replacing("anomalib", "_farthest_first_coreset", _farthest_first_coreset, farthest_first_coreset)
            )
        yield
