"""What a query strategy is: the question it is asked, and the protocol it is asked by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from farpoint._floats import as_floats
from farpoint._terms import host
from farpoint._uncertainty import check_probabilities
from farpoint._warnings import warn

#: What a strategy may ask of a model, and the shape of each: n rows, d dimensions, c classes, t draws.
INPUTS: Mapping[str, str] = {
    "embeddings": "(n, d) features of the pool rows",
    "probabilities": "(n, c) class probabilities, dropout off",
    "samples": "(t, n, c) class probabilities of t draws, such as t passes with dropout on",
    "losses": "(n,) losses under the true labels, which only an experiment has",
}


@dataclass(frozen=True)
class Question:
    """Which of `candidates` to label next, `budget` of them. Arrays that the strategy did not name in `inputs` are empty."""

    #: ``(c,)`` int64: the rows that may be chosen, increasing; none is labeled.
    candidates: NDArray[np.int64]
    #: ``(m,)`` int64: the labeled rows, increasing.
    labeled: NDArray[np.int64]
    #: ``(m,)``: their labels, whatever a person gave.
    labels: NDArray[Any]
    budget: int
    generator: np.random.Generator
    embeddings: NDArray[Any]
    probabilities: NDArray[Any]
    samples: NDArray[Any]
    losses: NDArray[Any]

    @property
    def barred(self) -> NDArray[np.bool_]:
        """``(n,)``: rows that are neither labeled nor may be chosen."""
        barred = np.ones(len(self.embeddings), bool)
        barred[self.candidates] = barred[self.labeled] = False
        return barred


@dataclass(frozen=True)
class Answer:
    """The rows chosen, in order."""

    rows: NDArray[np.int64]
    #: ``(c,)``: how much each candidate was wanted, for strategies that rank; None for those that choose all rows together.
    utilities: NDArray[np.float64] | None = None
    #: What else the strategy has to say: radii, a certificate, labels it is sure of.
    details: dict[str, Any] = field(default_factory=dict)


class Strategy:
    """A query strategy, on the protocol of scikit-activeml: ``query(X, y, candidates=, batch_size=)``, without which it works.

    A subclass names its `inputs` and writes `choose`. The same question has the same answer: draws depend on `random_state` and on how
    many rows are labeled, and on nothing else.

    Parameters
    ----------
    random_state : int
        For strategies that draw.
    missing_label : scalar or None
        What `y` has for rows without a label.
    """

    #: Keys of `INPUTS` that `query` needs.
    inputs: ClassVar[frozenset[str]] = frozenset()
    #: What the last query said beside its rows.
    details_: dict[str, Any]

    def __init__(self, *, random_state: int = 0, missing_label: Any = np.nan) -> None:
        self.random_state = random_state
        self.missing_label = missing_label
        self.details_ = {}

    def choose(self, question: Question) -> Answer:
        """At most `question.budget` of its candidates. Written by each strategy."""
        raise NotImplementedError

    def query(
        self,
        X: ArrayLike,
        y: ArrayLike,
        clf: Any = None,
        fit_clf: bool = True,
        candidates: ArrayLike | None = None,
        batch_size: int = 1,
        return_utilities: bool = False,
        *,
        embeddings: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        samples: ArrayLike | None = None,
        losses: ArrayLike | None = None,
    ) -> Any:
        """The rows to label next, ``(batch_size,)`` int64, rows of X.

        Parameters
        ----------
        X : (n, ...)
            All rows, labeled and not. They are the embeddings, flattened, unless `embeddings` are given.
        y : (n,)
            Their labels, `missing_label` where there is none.
        clf : classifier, optional
            Gives the inputs that are not given as arrays: ``predict_proba(X)`` the probabilities, ``sample_proba(X)`` the samples.
        fit_clf : bool
            Whether a clone of it is fitted to X and y first, as scikit-activeml's strategies do.
        candidates : (c,) int, optional
            The rows that may be chosen; those without a label where it is not given. Labeled rows among them are left out.
        batch_size : int
            How many. With fewer candidates it is lowered, with a warning.
        return_utilities : bool
            Also ``(batch_size, n)`` utilities, NaN for rows that may not be chosen (any more).
        embeddings, probabilities, samples, losses
            What the strategy's `inputs` name, of every row of X, in the shapes of `INPUTS`. Tensors are copied to host memory.

        Raises
        ------
        ValueError
            A missing input; arrays of another length; values that are not finite, and probabilities that are none, with the first
            row; utilities of a strategy that has none.
        IndexError
            A candidate that is no row of X.
        """
        given = {"embeddings": embeddings, "probabilities": probabilities, "samples": samples, "losses": losses}
        question = self._question(host(X), host(y), clf, fit_clf, candidates, batch_size, given)
        answer = self.choose(question) if question.budget else Answer(np.zeros(0, np.int64), np.zeros(0))
        self.details_ = answer.details
        if not return_utilities:
            return answer.rows
        return answer.rows, self._utilities(answer, question, len(host(y)))

    def _question(
        self, X: NDArray[Any], y: NDArray[Any], clf: Any, fit_clf: bool, candidates: Any, batch_size: int, given: dict[str, Any]
    ) -> Question:
        if y.ndim != 1:
            raise ValueError(f"y has shape {y.shape}: it has one label a row, or missing_label")
        if len(X) != len(y):
            raise ValueError(f"{len(X)} rows of X have {len(y)} labels in y")
        has_label = ~missing(y, self.missing_label)
        rows = np.flatnonzero(~has_label) if candidates is None else _rows(candidates, len(X))
        rows = rows[~has_label[rows]]
        labeled = np.flatnonzero(has_label)
        if clf is not None and fit_clf and self.inputs & {"probabilities", "samples"}:
            clf = _fitted(clf, X, y)
        arrays = {name: self._input(name, given[name], X, clf) for name in INPUTS}
        return Question(
            candidates=rows,
            labeled=labeled,
            labels=y[labeled],
            budget=_budget(batch_size, len(rows)),
            generator=np.random.default_rng([self.random_state, len(labeled)]),
            **arrays,
        )

    def _input(self, name: str, given: Any, X: NDArray[Any], clf: Any) -> NDArray[Any]:
        if name not in self.inputs:
            return np.zeros(0)
        if given is None and name == "embeddings":
            given = X.reshape(len(X), -1)
        method = {"probabilities": "predict_proba", "samples": "sample_proba"}.get(name, "")
        if given is None and hasattr(clf, method):
            given = getattr(clf, method)(X)
        if given is None:
            raise ValueError(f"{type(self).__name__} needs {name}: {INPUTS[name]}")
        return checked(name, given, len(X))

    def _utilities(self, answer: Answer, question: Question, n: int) -> NDArray[np.float64]:
        if answer.utilities is None:
            raise ValueError(f"{type(self).__name__} has no utilities: it chooses all rows together")
        utilities = np.full((len(answer.rows), n), np.nan)
        utilities[:, question.candidates] = answer.utilities
        for position, row in enumerate(answer.rows):
            utilities[position + 1 :, row] = np.nan
        return utilities


def checked(name: str, given: Any, n: int) -> NDArray[Any]:
    """An input as an array of finite numbers of n rows; float32 and float64 stay what they are."""
    array = as_floats(host(given), f"array of {name}")
    dimensions, axis = {"samples": (3, 1), "losses": (1, 0)}.get(name, (2, 0))
    if array.ndim != dimensions or array.shape[axis] != n:
        raise ValueError(f"{name} have shape {array.shape}: for {n} rows they are {INPUTS[name]}")
    finite = np.isfinite(array)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][axis])
        raise ValueError(f"{name} of row {row} are not finite")
    if name in ("probabilities", "samples"):
        check_probabilities(name, array)
    return array


def missing(y: NDArray[Any], missing_label: Any) -> NDArray[np.bool_]:
    """``(n,)``: which rows have no label."""
    missing_label = missing_label.item() if hasattr(missing_label, "item") else missing_label
    if missing_label is None or isinstance(missing_label, float) and np.isnan(missing_label):
        return np.array([label is None or label != label for label in y]) if y.dtype == object else _is_nan(y)
    return np.asarray(y == missing_label)


def _is_nan(y: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isnan(y) if y.dtype.kind == "f" else np.zeros(len(y), bool)


def _rows(candidates: Any, n: int) -> NDArray[np.int64]:
    rows = host(candidates)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError("candidates are rows of X, whole numbers in one dimension")
    outside = rows[(rows < 0) | (rows >= n)]
    if len(outside):
        raise IndexError(f"candidate {outside[0]} is no row of X, which has {n}")
    return np.unique(rows).astype(np.int64)


def _budget(batch_size: int, available: int) -> int:
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} is not at least 1")
    if batch_size > available:
        warn(f"batch_size={batch_size} is lowered to the {available} candidates without a label")
    return min(batch_size, available)


def _fitted(clf: Any, X: NDArray[Any], y: NDArray[Any]) -> Any:
    from sklearn.base import clone

    return clone(clf).fit(X, y)
