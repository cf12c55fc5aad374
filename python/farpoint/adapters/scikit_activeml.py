"""`CoreSet`: the query strategy of `skactiveml.pool.CoreSet`, by Farpoint. Importing this module needs scikit-activeml."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skactiveml.base import SingleAnnotatorPoolQueryStrategy
from skactiveml.utils import MISSING_LABEL, labeled_indices, rand_argmax

import farpoint
from farpoint._floats import as_floats
from farpoint._nearest import nearest
from farpoint._warnings import warn


class CoreSet(SingleAnnotatorPoolQueryStrategy):
    """Core-set (greedy k-center) query strategy, in the place of `skactiveml.pool.CoreSet`.

    Each row queried is the candidate farthest from everything labeled or queried before it.

    Where it differs:

    - Memory. Theirs always holds utilities, 8 bytes times `batch_size` times the rows: 80 GB for 10,000 of a million. Here they
      are made only if `return_utilities` asks for them; without, a query holds the candidates as floats and a few bytes a row.
    - Ties go to the lowest row. Theirs draws one at random.
    - float64 is seen as it is, everything else as float32 or, where that has not all whole numbers, float64; distances are exact: near ties
      fall alike everywhere. Whole numbers beyond 2**53 are a TypeError.
    - Where all candidates lie on labeled or queried rows the distances stay 0, and the lowest rows are next. Theirs goes on by
      the distance from the last row queried alone.
    - Labeled rows among `candidates` are never queried; if fewer others are left than `batch_size`, that is lowered with a
      warning. Theirs then queries row 0 again and again.
    - `metric` is "euclidean" or "cosine", and `metric_dict` must be empty. `X` may have more than two dimensions: it is flattened.

    With no label at all, the first row is drawn from the candidates by `random_state`, as theirs is: the same one.

    Parameters
    ----------
    metric : {"euclidean", "cosine"}
        Cosine utilities are `1 - cos`, as scikit-learn's.
    metric_dict : None
        Here for the signature.
    missing_label : scalar, str, nan or None
        What `y` has for rows without a label.
    random_state : int, RandomState or None
        For the first row where nothing is labeled; nothing else is random.
    device : str
        As `farpoint.select` takes it.
    """

    def __init__(
        self,
        metric: Any = "euclidean",
        metric_dict: dict[str, Any] | None = None,
        missing_label: Any = MISSING_LABEL,
        random_state: Any = None,
        device: str = "auto",
    ) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.metric = metric
        self.metric_dict = metric_dict
        self.device = device

    def query(
        self,
        X: Any,
        y: Any,
        candidates: Any = None,
        batch_size: int = 1,
        return_utilities: bool = False,
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The candidates to label next, farthest first.

        Parameters
        ----------
        X : (n, ...)
            All samples, labeled and not.
        y : (n,)
            Their labels; `missing_label` where there is none.
        candidates : None, (c,) int or (c, ...)
            What may be queried: the samples without a label, these rows of X, or these samples, which need not be in X.
        batch_size : int
            How many to query; at most as many as candidates (a warning says if it was lowered).
        return_utilities : bool
            Whether to return utilities too.

        Returns
        -------
        query_indices : (batch_size,) int64
            Rows of X, or of `candidates` where those are samples.
        utilities : (batch_size, n) or (batch_size, c) float64
            `utilities[i]`: the distances by which `query_indices[i]` was chosen, to all labeled and queried before; 0 where there
            is none; NaN for samples that may not be queried (any more).
        """
        X, y, candidates, batch_size, return_utilities = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        self._check_metric()
        X = as_floats(X, "array of samples")
        labeled = labeled_indices(y, missing_label=self.missing_label_)
        X_cand, rows = self._transform_candidates(candidates, X, y)
        if rows is None:
            X_cand = as_floats(X_cand, "array of candidates")
        pool, centers = _as_rows(X_cand), _as_rows(X[labeled])
        if rows is None:
            n, rows, barred = len(pool), np.arange(len(pool)), np.zeros(len(pool), bool)
        else:
            n, barred = len(X), np.isin(rows, labeled)

        batch_size = _lowered(batch_size, int(np.count_nonzero(~barred)))
        picks = np.zeros(0, np.int64)
        if batch_size > 0:
            first = "lowest" if len(centers) else self._first(rows, n)
            picks = self._select(pool, centers, batch_size, exclude=barred, first=first).centers
        if not return_utilities:
            return rows[picks]
        utilities = np.full((batch_size, n), np.nan)
        if batch_size > 0:
            utilities[:, rows] = self._utilities(pool, centers, barred, picks)
        return rows[picks], utilities

    def _check_metric(self) -> None:
        if self.metric not in ("euclidean", "cosine") or self.metric_dict:
            raise ValueError(
                f"metric={self.metric!r} with metric_dict={self.metric_dict!r}: farpoint has euclidean and cosine, without "
                "parameters; skactiveml.pool.CoreSet takes others"
            )

    def _first(self, rows: NDArray[np.int64], n: int) -> int:
        """The draw of skactiveml's CoreSet among equal utilities, over as many samples; as a position in `rows`."""
        utilities = np.full(n, np.nan)
        utilities[rows] = 0
        row = rand_argmax(utilities, random_state=self.random_state_)[0]
        return int(np.flatnonzero(rows == row)[0])

    def _utilities(
        self,
        pool: NDArray[np.floating],
        centers: NDArray[np.floating],
        barred: NDArray[np.bool_],
        picks: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Per pick, every candidate's distance to the centers before it."""
        utilities = np.empty((len(picks), len(pool)))
        nearest = self._distances(pool, centers) if len(centers) else np.zeros(len(pool))
        nearest[barred] = np.nan
        for position, pick in enumerate(picks):
            utilities[position] = nearest
            distances = self._distances(pool, pool[pick : pick + 1])
            is_first_center = position == 0 and not len(centers)
            nearest = distances if is_first_center else np.minimum(nearest, distances)
            nearest[pick] = np.nan
        return utilities if self.metric == "euclidean" else utilities**2 / 2

    def _distances(self, pool: NDArray[np.floating], centers: NDArray[np.floating]) -> NDArray[np.float64]:
        """Every row's distance to the nearest center."""
        return nearest(pool, vectors=centers, metric=self.metric, device=self.device)[0]

    def _select(
        self, pool: NDArray[np.floating], centers: NDArray[np.floating], budget: int, **options: Any
    ) -> farpoint.Selection:
        vectors = centers if len(centers) else None
        return farpoint.select(pool, budget, labeled_vectors=vectors, metric=self.metric, device=self.device, **options)


def _lowered(batch_size: int, eligible: int) -> int:
    if batch_size > eligible:
        warn(f"batch_size={batch_size} is lowered to the {eligible} candidates without a label")
    return min(batch_size, eligible)


def _as_rows(X: NDArray[np.floating]) -> NDArray[np.floating]:
    """Samples as rows, row-major; of more than two dimensions flattened."""
    return np.ascontiguousarray(X).reshape(len(X), math.prod(X.shape[1:]))
