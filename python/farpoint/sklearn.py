"""`KCenter`: greedy k-center as a scikit-learn clusterer. Importing this module needs scikit-learn 1.6 or later."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

import farpoint
from farpoint._floats import as_floats
from farpoint._nearest import nearest
from farpoint._terms import as_weights


class KCenter(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """Clusters around `n_clusters` rows, chosen so that no row is far from the nearest of them.

    Greedy (Gonzalez): each center is the row farthest from the centers before it, ties to the lowest row. The largest radius is at
    most twice the least that any centers have. The same rows come out on every machine and device and for any number of threads,
    and the first j centers are those of `n_clusters=j`.

    Parameters
    ----------
    n_clusters : int
        How many centers, at most as many as rows.
    metric : {"euclidean", "cosine"}
        Under cosine, distances are chords between rows scaled to norm 1; the cosine distance is `chord**2 / 2`.
    init : {"lowest", "mean", "heaviest", "random", "farthest-from-mean", "farthest-pair", "loneliest"}, int or array of rows
        The first center, as `first` of `farpoint.select`; one drawn by `random_state` for "random"; or this row. The
        rows of an array, which are distinct, are the first centers in that order; they count towards `n_clusters`.
    random_state : int, RandomState or None
        For `init="random"`; nothing else is random.
    device : str
        As `farpoint.select` takes it: "auto", "cpu", "cuda", ...
    n_jobs : int or None
        CPU threads, as joblib counts them; None is one a core. The result does not depend on it.

    Attributes
    ----------
    center_indices_ : (n_clusters,) int64
        The rows that are centers, in the order they were chosen.
    cluster_centers_ : (n_clusters, d) float32 or float64
        Those rows.
    labels_ : (n,) int64
        Per row, its nearest center as a position in `center_indices_`, the first of equally near ones: what `predict` says of the
        same rows. Where fewer than `n_clusters` rows are distinct, some clusters are empty.
    radii_ : (n_clusters,) float64
        Per cluster, the largest distance of a member from the center, times the member's weight if there are weights.
    radius_, objective_radius_ : float
        The largest of `radii_`: what k-center minimises.
    coverage_curve_ : (n_clusters,) float64
        `coverage_curve_[t]` is the radius that the first `t + 1` centers leave. NaN before the last of the centers that `init` gave
        as an array.
    n_features_in_ : int
        d.

    float64 is seen as it is, everything else as float32; whole numbers that float32 has not become float64, and beyond 2**53, which that
    has not all, they are a TypeError. `fit` takes O(n k d) time, in matrix products, and O(n) memory beside the rows.

    Examples
    --------
    >>> from farpoint.sklearn import KCenter
    >>> clusters = KCenter(n_clusters=2).fit([[0.0], [1.0], [10.0], [11.0]])
    >>> clusters.center_indices_.tolist(), clusters.labels_.tolist(), clusters.radius_
    ([0, 3], [0, 0, 1, 1], 1.0)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        init: Any = "lowest",
        random_state: Any = None,
        device: str = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.init = init
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> KCenter:
        """Choose the centers among the rows of X (n, d). `y` is ignored.

        `sample_weight` (n,), numbers of at least 0, scales distances: the next center is the row of largest weight times distance.
        It is no count: a row given twice changes nothing, a row of weight 2 counts as if it were twice as far.

        Raises
        ------
        ValueError
            Values that are not finite, too few rows, an unknown `init` or `metric`, bad weights, a row of zeros under cosine.
        TypeError, IndexError
            An `init` that is no row; whole numbers that float64 has not.
        """
        X = as_floats(validate_data(self, X), "array X")
        if not 1 <= self.n_clusters <= len(X):
            raise ValueError(f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}, which should be >= 1")
        weights = None if sample_weight is None else _as_weights(sample_weight, len(X))
        given, chosen, curve = self._choose(X, weights)
        self.center_indices_ = np.concatenate([given, chosen])
        self.cluster_centers_ = X[self.center_indices_]
        self.labels_, distances = self._nearest(X)
        self.radii_ = np.zeros(self.n_clusters)
        np.maximum.at(self.radii_, self.labels_, distances if weights is None else weights * distances)
        self.radius_ = self.objective_radius_ = float(self.radii_.max())
        self.coverage_curve_ = np.full(self.n_clusters, np.nan)
        self.coverage_curve_[self.n_clusters - len(curve) :] = curve
        self.coverage_curve_[-1] = self.radius_
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Per row of X (m, d), the position (m,) of its nearest center; of equally near ones the first."""
        return self._nearest(self._validated(X))[0]

    def transform(self, X: Any) -> NDArray[np.float64]:
        """The distance (m, n_clusters) of every row of X (m, d) from every center."""
        X, centers = self._validated(X), self.cluster_centers_
        if self.metric == "cosine":
            X, centers = _unit_rows(X), _unit_rows(centers)
        return cdist(X, centers)

    def _choose(
        self, X: NDArray[np.floating], weights: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], list[float]]:
        """The centers that `init` gives as an array, those selected, and the curve from the last of the former on."""
        first, given = self._start()
        wanted = self.n_clusters - len(given)
        if wanted < 0:
            raise ValueError(f"init gives {len(given)} centers, more than n_clusters={self.n_clusters}")
        if wanted == 0:
            _check_rows(given, len(X))
            return given, given[:0], []
        selection = farpoint.select(X, wanted, labeled=given, weights=weights, first=first, seed=self._seed(first), **self._how())
        initial = [selection.initial_radius] if len(given) else []
        return given, selection.centers, [*initial, *selection.radii]

    def _start(self) -> tuple[Any, NDArray[np.int64]]:
        """`init` as `farpoint.select` takes it: the rule for a first center, and the centers given."""
        if isinstance(self.init, str):
            return self.init, np.zeros(0, np.int64)
        rows = np.asarray(self.init)
        if not np.issubdtype(rows.dtype, np.integer) or rows.ndim > 1:
            raise TypeError(f"init is {self.init!r}, neither a rule nor a row nor an array of rows")
        if rows.ndim == 0:
            return int(rows), np.zeros(0, np.int64)
        return "lowest", rows.astype(np.int64)

    def _seed(self, first: str | int) -> int | None:
        if first != "random":
            return None
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _how(self) -> dict[str, Any]:
        threads = 0 if self.n_jobs is None else effective_n_jobs(self.n_jobs)
        return {"metric": self.metric, "device": self.device, "threads": threads}

    def _nearest(self, X: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Per row, its nearest center and the distance."""
        distances, labels = nearest(X, vectors=self.cluster_centers_, **self._how())
        return labels, distances

    def _validated(self, X: Any) -> NDArray[np.floating]:
        check_is_fitted(self)
        return as_floats(validate_data(self, X, reset=False), "array X")

    @property
    def _n_features_out(self) -> int:
        return len(self.center_indices_)


def _as_weights(sample_weight: ArrayLike, n: int) -> NDArray[np.float32]:
    weights = np.asarray(sample_weight)
    if weights.shape != (n,):
        raise ValueError(f"sample_weight is of shape {weights.shape}, X has {n} rows")
    weights = as_weights(weights)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("sample_weight has values that are no finite numbers of at least 0")
    if not weights.any():
        raise ValueError("sample_weight is zero for all rows, which leaves nothing to choose by")
    return weights


def _check_rows(rows: NDArray[np.int64], n: int) -> None:
    """What the engine checks of rows that it is given; it is not asked where `init` gives all centers."""
    if ((rows < 0) | (rows >= n)).any():
        raise IndexError(f"init has rows outside the {n} of X")
    if len(np.unique(rows)) < len(rows):
        raise ValueError("init has a row twice")


def _unit_rows(X: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows scaled to norm 1 and rounded to float32 as the engine sees them."""
    rows = X.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not norms.all():
        raise ValueError(f"row {int(np.argmin(norms))} is zero: it has no direction to measure a cosine by")
    return (rows / norms).astype(np.float32)
