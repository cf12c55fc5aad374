"""Both ways over scikit-activeml's protocol: its strategies by our names, and ours as one of its own. Importing this needs it (1.0)."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isclass, signature
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from skactiveml import pool
from skactiveml.base import SingleAnnotatorPoolQueryStrategy, SkactivemlClassifier
from skactiveml.utils import MISSING_LABEL

from farpoint.learning._strategy import Answer, Question, Strategy

#: It sets features to 0 and asks the classifier anew, and ours looks up what it was told.
_ASKS_ANEW = frozenset({"DropQuery"})


def askable() -> list[str]:
    """The strategies of `skactiveml.pool` that ask for embeddings and probabilities alone."""
    return [name for name in pool.__all__ if name not in _ASKS_ANEW and _is_askable(getattr(pool, name))]


def _is_askable(member: Any) -> bool:
    """Whether it is a strategy that needs no more than rows, labels and a classifier."""
    is_strategy = isclass(member) and issubclass(member, SingleAnnotatorPoolQueryStrategy)
    return is_strategy and needed(member.query) <= {"self", "X", "y", "clf"}


def needed(function: Callable[..., Any]) -> set[str]:
    """The parameters without a default."""
    return {given.name for given in signature(function).parameters.values() if given.default is given.empty}


class Peer(Strategy):
    """A query strategy of `skactiveml.pool`, asked with arrays.

    Those that take a classifier get one that looks probabilities and embeddings up. Several hold a square of the rows, so at most
    `candidates` candidates are drawn where there are more.

    Parameters
    ----------
    name : str
        Its class: ``"Badge"``, ``"TypiClust"``, ...
    candidates : int
        How many candidates are drawn.
    parameters : dict, optional
        Of its constructor. `random_state`, the number of classes and the flag for embeddings are set where they are not given.
    """

    def __init__(self, name: str, *, candidates: int = 5_000, parameters: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(**options)
        if name in _ASKS_ANEW:
            raise ValueError(f"{name} asks the classifier for rows of its own, which embeddings and probabilities do not answer")
        if name not in askable():
            raise ValueError(
                f"scikit-activeml has no query strategy {name!r} that asks for embeddings and probabilities alone: {', '.join(askable())}"
            )
        self.name = name
        self.make = getattr(pool, name)
        self.candidates = candidates
        self.parameters = parameters or {}
        self.takes_classifier = "clf" in signature(self.make.query).parameters

    @property
    def inputs(self) -> frozenset[str]:  # type: ignore[override]
        """The probabilities only for those that take a classifier."""
        return frozenset({"embeddings", "probabilities"} if self.takes_classifier else {"embeddings"})

    def choose(self, question: Question) -> Answer:
        if question.budget > self.candidates:
            raise ValueError(f"a budget of {question.budget} is more than the {self.candidates} candidates that are drawn")
        drawn = question.candidates
        if len(drawn) > self.candidates:
            drawn = np.sort(question.generator.choice(drawn, self.candidates, replace=False))
        rows = np.concatenate([question.labeled, drawn])
        picked = self._ask(question, rows, len(drawn))
        return Answer(rows[np.asarray(picked, np.int64)], details={"candidates": len(drawn)})

    def _ask(self, question: Question, rows: NDArray[np.int64], unlabeled: int) -> Any:
        """Positions in `rows`, of which the last are unlabeled."""
        classes, codes = np.unique(question.labels, return_inverse=True)
        y = np.concatenate([codes.astype(float), np.full(unlabeled, np.nan)])
        strategy = self._made(question, len(classes))
        x = question.embeddings[rows]
        if not self.takes_classifier:
            return strategy.query(x, y, batch_size=question.budget)
        positions = np.arange(len(rows), dtype=float)[:, None]
        told = Told(question.probabilities[rows], x)
        return strategy.query(positions, y, told, fit_clf=False, batch_size=question.budget)

    def _made(self, question: Question, classes: int) -> Any:
        ours = {
            "random_state": int(question.generator.integers(2**31)),
            "n_classes": max(2, classes),
            "clf_embedding_flag_name": "return_embeddings",
        }
        known = signature(self.make).parameters
        return self.make(**{name: value for name, value in ours.items() if name in known} | self.parameters)


class Told(SkactivemlClassifier):
    """A classifier that was fitted elsewhere: its samples are positions, and it looks up what it was told of them."""

    def __init__(self, probabilities: Any = None, embeddings: Any = None) -> None:
        super().__init__(classes=None if probabilities is None else list(range(probabilities.shape[1])))
        self.probabilities = probabilities
        self.embeddings = embeddings

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Told:
        return self

    def predict_proba(self, X: Any, return_embeddings: bool = False) -> Any:
        positions = np.asarray(X)[:, 0].astype(np.int64)
        probabilities = self.probabilities[positions]
        return (probabilities, self.embeddings[positions]) if return_embeddings else probabilities


class Ported(SingleAnnotatorPoolQueryStrategy):
    """One of our strategies as a query strategy of scikit-activeml, for its wrappers and pipelines.

    Parameters
    ----------
    strategy : Strategy
    missing_label, random_state
        As theirs.
    """

    _SEEDS: ClassVar[int] = 2**31

    def __init__(self, strategy: Strategy, missing_label: Any = MISSING_LABEL, random_state: Any = None) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.strategy = strategy

    def query(
        self,
        X: Any,
        y: Any,
        clf: Any = None,
        fit_clf: bool = True,
        candidates: Any = None,
        batch_size: int = 1,
        return_utilities: bool = False,
    ) -> Any:
        """As `Strategy.query`; `candidates` are rows of X."""
        X, y, candidates, batch_size, return_utilities = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        self.strategy.missing_label = self.missing_label_
        if self.random_state is not None:
            self.strategy.random_state = int(self.random_state_.randint(self._SEEDS))
        return self.strategy.query(X, y, clf, fit_clf, candidates, batch_size, return_utilities)
