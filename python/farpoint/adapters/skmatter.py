"""scikit-matter's ``sample_selection.FPS``. Needs scikit-learn; scikit-matter itself is not imported."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from farpoint._floats import as_floats
from farpoint._nearest import nearest_distances
from farpoint._warnings import warn

from ._starts import Picks, as_rows, select_from

__all__ = ["FPS"]


class FPS(BaseEstimator):
    """Selects samples, each the one farthest from those before it, in the place of ``skmatter.sample_selection.FPS``.

    Parameters
    ----------
    initialize : int, list or array of int, or "random"
        The first row, or distinct first rows in their order; "random" draws one by `random_state`, the same one as theirs.
    n_to_select : int, float or None
        How many, the first ones counted: a number, a part in (0, 1] of which the whole part counts, or half of all.
    score_threshold : float or None
        Ends before a sample whose score, its squared distance to those selected, is below this.
    score_threshold_type : {"absolute", "relative"}
        "relative" compares the score over that of the first sample chosen.
    progress_bar : bool
        A bar of tqdm.
    full : bool
        Here for the signature: as many distinct samples as asked for come out with either.
    random_state : int or RandomState
        For `initialize="random"`.
    device : str
        As `farpoint.select` takes it.

    Attributes
    ----------
    selected_idx_ : (n_selected_,) int64
        Rows, in the order of their selection, distinct; of equally far ones the lowest is first.
    n_selected_ : int
    X_selected_, y_selected_ : arrays
        Those rows of X, and of y if it was given.
    support_ : (n,) bool
    hausdorff_ : (n,) float64
        Every row's squared distance to the nearest of those selected, the last one counted.
    n_features_in_ : int

    float64 is seen as it is, everything else as float32, or float64 for whole numbers that float32 has not. `fit` takes O(n k d) time, in
    matrix products, and O(n) memory beside X.
    """

    selected_idx_: NDArray[np.int64]
    _at_select: NDArray[np.float64]

    def __init__(
        self,
        initialize: Any = 0,
        n_to_select: float | None = None,
        score_threshold: float | None = None,
        score_threshold_type: Literal["absolute", "relative"] = "absolute",
        progress_bar: bool = False,
        full: bool = False,
        random_state: Any = 0,
        device: str = "auto",
    ) -> None:
        self.initialize = initialize
        self.n_to_select = n_to_select
        self.score_threshold = score_threshold
        self.score_threshold_type = score_threshold_type
        self.progress_bar = progress_bar
        self.full = full
        self.random_state = random_state
        self.device = device

    def fit(self, X: Any, y: Any = None, warm_start: bool = False) -> FPS:
        """Select rows of X (n, d). With `warm_start` those of the last `fit` are the first ones.

        Raises
        ------
        ValueError
            Too many samples or none, values that are not finite, parameters that are not as above, a warm start without a fit before.
        IndexError
            An `initialize` that is no row.
        """
        self._check_parameters()
        if warm_start and not hasattr(self, "selected_idx_"):
            raise ValueError("warm_start=True continues a fit, and there is none before it")
        points = as_floats(validate_data(self, X, ensure_min_samples=2), "array X")
        budget = self._count(len(points))
        starts = self.selected_idx_.tolist() if warm_start else self._starts(len(points))
        known = self._at_select if warm_start else _in_turn(points, starts)
        if len(starts) > budget:
            raise ValueError(f"n_to_select is {budget}, and {len(starts)} samples are given to start from")
        picks = self._select(points, starts, budget)
        self.selected_idx_ = picks.rows
        self.n_selected_ = len(picks.rows)
        self._at_select = np.concatenate([known, picks.distances[len(starts) :]])
        if self.n_selected_ < budget:
            warn(f"the score threshold {self.score_threshold} ended the selection after {self.n_selected_} of {budget} samples")
        self._keep(points, y)
        return self

    def get_support(self, indices: bool = False, ordered: bool = False) -> Any:
        """Which rows are selected: a mask, or with `indices` a list of rows, ascending, or as selected if `ordered`."""
        check_is_fitted(self, "selected_idx_")
        if not indices:
            return self.support_
        return self.selected_idx_ if ordered else sorted(self.selected_idx_)

    def get_distance(self) -> NDArray[np.float64]:
        """`hausdorff_`."""
        check_is_fitted(self, "selected_idx_")
        return self.hausdorff_

    def score(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """`hausdorff_`, whatever X is: what the next sample would be chosen by."""
        return self.get_distance()

    def get_select_distance(self) -> NDArray[np.float64]:
        """Per sample selected, in that order, its squared distance to those before it; infinite for the first one."""
        check_is_fitted(self, "selected_idx_")
        return self._at_select**2

    def transform(self, X: Any, y: Any = None) -> Any:
        """Raises ValueError, as theirs: take ``X[selector.selected_idx_]``."""
        raise ValueError("Transform is not currently supported for sample selection: take X[selector.selected_idx_]")

    def _check_parameters(self) -> None:
        if self.score_threshold_type not in ("relative", "absolute"):
            raise ValueError("invalid score_threshold_type, expected one of 'relative' or 'absolute'")
        if self.full and self.score_threshold is not None:
            raise ValueError("You cannot specify both `score_threshold` and `full=True`.")

    def _count(self, n: int) -> int:
        wanted = self.n_to_select
        if wanted is None:
            count = n // 2
        elif isinstance(wanted, Integral):
            count = int(wanted)
        elif isinstance(wanted, Real) and 0 < wanted <= 1:
            count = int(n * wanted)
        else:
            count = 0
        if not 1 <= count <= n:
            raise ValueError(f"n_to_select must be None, from 1 to the {n} samples, or a part of them in (0, 1]; got {wanted}")
        return count

    def _starts(self, n: int) -> list[int]:
        if isinstance(self.initialize, str):
            if self.initialize != "random":
                raise ValueError("Invalid value of the initialize parameter")
            return [int(check_random_state(self.random_state).randint(n))]
        try:
            starts = as_rows(self.initialize, n, "initialize")
        except TypeError:
            raise ValueError("Invalid value of the initialize parameter") from None
        if not starts:
            raise ValueError("initialize is an empty list: give a row")
        return starts

    def _select(self, points: NDArray[Any], starts: list[int], budget: int) -> Picks:
        """The picks that the threshold leaves."""
        limit = self._least_distance(points, starts, budget)
        below = None if limit is None else max(math.nextafter(limit, -math.inf), 0.0)
        picks = select_from(points, starts, budget, stop_radius=below, device=self.device, progress=self.progress_bar)
        if limit is None:
            return picks
        kept = len(picks.rows) - int((picks.distances < limit).sum())
        return Picks(picks.rows[:kept], picks.distances[:kept])

    def _least_distance(self, points: NDArray[Any], starts: list[int], budget: int) -> float | None:
        if self.score_threshold is None or len(starts) == budget:
            return None
        root = math.sqrt(max(self.score_threshold, 0.0))
        if self.score_threshold_type == "absolute":
            return root
        return root * float(select_from(points, starts, len(starts) + 1, device=self.device).distances[-1])

    def _keep(self, points: NDArray[Any], y: Any) -> None:
        rows = self.selected_idx_
        self.X_selected_ = points[rows]
        if y is not None:
            self.y_selected_ = np.asarray(y).reshape(len(points), -1)[rows]
        self.support_ = np.zeros(len(points), dtype=bool)
        self.support_[rows] = True
        all_selected = len(rows) == len(points)
        self.hausdorff_ = np.zeros(len(rows)) if all_selected else nearest_distances(points, rows, device=self.device) ** 2


def _in_turn(points: NDArray[Any], rows: list[int]) -> NDArray[np.float64]:
    """Each row's distance to those before it."""
    few = points[rows]
    return np.array([np.inf] + [nearest_distances(few, range(t))[t] for t in range(1, len(rows))])
