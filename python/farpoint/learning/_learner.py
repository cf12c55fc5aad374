"""`ActiveLearner`: the rounds of a labeling effort, whoever's the model and the labels are."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._terms import count, host
from farpoint.learning._journal import Journal
from farpoint.learning._names import strategy as by_name
from farpoint.learning._strategy import Strategy


@dataclass(frozen=True)
class Query:
    """The rows to label next."""

    #: ``(b,)`` int64, in the order the strategy chose them.
    rows: NDArray[np.int64]
    #: Their ids; the rows themselves where the learner has no ids.
    ids: list[Any]
    #: How many queries there were before.
    round: int
    #: What the strategy took.
    seconds: float = 0.0
    #: What else it said: radii, a certificate, rows it trusts.
    details: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


class ActiveLearner:
    """Which rows of a pool have labels, which were asked for, and which to ask for next.

    The model, its training and the labels are yours. Each round: `ask` with what the strategy needs of your model, have the rows
    labeled, `tell`, train.

        learner = ActiveLearner(len(pool), "k-center", journal="labels.jsonl")
        learner.tell({0: "cat", 17: "dog"})
        query = learner.ask(100, embeddings=encode(pool))
        learner.tell(labels_of(query.rows))

    Parameters
    ----------
    rows : int
        How many the pool has.
    strategy : str or strategy
        One of `farpoint.learning.STRATEGIES`, or an object with ``query(X, y, batch_size=...)`` on scikit-activeml's protocol.
    ids : sequence, optional
        One a row, distinct, strings or whole numbers: what `Query.ids` has and the keys of `tell` are.
    journal : path, optional
        A file where every query and every label is written before the call returns. A learner that is made with the same file goes on
        from there: nothing that was told is asked again, and `pending` has what was asked and not told.
    random_state : int
        For strategies that draw; with a strategy given by name.

    Raises
    ------
    ValueError
        Ids that are not distinct or not as many as rows; a journal of another pool, or one that is damaged.
    TypeError
        A number of rows that is not whole.
    """

    def __init__(
        self,
        rows: int,
        strategy: str | Any = "k-center",
        *,
        ids: Sequence[Any] | None = None,
        journal: str | os.PathLike[str] | None = None,
        random_state: int = 0,
    ) -> None:
        rows = count("rows", rows)
        if rows < 1:
            raise ValueError(f"a pool of {rows} rows has nothing to label")
        self.rows = rows
        self.strategy = by_name(strategy, random_state=random_state) if isinstance(strategy, str) else strategy
        self._ids = None if ids is None else _checked_ids(ids, rows)
        self._row_of = None if self._ids is None else {name: row for row, name in enumerate(self._ids)}
        self._labels: dict[int, Any] = {}
        self._skipped: set[int] = set()
        self._asked: dict[int, None] = {}  # a set that keeps its order
        #: How many queries there were.
        self.round = 0
        self._journal = None if journal is None else Journal(journal)
        if self._journal is not None:
            self._resume(self._journal)

    @property
    def inputs(self) -> frozenset[str]:
        """What `ask` needs, keys of `farpoint.learning.INPUTS`. A strategy of another package needs embeddings."""
        return getattr(self.strategy, "inputs", frozenset({"embeddings"}))

    @property
    def labeled(self) -> NDArray[np.int64]:
        """``(m,)``: the rows that have labels, in the order they were told."""
        return np.array(list(self._labels), np.int64)

    @property
    def labels(self) -> list[Any]:
        """Their labels, in the same order."""
        return list(self._labels.values())

    @property
    def pending(self) -> NDArray[np.int64]:
        """The rows that were asked for and have no label yet, in the order they were chosen."""
        return np.array(list(self._asked), np.int64)

    @property
    def unlabeled(self) -> NDArray[np.int64]:
        """The rows that may be asked for, increasing: neither labeled nor skipped."""
        out = np.ones(self.rows, bool)
        out[list(self._labels)] = out[list(self._skipped)] = False
        return np.flatnonzero(out)

    def ids(self, rows: Iterable[int]) -> list[Any]:
        """The ids of rows; the rows where there are no ids."""
        return [int(row) if self._ids is None else self._ids[row] for row in rows]

    def ask(self, budget: int, *, embeddings: Any = None, **inputs: Any) -> Query:
        """The `budget` rows to label next, by the strategy, from what it needs of the model as it is now: see `inputs`.

        Raises
        ------
        ValueError
            Rows of the last query that have no label yet: `tell` or `skip` them first. A missing input, one of another length, values
            that are not finite; a budget beyond the rows that are left.
        """
        if self._asked:
            raise ValueError(f"{len(self._asked)} rows of the last query have no label yet: tell or skip them first")
        candidates = self.unlabeled
        if not 1 <= budget <= len(candidates):
            raise ValueError(f"a budget of {budget}: {len(candidates)} rows have no label and were not skipped")
        start = time.perf_counter()
        rows = self._queried(candidates, budget, embeddings, inputs)
        seconds = time.perf_counter() - start
        details = dict(getattr(self.strategy, "details_", {}))
        query = Query(rows, self.ids(rows), self.round, seconds, details)
        self._write({"event": "ask", "rows": rows.tolist()})
        return query

    def _queried(self, candidates: NDArray[np.int64], budget: int, embeddings: Any, inputs: dict[str, Any]) -> NDArray[np.int64]:
        y = np.full(self.rows, np.nan)
        classes = {label: code for code, label in enumerate(dict.fromkeys(self._labels.values()))}
        y[list(self._labels)] = [classes[label] for label in self._labels.values()]
        x = np.zeros((self.rows, 0)) if embeddings is None else host(embeddings)
        if isinstance(self.strategy, Strategy):
            if embeddings is not None:
                inputs["embeddings"] = x
            elif "embeddings" in self.inputs:
                raise ValueError(f"{type(self.strategy).__name__} needs embeddings: one of {self.rows} rows each")
        if len(x) != self.rows:
            raise ValueError(f"embeddings of {len(x)} rows, for a pool of {self.rows}")
        rows = self.strategy.query(x, y, candidates=candidates, batch_size=budget, **inputs)
        return np.asarray(rows, np.int64)

    def tell(self, labels: Mapping[Any, Any] | Sequence[Any]) -> None:
        """Labels of the pending rows, in the order of the query; or of any rows, by id (by row where there are no ids).

        A label that a row has already is replaced. Labels are strings, numbers or bools.

        Raises
        ------
        ValueError
            A sequence that is not as long as the rows pending.
        KeyError
            An id, or a row, that the pool has not.
        TypeError
            A label of another type; a string or a set in the place of a sequence of labels.
        """
        if isinstance(labels, (str, bytes, bytearray, Set)):
            raise TypeError(f"a {type(labels).__name__} is no sequence of labels: pass a list, or a dict by id")
        if isinstance(labels, Mapping):
            rows = [self._row(name) for name in labels]
            values = [_plain(label) for label in labels.values()]
        else:
            rows, values = list(self._asked), [_plain(label) for label in labels]
            if len(rows) != len(values):
                raise ValueError(f"{len(values)} labels, for {len(rows)} rows that were asked for")
        if rows:
            self._write({"event": "tell", "rows": rows, "labels": values})

    def skip(self, ids: Iterable[Any]) -> None:
        """Rows that nobody can label, by id: they are not asked for again."""
        rows = [self._row(name) for name in ids]
        if rows:
            self._write({"event": "skip", "rows": rows})

    def _row(self, name: Any) -> int:
        if self._row_of is None:
            if not isinstance(name, (int, np.integer)) or isinstance(name, bool) or not 0 <= name < self.rows:
                raise KeyError(f"{name!r} is no row of a pool of {self.rows}")
            return int(name)
        if name not in self._row_of:
            raise KeyError(f"no row has the id {name!r}")
        return self._row_of[name]

    def _write(self, event: dict[str, Any]) -> None:
        """What happened, on disk first."""
        if self._journal is not None:
            self._journal.append(event)
        self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        rows = event["rows"]
        if event["event"] == "ask":
            self._asked = dict.fromkeys(rows)
            self.round += 1
            return
        for row in rows:
            self._asked.pop(row, None)
        if event["event"] == "tell":
            self._labels.update(zip(rows, event["labels"]))
        else:
            self._skipped.update(rows)

    def _resume(self, journal: Journal) -> None:
        events = journal.read()
        start = {"event": "start", "pool": self.rows, "ids": _digest(self._ids)}
        if not events:
            journal.append(start)
            return
        if events[0] != start:
            raise ValueError(f"{journal.path} is of another pool: it begins with {events[0]}, and this one with {start}")
        for number, event in enumerate(events[1:], 2):
            try:
                self._apply(_checked_event(event, self.rows))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{journal.path}, line {number}: no event of a learner: {error}") from None


def _checked_event(event: dict[str, Any], n: int) -> dict[str, Any]:
    rows = event["rows"]
    if event["event"] not in ("ask", "tell", "skip") or not _are_rows(rows, n):
        raise ValueError("unknown, or with rows that the pool has not")
    if event["event"] == "tell":
        labels = event["labels"]
        if not isinstance(labels, list) or len(labels) != len(rows):
            raise ValueError("its labels are no list of as many as rows")
        for label in labels:
            _plain(label)
    return event


def _are_rows(rows: Any, n: int) -> bool:
    return isinstance(rows, list) and all(type(row) is int and 0 <= row < n for row in rows)


def _checked_ids(ids: Sequence[Any], rows: int) -> list[Any]:
    names = [_plain(name) for name in ids]
    if len(names) != rows:
        raise ValueError(f"{len(names)} ids for a pool of {rows} rows")
    first: dict[Any, int] = {}
    for row, name in enumerate(names):
        if first.setdefault(name, row) != row:
            raise ValueError(f"rows {first[name]} and {row} have the same id {name!r}")
    return names


def _digest(ids: list[Any] | None) -> str | None:
    return None if ids is None else hashlib.sha256("\n".join(map(repr, ids)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A label or id as JSON has it: NumPy's scalars and tensors of one value as Python's."""
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, (str, int, float, bool)) or value != value:
        raise TypeError(f"{value!r} is no string, number or bool")
    return value
